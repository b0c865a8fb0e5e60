"""Who owns an object, up to the one that nobody owns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helper.errors import CannotTell
from helper.resource import Json, items, namespace, owner, text
from helper.workloads import health_of
from orchestrator.diagnostics.glance import Glance, unread
from orchestrator.diagnostics.words import title

MAX_STEPS = 8  # a pod of an operator's operator has five


@dataclass(frozen=True)
class Link:
    """One owner; without a body it says why there is none."""

    title: str
    state: str
    body: Json | None = None

    def __str__(self) -> str:
        return f"{self.title}: {self.state}"


class Owners:
    """Follows owner references; asks for each owner once."""

    def __init__(self, glance: Glance, known: Iterable[Json] = ()) -> None:
        self._glance = glance
        self._links = {text(item, "metadata", "uid"): _link(item) for item in known}

    def of(self, item: Json) -> Sequence[Link]:
        """The owners of an object, the nearest first."""
        found: list[Link] = []
        current: Json | None = item
        while current is not None and len(found) < MAX_STEPS:
            # What a run makes is owned by its ConfigMap, which controls nothing.
            references = items(current, "metadata", "ownerReferences")
            reference = owner(current) or next(iter(references), None)
            if reference is None:
                break
            link = self._look(reference, namespace(current))
            found.append(link)
            current = link.body
        return found

    def _look(self, reference: Json, where: str) -> Link:
        uid = text(reference, "uid")
        if uid not in self._links:
            self._links[uid] = self._found(reference, where)
        return self._links[uid]

    def _found(self, reference: Json, where: str) -> Link:
        kind, name = text(reference, "kind"), text(reference, "name")
        shown = f"{kind} {where}/{name}"
        try:
            resource = self._glance.resource_of_kind(text(reference, "apiVersion"), kind)
            if resource is None:
                return Link(shown, f"{text(reference, 'apiVersion')} {kind} is not served")
            place = where if resource.namespaced else None
            body = self._glance.find(resource, name, place)
        except CannotTell as error:
            return Link(shown, unread(shown, error))
        if body is None or text(body, "metadata", "uid") != text(reference, "uid"):
            return Link(shown, "does not exist any more")
        return _link(body)


def _link(body: Json) -> Link:
    return Link(title(body), health_of(text(body, "kind"), body).observed, body)
