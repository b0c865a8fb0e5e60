"""What an API server says of itself, and whether it serves a recorded cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

REPLAY = "replay"  # commit of a server that serves a recorded cluster


@dataclass(frozen=True)
class ServerVersion:
    """The version of an API server, as it writes it: `v1.36.2`."""

    name: str = ""
    is_replay: bool = False

    def __str__(self) -> str:
        return self.name


NOT_ASKED = ServerVersion()


def parse_version(told: Mapping[str, Any]) -> ServerVersion:
    """Read the answer to /version; whoever reached a replay server knows it by its commit."""
    return ServerVersion(str(told.get("gitVersion", "")), told.get("gitCommit") == REPLAY)
