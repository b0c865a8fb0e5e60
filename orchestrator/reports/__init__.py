"""Reports for people and for CI, made from a CTRF document and from nothing else."""
