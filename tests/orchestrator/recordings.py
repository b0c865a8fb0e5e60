"""Recorded Jobs of a real cluster, played back event by event."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orchestrator.verdict import Ending, Progress, Sighting, ended, progress

FOLDER = Path(__file__).parents[1] / "data/recordings/jobs"
SCENARIOS = sorted(path.stem for path in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Moment:
    """What was known of a Job after one watch event, and what that event was about."""

    at_s: float
    kind: str  # Job or Pod
    seen: Sighting


def load(scenario: str) -> dict[str, Any]:
    """One recording."""
    recording: dict[str, Any] = json.loads((FOLDER / f"{scenario}.json").read_text())
    return recording


def moments(scenario: str) -> Iterator[Moment]:
    """Play back both watches in the order of time."""
    recording = load(scenario)
    seen = Sighting()
    for event in sorted([*recording["jobWatch"], *recording["podWatch"]], key=lambda e: e["t"]):
        body, gone = event["object"], event["type"] == "DELETED"
        if body["kind"] == "Job":
            seen = replace(seen, job=body, job_gone=gone)
        else:
            seen = replace(seen, pod=body, pod_gone=gone)
        yield Moment(event["t"], body["kind"], seen)


def first_ending(scenario: str) -> tuple[Moment, Ending]:
    """The earliest moment at which the check is over, and how it ended."""
    for moment in moments(scenario):
        ending = ended(moment.seen)
        if ending:
            return moment, ending
    raise AssertionError(f"{scenario} never ends")


def stages(scenario: str) -> list[Progress]:
    """The stages that a check goes through, each told once."""
    found: list[Progress] = []
    for moment in moments(scenario):
        now = progress(moment.seen)
        if not found or (now.stage, now.reason) != (found[-1].stage, found[-1].reason):
            found.append(now)
    return found


def told_events(scenario: str) -> list[str]:
    """The events of a recording as the engine tells them, oldest first, the Job's before."""
    events = sorted(
        load(scenario)["events"],
        key=lambda e: (e["involvedObject"]["kind"] != "Job", e["lastTimestamp"] or ""),
    )
    return [f"event {event['reason']}: {event['message']}" for event in events]
