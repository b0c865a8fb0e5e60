"""One check's turn: its locks, its attempts one after another, its record, and the clean-up."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from helper.deadline import Clock
from helper.errors import KubeError
from orchestrator import ctrf
from orchestrator.diagnostics import naming
from orchestrator.diagnostics.collect import log_of
from orchestrator.events import CheckProgressed, Event, Notice
from orchestrator.executor import Attempt, Site
from orchestrator.leases import Blocked, Holder, Stopped
from orchestrator.outcome import Outcome
from orchestrator.plan import PlannedCheck, new_object_name
from orchestrator.report import first_line
from orchestrator.result import not_run, why, without_verdict
from orchestrator.settings import RunSettings
from orchestrator.slots import Slots
from orchestrator.stop import Stop
from orchestrator.vacancy import Vacancy
from orchestrator.verdict import CROWDED, PULL_REASONS

# What a cluster does to a check without the check's doing; only this is worth another attempt.
INFRASTRUCTURE = PULL_REASONS | {
    "DeployError",
    "Evicted",
    "NoContainerStatus",
    "NodeLost",
    "PodDeleted",
    "Preempted",
    "StartError",
    "StartTimeout",
}

LAST_LINES = 20  # of what an attempt printed that another one followed

Diagnose = Callable[[Outcome, Mapping[str, str]], None]  # stores files, by name, about a check


@dataclass(frozen=True)
class Tools:
    """What all checks of a run share; `keep` stores an outcome before anybody hears of it."""

    site: Site
    slots: Slots
    settings: RunSettings
    keep: Callable[[Outcome], None]
    diagnose: Diagnose
    emit: Callable[[Event], None]
    clock: Clock


class Turn:
    """Takes one planned check from its locks to its record; raises only what `tools` raise.

    `finished` is told the outcome as soon as it is recorded, before what ran is cleaned up.
    """

    def __init__(
        self, planned: PlannedCheck, tools: Tools, stop: Stop, finished: Callable[[Outcome], None]
    ) -> None:
        self._planned = planned
        self._tools = tools
        self._stop = stop
        self._finished = finished

    def run(self) -> str:
        """Take the turn; locks are given back when nothing of the check runs any more.

        Gives the name of the Job that stays on request, if one does.
        """
        tools, planned = self._tools, self._planned
        try:
            hindrance = self._hindrance()
            if not hindrance:
                return self._run_attempts()
            self._conclude(hindrance)
            return ""
        finally:
            tools.site.locks.release(planned.locks)
            tools.slots.give_back(planned.name)

    def _hindrance(self) -> Outcome | None:
        """Take the locks from other runs; the outcome of a check that cannot have them."""
        tools, planned = self._tools, self._planned

        def waiting(holder: Holder) -> None:
            tools.slots.give_back(planned.name)  # meanwhile others may run
            tools.emit(Notice(f"{planned.name} waits: {holder}"))
            tools.emit(CheckProgressed(planned.name, "waiting for a lock", str(holder)))

        try:
            tools.site.locks.acquire(planned.locks, waiting, self._stop)
        except Stopped as error:
            return not_run(planned, why(str(error)))
        except Blocked as error:
            return without_verdict(planned, str(error), "Blocked")
        except KubeError as error:
            return without_verdict(planned, f"its locks cannot be taken: {error}", "LockError")
        except Exception as error:
            return without_verdict(planned, internal(error), "InternalError")
        tools.slots.retake(planned.name, self._stop)
        return not_run(planned, why(self._stop.reason)) if self._stop else self._shortage()

    def _shortage(self) -> Outcome | None:
        """The outcome of a check whose GPUs others hold for longer than it may wait."""
        tools, planned = self._tools, self._planned
        settings = tools.settings
        limit_s = settings.room_wait_s if settings.wait_for_locks else 0.0
        vacancy = Vacancy(planned, limit_s, self._stop, tools.emit, tools.clock)
        try:
            lacking = vacancy.await_room(
                lambda: tools.site.shortage(planned),
                lambda: tools.slots.give_back(planned.name),  # meanwhile others may run
            )
        except KubeError as error:
            words = f"{planned.name}: whether its GPUs are free cannot be told: {error}"
            tools.emit(Notice(words, "warning"))
            lacking = ""  # the check will find out itself
        except Exception as error:
            return without_verdict(planned, internal(error), "InternalError")
        tools.slots.retake(planned.name, self._stop)
        if self._stop:
            return not_run(planned, why(self._stop.reason))
        return without_verdict(planned, lacking, "Blocked") if lacking else None

    def _run_attempts(self) -> str:
        """Try until there is a verdict, or as often as the catalog allows; the Job that stays."""
        tools, planned = self._tools, self._planned
        earlier: list[Outcome] = []
        allowed = planned.entry.retries if planned.entry else 0
        while True:
            life, outcome = self._attempt(planned)
            again = outcome.raw_status in INFRASTRUCTURE and len(earlier) < allowed
            crowded = outcome.raw_status == CROWDED
            if self._stop or not (again or crowded):
                break
            if crowded:
                life.clean()
                self._wait_for_room(outcome)
            else:
                earlier.append(outcome)
                self._give_up_attempt(life, earlier, allowed + 1)
            planned = replace(planned, object_name=new_object_name(planned.name))
        outcome = self._annotated(outcome, earlier)
        try:
            self._conclude(outcome)
            self._diagnose(life, outcome)
        finally:
            stays = life.clean(keep=tools.settings.keep.keeps(outcome))
        return planned.object_name if stays else ""

    def _attempt(self, planned: PlannedCheck) -> tuple[Attempt, Outcome]:
        others = partial(self._tools.slots.others, planned.name)
        life = self._tools.site.attempt(planned, self._stop, others)
        try:
            return life, life.run()
        except Exception as error:
            return life, without_verdict(planned, internal(error), "InternalError")

    def _give_up_attempt(self, life: Attempt, so_far: list[Outcome], allowed: int) -> None:
        """Keep what the cluster knew of an attempt that another one follows, then remove it."""
        outcome, count = so_far[-1], len(so_far)
        try:
            self._diagnose(life, outcome, naming.of_attempt(count))
        except Exception as error:
            words = f"{self._planned.name}: diagnostics of attempt {count}: {internal(error)}"
            self._tools.emit(Notice(words, "error"))
        finally:
            life.clean()
        words = f"attempt {count} of {allowed} gave no verdict: {first_line(outcome.message)}"
        self._tools.emit(Notice(f"{self._planned.name}: {words}", "warning"))

    def _diagnose(self, life: Attempt, outcome: Outcome, folder: str = "") -> None:
        """Store files about an end that is not good, below `folder` among them."""
        if not naming.is_worth_it(outcome) or self._stop.hurry:
            return
        said = log_of(outcome) if folder else {}  # the last one's is in the report
        files = {**said, **life.diagnosis()}
        self._tools.diagnose(outcome, {f"{folder}{name}": text for name, text in files.items()})

    def _wait_for_room(self, outcome: Outcome) -> None:
        """Wait until another check of this run has left its place in the cluster."""
        slots, name = self._tools.slots, self._planned.name
        slots.give_back(name)
        before = slots.others(name)
        stage = "waiting for room"
        self._tools.emit(CheckProgressed(name, stage, first_line(outcome.message)))
        slots.retake(name, self._stop, lambda: not before or not before <= slots.others(name))

    def _annotated(self, outcome: Outcome, earlier: list[Outcome]) -> Outcome:
        """Record what a reader must know of how the outcome came about."""
        found = dict(outcome.extra)
        if outcome.raw_status == CROWDED:  # the run was stopped while the check had no place
            outcome = replace(outcome, raw_status="Unschedulable")
        if earlier:
            found["attempts"] = len(earlier) + 1
            found["earlierAttempts"] = list(map(_told, earlier))
        lost = self._tools.site.locks.lost(self._planned.locks) if self._planned.locks else []
        if lost:
            found["locksLost"] = lost
            words = (
                f"lock {', '.join(lost)} was lost meanwhile: another run may have disturbed it; "
                "run it again while no other run holds it"
            )
            outcome = replace(outcome, message="\n".join(filter(None, (outcome.message, words))))
        return replace(outcome, extra=found)

    def _conclude(self, outcome: Outcome) -> None:
        """Keep an outcome here and in the cluster, then tell it."""
        self._tools.keep(outcome)
        try:
            self._tools.site.persist(self._planned, ctrf.test(outcome))
        except KubeError as error:
            words = f"result of {self._planned.name} is not kept in the cluster: {error}"
            self._tools.emit(Notice(words, "warning"))
        self._finished(outcome)


def internal(error: Exception) -> str:
    """The message of a check that a fault of this program left without a verdict."""
    return f"internal error: {type(error).__name__}: {error}"


def _told(outcome: Outcome) -> dict[str, object]:
    """What is kept of an attempt that another one followed."""
    places = ("job", "pod", "node")
    found = {
        "rawStatus": outcome.raw_status,
        "message": outcome.message,
        **{key: outcome.extra.get(key) for key in places},
        "stdout": list(outcome.stdout[-LAST_LINES:]),
        "stderr": list(outcome.stderr[-LAST_LINES:]),
    }
    return {key: value for key, value in found.items() if value}
