"""The kinds that a replay cluster serves: the built-in ones, and those of CRDs in its store."""

import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from helper.kinds import Resource
from orchestrator.replay.kindtable import ALL_CATEGORY, ALWAYS, REVIEWS, TABLE
from orchestrator.replay.models import RecordedKind
from orchestrator.replay.objects import Json, meta

OBJECT_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
REVIEW_VERBS = ("create",)
_NOT_IN_BULK = frozenset({"namespaces", "services"})  # no deletecollection


@dataclass(frozen=True)
class Served:
    """One kind in one version, as discovery describes it."""

    resource: Resource
    list_kind: str
    singular: str
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = OBJECT_VERBS
    counts_generations: bool = False
    custom: bool = False
    schema: Json | None = None  # openAPIV3Schema of a custom resource
    columns: tuple[Json, ...] = ()  # additionalPrinterColumns of a custom resource
    scale: Json | None = None  # where a custom resource keeps its replicas

    @property
    def has_status(self) -> bool:
        """Whether status is written through its own subresource."""
        return "status" in self.subresources

    @property
    def is_review(self) -> bool:
        """Whether a create is answered and nothing kept."""
        return self.verbs == REVIEW_VERBS


def _built_in() -> Iterable[Served]:
    for api_version, rows in TABLE.items():
        group, _, version = api_version.rpartition("/")
        for row in rows.strip().splitlines():
            plural, kind, scope, short, *rest = row.split()
            counted, kind = kind.startswith("*"), kind.lstrip("*")
            verbs = [
                v for v in OBJECT_VERBS if v != "deletecollection" or plural not in _NOT_IN_BULK
            ]
            yield Served(
                Resource(group, version, plural, kind, namespaced=scope == "n"),
                list_kind=f"{kind}List",
                singular=kind.lower(),
                short_names=tuple(short.split(",")) if short != "-" else (),
                categories=("all",) if plural in ALL_CATEGORY else (),
                subresources=tuple(rest[0].split(",")) if rest else (),
                verbs=tuple(verbs),
                counts_generations=counted,
            )
    for api_version, rows in REVIEWS.items():
        group, _, version = api_version.rpartition("/")
        for row in rows.strip().splitlines():
            plural, kind, scope = row.split()
            resource = Resource(group, version, plural, kind, namespaced=scope == "n")
            yield Served(resource, f"{kind}List", kind.lower(), verbs=REVIEW_VERBS)


def served_by(definition: Json) -> list[Served]:
    """Give the kinds that a CustomResourceDefinition adds: one for each served version."""
    spec = definition["spec"]
    names = spec["names"]
    found = []
    for version in spec.get("versions") or []:
        if not version.get("served"):
            continue
        found.append(
            Served(
                Resource(
                    spec["group"],
                    version["name"],
                    names["plural"],
                    names["kind"],
                    namespaced=spec.get("scope") == "Namespaced",
                ),
                list_kind=names.get("listKind") or f"{names['kind']}List",
                singular=names.get("singular") or names["kind"].lower(),
                short_names=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                subresources=tuple(sorted(version.get("subresources") or ())),
                counts_generations=True,
                custom=True,
                schema=(version.get("schema") or {}).get("openAPIV3Schema"),
                columns=tuple(version.get("additionalPrinterColumns") or ()),
                scale=(version.get("subresources") or {}).get("scale"),
            )
        )
    return found


def recorded_kind(given: RecordedKind) -> Served:
    """Give a kind of a recorded server; what discovery does not say comes from the usual ones."""
    group, _, version = given.api_version.rpartition("/")
    usual = next(
        (k for k in _BUILT_IN if (k.resource.group, k.resource.plural) == (group, given.plural)),
        None,
    )
    return Served(
        Resource(group, version, given.plural, given.kind, namespaced=given.namespaced),
        list_kind=f"{given.kind}List",
        singular=given.singular or given.kind.lower(),
        short_names=tuple(given.short_names),
        categories=tuple(given.categories),
        subresources=tuple(given.subresources),
        verbs=tuple(given.verbs) or OBJECT_VERBS,
        counts_generations=usual.counts_generations if usual else False,
    )


class Kinds:
    """Looks kinds up by path and by what stands in an object; follows the CRDs it is told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built_in = _BUILT_IN
        self._custom: dict[str, list[Served]] = {}  # by name of the definition
        self._by_path: dict[tuple[str, str, str], Served] = {}
        self._rebuild()

    def serve_recorded(self, recorded: Iterable[Served]) -> None:
        """Serve the kinds of a recorded server in place of those that not every server has."""
        with self._lock:
            always = [k for k in _BUILT_IN if k.is_review or k.resource.api_version in ALWAYS]
            self._built_in = (*always, *recorded)
            self._rebuild()

    def withdraw(self, groups: Collection[str]) -> None:
        """Stop serving API groups, as a server does whose administrator turned them off."""
        with self._lock:
            self._built_in = tuple(k for k in self._built_in if k.resource.group not in groups)
            self._rebuild()

    def add(self, definition: Json) -> None:
        """Serve what a CRD defines."""
        with self._lock:
            self._custom[meta(definition)["name"]] = served_by(definition)
            self._rebuild()

    def discard(self, definition: Json) -> None:
        """Stop serving what a CRD defined."""
        with self._lock:
            self._custom.pop(meta(definition)["name"], None)
            self._rebuild()

    def all(self) -> list[Served]:
        """Give every kind in every served version."""
        return list(self._by_path.values())

    def find(self, group: str, version: str, plural: str) -> Served | None:
        """Give the kind that a path names."""
        return self._by_path.get((group, version, plural))

    def of(self, resource: Resource) -> Served:
        """Give the kind of a resource that is known to be served."""
        return self._by_path[resource.group, resource.version, resource.plural]

    def any_version(self, group: str, plural: str) -> Served | None:
        """Give the kind in whichever version comes first."""
        return next(
            (k for k in self.all() if (k.resource.group, k.resource.plural) == (group, plural)),
            None,
        )

    def of_object(self, obj: Json) -> Served | None:
        """Give the kind that an object says it is."""
        wanted = (obj.get("apiVersion"), obj.get("kind"))
        return next(
            (k for k in self.all() if (k.resource.api_version, k.resource.kind) == wanted), None
        )

    def serves_version(self, group: str, version: str) -> bool:
        """Whether a group is served in a version."""
        return any((k[0], k[1]) == (group, version) for k in self._by_path)

    def serves_group(self, group: str) -> bool:
        """Whether a group is served in any version."""
        return any(k[0] == group for k in self._by_path)

    def _rebuild(self) -> None:
        # Replaced, never altered: readers hold no lock.
        kinds = [*self._built_in, *(kind for group in self._custom.values() for kind in group)]
        self._by_path = {
            (kind.resource.group, kind.resource.version, kind.resource.plural): kind
            for kind in kinds
        }


_BUILT_IN = tuple(_built_in())
