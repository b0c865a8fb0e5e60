"""The example cluster, as tests read it."""

from pathlib import Path

import yaml

from helper.resource import Json, name, namespace
from tests.source import ROOT

FOLDER = ROOT / "examples/eks-h100-inference"
Identity = tuple[str, str, str, str]  # apiVersion, kind, namespace, name


def read_objects(folder: Path = FOLDER) -> list[Json]:
    """All objects of a replay folder, file by file."""
    # The parser of libyaml takes a fiftieth of the time; some builds come without it.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    files = sorted((folder / "objects").rglob("*.yaml"))
    return [doc for file in files for doc in yaml.load_all(file.read_bytes(), loader) if doc]


def identity(obj: Json) -> Identity:
    """What names an object among all others."""
    return obj["apiVersion"], obj["kind"], namespace(obj), name(obj)


def of_kind(objects: list[Json], *kinds: str) -> list[Json]:
    """The objects of some kinds."""
    return [obj for obj in objects if obj["kind"] in kinds]


def images_of(pod: Json) -> list[str]:
    """The images of a pod or pod template, initialisation first."""
    spec = pod["spec"]
    return [item["image"] for item in [*spec.get("initContainers", []), *spec["containers"]]]
