"""What a cluster serves, by its own discovery."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.errors import KubeError, NotFound
from helper.kinds import CRDS, Resource, discovered
from helper.kube import METADATA_LIST, PAGE_SIZE, Kube
from orchestrator.replay.models import RecordedKind, Reply

Json = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind in one version, as discovery describes it."""

    resource: Resource
    record: RecordedKind
    verbs: frozenset[str]
    is_preferred: bool  # no version that the server likes better has it
    is_custom: bool = False  # defined by a CustomResourceDefinition

    @property
    def names(self) -> frozenset[str]:
        """All words that mean this kind on a command line, in lower case."""
        short, found = self.record, self.resource
        words = (found.plural, found.title, found.kind, short.singular, *short.short_names)
        return frozenset(word.lower() for word in words if word)


@dataclass(frozen=True)
class Survey:
    """Everything that is served."""

    server_version: str
    kinds: tuple[Kind, ...]
    documents: tuple[Reply, ...]  # discovery of what has no kinds, such as custom metrics
    problems: Mapping[str, str]  # group and version to why it could not be discovered


def survey(kube: Kube) -> Survey:
    """Ask a cluster what it serves; KubeError when it does not say even its groups."""
    version = str(kube.server_version())
    answer = kube.document("/apis")
    custom = _defined(kube)
    kinds = list(_kinds("v1", kube.document("/api/v1"), set(), custom))
    documents: list[Reply] = []
    problems: dict[str, str] = {}
    for group in answer.get("groups") or []:
        seen: set[str] = set()
        is_gone = False
        for api_version in _versions(group):
            path = f"/apis/{api_version}"
            try:
                found = kube.document(path)
            except KubeError as error:
                is_gone = _is_gone(kube, group["name"], custom, error)
                if not is_gone:
                    problems[api_version] = str(error)
                continue
            added = list(_kinds(api_version, found, seen, custom))
            kinds += added
            if not added and found.get("resources"):
                documents.append(reply(path, found))
        if not seen and not is_gone:
            answered = {"kind": "APIGroup", "apiVersion": "v1", **group}
            documents.append(reply(f"/apis/{group['name']}", answered))
    return Survey(version, tuple(kinds), tuple(documents), problems)


def reply(path: str, document: Json) -> Reply:
    """Record an answer that objects cannot give."""
    return Reply.model_validate({"request": {"path": path}, "response": {"json": document}})


def _is_gone(kube: Kube, group: str, custom: frozenset[str], error: KubeError) -> bool:
    """Whether a group is not served since somebody has just removed all its kinds."""
    defined = [definition for definition in custom if definition.partition(".")[2] == group]
    removed = isinstance(error, NotFound) and all(is_removed(kube, item) for item in defined)
    return removed and bool(defined)


def is_removed(kube: Kube, definition: str) -> bool:
    """Whether somebody has removed the definition of a kind, and with it all its objects."""
    try:
        kube.get_metadata(CRDS, definition)
    except NotFound:
        return True
    except KubeError:
        pass  # nobody knows
    return False


def _versions(group: Json) -> Sequence[str]:
    """All versions of a group, the preferred one first."""
    preferred = (group.get("preferredVersion") or {}).get("groupVersion")
    found = [str(version["groupVersion"]) for version in group.get("versions") or []]
    return sorted(found, key=lambda version: version != preferred)


def _kinds(
    api_version: str, document: Json, seen: set[str], custom: frozenset[str]
) -> Iterator[Kind]:
    """The kinds of one version; `seen` are the plurals that a better version has."""
    entries = document.get("resources") or []
    below: dict[str, list[str]] = {}
    for entry in entries:
        plural, _, subresource = str(entry["name"]).partition("/")
        if subresource:
            below.setdefault(plural, []).append(subresource)
    for entry in entries:
        plural, verbs = str(entry["name"]), frozenset(entry.get("verbs") or ())
        if "/" in plural or "list" not in verbs:
            continue
        resource = discovered(api_version, entry)
        yield Kind(
            resource,
            _record(api_version, entry, below.get(plural, [])),
            verbs,
            is_preferred=plural not in seen,
            is_custom=f"{plural}.{resource.group}" in custom,
        )
        seen.add(plural)


def _record(api_version: str, entry: Json, subresources: list[str]) -> RecordedKind:
    given = {
        "apiVersion": api_version,
        "kind": entry["kind"],
        "plural": entry["name"],
        "singular": entry.get("singularName") or str(entry.get("kind") or "").lower(),
        "namespaced": bool(entry.get("namespaced")),
        "shortNames": list(entry.get("shortNames") or ()),
        "categories": list(entry.get("categories") or ()),
        "subresources": subresources,
        "verbs": list(entry.get("verbs") or ()),
    }
    return RecordedKind.model_validate(given)


def _defined(kube: Kube) -> frozenset[str]:
    """Names of the definitions of custom kinds; empty when we may not look."""
    query = {"limit": str(PAGE_SIZE)}
    names: set[str] = set()
    try:
        while True:
            page = kube.document(CRDS.path(), query, METADATA_LIST)
            names |= {str(item["metadata"]["name"]) for item in page.get("items") or []}
            query["continue"] = (page.get("metadata") or {}).get("continue") or ""
            if not query["continue"]:
                return frozenset(names)
    except KubeError:
        return frozenset()
