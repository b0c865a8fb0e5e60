"""The objects of one run in the cluster: made, found again by label, and removed."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from helper import contract
from helper.deadline import Clock, Deadline
from helper.errors import Conflict, Forbidden, NotFound
from helper.kinds import (
    CONFIG_MAPS,
    EVENTS,
    JOBS,
    NAMESPACES,
    NODES,
    PODS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    Resource,
)
from helper.kube import Kube
from helper.resource import is_being_deleted, items, labels, name, namespace, part, text
from helper.transport import Json
from orchestrator import capacity, manifests, neighbours, own_namespace, release
from orchestrator.cluster_events import in_order
from orchestrator.diagnostics.glance import Glance
from orchestrator.errors import ClusterError, UsageError
from orchestrator.follow import Follower
from orchestrator.manifests import RunContext
from orchestrator.plan import PlannedCheck
from orchestrator.release import Remains
from orchestrator.shortage import Shortage, shortage
from orchestrator.shrink import shrink
from orchestrator.sightings import JOB_NAME_LABEL
from orchestrator.sweep import RIGHTS, Place, sweep

TERMINATING_WAIT_S = 120.0
POLL_S = 0.5
EVIDENCE, CUT = "evidence", "cut, a ConfigMap does not hold all of it"  # in a result's `extra`
REPORT_TYPE, RESULT_KEY = "ctrf", "result.json"  # of a result that is kept in the cluster


class Workspace:
    """One run's place in the cluster.

    Names are known before anything is made, so every deletion can be armed before its creation.
    """

    def __init__(self, kube: Kube, context: RunContext, enduring: Kube | None = None) -> None:
        """`enduring` waits longer for a server that is away; a check begins with its requests."""
        self._kube = kube
        self._enduring = enduring or kube
        self.context = context
        # Where this run has made, or may have made, objects: noted before each creation.
        self._touched: set[Place] = set()
        self._own_namespace = ""  # the UID of the namespace, where this run made it

    def prepare(self, record: Mapping[str, str], data: Mapping[str, str]) -> None:
        """Make namespace, run record and mounted data; `data` maps a kind to its text."""
        found = items_of_taints(self._kube.list(NODES))
        self.context = replace(self.context, taint_keys=found)
        self._ensure_namespace()
        self.context = replace(self.context, owner=manifests.owner_of(self._begin(record)))
        for kind, content in data.items():
            config_map = manifests.data_config_map(self.context, kind, content)
            self._kube.create(CONFIG_MAPS, config_map, self.context.namespace)
        if self.context.forwarded.token:
            self._touched.add((SECRETS, self.context.namespace))
            secret = manifests.token_secret(self.context)
            self._kube.create(SECRETS, secret, self.context.namespace)

    def _begin(self, record: Mapping[str, str]) -> Json:
        """Make the object that stands for the run; nobody else may have a run of this name."""
        run_id, where = self.context.run_id, self.context.namespace
        self._touched.add((CONFIG_MAPS, where))
        try:
            return self._kube.create(CONFIG_MAPS, manifests.run_record(self.context, record), where)
        except Conflict as error:
            self._touched.clear()  # what has this run's label belongs to the other one
            raise UsageError(
                f"run {run_id} is in namespace {where} already; go on with it by --resume "
                f"{run_id}, remove it with aicr-orch gc --run-id {run_id}, or leave out --run-id"
            ) from error

    def create_identity(self, planned: PlannedCheck) -> Sequence[str]:
        """Make a check's account and rights; names the namespaces that could not carry a Role."""
        missing = []
        for resource, body in manifests.identity(self.context, planned):
            target = namespace(body) or None
            self._touched.add((resource, target))
            try:
                self._enduring.create(resource, body, target)
            except (NotFound, Forbidden) as error:
                if isinstance(error, Forbidden) and not error.is_for_ending:
                    raise
                # The namespace does not exist or is ending: the check itself will say that.
                self._touched.discard((resource, target))
                if resource not in (ROLES, ROLE_BINDINGS):
                    raise
                missing.append(str(target))
        return sorted(set(missing))

    def delete_identity(self, planned: PlannedCheck) -> None:
        """Remove a check's account and rights, the rights first."""
        for resource, body in reversed(manifests.identity(self.context, planned)):
            self._kube.delete(resource, name(body), namespace(body) or None)

    def create_job(self, planned: PlannedCheck) -> None:
        """Make a check's Job."""
        self._touched |= {(JOBS, self.context.namespace), (PODS, self.context.namespace)}
        self._enduring.create(JOBS, manifests.job(self.context, planned), self.context.namespace)

    def delete_job(self, planned: PlannedCheck) -> None:
        """Remove a check's Job; its pod is told to end and goes with it."""
        self._kube.delete(JOBS, planned.object_name, self.context.namespace)

    def log(self, pod: str) -> str:
        """What the check printed."""
        return self._kube.log(self.context.namespace, pod, contract.CONTAINER)

    def follow_log(self, pod: str, said: Callable[[str], None]) -> Follower:
        """Follow what the check prints; the caller starts and stops it."""
        return Follower(self._kube, self.context.namespace, pod, said)

    def node(self, node_name: str) -> Json | None:
        """A node, or None when the cluster no longer has it; the right to list is enough."""
        found = self._kube.list(NODES, fields=f"metadata.name={node_name}")
        return found[0] if found else None

    def events(self, object_names: Iterable[str]) -> Sequence[Json]:
        """Events about a Job and its pod, oldest first."""
        found = [
            event
            for object_name in object_names
            for event in self._kube.list(
                EVENTS, self.context.namespace, fields=f"involvedObject.name={object_name}"
            )
        ]
        return in_order(found)

    def glance(self, hurried: Callable[[], bool], clock: Clock) -> Glance:
        """A look at the cluster for a diagnosis, which begins now."""
        return Glance(self._kube, hurried, clock)

    def persist(self, planned: PlannedCheck, result: Mapping[str, object]) -> None:
        """Keep a check's result in the cluster, where a killed orchestrator cannot lose it."""
        labels = {
            **manifests.check_labels(self.context, planned),
            contract.LABEL_REPORT_TYPE: REPORT_TYPE,
        }
        meta = {
            "name": f"aicr-result-{self.context.run_id}-{planned.name}",
            "labels": labels,
            "ownerReferences": [self.context.owner],
        }
        body = {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": meta,
            "data": {RESULT_KEY: _bounded(result)},
        }
        self._kube.create(CONFIG_MAPS, body, self.context.namespace)

    def sweep(self, deadline: Deadline, *, keeping: Collection[str] = ()) -> Sequence[str]:
        """Remove all that carries the run's label; names what is still there at the deadline.

        Where Jobs are kept, their pods and all ConfigMaps of the run stay with them.
        """

        def stays(resource: Resource, body: Json) -> bool:
            if not keeping or resource in RIGHTS:
                return False
            job = labels(body).get(JOB_NAME_LABEL) if resource is PODS else name(body)
            return resource is CONFIG_MAPS or job in keeping

        return sweep(self._kube, self.context.run_id, deadline, self._touched, stays)

    def remove_namespace(self) -> str:
        """Delete the namespace if this run made it and nobody uses it; says why it stays."""
        if not self._own_namespace:
            return f"namespace {self.context.namespace} stays: this run did not make it"
        return own_namespace.remove(self._kube, self.context.namespace, self._own_namespace)

    def absent_neighbours(self, planned: PlannedCheck) -> Sequence[str]:
        """A warning for each group of pods that a check is to run near and that is not there."""
        return list(neighbours.absent(self._kube, planned))

    def shortage(self, planned: PlannedCheck) -> Shortage | None:
        """What a check lacks of the GPUs that it needs; None when all is there."""
        if not planned.needs:
            return None
        selector = manifests.node_selector(self.context.placement, planned)
        found = capacity.look(self._kube, selector)
        return shortage(planned.needs, found.rooms, found.left_out)

    def remains(self, planned: PlannedCheck) -> Remains:
        """What a check with locks has started; looking costs nothing where it may start nothing."""
        where = release.places(planned, self.context.namespace)
        return Remains(self._kube, self.context.run_id, planned.name, where)

    def _ensure_namespace(self) -> None:
        """Use the namespace, make it where it is missing, wait for one that is ending."""
        wanted = self.context.namespace
        ending = Deadline.after(TERMINATING_WAIT_S)
        while True:
            found = self._kube.find(NAMESPACES, wanted)
            if found is None:
                try:
                    made = self._kube.create(NAMESPACES, manifests.namespace(wanted))
                except Conflict:  # another run made it just now
                    continue
                self._own_namespace = text(made, "metadata", "uid")
                return
            if not is_being_deleted(found):
                return
            if ending.remaining_s() <= 0:
                waited = f"{TERMINATING_WAIT_S:.0f} s"
                raise ClusterError(
                    f"namespace {wanted} is still Terminating after {waited}; see its "
                    "status.conditions, or choose another with --namespace"
                )
            ending.clock.sleep(POLL_S)


def items_of_taints(nodes: Iterable[Json]) -> tuple[str, ...]:
    """The taint keys that nodes carry."""
    return tuple(
        sorted({text(taint, "key") for node in nodes for taint in items(node, "spec", "taints")})
    )


def _bounded(result: Mapping[str, object]) -> str:
    """A result as JSON that fits into a ConfigMap; evidence loses its middle first."""
    found = json.dumps(result, ensure_ascii=False)
    if len(found.encode()) <= contract.CONFIG_MAP_BYTES:
        return found
    told = {**result, "extra": {**part(result, "extra"), EVIDENCE: CUT}}
    shrunk = json.loads(shrink({"results": {"tests": [told]}}, contract.CONFIG_MAP_BYTES))
    return json.dumps(shrunk["results"]["tests"][0], ensure_ascii=False)
