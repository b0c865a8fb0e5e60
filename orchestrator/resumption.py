"""How a run was started, kept in its folder, so that it can go on after it was cut short."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from helper.resource import items, part, text
from orchestrator import earlier, owner, rundir, state
from orchestrator.begun import CLUSTER_ID
from orchestrator.earlier import outcome
from orchestrator.errors import MissingError, StopError, UsageError, nearest
from orchestrator.outcome import BESIDE_CHECKS, Outcome, Status
from orchestrator.owner import Ownership
from orchestrator.plan import RUN_ID_FORM, parse_run_id
from orchestrator.reports.formats import Output
from orchestrator.reports.text import counted
from orchestrator.selection import Rerun
from orchestrator.target import replay_folder

FILE, INPUTS = "run.json", "inputs"
SNAPSHOT = "snapshot.yaml"  # not among the inputs, where a recipe may have this name
# Of one call of the command, not of the run; the inputs are kept themselves.
NOT_KEPT = frozenset({"config", "detach", "recipe", "rerun_failed", "resume", "run_id", "snapshot"})
MAX_NEAR = 200  # other runs that a misspelt name is compared with


class Kept:
    """The inputs of one run in its folder; a lock says whether its process lives."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ownership = Ownership(folder)

    def begin(
        self,
        flags: Mapping[str, Any],
        recipe: bytes,
        source: str,
        about: Mapping[str, str] | None = None,
        *,
        goes_on: bool = False,
    ) -> None:
        """Keep what the run was asked for, and what it is `about`.

        OSError for a full disk; UsageError for the folder of another run, unless that `goes_on`.
        """
        inputs = self._folder / INPUTS
        state.make(inputs)
        self.hold()
        if not goes_on:
            check_unused(self._folder)  # since it was asked before, another may have come and gone
            (self._folder / rundir.REPORT).unlink(missing_ok=True)  # of a try that was refused
        name = PurePosixPath(source).name or "recipe.yaml"
        (inputs / name).write_bytes(recipe)
        kept = _anywhere({key: flags[key] for key in flags if key not in NOT_KEPT})
        rundir.write(self._folder / FILE, {"recipe": name, "flags": kept, "about": about or {}})

    @property
    def is_kept(self) -> bool:
        """Whether the run can go on later."""
        return (self._folder / FILE).is_file()

    def keep_snapshot(self, text: str, origin: str) -> None:
        """Keep what the cluster was held against; OSError when the disk does not take it."""
        (self._folder / SNAPSHOT).write_text(text, encoding="utf-8")
        told = _document(self._folder / FILE)
        rundir.write(self._folder / FILE, {**told, "snapshot": origin})

    def origin(self, location: str) -> str:
        """Where a snapshot at this place was from at first; empty unless it is the kept one."""
        if location != str(self._folder / SNAPSHOT):
            return ""
        return text(_document(self._folder / FILE), "snapshot")

    def hold(self) -> None:
        """Be the process of this run; UsageError while another one is."""
        self._ownership.take()

    def release(self) -> None:
        """Let another process continue this run."""
        self._ownership.release()


def flags_of(folder: Path) -> Mapping[str, Any]:
    """The flags that start a run as it was started, none where its folder does not tell.

    StopError when it cannot go on.
    """
    run_id = folder.name
    if not parse_run_id(run_id):
        raise UsageError(f"--resume {run_id}: {RUN_ID_FORM}")
    owner.check_free(folder)
    if _is_complete(folder):
        report = folder / rundir.REPORT
        raise UsageError(f"--resume {run_id}: this run is complete; its report is {report}")
    kept = _kept(folder)
    if not kept:
        return {}
    snapshot = folder / SNAPSHOT
    looked_at = {"snapshot": str(snapshot)} if snapshot.is_file() else {}
    return {**kept, "run_id": run_id, **looked_at}


def check_unused(folder: Path) -> None:
    """Refuse to begin a run under the name of another: what that one found would count as its own.

    A run that was refused before it began has found nothing, and may be tried again.
    """
    run_id = folder.name
    is_kept = (folder / FILE).is_file()
    found = len(earlier.all_from_folder(folder))
    tests = _outcomes(_document(folder / rundir.REPORT))
    judged = [item for item in tests if item.status in (Status.PASSED, Status.FAILED)]
    has_verdicts = any(item.phase not in BESIDE_CHECKS for item in judged)
    if not (is_kept or found or has_verdicts):
        return
    how, again = f"cut short with {counted(found, 'result')}", ""
    if _is_complete(folder):
        how = f"complete, with its report {rundir.REPORT}"
    elif is_kept:
        again = f"go on with it by --resume {run_id}, "
    raise UsageError(
        f"run {run_id} is in {folder} already, {how}; {again}give another --run-id or leave it "
        f"out, or remove that folder, and with aicr-orch gc --run-id {run_id} what the run may "
        "have left in its cluster"
    )


