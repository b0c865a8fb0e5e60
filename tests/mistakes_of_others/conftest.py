"""Runs of scripted checks through the command, in clusters that are easy to spoil."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.orchestrator.conftest import Command, aicr
from tests.orchestrator.engine import NAMESPACE, everything
from tests.whole_runs.place import Place, placed

__all__ = ["aicr"]  # a fixture

Json = dict[str, Any]
MakePlace = Callable[..., Place]


@dataclass(frozen=True)
class Ran:
    """What came of a run."""

    code: int
    said: str
    place: Place

    @property
    def tests(self) -> dict[str, Json]:
        """The tests in the report, by name."""
        document = json.loads((self.place.folder / "report.json").read_text())
        return {test["name"]: test for test in document["results"]["tests"]}

    def of_kind(self, kind: str) -> list[Json]:
        """The objects of a kind in the cluster, after the run."""
        return [obj for obj in everything(self.place.cluster) if obj["kind"] == kind]


Run = Callable[..., Ran]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[MakePlace]:
    """Make a cluster in which checks end as scripted."""
    with ExitStack() as stack:
        yield lambda checks, **given: stack.enter_context(placed(tmp_path, checks, **given))


@pytest.fixture
def run(aicr: Command, place: MakePlace) -> Run:
    """Run checks that end as scripted, in a cluster of their own or in a given one."""

    def run(checks: Mapping[str, Json] | Place, *flags: str, **given: Any) -> Ran:
        where = checks if isinstance(checks, Place) else place(checks, **given)
        report = str(where.folder / "report.json")
        access = ("--kubeconfig", str(where.folder / "kubeconfig"), "-o", report)
        said = aicr("validate", *where.inputs, *access, *flags)
        return Ran(said.code, said.err, where)

    return run


def labelled(kind: str, name: str, labels: Mapping[str, str]) -> Json:
    """A small object in the namespace of runs."""
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(labels)}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}
