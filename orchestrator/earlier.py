"""What a run that was cut short had found already: read back, so that only the rest runs again."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from helper import contract
from helper.depth import Depth
from helper.kinds import CONFIG_MAPS
from helper.kube import Kube
from helper.resource import number, part, text
from orchestrator.outcome import Outcome, Split, Status
from orchestrator.workspace import REPORT_TYPE, RESULT_KEY

FACTS = ("coverage", "measured", "items", "looks", "proof", "skip")
MAX_BYTES = 16 * 1024 * 1024  # of one result on disk

Results = Mapping[tuple[str, str], Outcome]  # by phase and check


def from_folder(folder: Path) -> Results:
    """The finished results in a run's folder; a file that was not written whole counts as none."""
    return _finished(_read(path) for path in sorted(Path(folder, "checks").glob("*.json")))


def all_from_folder(folder: Path) -> Sequence[Outcome]:
    """Every result in a run's folder, also of a check that was cut short."""
    found = (outcome(_read(path)) for path in sorted(Path(folder, "checks").glob("*.json")))
    return [item for item in found if item]


def one_from_folder(folder: Path, phase: str, check: str) -> Outcome | None:
    """One result in a run's folder; None when it is not there whole."""
    return outcome(_read(folder / "checks" / f"{phase}.{check}.json"))


def from_cluster(kube: Kube, namespace: str, run_id: str) -> Results:
    """The finished results that a run left in its namespace; KubeError when one may not look."""
    selector = f"{contract.LABEL_RUN_ID}={run_id},{contract.LABEL_REPORT_TYPE}={REPORT_TYPE}"
    found = kube.list(CONFIG_MAPS, namespace, labels=selector)
    return _finished(_parsed(text(item, "data", RESULT_KEY)) for item in found)


def outcome(test: Any) -> Outcome | None:
    """A CTRF test as the outcome that it was made of; None for what is no result of a check."""
    name, suite = text(test, "name"), part(test).get("suite")
    phase = suite[0] if isinstance(suite, list) and suite else suite
    try:
        status = Status(text(test, "status"))
    except ValueError:
        return None
    if not name or not isinstance(phase, str):
        return None
    extra = part(test, "extra")
    own = {"exitCode", "seconds", *FACTS}
    return Outcome(
        check=name,
        phase=phase,
        status=status,
        message=text(test, "message"),
        raw_status=text(test, "rawStatus"),
        exit_code=number(extra, "exitCode"),
        started=_seconds(test, "start"),
        stopped=_seconds(test, "stop"),
        stdout=_lines(test, "stdout"),
        stderr=_lines(test, "stderr"),
        facts={key: extra[key] for key in FACTS if key in extra},
        extra={key: value for key, value in extra.items() if key not in own},
        split=_split(part(extra, "seconds")),
    )


def depth_of(found: Outcome) -> Depth:
    """How deep the run went that a result is from."""
    return Depth.FAST if found.extra.get("depth") == Depth.FAST else Depth.FULL


def _finished(tests: Iterable[Any]) -> Results:
    found = filter(None, map(outcome, tests))
    return {(item.phase, item.check): item for item in found if not item.was_cut_short}


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_BYTES:
            return None
        return _parsed(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _parsed(document: str) -> Any:
    try:
        return json.loads(document)
    except (ValueError, RecursionError):
        return None


def _split(seconds: Mapping[str, Any]) -> Split:
    """The parts of a check's time; when it was asked for belongs to the run that was cut short."""
    known = {item.name for item in fields(Split)}
    given = {f"{key}_s": value for key, value in seconds.items()}
    return Split(
        **{
            key: float(value)
            for key, value in given.items()
            if key in known and isinstance(value, int | float)
        }
    )


def _seconds(test: Any, key: str) -> float | None:
    millis = number(test, key)
    return None if millis is None else millis / 1000


def _lines(test: Any, key: str) -> tuple[str, ...]:
    given = part(test).get(key)
    return tuple(map(str, given)) if isinstance(given, list) else ()
