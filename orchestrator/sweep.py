"""Objects of runs, found by label and removed, however their run ended."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from helper import contract
from helper.deadline import Deadline
from helper.errors import Forbidden, KubeError
from helper.kinds import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    CONFIG_MAPS,
    JOBS,
    LEASES,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from helper.kube import METADATA_LIST, Kube
from helper.resource import is_being_deleted, labels, name, namespace, part, text
from helper.transport import Json
from orchestrator.plan import RUN_ID_FORM, parse_run_id

# In the order of removal: what runs, what it reads, and its rights last.
SWEPT = (
    JOBS,
    PODS,
    CONFIG_MAPS,
    SECRETS,
    LEASES,
    ROLE_BINDINGS,
    CLUSTER_ROLE_BINDINGS,
    ROLES,
    CLUSTER_ROLES,
    SERVICE_ACCOUNTS,
)
# What lets somebody do something; it never stays.
RIGHTS = frozenset(
    {
        CLUSTER_ROLE_BINDINGS,
        CLUSTER_ROLES,
        LEASES,
        ROLE_BINDINGS,
        ROLES,
        SECRETS,
        SERVICE_ACCOUNTS,
    }
)
FIRST_POLL_S, LAST_POLL_S = 0.05, 0.5  # most go at once; a pod takes as long as kubelet does

Found = Sequence[tuple[Resource, Json]]
Place = tuple[Resource, str | None]  # a kind, in one namespace or in the whole cluster

EVERYWHERE: Sequence[Place] = [(resource, None) for resource in SWEPT]


def within_reach(kube: Kube, known: Iterable[Place]) -> Sequence[Place]:
    """Where to look for a run's objects: everywhere, as far as one may, else in `known` places."""
    known = sorted(known, key=str)
    found: list[Place] = []
    for resource in SWEPT:
        where = [place for place in known if place[0] is resource]
        if kube.allowed("list", resource):
            where = [(resource, None)]
        elif resource is SECRETS:  # one that nobody may list goes with its ConfigMap
            where = [place for place in where if kube.allowed("list", *place)]
        found += where
    return found


def find_objects(kube: Kube, selector: str, places: Iterable[Place] = EVERYWHERE) -> Found:
    """Objects with a label, in the order of their removal; KubeError when one may not look."""
    ordered = sorted(places, key=lambda item: (SWEPT.index(item[0]), item[1] or ""))
    return [
        (resource, item)
        for resource, where in ordered
        for item in _listed(kube, resource, where, selector)
    ]


def _listed(kube: Kube, resource: Resource, where: str | None, selector: str) -> Sequence[Json]:
    if resource is not SECRETS:
        return kube.list(resource, where, labels=selector)
    try:
        return kube.page(resource, where, selector, accept=METADATA_LIST).items
    except Forbidden:
        if where:
            raise
        # Few may list Secrets everywhere. A run's own belongs to its ConfigMap and goes with it.
        return []


def delete_objects(kube: Kube, objects: Iterable[tuple[Resource, Json]]) -> None:
    """Delete objects, each only if it is still the one that was found."""
    for resource, body in objects:
        if is_being_deleted(body):
            continue
        try:
            kube.delete(
                resource, name(body), namespace(body) or None, uid=text(body, "metadata", "uid")
            )
        except KubeError:
            continue  # found again by the next look, or reported as left behind


def sweep(
    kube: Kube,
    run_id: str,
    deadline: Deadline,
    places: Iterable[Place] = EVERYWHERE,
    stays: Callable[[Resource, Json], bool] = lambda _resource, _body: False,
) -> Sequence[str]:
    """Remove all objects of a run that may not stay; names what is still there at the deadline.

    Raises KubeError when it cannot be told what is there.
    """
    places = list(places)
    # Deletions that fail again and again cost no more time than there is, however many they are.
    timely = kube.patient(deadline.remaining_s(), lambda: deadline.remaining_s() <= 0)
    pause_s, is_late = FIRST_POLL_S, False
    while True:
        found = find_objects(kube, f"{contract.LABEL_RUN_ID}={run_id}", places)
        left = [(resource, body) for resource, body in found if not stays(resource, body)]
        if not left or is_late:
            return [f"{resource.title} {place(body)}{_held(body)}" for resource, body in left]
        delete_objects(timely, left)
        is_late = deadline.remaining_s() <= 0  # one more look, at what these deletions left
        deadline.clock.sleep(min(pause_s, deadline.remaining_s()))
        pause_s = min(2 * pause_s, LAST_POLL_S)


def _held(body: Json) -> str:
    """Why an object that was deleted is still there, as far as it tells."""
    if not is_being_deleted(body):
        return ""
    finalizers = [str(item) for item in part(body, "metadata").get("finalizers") or []]
    return f" (ending, held by {', '.join(finalizers)})" if finalizers else " (ending)"


def runs(kube: Kube) -> Mapping[str, Found]:
    """All runs that have objects in the cluster, each with its objects."""
    by_run: dict[str, list[tuple[Resource, Json]]] = {}
    for resource, body in find_objects(kube, f"{contract.LABEL_NAME}={contract.APP_NAME}"):
        run_id = labels(body).get(contract.LABEL_RUN_ID, "")
        if parse_run_id(run_id):
            by_run.setdefault(run_id, []).append((resource, body))
    return dict(sorted(by_run.items()))


def began(run_id: str) -> datetime:
    """When a run began, as its name says; ValueError for what is no name of a run."""
    found = parse_run_id(run_id)
    if found is None:
        raise ValueError(f"run {run_id}: {RUN_ID_FORM}")
    return found


def place(body: Json) -> str:
    """Where an object is: `namespace/name`, or its name alone."""
    return f"{namespace(body)}/{name(body)}" if namespace(body) else name(body)
