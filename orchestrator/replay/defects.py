"""A defect: a small change of a recorded cluster, and what must notice it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from orchestrator.replay.faultspec import read_fault
from orchestrator.replay.models import ClusterFile, Document, PodOutcome, ReplayError, parse
from orchestrator.replay.objects import Json, clone, name_of, namespace_of, owners_of

if TYPE_CHECKING:
    from orchestrator.replay.folder import Recording

FOLDER = "defects"  # beside the cluster.yaml of the cluster that the defects in it are of
_MERGE_KEYS = ("name", "type")  # by which items of lists are told apart
_Located = tuple[Path, Json]


class Named(Document):
    """What the defect is called: as its file, without the suffix."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


class Finding(Document):
    """What must notice the defect, and in which words."""

    check: Annotated[str, Field(min_length=1, description="a check, or a readiness constraint")]
    status: Annotated[
        Literal["failed", "other", "skipped", "incomplete"],
        Field(description="incomplete: it did not fail, and says what it could not look at"),
    ]
    message: Annotated[str, Field(min_length=1, description="a part of what it says")]


class Selector(Document):
    """Objects of the recorded cluster; what is left out matches anything."""

    kind: Annotated[str, Field(min_length=1)]
    namespace: str = ""
    name: Annotated[str, Field(description="shell pattern, for example `gpu-operator-*`")] = "*"

    def matches(self, obj: Json) -> bool:
        """Whether an object is meant."""
        return (
            obj.get("kind") == self.kind
            and self.namespace in ("", namespace_of(obj))
            and fnmatchcase(name_of(obj), self.name)
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


class Patch(Document):
    """A change of objects."""

    target: Selector
    merge: Annotated[
        dict[str, Any],
        Field(
            min_length=1,
            description="null removes a key; items of lists are merged by `name` or `type` where "
            "all of them have one, other lists are replaced",
        ),
    ]


class Defect(Document):
    """A file in `defects/`: it can be served like the folder that it stands in."""

    api_version: Literal["replay.aicr.run/v1alpha1"]
    kind: Literal["Defect"]
    metadata: Named
    description: Annotated[str, Field(min_length=1, description="one sentence")]
    found: Annotated[Finding | None, Field(description="what must notice it")] = None
    also: Annotated[
        list[str],
        Field(
            default_factory=list, description="other checks whose verdict it changes, rightly so"
        ),
    ]
    harmless: Annotated[bool, Field(description="no verdict may change")] = False
    cluster: Annotated[
        dict[str, Any], Field(default_factory=dict, description="merged into cluster.yaml")
    ]
    patches: Annotated[list[Patch], Field(default_factory=list)]
    remove: Annotated[
        list[Selector],
        Field(default_factory=list, description="objects, with all that is in them or theirs"),
    ]
    objects: Annotated[
        list[dict[str, Any]], Field(default_factory=list, description="that come on top")
    ]
    pods: Annotated[
        list[PodOutcome], Field(default_factory=list, description="outcomes that come first")
    ]
    faults: Annotated[
        list[dict[str, Any]],
        Field(default_factory=list, description="as the files in `faults/` have them"),
    ]

    @model_validator(mode="after")
    def _is_judged(self) -> "Defect":
        if self.harmless == bool(self.found):
            raise ValueError("want either `found` or `harmless: true`")
        if self.harmless and self.also:
            raise ValueError("`also` has no place in a defect that is harmless")
        return self


def overlay(recording: "Recording", defect: Defect, file: Path) -> "Recording":
    """Give the recorded cluster with a defect; ReplayError where it does not fit the cluster."""
    settings = recording.cluster.model_dump(by_alias=True)
    objects = list(recording.objects)
    for index, patch in enumerate(defect.patches):
        _require(patch.target, objects, file, f"patches.{index}.target")
        objects = [
            (place, merged(obj, patch.merge) if patch.target.matches(obj) else obj)
            for place, obj in objects
        ]
    for index, selector in enumerate(defect.remove):
        _require(selector, objects, file, f"remove.{index}")
    return replace(
        recording,
        cluster=parse(ClusterFile, merged(settings, defect.cluster), file),
        objects=[*_without(objects, defect.remove), *((file, obj) for obj in defect.objects)],
        outcomes=[*defect.pods, *recording.outcomes],
        faults=[*(read_fault(item, file) for item in defect.faults), *recording.faults],
    )


def merged(target: Any, change: Any) -> Any:
    """Merge a change into a value, and give the result."""
    if isinstance(change, dict):
        known = target if isinstance(target, dict) else {}
        kept = {key: value for key, value in known.items() if key not in change}
        new = {key: merged(known.get(key), value) for key, value in change.items()}
        return {**kept, **{key: value for key, value in new.items() if value is not None}}
    if isinstance(change, list) and isinstance(target, list) and target and change:
        for key in _MERGE_KEYS:
            if all(isinstance(item, dict) and key in item for item in (*target, *change)):
                return _merged_items(target, change, key)
    return clone(change)


def _merged_items(target: Sequence[Json], change: Sequence[Json], key: str) -> list[Json]:
    changes = {item[key]: item for item in change}
    kept = [merged(item, changes.pop(item[key], {})) for item in target]
    return [*kept, *map(clone, changes.values())]


def _require(selector: Selector, objects: Iterable[_Located], file: Path, field: str) -> None:
    if not any(selector.matches(obj) for _, obj in objects):
        raise ReplayError(file, field, f"matches nothing: there is no {selector}")


def _without(objects: Sequence[_Located], selectors: Sequence[Selector]) -> list[_Located]:
    """Leave objects out, and what a real cluster would remove with them."""
    kept = list(objects)
    going = [obj for _, obj in kept if any(selector.matches(obj) for selector in selectors)]
    while going:
        gone = set(map(id, going))
        kept = [(file, obj) for file, obj in kept if id(obj) not in gone]
        places = set(_places(going))
        going = [obj for _, obj in kept if not places.isdisjoint(_ties(obj))]
    return kept


def _places(removed: Iterable[Json]) -> Iterator[tuple[str, ...]]:
    """What goes with objects, as `_ties` names it."""
    for obj in removed:
        match obj["kind"]:
            case "Namespace":
                yield "in", name_of(obj)
            case "CustomResourceDefinition":
                yield "of", obj["spec"]["group"], obj["spec"]["names"]["kind"]
        yield "owned", obj["kind"], namespace_of(obj), name_of(obj)


def _ties(obj: Json) -> Iterator[tuple[str, ...]]:
    """What an object needs so as to stay: its namespace, its definition, its owners."""
    yield "in", namespace_of(obj)
    yield "of", str(obj.get("apiVersion", "")).rpartition("/")[0], str(obj.get("kind", ""))
    for owner in owners_of(obj):
        yield "owned", owner["kind"], namespace_of(obj), owner["name"]
        yield "owned", owner["kind"], "", owner["name"]
