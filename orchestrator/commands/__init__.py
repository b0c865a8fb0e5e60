"""The commands of `aicr-orch`, a module for those that belong together."""
