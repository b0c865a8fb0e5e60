"""A recorded cluster that somebody else serves is told from a live one, however it is reached."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from orchestrator.replay import ReplayCluster
from tests.example import FOLDER
from tests.orchestrator.conftest import Command

RECIPE = str(FOLDER / "recipe.yaml")
SNAPSHOT = str(FOLDER / "snapshot.yaml")
BANNER = "made from a recorded cluster, not from a live one"


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Iterator[str]:
    with ReplayCluster.load(FOLDER).serve() as server:
        yield str(server.write_kubeconfig(tmp_path / "kubeconfig"))


def test_a_report_of_it_says_replay_everywhere(
    aicr: Command, kubeconfig: str, tmp_path: Path
) -> None:
    places = {form: tmp_path / f"report.{form}" for form in ("ctrf", "html", "md")}
    outputs = [part for form, path in places.items() for part in ("-o", f"{form}={path}")]
    one = ("--check", "dra-support", "--depth", "fast")

    said = aicr("validate", "-r", RECIPE, "-k", kubeconfig, *one, *outputs)

    assert said.code == Exit.OK
    assert "replay of a recorded cluster, context replay" in said.err.split("\n")[0]
    document = json.loads(places["ctrf"].read_text())
    extra = document["results"]["environment"]["extra"]
    assert extra["cluster"] == "replay"
    assert not {"server", "context"} & extra["identity"].keys()
    assert BANNER in places["md"].read_text().split("\n")[0]
    assert BANNER in places["html"].read_text()

    assert "of a recorded cluster (replay)" in aicr("status", document["runId"]).out
    again = aicr("plan", "--ask-cluster", "-r", RECIPE, "-k", kubeconfig, *one)
    assert "earlier run" in again.out


def test_other_commands_name_it_too(aicr: Command, kubeconfig: str, tmp_path: Path) -> None:
    snapshot = aicr("snapshot", "-k", kubeconfig, "-o", str(tmp_path / "snapshot.yaml"))
    doctor = aicr("doctor", "-k", kubeconfig)

    assert snapshot.err.startswith("replay of a recorded cluster, context replay")
    assert ", a replay of a recorded cluster" in doctor.out


def test_a_run_that_asked_no_cluster_claims_none(aicr: Command, tmp_path: Path) -> None:
    place = tmp_path / "report.json"

    aicr("validate", "-r", RECIPE, "-s", SNAPSHOT, "--no-cluster", "-o", str(place))

    extra = json.loads(place.read_text())["results"]["environment"]["extra"]
    assert "cluster" not in extra
