"""What an operator reads at the end: phases, counts, reasons, and what to do next."""

from collections.abc import Iterable, Sequence

from helper import contract
from helper.check import SkipCode
from helper.depth import Depth
from helper.findings import printable
from helper.quantity import format_duration
from helper.resource import text
from orchestrator.exits import Exit
from orchestrator.outcome import Outcome, PhaseResult, PhaseStatus, Status
from orchestrator.reports.text import counted
from orchestrator.result import RunResult

MEANING = {
    Exit.OK: "all selected checks passed or were rightly skipped",
    Exit.FAILED: "a check failed",
    Exit.USAGE: "the input cannot be used",
    Exit.INCONCLUSIVE: "inconclusive: not everything could be judged",
    Exit.PERMISSION: "rights are missing",
    Exit.TIMEOUT: "the run's time was up",
    Exit.UNREACHABLE: "the cluster gave no answer",
    Exit.LEFTOVERS: "objects are left behind",
    Exit.INTERNAL: "internal error",
    Exit.INTERRUPTED: "interrupted",
    Exit.TERMINATED: "terminated",
}
STYLE = {Exit.OK: "bold green", Exit.FAILED: "bold red"}
REPORTED_ONLY = {
    PhaseStatus.FAILED: "a check failed; it is reported only",
    PhaseStatus.OTHER: "a check gave no verdict; it is reported only",
    PhaseStatus.INCOMPLETE: "not everything was looked at; it is reported only",
}
# Phases that only the caller's own wish makes inconclusive.
DECIDED = {
    PhaseStatus.PASSED,
    PhaseStatus.NARROWED,
    PhaseStatus.SKIPPED,
    PhaseStatus.NOT_SELECTED,
}
UNPROVEN = {
    PhaseStatus.SKIPPED: "nothing was proven",
    PhaseStatus.INCOMPLETE: "not everything was looked at",
    PhaseStatus.NARROWED: "the phase as a whole is not proven",
    PhaseStatus.NOT_SELECTED: "the recipe selects no check",
}


def verdict(phases: Sequence[PhaseResult], code: Exit) -> tuple[str, str]:
    """The last sentence of a run and its style: what was found, whatever the caller tolerates."""
    found = {phase.status for phase in phases}
    if code is not Exit.OK:
        by_wish = _skipped_alone(phases) if code is Exit.INCONCLUSIVE else ""
        return by_wish or MEANING[code], STYLE.get(code, "bold yellow")
    tolerated = next((words for status, words in REPORTED_ONLY.items() if status in found), "")
    if tolerated:
        return tolerated, "bold yellow"
    outcomes = [outcome for phase in phases for outcome in phase.outcomes]
    if not any(outcome.status is Status.PASSED for outcome in outcomes):
        return "nothing was proven: no check ran, or none applies", "bold yellow"
    left = _left_out(outcomes)
    if left:
        return f"the chosen checks passed or were rightly skipped; {left}", "bold yellow"
    if any(outcome.extra.get("depth") == Depth.FAST for outcome in outcomes):
        return f"{MEANING[code]}; at depth fast, nothing was demonstrated", "bold yellow"
    return MEANING[code], STYLE[code]


def _skipped_alone(phases: Sequence[PhaseResult]) -> str:
    """Why a run is inconclusive that only --fail-on makes so; empty for every other one."""
    skipped = [phase for phase in phases if phase.status is PhaseStatus.SKIPPED]
    if not skipped or any(phase.status not in DECIDED for phase in phases):
        return ""
    count = counted(sum(len(phase.outcomes) for phase in skipped), "check")
    return f"{count} skipped, and --fail-on has skipped"


def _left_out(outcomes: Sequence[Outcome]) -> str:
    """How many checks the operator did not want, and how many of those for their depth."""
    found = [text(outcome.facts, "skip") for outcome in outcomes if outcome.is_left_out]
    if not found:
        return ""
    too_deep = found.count(SkipCode.DEPTH)
    these = "" if too_deep == len(found) else f", {too_deep} of them"
    by_depth = f"{these} by --depth fast" if too_deep else ""
    return f"{len(found)} of {len(outcomes)} were left out{by_depth}"


def last_words(result: RunResult) -> tuple[str, str]:
    """The last sentence of a run whose reports are written, and its style."""
    said, style = verdict(result.phases, result.exit)
    if result.is_delivered:
        return said, style
    style = "bold yellow" if result.exit is Exit.OK else style
    return f"{said}, but not every report could be written", style


def phase_line(result: PhaseResult) -> str:
    """One phase in a line: `conformance  passed  3 passed (4.1s)`."""
    counts = [f"{result.count(status)} {status}" for status in Status if result.count(status)]
    note = UNPROVEN.get(result.status, "")
    took = format_duration(round(result.stopped - result.started, 1)) if result.outcomes else ""
    told = ", ".join([*counts, *([note] if note else [])])
    return f"{result.phase:<12} {result.status:<12} {told}" + (f"  ({took})" if took else "")


def attention(phases: Iterable[PhaseResult]) -> Sequence[Outcome]:
    """The checks that an operator must read about: failed, then without a verdict, then skipped."""
    order = (Status.FAILED, Status.OTHER, Status.SKIPPED)
    outcomes = (outcome for phase in phases for outcome in phase.outcomes)
    found = [
        item
        for item in outcomes
        if item.status in order and text(item.facts, "skip") != SkipCode.USER_EXCLUDED
    ]
    return sorted(found, key=lambda outcome: order.index(outcome.status))


def by_reason(outcomes: Iterable[Outcome]) -> Sequence[Sequence[Outcome]]:
    """Outcomes that differ in their check only stand together, as after an interruption."""
    found: dict[tuple[Status, str], list[Outcome]] = {}
    for outcome in outcomes:
        found.setdefault((outcome.status, outcome.message), []).append(outcome)
    return list(found.values())


def account(result: RunResult) -> str:
    """Which run it was, how long it took, and what it left in the cluster."""
    took = format_duration(round(result.stopped - result.started, 1))
    parts = [f"run {result.run_id}", f"took {took}{_pause(result)}"]
    if result.audit.was_made:
        kept = len(result.audit.kept)
        kept_words = f", {kept} kept on request" if kept else ""
        parts.append(f"objects left in the cluster: {len(result.audit.left)}{kept_words}")
    return ", ".join(parts)


def _pause(result: RunResult) -> str:
    """How much of a run's time was between its parts, and how much it had found by then."""
    if result.resumed_at is None or not result.earlier:
        return ""
    pause = format_duration(round(result.pause_s, 1))
    older = counted(len(result.earlier), "result")
    return f" with a pause of {pause}, {older} from before that"


def kept(result: RunResult, namespace: str) -> str:
    """How to look at what stays on request, and how to remove it; empty where nothing does."""
    if not result.audit.kept:
        return ""
    where = f"-n {namespace}" if namespace else "-A"
    selector = f"{contract.LABEL_RUN_ID}={result.run_id}"
    look = f"kubectl get jobs,pods {where} -l {selector}"
    return f"kept: {look}; to remove it: aicr-orch gc --run-id {result.run_id}"


def first_line(words: str) -> str:
    """A message's first line, which stands alone."""
    return printable(words.strip(), "\n").split("\n", 1)[0]
