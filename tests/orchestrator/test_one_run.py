"""A run's name and folder are one run's: in one cluster, by one recipe, whoever uses them again."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.conftest import Command, Said
from tests.orchestrator.engine import RUN_ID
from tests.source import ROOT
from tests.whole_runs.place import Place, placed

EXAMPLE = str(ROOT / "examples/eks-h100-inference")
DEFECT = f"{EXAMPLE}/defects/dra-pool-incomplete.yaml"
CHECKS: dict[str, dict[str, Any]] = {"alpha": {}, "beta": {}}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, CHECKS) as place:
        yield place


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Place]:
    """Another cluster, in which nothing is well."""
    (tmp_path / "other").mkdir()
    with placed(tmp_path / "other", {name: {"exitCode": 1} for name in CHECKS}) as place:
        yield place


def validate(aicr: Command, place: Place, *arguments: str) -> Said:
    access = ("-k", str(place.folder / "kubeconfig"))
    return aicr("validate", *access, *place.inputs, *arguments)


def unreachable(place: Place) -> str:
    """A kubeconfig of a cluster that nobody answers for."""
    dead = place.folder / "dead"
    found = (place.folder / "kubeconfig").read_text()
    dead.write_text(found.replace(place.server.url, "http://127.0.0.1:9"))
    return str(dead)


def folder_of(place: Place) -> Path:
    return place.state / "aicr-orch/runs" / RUN_ID


def killed(folder: Path, check: str) -> None:
    """Leave of a run what it would have left, killed before its last check had ended."""
    (folder / "ctrf.json").unlink()
    next((folder / "checks").glob(f"*.{check}.json")).unlink()


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_name_that_a_run_has_is_not_given_to_another(aicr: Command, place: Place) -> None:
    first = validate(aicr, place, "--run-id", RUN_ID)
    folder = folder_of(place)
    before = everything_in(folder)

    dead = unreachable(place)
    lines = place.folder / "events.jsonl"
    lines.write_text("of the first run\n")
    second = aicr(
        *("validate", "-k", dead, *place.inputs, "--run-id", RUN_ID, "-o", f"events={lines}"),
    )

    assert (first.code, second.code) == (Exit.OK, Exit.USAGE)
    assert f"is in {folder} already, complete, with its report ctrf.json; give" in second.err
    assert f"aicr-orch gc --run-id {RUN_ID}" in second.err
    assert everything_in(folder) == before
    assert lines.read_text() == "of the first run\n"


def test_a_run_that_was_cut_short_may_go_on_and_does_not_begin_anew(
    aicr: Command, place: Place
) -> None:
    validate(aicr, place, "--run-id", RUN_ID)
    killed(folder_of(place), "beta")

    again = validate(aicr, place, "--run-id", RUN_ID)
    resumed = aicr("validate", "--resume", RUN_ID)

    assert again.code == Exit.USAGE
    assert f"already, cut short with 1 result; go on with it by --resume {RUN_ID}" in again.err
    assert resumed.code == Exit.OK


def test_a_detached_run_is_refused_as_well_and_leaves_no_log(aicr: Command, place: Place) -> None:
    validate(aicr, place, "--run-id", RUN_ID)

    again = validate(aicr, place, "--run-id", RUN_ID, "--detach")

    assert again.code == Exit.USAGE
    assert f"run {RUN_ID} is in {folder_of(place)} already" in again.err
    assert not (folder_of(place) / "log").exists()


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("no answer", Exit.UNREACHABLE),
        ("no cluster", Exit.OK),
        ("another version", Exit.USAGE),
    ],
)
def test_a_run_that_never_began_is_tried_again_under_its_name(
    aicr: Command, place: Place, how: str, code: Exit
) -> None:
    seen = ("-s", f"{EXAMPLE}/snapshot.yaml")
    recipe = place.folder / "newer.yaml"
    wanted = "constraints: [{name: K8s.server.version, value: '>= 9'}]\n"
    recipe.write_text((place.folder / "recipe.yaml").read_text() + wanted)
    asked = {
        "no answer": ("-k", unreachable(place), *place.inputs),
        "no cluster": ("--no-cluster", *seen, *place.inputs),
        "another version": (*seen, *place.inputs[2:], "-r", str(recipe)),
    }

    first = aicr("validate", *asked[how], "--run-id", RUN_ID)
    has_report = (folder_of(place) / "ctrf.json").is_file()
    second = validate(aicr, place, "--run-id", RUN_ID)

    assert (first.code, has_report) == (code, True), first.err
    assert second.code == Exit.OK, second.err


def test_a_run_does_not_go_on_where_nothing_runs(aicr: Command, place: Place) -> None:
    validate(aicr, place, "--run-id", RUN_ID)
    killed(folder_of(place), "beta")

    said = aicr("validate", "--resume", RUN_ID, "--no-cluster", "-s", f"{EXAMPLE}/snapshot.yaml")

    assert said.code == Exit.USAGE
    assert "--resume: --no-cluster runs nothing; leave one of them out" in said.err
    assert not (folder_of(place) / "ctrf.json").exists()  # a whole one of nothing would end it


def test_a_run_does_not_go_on_in_another_cluster(aicr: Command, place: Place, other: Place) -> None:
    validate(aicr, place, "--run-id", RUN_ID)
    killed(folder_of(place), "beta")
    before = everything_in(folder_of(place))

    said = aicr("validate", "--resume", RUN_ID, "-k", str(other.folder / "kubeconfig"))

    assert said.code == Exit.USAGE, said.err
    assert f"--resume {RUN_ID}: this run began in the cluster replay of a recorded" in said.err
    assert f"({place.server.url}), and this is replay of a recorded cluster" in said.err
    assert f"({other.server.url}); give the --context, --kubeconfig or --replay" in said.err
    assert everything_in(folder_of(place)) == before
    assert not any(item.action.verb == "create" for item in other.cluster.requests)
    assert aicr("validate", "--resume", RUN_ID).code == Exit.OK


def test_a_run_does_not_go_on_with_another_recipe(aicr: Command, place: Place) -> None:
    validate(aicr, place, "--run-id", RUN_ID)
    killed(folder_of(place), "beta")
    given = place.folder / "recipe.yaml"
    same = place.folder / "same.yaml"
    shutil.copy(given, same)
    given.write_text(given.read_text().replace("beta", "gamma"))

    said = aicr("validate", "--resume", RUN_ID, "-r", str(given))

    assert said.code == Exit.USAGE
    kept = folder_of(place) / "inputs/recipe.yaml"
    assert f"{given} is not the recipe that this run was started with; give that one, {kept}" in (
        said.err
    )
    assert aicr("validate", "--resume", RUN_ID, "-r", str(same)).code == Exit.OK


def test_results_of_nobody_knows_which_cluster_are_not_taken_over(
    aicr: Command, place: Place
) -> None:
    validate(aicr, place, "--run-id", RUN_ID)
    killed(folder_of(place), "beta")
    (folder_of(place) / "run.json").unlink()

    said = validate(aicr, place, "--resume", RUN_ID)

    assert said.code == Exit.USAGE
    assert f"{folder_of(place)} does not tell of which cluster and recipe its results" in said.err


def test_a_recorded_cluster_is_known_by_its_folder_from_anywhere(
    aicr: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "state/aicr-orch/runs" / RUN_ID
    monkeypatch.chdir(ROOT)
    flags = ("--phase", "conformance", "--check", "dra-support", "--check", "gpu-operator-health")
    aicr("validate", "--replay", "examples/eks-h100-inference", *flags, "--run-id", RUN_ID)
    killed(folder, "gpu-operator-health")
    monkeypatch.chdir(tmp_path)

    spoilt = aicr("validate", "--resume", RUN_ID, "--replay", DEFECT)
    resumed = aicr("validate", "--resume", RUN_ID)

    assert spoilt.code == Exit.USAGE
    assert f"(recorded in {EXAMPLE}), and this is replay of {DEFECT}" in spoilt.err
    assert resumed.code == Exit.OK, resumed.err
    report = json.loads((folder / "ctrf.json").read_text())
    found = {test["name"]: "resumed" in test["extra"] for test in report["results"]["tests"]}
    assert (found["dra-support"], found["gpu-operator-health"]) == (True, False)
