"""An end and a log become the outcome of a check, wherever it ran."""

from collections.abc import Mapping
from dataclasses import replace

from helper.depth import Depth
from orchestrator import redaction
from orchestrator.facts import credible
from orchestrator.logs import Log
from orchestrator.outcome import Outcome, Split, Status, borne_out
from orchestrator.plan import PlannedCheck
from orchestrator.verdict import Ending

LAST_LOG_LINES = 10
MAX_CHARS = 2000


def outcome(
    planned: PlannedCheck, ending: Ending, log: Log, split: Split, place: Mapping[str, str]
) -> Outcome:
    """The outcome that an end and what was printed until then come to; `place` is where."""
    entry = planned.entry
    extra = {
        **place,
        "description": entry.description if entry else "",
        "requirement": entry.requirement if entry else "",
        "locks": sorted(planned.locks),
        "image": planned.image,
        "depth": str(planned.depth) if planned.depth is Depth.FAST else "",
        "redacted": log.redacted,
        **ending.extra,
    }
    found = Outcome(
        check=planned.name,
        phase=planned.phase,
        status=ending.status,
        message="\n".join(redaction.lines(ending.message.split("\n"))),
        raw_status=ending.raw_status,
        exit_code=ending.exit_code,
        started=ending.started,
        stopped=ending.stopped,
        stdout=log.stdout,
        stderr=log.stderr,
        facts=credible(log.facts, planned.depth),
        extra={key: value for key, value in extra.items() if value},
        split=split,
    )
    return borne_out(found, log.unreadable)


def with_words(ending: Ending, log: Log) -> Ending:
    """Give an end without a message the last words of the log; a pass needs none."""
    if ending.message or ending.status is Status.PASSED:
        return ending
    last = [line for line in (log.stderr or log.stdout)[-LAST_LOG_LINES:] if line]
    words = "\n".join(["no reason given; its last lines:", *last]) if last else "no reason given"
    return replace(ending, message=words[:MAX_CHARS])
