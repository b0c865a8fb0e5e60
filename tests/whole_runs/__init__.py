"""Whole runs, most of them as processes that a shell starts, in a world where things go wrong."""
