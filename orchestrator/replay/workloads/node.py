"""What the pods of all nodes share, and how a node lets a pod go."""

from dataclasses import dataclass
from pathlib import Path

from helper import kinds
from orchestrator.local.guardian import Guardian
from orchestrator.replay import deletion
from orchestrator.replay.deletion import DeleteOptions
from orchestrator.replay.objects import Json, name_of, namespace_of, uid_of
from orchestrator.replay.state import State
from orchestrator.replay.workloads.disruptions import Disruptions
from orchestrator.replay.workloads.events import EventWriter
from orchestrator.replay.workloads.loop import Loop
from orchestrator.replay.workloads.sandbox import AccountConfig

GONE_S = 0.01
_NO_ADDRESS = "192.0.2.1"


@dataclass(frozen=True)
class Node:
    """The surroundings of pods; one object stands for all nodes."""

    state: State
    loop: Loop
    events: EventWriter
    disruptions: Disruptions
    guardian: Guardian
    folder: Path
    account_config: AccountConfig

    def address(self, name: str) -> str:
        """Give the IP address of a node."""
        node = self.state.store.find(kinds.NODES, "", name) or {}
        addresses = (node.get("status") or {}).get("addresses") or []
        found = [a["address"] for a in addresses if a.get("type") == "InternalIP"]
        return str(found[0]) if found else _NO_ADDRESS

    def let_go(self, pod: Json) -> None:
        """Remove a pod that has nothing left to end, as kubelet confirms a deletion."""
        current = self.state.store.find(kinds.PODS, namespace_of(pod), name_of(pod))
        if current is None or uid_of(current) != uid_of(pod):
            return
        kind, options = self.state.kinds.of(kinds.PODS), DeleteOptions(grace_s=0)
        deletion.delete_quietly(self.state, kind, namespace_of(pod), name_of(pod), options)
