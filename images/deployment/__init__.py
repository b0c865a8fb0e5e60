"""Checks of the deployment phase: whether the cluster is deployed as the recipe says."""
