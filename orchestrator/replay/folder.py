"""Reads a replay folder: cluster.yaml, objects/, pods/, replies/, faults/; or a defect of one."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import yaml

from orchestrator.replay.defects import Defect, overlay
from orchestrator.replay.faultspec import FaultSpec, read_fault
from orchestrator.replay.models import (
    CLUSTER_FILE,
    ClusterFile,
    PodOutcome,
    ReplayError,
    Reply,
    parse,
)
from orchestrator.replay.objects import Json

# libyaml parses an example cluster in a tenth of the time that pure Python takes.
_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class _Loader(_BASE):  # type: ignore[misc]
    """Reads times as the text that they are in Kubernetes objects."""

    yaml_implicit_resolvers: ClassVar[Any] = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in _BASE.yaml_implicit_resolvers.items()
    }


@dataclass(frozen=True)
class Recording:
    """What a folder holds; each object comes with the file that it stands in."""

    cluster: ClusterFile
    objects: list[tuple[Path, Json]]
    outcomes: list[PodOutcome]
    replies: list[Reply]
    faults: list[FaultSpec]


def read(place: Path) -> Recording:
    """Read and check a replay folder, or the file of a defect; raises ReplayError."""
    if not place.is_file():
        return read_folder(place)
    return overlay(read_folder(base_folder(place)), read_defect(place), place)


def base_folder(place: Path) -> Path:
    """The replay folder: of a defect it is the one that its folder stands in."""
    return place.absolute().parent.parent if place.is_file() else place


def read_defect(file: Path) -> Defect:
    """Read and check the file of a defect; raises ReplayError."""
    return parse(Defect, _only(file), file)


def read_folder(folder: Path) -> Recording:
    """Read and check a replay folder; raises ReplayError."""
    file = folder / CLUSTER_FILE
    if not folder.is_dir():
        raise ReplayError(folder, "", "no such folder; want one with a cluster.yaml at its top")
    if not file.is_file():
        raise ReplayError(file, "", "not found; a replay folder has a cluster.yaml at its top")
    cluster = parse(ClusterFile, _only(file), file)
    return Recording(
        cluster=cluster,
        objects=[pair for path in _files(folder / "objects") for pair in _objects(path)],
        outcomes=[parse(PodOutcome, doc, at) for at, doc in _all(folder / "pods")],
        replies=[parse(Reply, doc, at) for at, doc in _all(folder / "replies")],
        faults=[
            *(read_fault(doc, file) for doc in cluster.faults),
            *(read_fault(doc, at) for at, doc in _all(folder / "faults")),
        ],
    )


def _only(file: Path) -> Any:
    documents = [document for _, document in _documents(file)]
    if len(documents) != 1:
        raise ReplayError(file, "", f"holds {len(documents)} documents, want one")
    return documents[0]


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json")]
    return sorted(found)


def _all(folder: Path) -> Iterator[tuple[Path, Any]]:
    for path in _files(folder):
        yield from _documents(path)


def _documents(path: Path) -> Iterator[tuple[Path, Any]]:
    try:
        data = path.read_bytes()
        found = json_lines(data)
        for document in found if found is not None else yaml.load_all(data, Loader=_Loader):
            if document is not None:
                yield path, document
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ReplayError(path, where, f"not YAML: {problem}") from error
    except OSError as error:
        raise ReplayError(path, "", f"cannot be read: {error.strerror}") from error


def json_lines(data: bytes) -> list[Any] | None:
    """Read YAML whose documents are JSON, one a line, as `capture` writes them; None for others.

    Such a file is read a hundred times faster than other YAML, which counts for large clusters.
    """
    lines = [line for line in data.splitlines() if line not in (b"", b"---")]
    if not all(line.startswith(b"{") for line in lines):
        return None
    try:
        # At once, so that equal keys are one string: that halves the memory.
        found = json.loads(b"[%b]" % b",".join(lines))
    except ValueError:
        return None
    return found if len(found) == len(lines) else None


def _objects(path: Path) -> Iterator[tuple[Path, Json]]:
    """Give the objects of a file; a List stands for its items."""
    for _, document in _documents(path):
        if not isinstance(document, dict):
            raise ReplayError(path, "", f"holds a {type(document).__name__}, want an object")
        kind = str(document.get("kind", ""))
        if kind == "List" or (kind.endswith("List") and "items" in document):
            item_type = {"apiVersion": document.get("apiVersion"), "kind": kind[:-4]}
            for item in document.get("items") or []:
                yield path, item if "kind" in item else {**item_type, **item}
        else:
            yield path, document
