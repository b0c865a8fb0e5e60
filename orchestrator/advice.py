"""What an operator should know before a run, though nothing is wrong with the input."""

from collections.abc import Iterator

from helper import contract
from helper.models import Snapshot
from orchestrator.images import RELEASE
from orchestrator.plan import Plan
from orchestrator.recipe import Recipe

TAKEN_HERE = "api"  # how a snapshot that aicr-orch took says so


def version_skew(program: str, recipe: str, snapshot: Snapshot | None) -> Iterator[str]:
    """Say so when a snapshot is of another release than what it is held against.

    Releases are compared within one program: recipes are AICR's, a snapshot AICR's or ours.
    """
    if snapshot is None:
        return
    taken_here = snapshot.metadata.get("source") == TAKEN_HERE
    what, own = ("aicr-orch", program) if taken_here else ("the recipe", recipe)
    other = str(snapshot.metadata.get("version") or "")
    releases = {version.removeprefix("v") for version in (own, other) if _is_release(version)}
    if len(releases) > 1:
        yield f"{what} is of release {own}, the snapshot of {other}; readings may differ"


def _is_release(version: str) -> bool:
    return bool(RELEASE.fullmatch(version)) and "-next" not in version


def empty_phases(recipe: Recipe, plan: Plan) -> Iterator[str]:
    """Name the phases that were asked for and of which the recipe selects nothing."""
    for phase in plan.phases:
        if not phase.checks:
            yield f"{recipe.source} selects no check in phase {phase.phase}"


def what_stays(plan: Plan) -> str:
    """What --keep leaves behind, and how to remove it."""
    return (
        f"--keep: Jobs that are over, their pods and ConfigMaps may stay in {plan.namespace} "
        f"(label {contract.LABEL_RUN_ID}={plan.run_id}); "
        f"`aicr-orch gc --run-id {plan.run_id}` removes them"
    )
