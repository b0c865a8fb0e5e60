"""The HTTP side: requests understood, judged and answered."""
