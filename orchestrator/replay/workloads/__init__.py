"""The controllers: Jobs get pods, pods get nodes, containers become local processes."""
