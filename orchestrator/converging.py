"""Waits until a cluster has settled, so that no check judges what is still on its way."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from helper.deadline import SYSTEM_CLOCK, Clock, Deadline
from helper.errors import Unreachable
from helper.kinds import DAEMON_SETS, DEPLOYMENTS, NODES, PODS, STATEFUL_SETS
from helper.kube import Kube
from helper.models import ComponentRef
from helper.nodes import Node, gpu_nodes, parse_node
from helper.resource import namespace, part, text
from orchestrator import motion
from orchestrator.capacity import served
from orchestrator.convergence import Convergence, Unsettled
from orchestrator.events import ClusterSettled, ClusterSettling, Event
from orchestrator.snapshot.read import GPU_DRIVER, RESOURCE_SLICES
from orchestrator.stop import Stop

WORKLOADS = {item.kind: item for item in (DEPLOYMENTS, DAEMON_SETS, STATEFUL_SETS)}
PARALLEL = 8
# What does not say that it is on its way has this long after the last that did: controllers make
# one object when another is ready, and a device plugin tells kubelet what it has.
GRACE_S = 30.0
# Seconds between looks: the next ones ask only for what had not settled.
FIRST_S, GROWTH, LONGEST_S = 2.0, 1.5, 10.0
TELL_S = 30.0

Group = tuple[str, str]  # all workloads of a kind in a namespace


class Looks:
    """Looks at nodes and at the recipe's components, as often as it is asked to."""

    def __init__(
        self, kube: Kube, components: Sequence[ComponentRef], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._kube = kube
        self._components = components
        self._clock = clock
        places = motion.namespaces(components)
        self._all: list[Group] = [(kind, place) for place in places for kind in WORKLOADS]
        self._open: list[Group] | None = None  # with something unsettled, when last looked at

    def look(self) -> Sequence[Unsettled]:
        """All that has not settled; what had is asked for again only when all else has, too."""
        try:
            found = self._look(self._open) if self._open is not None else []
            return found or self._look(self._all)
        except Unreachable as error:  # an API server that restarts has not settled either
            return [Unsettled("the API server", str(error), moves=True)]

    def _look(self, groups: Sequence[Group]) -> Sequence[Unsettled]:
        listed, now = self._kube.list(NODES), self._clock.wall()
        nodes = [parse_node(obj) for obj in listed]
        with ThreadPoolExecutor(PARALLEL) as pool:
            lists = pool.map(lambda group: self._kube.list(WORKLOADS[group[0]], group[1]), groups)
            there = list(chain.from_iterable(lists))
            doubtful = [obj for obj in there if motion.of_workload(obj, nodes, (), now)]
            places = sorted({namespace(obj) for obj in doubtful})
            listed_pods = pool.map(lambda place: self._kube.list(PODS, place), places)
            pods = dict(zip(places, listed_pods, strict=True))
        judged = {
            motion.place(obj): motion.of_workload(obj, nodes, pods[namespace(obj)], now)
            for obj in doubtful
        }
        missing = motion.absent(self._components, groups, there)
        still = {
            place[:2] for place in (*(key for key, found in judged.items() if found), *missing)
        }
        self._open = [group for group in groups if group in still]
        return [
            *filter(None, (motion.of_node(obj, now) for obj in listed)),
            *motion.of_gpus(nodes, self._with_slices(nodes)),
            *filter(None, judged.values()),
            *(Unsettled(motion.title(place), "not there", moves=False) for place in missing),
        ]

    def _with_slices(self, nodes: Sequence[Node]) -> frozenset[str]:
        """The nodes whose GPUs a DRA driver offers; asked for where no device plugin offers any."""
        if not any(node.gpus == 0 and not node.left_out for node in gpu_nodes(nodes)):
            return frozenset()
        specs = [part(obj, "spec") for obj in served(self._kube, RESOURCE_SLICES)]
        return frozenset(
            text(spec, "nodeName") for spec in specs if spec.get("driver") == GPU_DRIVER
        )


def converge(
    look: Callable[[], Sequence[Unsettled]],
    budget_s: float,
    stop: Stop,
    tell: Callable[[Event], None],
    *,
    clock: Clock = SYSTEM_CLOCK,
    pause: Callable[[float], None] | None = None,
) -> Convergence:
    """Look until all has settled, time is up, nothing moves any more, or the run is stopped.

    The last thing told is a ClusterSettled, also when nobody may look and that is raised.
    """
    started = moved = clock.now()
    deadline, pause_s = Deadline.after(budget_s, clock), FIRST_S
    told, told_at = "", started
    before: set[str] = set()
    while True:
        try:
            found = look()
        except Exception as error:
            tell(ClusterSettled(Convergence(clock.now() - started, budget_s, (), str(error))))
            raise
        now, subjects = clock.now(), {item.subject for item in found}
        if any(item.moves for item in found) or subjects != before:
            moved = now
        before, left_s = subjects, deadline.remaining_s()
        over = not found or left_s <= 0 or now - moved >= GRACE_S
        if over or stop:
            reason = "" if over else stop.reason
            outcome = Convergence(now - started, budget_s, tuple(found), reason)
            tell(ClusterSettled(outcome))
            return outcome
        event = ClusterSettling(tuple(map(str, found)), left_s)
        if event.words != told or now - told_at >= TELL_S:
            told, told_at = event.words, now
            tell(event)
        (pause or stop.pause)(min(pause_s, left_s, GRACE_S - (now - moved)))
        pause_s = min(pause_s * GROWTH, LONGEST_S)
