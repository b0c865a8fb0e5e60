"""Replay folders that tests write, and captures that they read."""

from pathlib import Path
from typing import Any

import yaml

from orchestrator.capture.folder import line
from orchestrator.replay.folder import Recording, read_folder

Json = dict[str, Any]

HEAD = "apiVersion: replay.aicr.run/v1alpha1\nkind: ReplayCluster\n"


def obj(kind: str, name: str, namespace: str = "", api: str = "v1", **fields: Any) -> Json:
    """An object of any kind."""
    metadata = {"name": name, **fields.pop("metadata", {})}
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **fields}


def write(folder: Path, *objects: Json, head: str = "", **parts: list[Json]) -> Path:
    """Write a replay folder."""
    (folder / "objects").mkdir(parents=True)
    (folder / "cluster.yaml").write_text(HEAD + head)
    (folder / "objects/all.yaml").write_text("".join(f"---\n{line(item)}\n" for item in objects))
    for name, documents in parts.items():
        (folder / name).mkdir()
        (folder / name / "all.yaml").write_text(yaml.safe_dump_all(documents))
    return folder


def read(folder: Path) -> dict[tuple[str, str, str], Json]:
    """The objects of a folder by kind, namespace and name."""
    return {
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"]): item
        for _, item in recording(folder).objects
    }


def recording(folder: Path) -> Recording:
    """A folder as a replay reads it."""
    return read_folder(folder)


def record(folder: Path) -> Json:
    """What a capture says of itself."""
    found: Json = yaml.safe_load((folder / "capture.yaml").read_text())
    return found
