"""The validator images: one folder a phase, one module a check."""
