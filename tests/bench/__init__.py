"""Numbers about the program itself; they are printed and kept, never asserted."""
