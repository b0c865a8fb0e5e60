"""What a check has made itself and not removed: pods, what owns them, and other workloads."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from helper import contract
from helper.errors import CannotTell
from helper.kinds import PODS
from helper.pod_states import parse_pod
from helper.resource import Json, items, labels, name, namespace, text
from helper.workloads import health_of
from orchestrator import release
from orchestrator.diagnostics import words
from orchestrator.diagnostics.glance import Glance, events, unread
from orchestrator.diagnostics.owners import Owners
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.release import Place

SUMMARY, FOLDER = "inner.txt", "inner"
MAX_PODS, MAX_OTHERS = 10, 10  # what is unwell comes first
# What says nothing of how a workload fares, or is nobody's to keep.
UNTOLD_GROUPS = frozenset(
    {"authentication.k8s.io", "authorization.k8s.io", "rbac.authorization.k8s.io"}
)
UNTOLD = frozenset({"configmaps", "events", "namespaces", "secrets", "serviceaccounts"})
NEVER_KEPT = frozenset({"ConfigMap", "Secret"})  # as owners

Kind = tuple[str, str]  # API group and plural name

# Who owns the pods of what a check makes, where that is not the object itself.
BETWEEN: Mapping[Kind, Kind] = {
    ("apps", "deployments"): ("apps", "replicasets"),
    ("batch", "cronjobs"): ("batch", "jobs"),
}


def kinds(planned: PlannedCheck, home: str) -> Mapping[Place, Sequence[Kind]]:
    """What is looked for, by place: pods, and the kinds that the check may create there."""
    pods = (PODS.group, PODS.plural)
    return {
        place: tuple(dict.fromkeys([pods, *_told(rules)]))
        for place, rules in release.creating(planned, home).items()
    }


def caller_rules(plan: Plan) -> Sequence[Mapping[str, object]]:
    """Rights that a run can do without, by which its caller sees what the checks have made.

    Events and logs he may read for the checks' own pods already.
    """
    wanted: set[Kind] = set()
    for planned in plan.checks:
        for found in kinds(planned, plan.namespace).values():
            wanted.update(found)
            wanted.update(BETWEEN[kind] for kind in found if kind in BETWEEN)
    return [
        {"apiGroups": [group], "resources": [plural], "verbs": ["list"]}
        for group, plural in sorted(wanted)
    ]


def files(
    glance: Glance, owners: Owners, planned: PlannedCheck, run_id: str, home: str
) -> Mapping[str, str]:
    """Files about all of it; none of a check that may make nothing."""
    places = kinds(planned, home)
    if not places:
        return {}
    found, unseen = _look(glance, planned, run_id, places)
    pods = sorted(filter(_is_pod, found), key=_gravity)
    others = [item for item in found if not _is_pod(item)]
    chains = [(pod, owners.of(pod)) for pod in pods[:MAX_PODS]]
    owning = [link.body for _, chain in chains for link in chain if link.body]
    known = {text(item, "metadata", "uid"): item for item in [*others, *owning]}
    shown = [item for item in known.values() if text(item, "kind") not in NEVER_KEPT]
    told: dict[str, str] = {}
    for item in [*pods[:MAX_PODS], *shown[:MAX_OTHERS]]:
        told.update(_files_of(glance, item))
    lines = [
        *(
            f"{words.title(pod)}: {_state(pod)}{''.join(map(_owned, chain))}"
            for pod, chain in chains
        ),
        *(f"{words.title(item)}: {_state(item)}" for item in others[:MAX_OTHERS]),
        *_rest(len(pods) - MAX_PODS, "pods"),
        *_rest(len(others) - MAX_OTHERS, "other objects"),
        *unseen,
    ]
    nothing = f"nothing with the label {contract.LABEL_RUN_ID}={run_id} is there any more"
    return {SUMMARY: words.log("\n".join(lines or [nothing])), **told}


def _look(
    glance: Glance, planned: PlannedCheck, run_id: str, places: Mapping[Place, Sequence[Kind]]
) -> tuple[list[Json], list[str]]:
    """What carries the run's label and is this check's; and what could not be looked at."""
    found: dict[str, Json] = {}
    unseen: list[str] = []
    for place, wanted in places.items():
        for group, plural in wanted:
            what = ".".join(filter(None, (plural, group)))
            try:
                resource = glance.resource(group, plural)
                if resource is None:
                    unseen.append(f"{what}: not served by this cluster")
                    continue
                where = place if resource.namespaced else None
                mine = glance.all(resource, where, f"{contract.LABEL_RUN_ID}={run_id}")
            except CannotTell as error:
                unseen.append(unread(what, error))
                continue
            ours = (item for item in mine if _is_made_by(item, planned))
            found.update({text(item, "metadata", "uid"): item for item in ours})
    return list(found.values()), unseen


def _is_made_by(item: Json, planned: PlannedCheck) -> bool:
    """Whether the check made it, and not the run for the check; it need not carry its name."""
    own = labels(item)
    is_ours = own.get(contract.LABEL_CHECK, planned.name) == planned.name
    return is_ours and own.get(contract.LABEL_JOB_TYPE) != contract.JOB_TYPE


def _files_of(glance: Glance, item: Json) -> Iterator[tuple[str, str]]:
    """An object, its events, and the end of the logs of a pod's containers."""
    parts = (text(item, "kind").lower(), namespace(item), name(item))
    stem = f"{FOLDER}/{'.'.join(filter(None, parts)).replace('/', '_')}"
    yield f"{stem}.yaml", words.yaml(item)
    yield f"{stem}.events.txt", events(glance, [name(item)], namespace(item))
    for container in _started(item) if _is_pod(item) else ():
        try:
            said = words.log(glance.log(namespace(item), name(item), container))
        except CannotTell as error:
            said = f"{unread(f'log of container {container}', error)}\n"
        yield f"{stem}.{container}.log", said or "it printed nothing\n"


def _started(pod: Json) -> Iterator[str]:
    """The containers that have a log."""
    for key in ("initContainerStatuses", "containerStatuses"):
        for status in items(pod, "status", key):
            has_run = "waiting" not in (status.get("state") or {}) or status.get("restartCount")
            if has_run:
                yield text(status, "name")


def _told(rules: Iterable[release.Rule]) -> Iterator[Kind]:
    for rule in rules:
        for group in sorted(set(rule["apiGroups"]) - UNTOLD_GROUPS):
            for plural in rule["resources"]:
                if "/" not in plural and plural not in UNTOLD and "create" in rule["verbs"]:
                    yield group, plural


def _is_pod(item: Json) -> bool:
    return text(item, "kind") == PODS.kind


def _gravity(pod: Json) -> tuple[bool, str, str]:
    """Pods that are unwell come first."""
    is_well = not parse_pod(pod).trouble and text(pod, "status", "phase") != "Failed"
    return is_well, namespace(pod), name(pod)


def _state(item: Json) -> str:
    if not _is_pod(item):
        return health_of(text(item, "kind"), item).observed
    pod = parse_pod(item)
    trouble = f", {pod.trouble}" if pod.trouble else ""
    return f"{pod.phase}{trouble}" + (f", on {pod.node}" if pod.node else "")


def _owned(link: object) -> str:
    return f"; owned by {link}"


def _rest(count: int, what: str) -> list[str]:
    return [f"... and {count} more {what}"] if count > 0 else []
