"""Mistakes that users met in comparable tools; each is tried here as a user would meet it.

The comments name where each was reported.
"""
