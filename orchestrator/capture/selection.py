"""Which kinds are read, and what a replay must say about the others."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from helper.kinds import EVENTS, LEASES, Resource
from orchestrator.capture.proxies import Proxied
from orchestrator.capture.survey import Kind
from orchestrator.errors import UsageError, nearest
from orchestrator.replay.models import Gap

HEARTBEATS = "kube-node-lease"
# Served for old clients only, or under a second name.
DOUBLES = {
    "componentstatuses": "no objects: old clients' view of the control plane",
    "events.events.k8s.io": "the same objects as events",
}


@dataclass(frozen=True)
class Choice:
    """What the operator wants in the folder."""

    kinds: tuple[str, ...] = ()  # empty: all
    skipped: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()  # empty: all
    events: bool = False
    logs: tuple[str, ...] = ()  # NAMESPACE or NAMESPACE/POD, shell patterns
    proxies: tuple[Proxied, ...] = ()
    config_maps: tuple[str, ...] = ()  # NAMESPACE/NAME whose values stay
    renames: bool = False  # machines and addresses

    def wants_log(self, namespace: str, pod: str) -> bool:
        """Whether the logs of a pod are asked for."""
        parts = (pattern.partition("/") for pattern in self.logs)
        return any(
            fnmatchcase(namespace, home) and fnmatchcase(pod, name or "*")
            for home, _, name in parts
        )


@dataclass
class Selection:
    """The kinds to read, and what is left out on purpose."""

    chosen: list[Kind] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)  # left out, but no gap: title to reason

    def leave_out(self, resource: Resource, reason: str, *, version: str = "") -> None:
        """Note a kind that is not read."""
        self.gaps.append(Gap(resource=resource.title, version=version, reason=reason))

    def excluded_namespaces(self, kind: Kind) -> Collection[str]:
        """Namespaces whose objects of a kind are not kept."""
        found = [gap.namespace for gap in self.gaps if gap.resource == kind.resource.title]
        return frozenset(filter(None, found))


def select(kinds: Sequence[Kind], choice: Choice) -> Selection:
    """Choose from what is served; UsageError for a kind that is not."""
    wanted, unwanted = _test(choice.kinds, kinds), _test(choice.skipped, kinds)
    result = Selection()
    preferred = {kind.resource.title: kind for kind in kinds if kind.is_preferred}
    for kind in kinds:
        resource = kind.resource
        if not kind.is_preferred:
            # Other versions of custom kinds are the same objects; of built-in ones they differ.
            read_in = preferred[resource.title].resource.version
            if not kind.is_custom:
                reason = f"recorded in {read_in} only"
                result.leave_out(resource, reason, version=resource.version)
        elif resource.title in DOUBLES:
            result.leave_out(resource, DOUBLES[resource.title])
        elif choice.kinds and not wanted(kind):
            result.leave_out(resource, "not among the kinds that were chosen")
        elif unwanted(kind):
            result.leave_out(resource, "left out on request")
        elif resource == EVENTS and not choice.events and not choice.kinds:
            # No gap: they pass away within the hour, and no client may count on one.
            result.unread[resource.title] = "they pass away anyway; --events takes them"
        else:
            result.chosen.append(kind)
            if resource.title == LEASES.title and not choice.kinds:
                reason = "heartbeats of nodes"
                gap = Gap(resource=resource.title, namespace=HEARTBEATS, reason=reason)
                result.gaps.append(gap)
    return result


def _test(words: Iterable[str], kinds: Sequence[Kind]) -> Callable[[Kind], bool]:
    """A test for kinds that are named; UsageError for a name that no kind has."""
    lower = {word.lower() for word in words}
    known = {name for kind in kinds for name in kind.names}
    for word in sorted(lower - known):
        raise UsageError(f"{word}: the cluster serves no such kind{nearest(word, known)}")
    return lambda kind: not lower.isdisjoint(kind.names)
