"""The forms in which objects go out: whole, metadata only, or as the rows of a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.replay.api.columns import columns_of
from orchestrator.replay.api.request import Request
from orchestrator.replay.kinds import Served
from orchestrator.replay.mirror import is_mirror, shown
from orchestrator.replay.objects import Json, meta
from orchestrator.replay.statuses import not_acceptable

META_API = "meta.k8s.io/v1"
WHOLE, METADATA, TABLE = "", "PartialObjectMetadata", "Table"
_FORMS = {TABLE: TABLE, METADATA: METADATA, f"{METADATA}List": METADATA}
_PLAIN = frozenset({"application/json", "application/*", "*/*"})


@dataclass(frozen=True)
class Form:
    """How one request wants its objects."""

    kind: Served
    name: str  # WHOLE, METADATA or TABLE
    include: str = "Metadata"  # what stands beside a table's cells: Metadata, Object or None

    def shown(self, obj: Json, *, headers: bool = True) -> Json:
        """Give one object."""
        if self.name == TABLE:
            metadata = {"resourceVersion": meta(obj).get("resourceVersion", "")}
            return self.table([obj], metadata, headers=headers)
        if self.name == METADATA:
            return partial(obj)
        return self._whole(obj)

    def listed(self, page: Sequence[Json], metadata: Json) -> Json:
        """Give a collection."""
        if self.name == TABLE:
            return self.table(page, metadata)
        if self.name == METADATA:
            items = [partial(obj) for obj in page]
            return _list(f"{METADATA}List", META_API, metadata, items)
        items = [self._item(obj) for obj in page]
        return _list(self.kind.list_kind, self.kind.resource.api_version, metadata, items)

    def table(self, objects: Sequence[Json], metadata: Json, *, headers: bool = True) -> Json:
        """Give objects as rows; in a watch only the first table names its columns."""
        columns = columns_of(self.kind)
        described = [
            {
                "name": column.name,
                "type": column.type,
                "format": column.format,
                "description": "",
                "priority": column.priority,
            }
            for column in columns
        ]
        return {
            "kind": TABLE,
            "apiVersion": META_API,
            "metadata": metadata,
            "columnDefinitions": described if headers else None,
            "rows": [
                {"cells": [column.cell(obj) for column in columns], "object": self._beside(obj)}
                for obj in objects
            ],
        }

    def _beside(self, obj: Json) -> Json | None:
        if self.include == "None":
            return None
        return self._whole(obj) if self.include == "Object" else partial(obj)

    def _whole(self, obj: Json) -> Json:
        version = self.kind.resource.api_version
        if is_mirror(self.kind.resource):
            return shown(obj)
        if self.kind.custom and obj.get("apiVersion") != version:
            return {**obj, "apiVersion": version}
        return obj

    def _item(self, obj: Json) -> Json:
        """Give a list's item: those of built-in kinds do not say what they are."""
        if self.kind.custom:
            return self._whole(obj)
        whole = self._whole(obj)
        return {key: value for key, value in whole.items() if key not in ("apiVersion", "kind")}


def partial(obj: Json) -> Json:
    """Give an object's metadata alone."""
    return {"kind": METADATA, "apiVersion": META_API, "metadata": meta(obj)}


def form_of(request: Request, kind: Served) -> Form:
    """Choose the first form that a request accepts; raises ApiError 406."""
    include = request.query.get("includeObject") or "Metadata"
    for media in (request.headers.get("accept") or "*/*").split(","):
        plain, *parameters = (part.strip() for part in media.split(";"))
        given = dict(part.partition("=")[::2] for part in parameters)
        name = _FORMS.get(given.get("as", ""), "") if "as" in given else WHOLE
        if plain not in _PLAIN or (given.get("as") and not name):
            continue
        if name and (given.get("v"), given.get("g")) != ("v1", "meta.k8s.io"):
            continue
        return Form(kind, name, include)
    raise not_acceptable()


def _list(kind: str, api_version: str, metadata: Json, items: list[Any]) -> Json:
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items}
