import pytest

from helper.models import Snapshot
from orchestrator import advice
from orchestrator.recipe import parse
from tests.orchestrator.samples import RUN_ID, entry, plan


def snapshot(version: str, source: str = "") -> Snapshot:
    return Snapshot(metadata={"version": version, "source": source})


@pytest.mark.parametrize(
    ("program", "recipe", "taken"),
    [
        pytest.param("0.2.0", "v0.11.1", None, id="no-snapshot"),
        pytest.param("0.2.0", "v0.11.1", snapshot("0.11.1"), id="the-same-with-and-without-v"),
        pytest.param("0.2.0", "v0.11.1", snapshot("v0.2.0", "api"), id="of-this-program"),
        pytest.param("0.2.0", "v0.11.1", snapshot("v0.12.0-next"), id="on-the-way-to-a-release"),
        pytest.param("0.2.0", "v0.11.1", snapshot("dev"), id="development"),
        pytest.param("0.2.0", "", snapshot("v0.12.0"), id="recipe-without-one"),
        pytest.param("0.2.0.dev0", "v0.11.1", snapshot("v0.1.0", "api"), id="program-without-one"),
        pytest.param("0.2.0", "v0.11.1", snapshot(""), id="snapshot-without-one"),
    ],
)
def test_versions_that_agree_or_are_no_releases_are_not_told(
    program: str, recipe: str, taken: Snapshot | None
) -> None:
    assert list(advice.version_skew(program, recipe, taken)) == []


@pytest.mark.parametrize(
    ("taken", "said"),
    [
        (snapshot("v0.10.0"), "the recipe is of release v0.11.1, the snapshot of v0.10.0"),
        (snapshot("v0.1.0", "api"), "aicr-orch is of release 0.2.0, the snapshot of v0.1.0"),
    ],
)
def test_a_snapshot_of_another_release_is_told(taken: Snapshot, said: str) -> None:
    [words] = advice.version_skew("0.2.0", "v0.11.1", taken)

    assert words.startswith(said)


def test_a_phase_that_was_asked_for_and_is_empty_is_named() -> None:
    recipe = parse("kind: RecipeResult\nvalidation: {conformance: {checks: [alpha]}}\n", "r.yaml")
    given = plan(entry("alpha"), given=recipe.input, phases=["conformance", "performance"])

    assert list(advice.empty_phases(recipe, given)) == [
        "r.yaml selects no check in phase performance"
    ]


def test_what_stays_is_named_with_the_command_that_removes_it() -> None:
    nodes = {"resources": ["nodes"], "verbs": ["list"]}
    words = advice.what_stays(plan(entry("alpha", rbac=[nodes])))

    assert f"aicr-orch gc --run-id {RUN_ID}" in words
    assert "Jobs that are over, their pods and ConfigMaps may stay in aicr-validation" in words
