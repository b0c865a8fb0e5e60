import base64
import gzip
import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helper.kube import Kube
from orchestrator import handover, recipe
from orchestrator.errors import MissingError, UsageError
from orchestrator.exits import Exit
from orchestrator.handover import Wanted
from orchestrator.replay import ReplayCluster
from tests.orchestrator.engine import NAMESPACE, RUN_ID, served
from tests.orchestrator.machine import QUICK, SLOW, Machine, wait_for

RECIPE = recipe.parse(
    "kind: RecipeResult\nvalidation: {conformance: {checks: [alpha]}}\n", "recipe.yaml"
)
OTHER = recipe.parse(
    "kind: RecipeResult\nvalidation: {conformance: {checks: [beta]}}\n", "other.yaml"
)
SNAPSHOT = "kind: Snapshot\nmeasurements: []\n"
LONG_AGO = "2026-01-02T03:04:05Z"


def config_map(kind: str, **content: Any) -> dict[str, Any]:
    """A ConfigMap that the run made long ago."""
    labels = {"app.kubernetes.io/name": "aicr-validator", "aicr.run/run-id": RUN_ID}
    meta = {
        "name": f"aicr-{kind}-{RUN_ID}",
        "namespace": NAMESPACE,
        "labels": labels,
        "creationTimestamp": LONG_AGO,
    }
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, **content}


RECORD = config_map("run", data={"snapshot": "taken through the API at some time"})
MOUNTED = config_map("validation", data={"validation.yaml": RECIPE.text})
SEEN = config_map("snapshot", data={"snapshot.yaml": SNAPSHOT})
PACKED = config_map(
    "snapshot",
    binaryData={"snapshot.yaml.gz": base64.b64encode(gzip.compress(SNAPSHOT.encode())).decode()},
)
BROKEN = config_map("snapshot", binaryData={"snapshot.yaml.gz": "AAAA"})
JOB = {**config_map("job"), "apiVersion": "batch/v1", "kind": "Job", "status": {"active": 1}}


@pytest.fixture
def objects() -> list[dict[str, Any]]:
    return [RECORD, MOUNTED, SEEN]


@pytest.fixture
def kube(objects: list[dict[str, Any]]) -> Iterator[Kube]:
    with served(ReplayCluster(objects=objects)) as kube:
        yield kube


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path)}


def wanted(given: recipe.Recipe = RECIPE, namespace: str = NAMESPACE) -> Wanted:
    return Wanted(RUN_ID, namespace, given, None)


@pytest.mark.parametrize(
    "objects", [[RECORD, MOUNTED, SEEN], [RECORD, MOUNTED, PACKED]], ids=["plain", "packed"]
)
def test_the_snapshot_stays_the_one_that_the_run_began_with(
    kube: Kube, env: dict[str, str]
) -> None:
    found = handover.take(kube, wanted(), env)

    assert found
    assert (found.text, found.origin) == (SNAPSHOT, "taken through the API at some time")


@pytest.mark.parametrize("objects", [[RECORD], [RECORD, BROKEN]], ids=["none", "broken"])
def test_without_a_snapshot_that_can_be_read_another_one_is_taken(
    kube: Kube, env: dict[str, str]
) -> None:
    assert handover.take(kube, wanted(), env) is None


def test_a_run_that_the_namespace_does_not_know_is_not_begun_under_its_name(
    kube: Kube, env: dict[str, str]
) -> None:
    with pytest.raises(MissingError, match="neither this machine nor namespace other has anything"):
        handover.take(kube, wanted(namespace="other"), env)


def test_verdicts_by_another_recipe_are_not_taken_over(kube: Kube, env: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=r"other\.yaml is not the recipe that this run was"):
        handover.take(kube, wanted(OTHER), env)


@pytest.mark.parametrize("objects", [[RECORD, JOB]])
def test_a_run_that_may_be_at_work_elsewhere_is_not_taken_over(
    kube: Kube, env: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match=r"may still go on elsewhere \(Job .* is active\)"):
        handover.take(kube, wanted(), env)


def test_a_killed_run_goes_on_without_its_folder(here: Machine) -> None:
    run_id = here.detached()
    process = here.process(run_id)
    process.tell(signal.SIGKILL)
    wait_for(lambda: not process.is_alive)
    shutil.rmtree(here.folder(run_id))

    bare = here.end("validate", "--resume", run_id)
    said = here.end(*here.slow(), "--resume", run_id, "--skip", SLOW)

    assert bare.returncode == Exit.USAGE
    assert "give again what it was started with, --recipe at least" in bare.stderr
    assert said.returncode == Exit.OK, said.stderr
    report = json.loads((here.folder(run_id) / "ctrf.json").read_text())
    tests = {test["name"]: test for test in report["results"]["tests"]}
    assert tests[QUICK]["extra"]["resumed"] is True
    assert report["results"]["environment"]["extra"]["snapshot"].startswith("taken through the API")
