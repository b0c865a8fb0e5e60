"""A run of another machine, through what it has in the cluster: looked at, or told to end."""

from collections import Counter
from collections.abc import Callable

from helper import contract
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.errors import Forbidden, NotFound
from helper.kinds import CONFIG_MAPS, JOBS, SERVICE_ACCOUNTS, Resource
from helper.kube import Kube
from helper.resource import name, number
from helper.transport import Json
from orchestrator import orders, owner, status
from orchestrator.cancel import WAITS
from orchestrator.earlier import Results, from_cluster
from orchestrator.errors import PermissionsError, UsageError
from orchestrator.exits import Exit
from orchestrator.manifests import record_name
from orchestrator.outcome import Status
from orchestrator.report import first_line
from orchestrator.reports.text import counted
from orchestrator.status import Known, State
from orchestrator.sweep import Found, find_objects

POLL_S = 2.0
SILENCE_S = 90.0  # more than a pod may take to end; then nobody has heard the order

Tell = Callable[[str, str], object]  # words, level


def attach(known: Known, kube: Kube, tell: Tell, clock: Clock = SYSTEM_CLOCK) -> Exit:
    """Tell each verdict that comes until the run is over; its exit code stays on its machine.

    Gives FAILED when a check failed, else INCONCLUSIVE.
    """
    run_id = known.run_id
    if known.state is not State.RUNNING:
        for line in status.text(known).rstrip().splitlines():
            tell(line, "info")
        tell(f"run {run_id} is another machine's, and nothing of it works right now", "warning")
        return Exit.INCONCLUSIVE
    tell(f"run {run_id} is another machine's; its verdicts are shown as they come", "info")
    seen: Results = {}
    silence = Silence(clock)
    try:
        while True:
            found = _objects(known, kube)
            seen = _told(from_cluster(kube, known.namespace, run_id), seen, tell)
            if _is_over(found, run_id):
                break
            if silence.lasts(found) and not _works(found):
                return _silent(run_id, tell)
            clock.sleep(POLL_S)
    except KeyboardInterrupt:
        tell(f"you have left, the run goes on; to end it: aicr-orch cancel {run_id}", "info")
        return Exit.INTERRUPTED
    count = Counter(str(item.status) for item in seen.values())
    counts = ", ".join(f"{number} {verdict}" for verdict, number in count.items()) or "no verdict"
    tell(f"run {run_id} is over; seen of it: {counts}. Report and exit code are there", "info")
    return Exit.FAILED if count[Status.FAILED] else Exit.INCONCLUSIVE


def _told(found: Results, seen: Results, tell: Tell) -> Results:
    for (phase, check), outcome in found.items():
        if (phase, check) not in seen:
            words = first_line(outcome.message)
            told = f"{outcome.status:<10} {phase}/{check}"
            tell(f"{told}: {words}" if words else told, "info")
    return {**seen, **found}


def cancel(known: Known, kube: Kube, tell: Tell, *, now: bool, clock: Clock = SYSTEM_CLOCK) -> Exit:
    """End the run by an annotation that its process watches, and wait until it is over."""
    run_id, namespace = known.run_id, known.namespace
    order = orders.AT_ONCE if now else orders.IN_ORDER
    noted = {"metadata": {"annotations": {orders.CANCEL: order, orders.BY: owner.myself()}}}
    try:
        kube.patch(CONFIG_MAPS, record_name(run_id), noted, namespace)
    except NotFound as error:
        raise UsageError(
            f"run {run_id} is over: its ConfigMap is gone from {namespace}; "
            f"to remove what is left: aicr-orch gc --run-id {run_id}"
        ) from error
    except Forbidden as error:
        raise PermissionsError(f"run {run_id} cannot be cancelled from here: {error}") from error
    tell(f"run {run_id} was told to end, through the cluster; {WAITS}", "info")
    try:
        left = _until_over(known, kube, clock)
    except KeyboardInterrupt:
        tell(f"the run still ends; see aicr-orch status {run_id}", "info")
        return Exit.INTERRUPTED
    if left is None:
        return _silent(run_id, tell)
    tell(f"run {run_id} has ended; report and exit code are on its machine", "info")
    if left:
        stay = counted(len(left), "object")
        tell(f"{stay} left; to remove what is left: aicr-orch gc --run-id {run_id}", "info")
    return Exit.OK


def _until_over(known: Known, kube: Kube, clock: Clock) -> Found | None:
    """Wait for the end; gives what stays, or None when nothing happens any more."""
    silence = Silence(clock)
    while True:
        found = _objects(known, kube)
        if _is_over(found, known.run_id):
            return found
        if silence.lasts(found):
            return None
        clock.sleep(POLL_S)


class Silence:
    """How long nothing of a run has come or gone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now()
        self._before: frozenset[str] | None = None

    def lasts(self, found: Found) -> bool:
        """Whether a process that works would have changed something by now."""
        now, states = self._clock.now(), frozenset(map(_state, found))
        if states != self._before:
            self._before, self._since = states, now
        return now >= self._since + SILENCE_S


def _state(item: tuple[Resource, Json]) -> str:
    kind, body = item
    active = number(body, "status", "active") if kind is JOBS else None
    return f"{kind.plural}/{name(body)} {active or ''}"


def _silent(run_id: str, tell: Tell) -> Exit:
    tell(f"nothing has changed for {SILENCE_S:.0f} s; its process is gone, or hangs", "error")
    tell(f"to remove what it left: aicr-orch gc --run-id {run_id}", "info")
    return Exit.INCONCLUSIVE


def _objects(known: Known, kube: Kube) -> Found:
    places = [(kind, known.namespace) for kind in (JOBS, CONFIG_MAPS, SERVICE_ACCOUNTS)]
    return find_objects(kube, f"{contract.LABEL_RUN_ID}={known.run_id}", places)


def _is_over(found: Found, run_id: str) -> bool:
    """Whether nothing of a run can work any more; what --keep leaves may be there."""
    if record_name(run_id) not in [name(body) for kind, body in found if kind is CONFIG_MAPS]:
        return True
    return not _works(found) and not any(kind is SERVICE_ACCOUNTS for kind, _ in found)


def _works(found: Found) -> bool:
    """Whether a check is at work."""
    return any(kind is JOBS and number(body, "status", "active") for kind, body in found)
