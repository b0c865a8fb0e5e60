"""Where a run's snapshot comes from: a file that the operator names, or the cluster itself."""

from dataclasses import dataclass
from datetime import UTC, datetime

from helper import documents
from helper.kube import Kube
from helper.models import Snapshot
from orchestrator import inputs
from orchestrator.inputs import Connect
from orchestrator.recipe import parse_snapshot
from orchestrator.snapshot.document import build
from orchestrator.snapshot.read import read
from orchestrator.version import version


@dataclass(frozen=True)
class Source:
    """A snapshot as it is gated and mounted."""

    text: str
    parsed: Snapshot
    origin: str  # for people and the report
    notes: tuple[str, ...] = ()  # what it lacks, or what differs between nodes
    is_complete: bool = True


def load(location: str, connect: Connect | None = None) -> Source:
    """Read a snapshot that the operator names; StopError says what is wrong with it."""
    given = inputs.read(location, "snapshot", connect)
    parsed = parse_snapshot(given.data, given.name)
    return Source(given.data.decode("utf-8-sig"), parsed, given.origin)


def take(kube: Kube, now: datetime | None = None) -> Source:
    """Make a light snapshot of a cluster; it says itself what could not be read."""
    moment = f"{(now or datetime.now(UTC)).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    built = build(read(kube), taken=moment, version=version())
    text = documents.dump(built.document)
    return Source(
        text,
        Snapshot.model_validate(built.document),
        f"taken through the API at {moment}",
        built.notes,
        is_complete=not built.gaps,
    )
