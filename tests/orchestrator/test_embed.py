import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper.kube import Kube
from orchestrator import recipe
from orchestrator.catalog import Catalog
from orchestrator.embed import Validation, ValidationSettings
from orchestrator.errors import PermissionsError
from orchestrator.events import CheckFinished, CheckStarted
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.run import RunSettings
from tests.orchestrator.engine import entry, everything, node, script, served
from tests.source import ROOT

CATALOG = Catalog.model_validate({"validators": [entry("alpha"), entry("beta")]})
RECIPE = recipe.parse(
    "kind: RecipeResult\nvalidation: {conformance: {checks: [alpha, beta]}}\n", "recipe.yaml"
)


@pytest.fixture
def cluster() -> ReplayCluster:
    return ReplayCluster(objects=[node()], outcomes=[script("alpha"), script("beta")])


@pytest.fixture
def kube(cluster: ReplayCluster) -> Iterator[Kube]:
    with served(cluster) as kube:
        yield kube


def names_of(cluster: ReplayCluster, run_id: str) -> list[str]:
    labelled = ((obj, obj["metadata"].get("labels") or {}) for obj in everything(cluster))
    return [
        obj["metadata"]["name"]
        for obj, labels in labelled
        if labels.get("aicr.run/run-id") == run_id
    ]


def test_a_program_follows_a_run_and_reads_its_result(
    kube: Kube, capfd: pytest.CaptureFixture[str]
) -> None:
    with Validation(CATALOG, RECIPE, kube) as validation:
        validation.deploy()
        finished = [e.outcome.check for e in validation.events() if isinstance(e, CheckFinished)]
        validation.wait()

        assert sorted(finished) == ["alpha", "beta"]
        assert validation.result().exit is Exit.OK
    assert capfd.readouterr() == ("", "")


def test_two_validations_in_one_process_do_not_disturb_each_other(
    kube: Kube, cluster: ReplayCluster
) -> None:
    with Validation(CATALOG, RECIPE, kube) as one, Validation(CATALOG, RECIPE, kube) as two:
        one.deploy()
        two.deploy()
        one.wait()
        two.wait()

        assert (one.result().exit, two.result().exit) == (Exit.OK, Exit.OK)
        assert one.run_id != two.run_id
        assert names_of(cluster, one.run_id) + names_of(cluster, two.run_id) == []


def test_a_cancelled_validation_ends_in_order() -> None:
    endless = ReplayCluster(
        objects=[node()], outcomes=[script("alpha", exitCode=None), script("beta", exitCode=None)]
    )
    with served(endless) as kube, Validation(CATALOG, RECIPE, kube) as validation:
        validation.deploy()
        for event in validation.events():
            if isinstance(event, CheckStarted):
                validation.cancel("enough")
        validation.wait()

        result = validation.result()
        assert result.exit is Exit.INTERRUPTED
        assert {o.status for o in result.phases[1].outcomes} <= {Status.OTHER, Status.SKIPPED}
        assert names_of(endless, validation.run_id) == []


def test_there_is_no_result_before_the_end(kube: Kube) -> None:
    validation = Validation(CATALOG, RECIPE, kube)

    with pytest.raises(RuntimeError, match="not over"):
        validation.result()


def test_missing_rights_are_raised_before_anything_is_created(
    kube: Kube, cluster: ReplayCluster
) -> None:
    validation = Validation(CATALOG, RECIPE, kube)
    cluster.faults.append(Fault(verb="get", resource="namespaces", status=403))
    cluster.faults.append(Fault(verb="create", resource="selfsubjectaccessreviews", status=403))

    with pytest.raises(PermissionsError):
        validation.deploy()

    assert names_of(cluster, validation.run_id) == []


def test_what_was_kept_can_be_cleaned_up_later(kube: Kube, cluster: ReplayCluster) -> None:
    settings = ValidationSettings(run=RunSettings(keep=True))
    with Validation(CATALOG, RECIPE, kube, settings) as validation:
        validation.deploy()
        validation.wait()
        assert names_of(cluster, validation.run_id)

        assert validation.cleanup() == []
        assert names_of(cluster, validation.run_id) == []


def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples/embed.py")],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "platform-health passed" in done.stdout
