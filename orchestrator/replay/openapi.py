"""The least that kubectl needs of OpenAPI v3: which writes understand which parameters.

With `fieldValidation` among them, kubectl leaves it to the server to judge what it sends.
There are no schemas: `kubectl explain` finds nothing.
"""

from collections.abc import Iterable

from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json

_PARAMETERS = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]
_WRITES = {"create": ("post", False), "update": ("put", True), "patch": ("patch", True)}


def index(kinds: Iterable[Served]) -> Json:
    """Answer /openapi/v3."""
    places = sorted({_place(kind) for kind in kinds})
    paths = {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}
    return {"paths": paths}


def document(kinds: Iterable[Served], place: str, version: str) -> Json | None:
    """Answer /openapi/v3/apis/GROUP/VERSION; None when nothing is served there."""
    found = [kind for kind in kinds if _place(kind) == place]
    if not found:
        return None
    paths: Json = {}
    for kind in found:
        collection = _collection(kind)
        for verb, (method, named) in _WRITES.items():
            if verb in kind.verbs:
                path = f"{collection}/{{name}}" if named else collection
                paths.setdefault(path, {})[method] = _operation(kind)
    info = {"title": "Kubernetes, replayed", "version": version}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": {}}}


def _place(kind: Served) -> str:
    resource = kind.resource
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _collection(kind: Served) -> str:
    inside = "/namespaces/{namespace}" if kind.resource.namespaced else ""
    return f"/{_place(kind)}{inside}/{kind.resource.plural}"


def _operation(kind: Served) -> Json:
    resource = kind.resource
    about = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    return {"parameters": _PARAMETERS, "x-kubernetes-group-version-kind": about, "responses": {}}
