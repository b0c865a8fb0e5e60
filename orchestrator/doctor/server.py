"""What a run needs of the API server: an answer, a version, a clock, rights."""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from helper.check import SkipCode
from helper.kube import Kube
from helper.served import ServerVersion
from orchestrator import target
from orchestrator.doctor.finding import Finding, fail, ok, warn
from orchestrator.errors import PermissionsError
from orchestrator.executor import Executor
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan
from orchestrator.report import first_line

OLDEST, NEWEST = (1, 33), (1, 36)
SKEW_S = 30.0  # times in reports are compared by the minute
VERSION = re.compile(r"v(\d+)\.(\d+)")


def look(
    kube: Kube, plan: Plan, context: RunContext, now: float, executor: Executor
) -> Iterator[Finding]:
    """Judge the server; ClusterError when it gives no answer at all."""
    yield version(target.server_version(kube), kube.server)
    yield clock(kube.clock(), now)
    yield rights(kube, plan, context, executor)


def version(found: ServerVersion, server: str) -> Finding:
    """Whether this program knows the server's version."""
    match = VERSION.match(found.name)
    known = f"{_shown(OLDEST)} to {_shown(NEWEST)}"
    words = f"{server} is {found.name or 'of an unknown version'}"
    words += ", a replay of a recorded cluster" if found.is_replay else ""
    number = (int(match[1]), int(match[2])) if match else None
    if number is None or number < OLDEST:
        return fail("server", words, f"want Kubernetes {known}; upgrade the cluster")
    if number > NEWEST:
        return warn("server", words, f"tested with Kubernetes {known}; look for a newer aicr-orch")
    return ok("server", words)


def clock(told: str, now: float) -> Finding:
    """Whether both clocks agree, by the head of an answer."""
    try:
        skew_s = parsedate_to_datetime(told).timestamp() - now
    except (TypeError, ValueError):
        return warn("clock", "the server does not tell its time", "reports compare both clocks")
    if abs(skew_s) <= SKEW_S:
        return ok("clock", "the server's agrees with this machine's")
    course = "ahead of" if skew_s > 0 else "behind"
    words = f"the server's is {abs(skew_s):.0f} s {course} this machine's"
    return warn("clock", words, "times in reports will not agree; synchronise the wrong one (NTP)")


def rights(kube: Kube, plan: Plan, context: RunContext, executor: Executor) -> Finding:
    """Whether the caller may do all that a run of these checks does."""
    role = _role(plan, executor)
    try:
        admitted = executor.admit(kube, plan, context)
    except PermissionsError as error:
        count, *lines = str(error).splitlines()
        return fail("rights", count.split(",")[0], "\n".join([*map(str.strip, lines), role]))
    lacking = [check for check in admitted.checks if check.skip is SkipCode.PERMISSION]
    if lacking:
        told = [f"{check.name}: {first_line(check.refusal)}" for check in lacking]
        words = f"{len(lacking)} of {len(plan.checks)} checks will be skipped for want of them"
        return warn("rights", words, "\n".join([*told, role]))
    running = sum(not check.refusal for check in admitted.checks)
    return ok("rights", f"all that a run of {running} checks needs")


def _role(plan: Plan, executor: Executor) -> str:
    how = f" --executor {executor.name}" if executor.is_local else ""
    command = f"aicr-orch rbac print --caller{how} -n {plan.namespace} -r RECIPE"
    return f"{command} prints a role with them"


def _shown(number: tuple[int, int]) -> str:
    return ".".join(map(str, number))
