"""Checks of the performance phase: whether the cluster is as fast as it should be."""
