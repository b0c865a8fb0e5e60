"""A phase of small checks, each of which ends in its own way."""
