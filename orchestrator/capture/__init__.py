"""Records a cluster as a replay folder that may leave the cluster.

survey (what is served) -> selection (what to read) -> reading (page by page) -> redaction
-> folder (complete or not there at all). `redaction`, `text`, `words` and `selection` are pure.
"""
