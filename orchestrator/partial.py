"""The report of a run that was killed before it could write one, from the results that it kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from helper import contract
from helper.kinds import CONFIG_MAPS
from helper.kube import Kube
from helper.resource import name
from orchestrator import begun, ctrf, earlier, report_file, resumption, rundir
from orchestrator.begun import About
from orchestrator.earlier import Results
from orchestrator.errors import UsageError
from orchestrator.manifests import record_name
from orchestrator.outcome import CANCELLED, Outcome, PhaseResult, Status
from orchestrator.plan import parse_run_id
from orchestrator.record import Tail
from orchestrator.retold import Story, last_part
from orchestrator.status import Known

LOST = "no result of it was kept: it had not ended, or not begun, when the run was killed"

Json = dict[str, Any]


def of_folder(folder: Path) -> Json:
    """The report in a run's folder; a partial one where the run has not written its last.

    UsageError for a folder of no run.
    """
    about = resumption.about(folder)
    run_id = about.get("runID", folder.name)
    place = folder / rundir.REPORT
    if not (parse_run_id(run_id) or place.is_file()):
        raise UsageError(f"report {folder}: is no folder of a run; want one, or a CTRF file")
    lines = last_part(Tail(folder).read())
    share = resumption.share(folder, "min_coverage", default=1.0)
    story = Story(run_id, min_coverage=share)
    for line in lines:
        story.hear(line)
    if place.is_file() and (story.end or not lines):
        return report_file.document(place)
    results = earlier.from_folder(folder)
    told = story.result()
    phases = [_with(phase, results) for phase in told.phases] or _phases(about, results)
    return _document(run_id, about, phases, (told.started, told.stopped))


def of_cluster(kube: Kube, known: Known) -> Json:
    """A partial report of a run by what it has in the cluster; KubeError when one may not look."""
    home = known.namespace
    found = kube.list(CONFIG_MAPS, home, labels=f"{contract.LABEL_RUN_ID}={known.run_id}")
    records = [item for item in found if name(item) == record_name(known.run_id)]
    about = begun.read(records[0] if records else None)
    results = earlier.from_cluster(kube, home, known.run_id)
    return _document(known.run_id, about, _phases(about, results))


def _with(phase: PhaseResult, results: Results) -> PhaseResult:
    """A phase as it was told, with the results that are kept whole."""
    outcomes = tuple(results.get((phase.phase, item.check)) or item for item in phase.outcomes)
    return PhaseResult(phase.phase, outcomes, min_coverage=phase.min_coverage)


def _phases(about: About, results: Results) -> Sequence[PhaseResult]:
    """The planned phases with what is kept of them; only that where no plan is known."""
    found: dict[str, list[str]] = {key: [*names] for key, names in begun.planned(about).items()}
    for phase, check in results:
        names = found.setdefault(phase, [])
        names += [] if check in names else [check]
    return [
        PhaseResult(
            phase, tuple(results.get((phase, item)) or _lost(phase, item) for item in names)
        )
        for phase, names in found.items()
    ]


def _lost(phase: str, check: str) -> Outcome:
    return Outcome(check, phase, Status.OTHER, LOST, CANCELLED)


def _document(
    run_id: str,
    about: About,
    phases: Sequence[PhaseResult],
    told: tuple[float, ...] = (),
) -> Json:
    outcomes = [outcome for phase in phases for outcome in phase.outcomes]
    seen = [item.started for item in outcomes], [item.stopped for item in outcomes]
    times = [moment for moment in (*told, *seen[0], *seen[1]) if moment]
    named = parse_run_id(run_id)  # a folder with a report may have any name
    start = named.timestamp() if named else 0.0
    return ctrf.report(
        phases,
        version=about.get("version", ""),
        environment=ctrf.Environment(
            recipe=begun.recipe_name(about),
            recipe_version=about.get("recipeVersion", ""),
            target=about.get("target", ""),
            extra=_extra(about),
        ),
        run_id=run_id,
        started=min(times, default=start),
        stopped=max(times, default=start),
        complete=False,
    )


def _extra(about: About) -> Mapping[str, str]:
    named = ("cluster", "executor", "snapshot", "depth")
    found = {key: about.get(key, "") for key in named}
    return {
        key: value
        for key, value in {**found, "serverVersion": about.get("server", "")}.items()
        if value
    }
