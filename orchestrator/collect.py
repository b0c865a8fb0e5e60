"""`gc`: removes what runs left behind that could not clean up after themselves."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from helper.credentials import Credentials
from helper.deadline import Deadline
from helper.errors import InputError
from helper.kube import connect
from helper.quantity import parse_duration
from orchestrator import sweep
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.plan import RUN_ID

PATIENCE_S = 10.0
SWEEP_S = 60.0


def collect(
    flags: Mapping[str, object], env: Mapping[str, str], say: Callable[[str], object]
) -> Exit:
    """Remove one run, or all that are old enough; names every object."""
    try:
        age = timedelta(seconds=parse_duration(str(flags["older_than"])))
        if age < timedelta():
            raise ValueError("want an age of 0 or more")
        kubeconfig, context = str(flags["kubeconfig"] or ""), str(flags["context"] or "")
        kube = connect(Credentials.discover(env, kubeconfig, context), env, patience_s=PATIENCE_S)
    except ValueError as error:
        raise UsageError(f"--older-than: {error}") from error
    except InputError as error:
        raise UsageError(str(error)) from error
    wanted = str(flags["run_id"] or "")
    if wanted and not RUN_ID.fullmatch(wanted):
        raise UsageError(f"--run-id {wanted}: want YYYYMMDD-HHMMSS and 16 hex digits")
    oldest = datetime.now(UTC) - age
    left: list[str] = []
    found = 0
    for run_id, objects in sweep.runs(kube).items():
        if run_id != wanted if wanted else sweep.began(run_id) > oldest:
            continue
        found += 1
        for resource, body in objects:
            say(f"{run_id}  {resource.title} {sweep.place(body)}")
        if not flags["dry_run"]:
            left += sweep.sweep(kube, run_id, Deadline.after(SWEEP_S))
    kube.close()
    say(f"{found} runs {'found' if flags['dry_run'] else 'removed'}")
    for item in left:
        say(f"left behind: {item}")
    return Exit.LEFTOVERS if left else Exit.OK
