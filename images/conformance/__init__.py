"""Checks of the conformance phase: whether the cluster meets the CNCF AI requirements."""
