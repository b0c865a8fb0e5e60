"""The document of a run: what it found, where, from what, and why it did not go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from helper.served import NOT_ASKED, ServerVersion
from orchestrator import attachments, ctrf, overhead, readiness
from orchestrator.convergence import Convergence
from orchestrator.exits import number
from orchestrator.options import Options
from orchestrator.outcome import ORCHESTRATOR, Outcome, Status
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.preparation import Prepared
from orchestrator.readiness import Finding
from orchestrator.result import RunResult
from orchestrator.selection import labels_of
from orchestrator.snapshot import Source
from orchestrator.version import version

LISTED = {"lock"}  # labels of which a check may have several


@dataclass(frozen=True)
class Seen:
    """What a run saw of its cluster before the first check."""

    served: ServerVersion = NOT_ASKED
    identity: Mapping[str, Any] = field(default_factory=dict)  # see orchestrator.identity
    snapshot: Source | None = None
    findings: tuple[Finding, ...] = ()  # of the readiness gate
    convergence: Convergence | None = None  # None: the cluster was not waited for


def document(
    result: RunResult,
    options: Options,
    prepared: Prepared,
    seen: Seen,
    *,
    build: Mapping[str, str],
    folder: Path,
) -> dict[str, Any]:
    """A run as CTRF, also one that was refused or that broke; `build` names the CI's own.

    `folder` is the run's, with the files about checks that did not pass.
    """
    given = prepared.recipe
    criteria = given.input.criteria
    is_replay = options.target.is_replayed(seen.served)
    extra = {
        "cluster": "replay" if is_replay else "" if seen.served == NOT_ASKED else "live",
        "executor": options.executor.name,
        "snapshot": seen.snapshot.origin if seen.snapshot else "",
        "serverVersion": seen.served.name,
        "depth": str(options.reached),
        "identity": _identity(seen.identity, is_replay=is_replay),
        "convergence": seen.convergence.record() if seen.convergence else "",
        "exitCode": number(result.code, options.exit_codes),
        "images": sorted({item.image for item in prepared.plan.checks} - {""}),
        "imageIDs": _image_ids(result),
        "leftovers": list(result.leftovers),
        "faults": list(options.target.faults),
        "failure": result.failure,
    }
    environment = ctrf.Environment(
        recipe=Path(given.source).name,
        recipe_version=given.version,
        target="-".join(filter(None, (criteria.service, criteria.accelerator, criteria.intent))),
        build=build,
        extra={key: value for key, value in extra.items() if value not in ("", [], {})},
    )
    return ctrf.report(
        result.phases,
        version=version(),
        environment=environment,
        run_id=result.run_id,
        started=result.started,
        stopped=result.stopped,
        complete=result.complete,
        account=_told(result),
        others=_others(result, seen.findings),
        beside=partial(_beside, prepared.plan, folder),
    )


def _beside(plan: Plan, folder: Path, outcome: Outcome) -> ctrf.Beside:
    """What the catalog's labels say of a check, and the files about it."""
    own = (item for item in plan.checks if item.name == outcome.check)
    planned = next((item for item in own if item.phase == outcome.phase), None)
    if planned is None:
        return ctrf.Beside()
    return ctrf.Beside(_labels(planned), attachments.found(folder, outcome.phase, outcome.check))


def _labels(planned: PlannedCheck) -> dict[str, Any]:
    """What `--label` selects by, and how deep the check may go; CTRF has no empty list."""
    named = {key: list(values) for key, values in labels_of(planned.entry).items()}
    named |= {"phase": [planned.phase], "depth": [str(planned.depth)]}
    return {key: values if key in LISTED else values[0] for key, values in named.items() if values}


def _identity(found: Mapping[str, Any], *, is_replay: bool) -> dict[str, Any]:
    """The cluster's identity; where a recorded one was served says nothing of it."""
    return {key: found[key] for key in found if not (is_replay and key in ("server", "context"))}


def _told(result: RunResult) -> dict[str, Any]:
    """What the run says of itself: what it left behind, and what it took beyond its checks."""
    outcomes = [outcome for phase in result.phases for outcome in phase.outcomes]
    took_s = result.stopped - result.started
    audit = result.audit
    found = {
        "overhead": overhead.measured(outcomes, took_s, result.pause_s),
        "resumed": _resumed(result),
        "audit": {
            "made": audit.was_made,
            "left": len(audit.left) if audit.was_made else None,
            "objects": list(audit.left),
            "keptJobs": list(audit.kept),
        },
    }
    return {key: value for key, value in found.items() if value}


def _resumed(result: RunResult) -> dict[str, Any]:
    """Which part of the run was done before it was cut short, and when it went on."""
    if result.resumed_at is None:
        return {}
    return {
        "at": round(result.resumed_at * 1000),
        "pauseSeconds": round(result.pause_s, 3),
        "earlier": [f"{item.phase}/{item.check}" for item in result.earlier],
    }


def _image_ids(result: RunResult) -> dict[str, str]:
    """What the images' names meant on the nodes: with a registry a digest."""
    extras = [outcome.extra for phase in result.phases for outcome in phase.outcomes]
    return {
        str(extra["image"]): str(extra["imageID"])
        for extra in extras
        if extra.get("image") and extra.get("imageID")
    }


def _others(result: RunResult, findings: Sequence[Finding]) -> Sequence[Outcome]:
    """What a reader must see beside the checks: why the run did not go on."""
    if not result.failure:
        return ()
    if any(finding.stops for finding in findings):
        return readiness.outcomes(findings)
    return [Outcome(ORCHESTRATOR, ORCHESTRATOR, Status.OTHER, result.failure, "RunError")]
