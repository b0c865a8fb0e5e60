"""A report's verdict in words, the same in every format."""

from orchestrator.ctrf import TOOL
from orchestrator.errors import NOT_STARTED
from orchestrator.outcome import LEFT_OUT, READINESS
from orchestrator.reports.document import PHASE_STATUSES, Report
from orchestrator.reports.text import counted, first_line

MARKS = {
    "passed": "✔",
    "failed": "✘",
    "other": "?",
    "pending": "…",
    "incomplete": "◐",
    "narrowed": "◐",
    "skipped": "↷",
    "not selected": "-",
}
TITLES = {
    "failed": "Failed",
    "other": "No verdict",
    "pending": "Pending",
    "skipped": "Skipped",
    "passed": "Passed",
}

# What a run of processes proves less than one of Jobs.
LOCAL = (
    "checks ran on the caller's machine with the caller's rights, not as Jobs in the cluster; "
    "only what reads could run"
)


def status(report: Report) -> str:
    """What the whole run came to; only `passed` is green."""
    found = {phase.status for phase in report.phases} - {"not selected"}
    if not report.is_complete:
        found.add("incomplete")
    return next((item for item in PHASE_STATUSES if item in found), "skipped")


def was_refused(report: Report) -> bool:
    """Whether no check was started, or the rest of an earlier run was not."""
    ran = [case for case in report.checks if case.status in ("passed", "failed") or case.seconds]
    return bool(report.failure) and (
        not ran or any(case.phase == READINESS for case in report.cases)
    )


def words(report: Report) -> str:
    """The verdict as a sentence."""
    if was_refused(report):
        reason, _, _ = first_line(report.failure).partition("; ")  # the advice stands below
        return NOT_STARTED + reason.removeprefix(NOT_STARTED)
    total = len(report.cases)
    of_all = f"of {counted(total, 'check')}"
    passed = f"{report.count('passed')} {of_all} passed"
    if report.count("passed") == total:
        passed = f"{'all ' if total > 1 else ''}{counted(total, 'check')} passed"
    undecided = report.count("other") + report.count("pending")
    return {
        "failed": f"{report.count('failed')} {of_all} failed",
        "other": f"{undecided} {of_all} gave no verdict",
        "incomplete": f"incomplete: {passed}, but not everything was looked at",
        "narrowed": f"{passed}, {_skipped(report, left_out=True)} left out by request",
        "passed": passed + _beside(report),
    }.get(status(report), "nothing was proven: no check ran, or none applies")


def _how_to_go_on(report: Report) -> str:
    """How the rest runs; a run that could not even begin is begun anew."""
    if report.tool != TOOL or not report.run_id or report.failure:
        return ""
    return f"; go on where it began with {TOOL} validate --resume {report.run_id}"


def _beside(report: Report) -> str:
    skipped = _skipped(report, left_out=False)
    return f", {skipped} out of the recipe's scope" if skipped else ""


def _skipped(report: Report, *, left_out: bool) -> int:
    found = [case.skip in LEFT_OUT for case in report.cases if case.status == "skipped"]
    return found.count(left_out)


def notes(report: Report) -> list[tuple[str, str]]:
    """What must be read before the verdict, as key word and sentence."""
    found = []
    if report.is_replay:
        found.append(("replay", "made from a recorded cluster, not from a live one"))
    if report.is_fast:
        found.append(("fast", "nothing was made to run: what passed was seen, not demonstrated"))
    if report.is_local:
        found.append(("processes", LOCAL))
    if was_refused(report):
        found.append(("partial", "checks that were not started prove nothing"))
    elif not report.is_complete:
        why = first_line(report.failure) or "not every check had its chance"
        found.append(("partial", f"the run was cut short: {why}{_how_to_go_on(report)}"))
    if report.resumed:
        found.append(("resumed", report.resumed))
    if report.unsettled:
        found.append(("not settled", first_line(report.unsettled)))
    if report.leftovers:
        found.append(("left behind", ", ".join(report.leftovers)))
    return found
