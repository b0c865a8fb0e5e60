"""What a document tells of the run as a whole, in words for people."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from helper.resource import number, part
from orchestrator.facts import decimal
from orchestrator.reports import text
from orchestrator.reports.text import counted, duration, fine_duration


def about(environment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What was tested, as labels and values."""
    extra = part(environment, "extra")
    named = (
        ("recipe", environment.get("appName")),
        ("recipe version", environment.get("appVersion")),
        ("made for", environment.get("testEnvironment")),
        ("cluster", extra.get("cluster")),
        ("depth", extra.get("depth")),
        ("Kubernetes", extra.get("serverVersion")),
        *_identity(part(extra, "identity")),
        ("snapshot", extra.get("snapshot")),
        ("settled", _settled(part(extra, "convergence"))),
        ("faults injected", ", ".join(text.names(extra.get("faults")))),
        ("commit", environment.get("commit")),
        ("branch", environment.get("branchName")),
        ("build", environment.get("buildUrl") or environment.get("buildId")),
    )
    return tuple((label, text.name(value)) for label, value in named if text.name(value))


def unsettled(convergence: Mapping[str, Any]) -> str:
    """What to say of a cluster that was judged before it had settled."""
    if not convergence or convergence.get("converged") is True:
        return ""
    return text.words(convergence.get("words")) or "the cluster has not settled"


def left(audit: Mapping[str, Any]) -> str:
    """What the last look for left objects found; empty when none was to be made."""
    kept = len(text.names(audit.get("keptJobs")))
    kept_words = f"; {counted(kept, 'Job')} kept on request" if kept else ""
    if audit.get("made") is not True:
        return "" if not audit.get("objects") else "not known: the cluster gave no answer"
    count = number(audit, "left")
    return "" if count is None else f"{counted(count, 'object')}{kept_words}"


def overhead(told: Mapping[str, Any]) -> str:
    """What the run took beyond its checks; empty when that is not told."""
    run, path, beyond = (
        decimal(told.get(key)) for key in ("runSeconds", "criticalPathSeconds", "beyondSeconds")
    )
    each = decimal(part(told, "perCheckSeconds").get("median"))
    if run is None or path is None or beyond is None or each is None:
        return ""
    own = f"the tool itself took {fine_duration(each)} with each check"
    return f"{duration(beyond)} of it beyond the critical path; {own}"


def resumed(told: Mapping[str, Any]) -> str:
    """Which part of a run in several was done before the last; empty for a run in one."""
    at, names = number(told, "at"), text.names(told.get("earlier"))
    if at is None or not 0 < at <= text.MAX_MILLIS:
        return ""
    when = f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
    pause = decimal(told.get("pauseSeconds"))
    after = f", after a pause of {duration(pause)}" if pause else ""
    before = f"; found before: {', '.join(names)}" if names else ""
    return f"the run was cut short and went on at {when}{after}{before}"


def _settled(convergence: Mapping[str, Any]) -> str:
    """Whether the cluster had settled before the checks, and how long it was waited for."""
    seconds = decimal(convergence.get("waitedSeconds"))
    if seconds is None:
        return ""
    is_settled = convergence.get("converged") is True
    return f"{'after' if is_settled else 'not in'} {duration(seconds)}"


def _identity(told: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "server", text.name(told.get("server"))
    yield "cluster UID", text.name(told.get("uid"))
    nodes = part(told, "nodes")
    total, judged, with_gpus = (number(nodes, key) for key in ("total", "judged", "withGpus"))
    if total is not None:
        unfit = f", {total - judged} not fit" if judged is not None and judged < total else ""
        yield "nodes", f"{total}{unfit}, {with_gpus or 0} with GPUs"
    gpus, installed = part(told, "gpus"), part(told, "gpusInstalled")
    yield "GPUs", ", ".join(_gpus(text.name(key), gpus[key], installed.get(key)) for key in gpus)
    drivers = part(told, "nodesByDriver")
    yield "GPU driver", ", ".join(drivers)
    for what, why in part(told, "unknown").items():
        yield text.name(f"{what} not known"), text.name(why)


def _gpus(product: str, allocatable: Any, installed: Any) -> str:
    """GPUs of one product, and how many of them can be had where that is not all."""
    if installed in (None, allocatable):
        return f"{text.name(allocatable)} {product}"
    return f"{product}: {text.name(allocatable)} of {text.name(installed)} allocatable"