def check_same(folder: Path, now: Mapping[str, str], recipe: bytes, unknown: str = "") -> None:
    """Refuse to take over what was found in another cluster, or by another recipe.

    `now` is what the run tells of itself as it goes on, `unknown` why its cluster tells no name.
    """
    before, run_id = about(folder), folder.name
    cluster, anew = before.get(CLUSTER_ID, ""), "or leave out --resume to begin anew"
    kept = _recipe(folder)
    if not (cluster and kept.is_file()):
        raise UsageError(
            f"--resume {run_id}: {folder} does not tell of which cluster and recipe its results "
            f"are; move it away to go on with what the cluster has of the run, {anew}"
        )
    if cluster != now.get(CLUSTER_ID):
        its, here = (f"{item.get('where')} ({item.get(CLUSTER_ID)})" for item in (before, now))
        found = f"whether it is {here} cannot be told, {unknown}" if unknown else f"this is {here}"
        raise UsageError(
            f"--resume {run_id}: this run began in the cluster {its}, and {found}; give the "
            f"--context, --kubeconfig or --replay that it had, {anew}"
        )
    if kept.read_bytes() != recipe:
        raise UsageError(
            f"--resume {run_id}: {now.get('recipe')} is not the recipe that this run was started "
            f"with; give that one, {kept}, {anew}"
        )


def untold(run_id: str, env: Mapping[str, str]) -> StopError:
    """Why a run cannot go on by its name alone, and what has to be given beside it."""
    folder = rundir.RunDir.of_run(run_id, env).path
    again = (
        "give again what it was started with, --recipe at least, and --namespace, --phase and the "
        "like if they were given"
    )
    if folder.is_dir():
        return UsageError(f"--resume {run_id}: {folder} does not hold how it was started; {again}")
    others = sorted(path.name for path in folder.parent.glob("*"))[-MAX_NEAR:]
    return MissingError(
        f"--resume {run_id}: no such run in {folder.parent}{nearest(run_id, others)}; "
        f"to go on with what the cluster has of it: {again}"
    )


def about(folder: Path) -> Mapping[str, str]:
    """What a run has told of itself; empty for one that began with an older version."""
    found = _document(folder / FILE)
    told = {**part(found, "about"), "snapshot": found.get("snapshot", "")}
    return {str(key): str(value) for key, value in told.items() if value}


def share(folder: Path, flag: str, default: float) -> float:
    """A flag in percent that a run was started with, as a share."""
    found = part(_document(folder / FILE), "flags").get(flag)
    return found / 100 if isinstance(found, (int, float)) else default


def flags_of_failed(report: str, env: Mapping[str, str]) -> Mapping[str, Any]:
    """The flags that run again what had no good verdict in a report; StopError when nothing had.

    A run of this machine may be named by its ID; it then runs again as it was started.
    """
    kept = _kept(rundir.RunDir.of_run(report, env).path) if parse_run_id(report) else {}
    document = _reported(report, env)
    names = sorted({item.check for item in _outcomes(document) if _is_worth_it(item)})
    if not names:
        raise UsageError(f"--rerun-failed {report}: every check in it passed or did not apply")
    return {**kept, "check": names}


def settled(report: str, env: Mapping[str, str]) -> Rerun:
    """What needs not run again by a report; StopError when it is none."""
    document = _reported(report, env)
    run_id = text(document, "runId")
    where = f"run {run_id}" if parse_run_id(run_id) else report
    found = [item for item in _outcomes(document) if not _is_worth_it(item)]
    return Rerun(where, {item.check: str(item.status) for item in found})


def _reported(report: str, env: Mapping[str, str]) -> Mapping[str, Any]:
    """The report in a file, or of a run of this machine."""
    path = Path(report)
    if parse_run_id(report):
        path = rundir.RunDir.of_run(report, env).path / rundir.REPORT
    if not path.is_file():
        raise MissingError(f"--rerun-failed {report}: no such report, and no such run here")
    document = _document(path)
    if not items(document, "results", "tests"):
        raise UsageError(f"--rerun-failed {report}: is no CTRF report with tests")
    return document


def _outcomes(document: Mapping[str, Any]) -> Iterable[Outcome]:
    return filter(None, map(outcome, items(document, "results", "tests")))


def _is_worth_it(found: Outcome) -> bool:
    if found.phase in BESIDE_CHECKS:
        return False
    is_fine = found.status is Status.PASSED or found.is_neutral
    return not (is_fine or found.is_left_out)


def _kept(folder: Path) -> Mapping[str, Any]:
    """How a run was started, as flags; empty when its folder does not hold it."""
    recipe, flags = _recipe(folder), _document(folder / FILE).get("flags")
    return {**flags, "recipe": str(recipe)} if isinstance(flags, dict) and recipe.is_file() else {}


def _recipe(folder: Path) -> Path:
    """Where the recipe of a run is kept."""
    name = str(_document(folder / FILE).get("recipe") or "recipe.yaml")
    return folder / INPUTS / PurePosixPath(name).name


def _is_complete(folder: Path) -> bool:
    """Whether the report of a run says that every check had its chance."""
    report = _document(folder / rundir.REPORT)
    return bool(part(report, "results", "summary", "extra").get("complete"))


def _anywhere(flags: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same flags for another working directory: places that are named from here are whole."""
    found = dict(flags)
    if found.get("replay"):
        found["replay"] = str(Path(replay_folder(found["replay"])).absolute())
    for key in (key for key in ("data", "kubeconfig") if found.get(key)):
        places = str(found[key]).split(os.pathsep)  # several kubeconfigs count as one
        found[key] = os.pathsep.join(str(Path(place).absolute()) for place in places if place)
    if found.get("output"):
        found["output"] = [Output.parse(str(text)).from_anywhere for text in found["output"]]
    return found


def _document(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
