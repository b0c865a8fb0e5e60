"""`gc`: removes what runs left behind that could not clean up after themselves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from helper.deadline import Deadline
from helper.kube import Kube
from helper.quantity import parse_duration
from orchestrator import lookup, pulse, sweep, target
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.plan import parse_run_id
from orchestrator.reports.text import counted
from orchestrator.sweep import Found
from orchestrator.target import Target

PATIENCE_S = 10.0
SWEEP_S = 60.0

Say = Callable[[str], object]


@dataclass(frozen=True)
class Chosen:
    """The runs that are removed, and those that stay, each with the reason."""

    removed: Mapping[str, Found]
    spared: Sequence[str]


def collect(
    flags: Mapping[str, object],
    env: Mapping[str, str],
    say: Say,
    now: datetime | None = None,
) -> Exit:
    """Remove one run, or all that are old enough and over; names every object and what stays."""
    age = _age(flags)
    if flags["force"] and flags["run_id"] is None:
        raise UsageError("--force is for one run; give --run-id ID as well")
    moment = now or datetime.now(UTC)
    with target.open_cluster(Target.of(flags), env) as opened:
        kube = opened.patient(PATIENCE_S)
        found = sweep.runs(kube)
        if flags["run_id"] is not None:  # an empty one names none, not all
            chosen = _named(str(flags["run_id"]), found, flags, env, moment)
        else:
            chosen = _old_enough(found, str(flags["older_than"]), moment - age, env, moment)
        left = _remove(kube, chosen.removed, say, is_dry=bool(flags["dry_run"]))
    for words in chosen.spared:
        say(f"left alone: {words}")
    done = "found" if flags["dry_run"] else "removed"
    stayed = f", {len(chosen.spared)} left alone" if chosen.spared else ""
    say(f"{counted(len(chosen.removed), 'run')} {done}{stayed}")
    for item in left:
        say(f"left behind: {item}")
    return Exit.LEFTOVERS if left else Exit.OK


def _age(flags: Mapping[str, object]) -> timedelta:
    try:
        age = timedelta(seconds=parse_duration(str(flags["older_than"])))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"--older-than: {error}") from error
    if age < timedelta():
        raise UsageError("--older-than: want an age of 0 or more")
    return age


def _named(
    wanted: str,
    found: Mapping[str, Found],
    flags: Mapping[str, object],
    env: Mapping[str, str],
    now: datetime,
) -> Chosen:
    """The run that is meant, whatever its age; UsageError while it goes on, but by force."""
    run_id = lookup.one(wanted, found)
    if run_id is None:
        if parse_run_id(wanted):
            return Chosen({}, ())  # nothing is left of it, which is what was asked for
        raise UsageError(
            f"--run-id {wanted}: no run with objects in this cluster has a name that begins so; "
            "see aicr-orch status"
        )
    sign = pulse.sign_of_life(run_id, found[run_id], env, now)
    if sign and not flags["force"]:
        raise UsageError(
            f"--run-id {run_id}: this run goes on ({sign}); end it with aicr-orch cancel {run_id}, "
            "or, where you know that its process is gone, remove it all the same with --force"
        )
    return Chosen({run_id: found[run_id]}, ())


def _old_enough(
    found: Mapping[str, Found], age: str, oldest: datetime, env: Mapping[str, str], now: datetime
) -> Chosen:
    """All runs that began before `oldest` and of which nothing shows that they go on."""
    removed: dict[str, Found] = {}
    spared: list[str] = []
    for run_id, objects in found.items():
        count = counted(len(objects), "object")
        sign = pulse.sign_of_life(run_id, objects, env, now)
        if sign:
            spared.append(
                f"{run_id} ({count}) goes on ({sign}); end it with aicr-orch cancel {run_id}"
            )
        elif sweep.began(run_id) > oldest:
            spared.append(
                f"{run_id} ({count}) is younger than {age}; "
                f"remove it with aicr-orch gc --run-id {run_id}"
            )
        else:
            removed[run_id] = objects
    return Chosen(removed, spared)


def _remove(kube: Kube, runs: Mapping[str, Found], say: Say, *, is_dry: bool) -> Sequence[str]:
    """Remove runs unless that is only tried; names what is still there."""
    left: list[str] = []
    for run_id, objects in runs.items():
        for resource, body in objects:
            say(f"{run_id}  {resource.title} {sweep.place(body)}")
        if not is_dry:
            left += sweep.sweep(kube, run_id, Deadline.after(SWEEP_S))
    return left
