"""Reads a CTRF document, so that no document can break a report that is made from it.

Ours and those of other programs are read. A field that is not what the format says is left out,
and a status that nobody knows is no verdict: it never makes a test look better.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from helper.depth import Depth
from helper.resource import number, part
from orchestrator import facts
from orchestrator.errors import UsageError
from orchestrator.outcome import LEFT_OUT, NEUTRAL
from orchestrator.reports import run_words, text
from orchestrator.reports.document import (
    PHASE_STATUSES,
    SECONDS,
    STATUSES,
    Attempt,
    Case,
    Coverage,
    Item,
    Measured,
    Phase,
    Report,
)

NEUTRAL_SKIPS = {"", *LEFT_OUT, *NEUTRAL}  # reports by others tell no reason
MAX_WHY = 500  # characters about one item
MAX_VALUES = 12  # of one item; a table has so many columns
MOST_PERCENT = 100.0  # of a margin that says anything
MOST_THINGS = 10**12  # in a cluster
TOLD_ELSEWHERE = {
    "coverage",
    "measured",
    "items",
    "skip",
    "proof",
    "seconds",
    "created",
    "description",
    "requirement",
    "attempts",
    "earlierAttempts",
}


def load(data: bytes, place: str) -> Report:
    """Read a CTRF file; UsageError says why it is none."""
    return parse(document(data, place))


def document(data: bytes, place: str) -> dict[str, Any]:
    """The same as a document, which is CTRF at least roughly."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place}: no JSON: {text.name(error) or 'nested too deeply'}") from error
    if not isinstance(found, dict) or not isinstance(part(found, "results").get("tests"), list):
        raise UsageError(f"{place}: no CTRF report; want an object with results.tests")
    return found


def parse(document: Mapping[str, Any]) -> Report:
    """Read a document that is known to be CTRF, at least roughly."""
    results = part(document, "results")
    summary, environment = part(results, "summary"), part(results, "environment")
    extra = part(environment, "extra")
    tests = results.get("tests")
    cases = [_case(item) for item in tests if isinstance(item, dict)] if tests else []
    return Report(
        tool=text.name(part(results, "tool").get("name")) or "an unnamed tool",
        version=text.name(part(results, "tool").get("version")),
        run_id=text.name(document.get("runId") or extra.get("runID")),
        phases=_phases(cases, part(summary, "extra", "phases")),
        started=_moment(summary.get("start")),
        stopped=_moment(summary.get("stop")),
        is_replay=extra.get("cluster") == "replay",
        is_fast=extra.get("depth") == Depth.FAST,
        is_local=extra.get("executor") == "process",
        is_complete=part(summary, "extra").get("complete", True) is True,
        failure=text.words(extra.get("failure")),
        unsettled=run_words.unsettled(part(extra, "convergence")),
        exit_code=text.name(extra.get("exitCode")),
        gpu_inventory=_gpu_inventory(part(extra, "identity")),
        about=run_words.about(environment),
        images=text.names(extra.get("images")),
        leftovers=text.names(extra.get("leftovers")),
        left=run_words.left(part(summary, "extra", "audit")),
        resumed=run_words.resumed(part(summary, "extra", "resumed")),
        overhead=run_words.overhead(part(summary, "extra", "overhead")),
    )


def _gpu_inventory(identity: Mapping[str, Any]) -> dict[str, int]:
    """How many nodes have GPUs, and how many GPUs of each name a cluster can give."""
    gpus = part(identity, "gpus")
    counts = {f"GPUs {text.name(key)}": number(gpus, key) for key in gpus}
    found = {"nodes with GPUs": number(identity, "nodes", "withGpus"), **counts}
    return {key: count for key, count in found.items() if count is not None}


def _phases(cases: Iterable[Case], told: Mapping[str, Any]) -> tuple[Phase, ...]:
    """Group tests; what the document says of a phase may make it worse, never better."""
    names = [*(case.phase for case in cases), *(text.name(key) for key in told)]
    said = {text.name(key): value for key, value in told.items()}
    found = []
    for name in sorted(dict.fromkeys(names), key=lambda name: _position(name, [*said])):
        own = tuple(case for case in cases if case.phase == name)
        found.append(Phase(name, _phase_status(own, said.get(name)), own))
    return tuple(found)


def _position(name: str, told: list[str]) -> int:
    return told.index(name) + 1 if name in told else 0  # what stands beside the phases comes first


def _phase_status(cases: tuple[Case, ...], told: Any) -> str:
    seen = {"other" if case.status == "pending" else case.status for case in cases}
    if any(case.status == "skipped" and case.skip not in NEUTRAL_SKIPS for case in cases):
        seen.add("incomplete")
    if any(case.skip in LEFT_OUT for case in cases):
        seen.add("narrowed")
    if isinstance(told, str) and told in PHASE_STATUSES and (cases or told != "passed"):
        seen.add(told)
    return next((status for status in PHASE_STATUSES if status in seen), "not selected")


