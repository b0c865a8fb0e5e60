"""Reads a replay folder: cluster.yaml, objects/, pods/, replies/."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

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
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Recording:
    """What a folder holds; each object comes with the file that it stands in."""

    cluster: ClusterFile
    objects: list[tuple[Path, Json]]
    outcomes: list[PodOutcome]
    replies: list[Reply]


def read_folder(folder: Path) -> Recording:
    """Read and check a replay folder; raises ReplayError."""
    file = folder / CLUSTER_FILE
    if not file.is_file():
        raise ReplayError(file, "", "not found; a replay folder has a cluster.yaml at its top")
    documents = [document for _, document in _documents(file)]
    if len(documents) != 1:
        raise ReplayError(file, "", f"holds {len(documents)} documents, want one")
    return Recording(
        cluster=parse(ClusterFile, documents[0], file),
        objects=[pair for path in _files(folder / "objects") for pair in _objects(path)],
        outcomes=[parse(PodOutcome, doc, at) for at, doc in _all(folder / "pods")],
        replies=[parse(Reply, doc, at) for at, doc in _all(folder / "replies")],
    )


def _files(folder: Path) -> list[Path]:
    found = [path for path in folder.rglob("*") if path.suffix in (".yaml", ".yml", ".json")]
    return sorted(found)


def _all(folder: Path) -> Iterator[tuple[Path, Any]]:
    for path in _files(folder):
        yield from _documents(path)


def _documents(path: Path) -> Iterator[tuple[Path, Any]]:
    try:
        for document in yaml.load_all(path.read_bytes(), Loader=_LOADER):
            if document is not None:
                yield path, document
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ReplayError(path, where, f"not YAML: {problem}") from error
    except OSError as error:
        raise ReplayError(path, "", f"cannot be read: {error.strerror}") from error


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
