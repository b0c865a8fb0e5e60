"""Runs a recorded cluster, with a defect or none, as an operator would, and judges the report."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator import cli
from orchestrator.outcome import LEFT_OUT
from orchestrator.replay.defects import FOLDER, Defect
from orchestrator.replay.folder import read_defect
from tests.example import FOLDER as EXAMPLE
from tests.source import ROOT

DEFECTS = EXAMPLE / FOLDER
HEALTHY = {
    "operator-health": "passed",
    "dra-support": "passed",
    "gpu-operator-health": "passed",
    "platform-health": "passed",
    "nccl-all-reduce-bw": "skipped",
}
PHASE_OF = {
    "operator-health": "deployment",
    "dra-support": "conformance",
    "gpu-operator-health": "conformance",
    "platform-health": "conformance",
    "nccl-all-reduce-bw": "performance",
}
# A check waits for a third of its time for what may settle; what a defect did does not.
CHECK_TIMEOUT = "24s"
PATIENCE = {"scheduling": "3s", "imagePull": "2s"}


@dataclass(frozen=True)
class Verdict:
    """How a check ended in a report, and all that it said."""

    status: str  # `incomplete` for one that passed without having seen everything
    said: str


@dataclass(frozen=True)
class Ran:
    """A whole run: the exit code of the command and the verdicts of its report, by name."""

    code: int
    verdicts: Mapping[str, Verdict]


def read_defects() -> dict[str, Defect]:
    """All defects, by the name of their file."""
    return {path.stem: read_defect(path) for path in sorted(DEFECTS.glob("*.yaml"))}


def path_of(name: str) -> Path:
    """The file of a defect."""
    return DEFECTS / f"{name}.yaml"


def run(replay: Path, work: Path, checks: Iterable[str] = ()) -> Ran:
    """Validate a recorded cluster, all of it or only some checks."""
    catalog, report = work / "data/validators/catalog.yaml", work / "report.json"
    catalog.parent.mkdir(parents=True, exist_ok=True)
    catalog.write_text(yaml.safe_dump(_impatient()))
    report.unlink(missing_ok=True)
    chosen = [f"--check={check}" for check in checks] or ["--phase=all"]
    places = ["--replay", str(replay), "--data", str(work / "data"), "--output", str(report)]
    code = cli.main(["validate", *chosen, *places])
    return Ran(code, _verdicts(json.loads(report.read_text())) if report.is_file() else {})


def objections(defect: Defect, ran: Ran) -> list[str]:
    """Why a run did not notice a defect as it should, or blames a check that has no part in it."""
    return [*_in_finding(defect, ran), *_in_others(defect, ran)]


def alarms(ran: Ran) -> list[str]:
    """What a run says against a healthy cluster."""
    found = {name: verdict.status for name, verdict in ran.verdicts.items()}
    code = [f"exit {ran.code}"] if ran.code else []
    return code + [
        f"{name} is {found.get(name, 'missing')}: {_first_line(ran, name)}"
        for name in HEALTHY.keys() | found.keys()
        if found.get(name) != HEALTHY.get(name)
    ]


def _in_finding(defect: Defect, ran: Ran) -> Iterator[str]:
    wanted = defect.found
    if wanted is None:
        yield from alarms(ran)
        return
    verdict = ran.verdicts.get(wanted.check)
    if verdict is None:
        yield f"{wanted.check} is missing in the report (exit {ran.code})"
        return
    if verdict.status != wanted.status:
        said = _first_line(ran, wanted.check)
        yield f"{wanted.check} is {verdict.status}, want {wanted.status}: {said}"
    if wanted.message not in verdict.said:
        yield f"{wanted.check} does not say {wanted.message!r}: {_first_line(ran, wanted.check)}"
    if ran.code == 0:
        yield "the command ended with 0"


def _in_others(defect: Defect, ran: Ran) -> Iterator[str]:
    if defect.found is None:
        return
    affected = {name for name, item in ran.verdicts.items() if HEALTHY.get(name) != item.status}
    if defect.found.check not in HEALTHY:  # a constraint: the suite of readiness has others
        affected &= {*HEALTHY, defect.found.check}
    expected = {defect.found.check, *defect.also}
    for name in sorted(affected - expected):
        status = ran.verdicts[name].status
        yield f"{name} is {status} and not in `also`: {_first_line(ran, name)}"
    for name in sorted(expected - affected):
        yield f"{name} stands in `also`, but is as on the healthy cluster"


def _first_line(ran: Ran, name: str) -> str:
    said = ran.verdicts[name].said if name in ran.verdicts else ""
    return said.split("\n", 1)[0]


def _impatient() -> dict[str, Any]:
    """The catalog, with checks that wait for a shorter time."""
    catalog: dict[str, Any] = yaml.safe_load((ROOT / "catalog.yaml").read_text())
    chosen = [item for item in catalog["validators"] if item["name"] in HEALTHY]
    changes = {"timeout": CHECK_TIMEOUT, "patience": PATIENCE}
    return {**catalog, "validators": [{**item, **changes} for item in chosen]}


def _verdicts(report: Mapping[str, Any]) -> dict[str, Verdict]:
    tests = [test for test in report["results"]["tests"] if not _is_left_out(test)]
    return {test["name"]: Verdict(_status(test), _said(test)) for test in tests}


def _is_left_out(test: Mapping[str, Any]) -> bool:
    return bool(test.get("extra", {}).get("skip") in LEFT_OUT)


def _status(test: Mapping[str, Any]) -> str:
    coverage = test.get("extra", {}).get("coverage")
    if test["status"] == "passed" and coverage and coverage["seen"] < coverage["total"]:
        return "incomplete"
    return str(test["status"])


def _said(test: Mapping[str, Any]) -> str:
    return "\n".join([test.get("message", ""), *test.get("stdout", [])])
