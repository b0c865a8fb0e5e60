"""The light snapshot: what the API alone says about a cluster, without any pod.

`take` reads a cluster, `load` a file; both give the document that is gated and mounted.
"""

from orchestrator.snapshot.facts import Facts, Gap, NodeFacts
from orchestrator.snapshot.source import Source, load, take

__all__ = ["Facts", "Gap", "NodeFacts", "Source", "load", "take"]