def _case(test: Mapping[str, Any]) -> Case:
    extra = part(test, "extra")
    status = test.get("status")
    is_known = isinstance(status, str) and status in STATUSES
    seconds = _seconds(part(extra, "seconds"))
    return Case(
        name=text.name(test.get("name")) or "unnamed",
        phase=_suite(test.get("suite")),
        status=str(status) if is_known else "other",
        message=text.words(test.get("message")),
        raw_status=text.name(test.get("rawStatus") or ("" if is_known else status)),
        duration_s=_millis(test.get("duration")) or 0.0,
        began=_began(test, seconds),
        seconds=seconds,
        evidence=text.lines(test.get("stdout")) if test.get("stdout") else (),
        log=text.lines(test.get("stderr")) if test.get("stderr") else (),
        description=text.words(extra.get("description")),
        requirement=text.name(extra.get("requirement")),
        skip=text.name(extra.get("skip")),
        proof=text.name(extra.get("proof")),
        coverage=_coverage(part(extra, "coverage")),
        measured=_measured(extra.get("measured")),
        items=_items(extra.get("items")),
        attempts=_attempts(test.get("retryAttempts")),
        diagnostics=_diagnostics(test.get("attachments")),
        facts=_facts(extra),
    )


def _suite(value: Any) -> str:
    return " / ".join(text.names(value)) if isinstance(value, list) else text.name(value)


def _began(test: Mapping[str, Any], seconds: Mapping[str, float]) -> float | None:
    """When a test's turn came; without that, when it started."""
    created, started = _moment(part(test, "extra").get("created")), _moment(test.get("start"))
    if created is not None:
        return created - seconds.get("prepare", 0.0)
    if started is None:
        return None
    return started - sum(seconds.get(key, 0.0) for key in SECONDS[: SECONDS.index("run")])


def _seconds(told: Mapping[str, Any]) -> dict[str, float]:
    found = {key: _number(told.get(key)) for key in SECONDS}
    return {key: value for key, value in found.items() if value is not None}


def _coverage(told: Mapping[str, Any]) -> Coverage | None:
    seen, total = number(told, "seen"), number(told, "total")
    if seen is None or total is None or not 0 <= seen <= total <= MOST_THINGS:
        return None
    return Coverage(seen, total, text.name(told.get("unit")), text.names(told.get("leftOut")))


def _measured(told: Any) -> tuple[Measured, ...]:
    found = told if isinstance(told, list) else [told]
    return tuple(_one_measured(item) for item in found[: text.MAX_ITEMS] if isinstance(item, dict))


def _one_measured(told: Mapping[str, Any]) -> Measured:
    value, threshold = told.get("value"), text.name(told.get("threshold"))
    passed = told.get("passed")
    return Measured(
        name=text.name(told.get("name")) or "a value",
        value="not a number" if value is None else text.name(value),
        unit=text.name(told.get("unit")),
        threshold=threshold,
        passed=passed if isinstance(passed, bool) else None,
        margin=_margin(value, threshold),
    )


def _margin(value: Any, threshold: str) -> str:
    """How far inside its threshold a value is: `+37 %`; negative outside."""
    share = facts.margin(value, threshold)
    if share is None or abs(share) >= MOST_PERCENT:
        return ""
    return f"{share:+.0%}".replace("%", " %")


def _items(told: Any) -> tuple[Item, ...]:
    found = told if isinstance(told, list) else []
    items = [_item(item) for item in found[: facts.MAX_ITEMS] if isinstance(item, dict)]
    return tuple(sorted(items, key=lambda item: STATUSES.index(item.status)))


def _item(told: Mapping[str, Any]) -> Item:
    verdict = facts.verdict_of(told)
    values = [(text.name(key), text.name(value)) for key, value in part(told, "values").items()]
    return Item(
        name=text.name(told.get("name")) or "unnamed",
        kind=text.name(told.get("kind")),
        status="failed" if verdict is False else "passed" if verdict is True else "other",
        message=" ".join(text.words(told.get("message"), MAX_WHY).split()),
        values=tuple((key, value) for key, value in values if key and value)[:MAX_VALUES],
    )


def _attempts(told: Any) -> tuple[Attempt, ...]:
    found = told if isinstance(told, list) else []
    return tuple(
        Attempt(count, text.name(item.get("status")), text.words(item.get("message")))
        for count, item in enumerate(found[: text.MAX_ITEMS], 1)
        if isinstance(item, dict)
    )


def _diagnostics(told: Any) -> str:
    """Where the files about a test are: their folder, or their paths where they have none."""
    found = told if isinstance(told, list) else []
    given = [item for item in found[: text.MAX_ITEMS] if isinstance(item, dict)]
    files = [(_line(item.get("path")), _line(item.get("name"))) for item in given]
    folders = {
        path.removesuffix(f"/{name}") if path.endswith(f"/{name}") else path
        for path, name in files
        if path
    }
    return ", ".join(sorted(folders))


def _line(value: Any) -> str:
    return " ".join(text.words(value).splitlines())


def _facts(extra: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Everything else that is told of a test, as it can be shown."""
    found = []
    for key, value in extra.items():
        if key in TOLD_ELSEWHERE or value in (None, "", [], {}):
            continue
        is_scalar = not isinstance(value, (dict, list))
        found.append((text.name(key), text.words(value if is_scalar else _as_json(value), 2_000)))
    return tuple(found[: text.MAX_ITEMS])


def _as_json(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "(cannot be shown)"


def _moment(value: Any) -> float | None:
    """Milliseconds since 1970 as seconds; None for no moment of recorded history."""
    found = _number(value)
    return found / 1000 if found and found <= text.MAX_MILLIS else None


def _millis(value: Any) -> float | None:
    found = _number(value)
    return None if found is None else min(found, text.MAX_MILLIS) / 1000


def _number(value: Any) -> float | None:
    """A number that is not negative and no wonder; None for anything else."""
    found = facts.decimal(value) if not isinstance(value, str) else None
    return found if found is not None and found >= 0 else None
