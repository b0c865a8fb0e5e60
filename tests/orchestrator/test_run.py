import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from pydantic import TypeAdapter

from helper.credentials import Credentials
from helper.kube import Kube, connect
from orchestrator import plan, recipe
from orchestrator.catalog import Catalog, built_in
from orchestrator.errors import PermissionsError, ReadinessError
from orchestrator.events import (
    CheckFinished,
    CheckStarted,
    ClusterSettled,
    ClusterSettling,
    Event,
    Notice,
)
from orchestrator.exits import Exit
from orchestrator.gate import Gate
from orchestrator.outcome import Status
from orchestrator.processes import Processes
from orchestrator.replay import Fault, ReplayCluster
from orchestrator.run import Run
from orchestrator.settings import Keep, RunSettings
from tests.fakes import objects
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.engine import entry, everything, node, script, served
from tests.source import ROOT

EXAMPLE = ROOT / "examples/eks-h100-inference"
CATALOG = Catalog.model_validate({"validators": [entry("alpha"), entry("beta")]})
RECIPE_TEXT = "kind: RecipeResult\nvalidation: {conformance: {checks: [alpha, beta]}}\n"
RECIPE = recipe.parse(RECIPE_TEXT, "recipe.yaml")


def a_run(kube: Kube, settings: RunSettings | None = None) -> Run:
    return Run(plan.build(CATALOG, RECIPE.input), RECIPE, kube, settings)


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
    with a_run(kube) as run:
        run.deploy()
        finished = [e.outcome.check for e in run.events() if isinstance(e, CheckFinished)]
        run.wait()

        assert sorted(finished) == ["alpha", "beta"]
        assert run.result().exit is Exit.OK
    assert capfd.readouterr() == ("", "")


def test_two_runs_in_one_process_do_not_disturb_each_other(
    kube: Kube, cluster: ReplayCluster
) -> None:
    with a_run(kube) as one, a_run(kube) as two:
        one.deploy()
        two.deploy()
        one.wait()
        two.wait()

        assert (one.result().exit, two.result().exit) == (Exit.OK, Exit.OK)
        assert one.run_id != two.run_id
        assert names_of(cluster, one.run_id) + names_of(cluster, two.run_id) == []


def test_a_cancelled_run_ends_in_order() -> None:
    endless = ReplayCluster(
        objects=[node()], outcomes=[script("alpha", exitCode=None), script("beta", exitCode=None)]
    )
    with served(endless) as kube, a_run(kube) as run:
        run.deploy()
        for event in run.events():
            if isinstance(event, CheckStarted):
                run.cancel("enough")
        run.wait()

        result = run.result()
        assert result.exit is Exit.INTERRUPTED
        assert {o.status for o in result.phases[1].outcomes} <= {Status.OTHER, Status.SKIPPED}
        assert names_of(endless, run.run_id) == []


def test_there_is_no_result_before_the_end(kube: Kube) -> None:
    run = a_run(kube)

    with pytest.raises(RuntimeError, match="not over"):
        run.result()


def test_missing_rights_are_raised_before_anything_is_created(
    kube: Kube, cluster: ReplayCluster
) -> None:
    run = a_run(kube)
    cluster.faults.append(Fault(verb="get", resource="namespaces", status=403))
    cluster.faults.append(Fault(verb="create", resource="selfsubjectaccessreviews", status=403))

    with pytest.raises(PermissionsError):
        run.deploy()

    assert names_of(cluster, run.run_id) == []


WAITED_FOR = """\
kind: RecipeResult
componentRefs: [{name: mine, namespace: home, expectedResources: [{kind: Deployment, name: d}]}]
validation: {conformance: {checks: [alpha, beta]}}
"""


def a_waiting_run(kube: Kube, wait_s: float = 600.0, timeout_s: float | None = None) -> Run:
    found = recipe.parse(WAITED_FOR, "recipe.yaml")
    settings = RunSettings(wait_ready_s=wait_s, timeout_s=timeout_s)
    return Run(plan.build(CATALOG, found.input), found, kube, settings)


def test_a_cluster_is_waited_for_before_its_snapshot_is_taken(
    kube: Kube, cluster: ReplayCluster
) -> None:
    heard: list[Event] = []

    def deploy_what_is_missing(event: Event) -> None:
        heard.append(event)
        if isinstance(event, ClusterSettling):
            cluster.add(objects.deployment("d", "home"))
            cluster.add(node("joined-meanwhile"))

    with a_waiting_run(kube) as run:
        run.deploy(told=deploy_what_is_missing)
        run.wait()

        assert run.result().exit is Exit.OK
    assert [type(event) for event in heard] == [ClusterSettling, ClusterSettled]
    assert run.convergence
    assert run.convergence.converged
    assert run.snapshot
    assert "joined-meanwhile" in run.snapshot.text


def test_a_run_goes_on_when_its_wait_is_over_and_says_what_had_not_settled(kube: Kube) -> None:
    with a_waiting_run(kube, 0.1) as run:
        run.deploy()
        events = list(run.events())

        assert run.result().exit is Exit.OK
    settled = [event for event in events if isinstance(event, ClusterSettled)]
    assert [item.convergence.stuck for item in settled] == [["Deployment home/d: not there"]]


def test_a_cancelled_wait_ends_the_run_before_anything_is_created(
    kube: Kube, cluster: ReplayCluster
) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, ClusterSettling):
            run.cancel("enough")

    with a_waiting_run(kube) as run:
        run.deploy(told=interrupt)
        run.wait()

        assert run.result().exit is Exit.INTERRUPTED
    assert run.snapshot is None
    assert not [r for r in cluster.requests if r.method == "POST" and r.path.endswith("/jobs")]


def test_the_wait_is_part_of_the_time_of_the_run(kube: Kube) -> None:
    with a_waiting_run(kube, timeout_s=0.1) as run:
        run.deploy()
        run.wait()

        assert run.result().exit is Exit.TIMEOUT
    assert {o.message for o in run.result().phases[1].outcomes} == {"not run: the run's time is up"}


def test_who_may_not_look_is_told_before_the_wait(kube: Kube, cluster: ReplayCluster) -> None:
    run = a_waiting_run(kube)
    cluster.faults.append(Fault(verb="create", resource="selfsubjectaccessreviews", status=403))

    with pytest.raises(PermissionsError, match="rights are missing"):
        run.deploy()

    assert run.convergence is None


def test_what_was_kept_can_be_cleaned_up_later(kube: Kube, cluster: ReplayCluster) -> None:
    with a_run(kube, RunSettings(keep=Keep.ALWAYS)) as run:
        run.deploy()
        run.wait()
        assert names_of(cluster, run.run_id)

        assert run.cleanup() == []
        assert names_of(cluster, run.run_id) == []


def test_a_cluster_that_does_not_fit_is_refused_before_anything_is_created(
    kube: Kube, cluster: ReplayCluster
) -> None:
    constraint = "constraints: [{name: K8s.server.version, value: '>= 1.99'}]\n"
    demanding = recipe.parse(RECIPE_TEXT + constraint, "recipe.yaml")
    run = Run(plan.build(CATALOG, demanding.input), demanding, kube)

    with pytest.raises(ReadinessError, match=r"want >= 1\.99"):
        run.deploy()

    assert all(isinstance(event, Notice) for event in run.events())  # and they end
    assert [finding.constraint.name for finding in run.findings] == ["K8s.server.version"]
    assert names_of(cluster, run.run_id) == []


def test_what_the_document_shows_runs(tmp_path: Path) -> None:
    text = (ROOT / "docs/embedding.md").read_text()
    shown = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shutil.copy(EXAMPLE / "recipe.yaml", tmp_path)
    with ReplayCluster.load(EXAMPLE).serve() as server:
        env = {
            "PYTHONPATH": str(ROOT),
            "KUBECONFIG": str(server.write_kubeconfig(tmp_path / "kubeconfig")),
        }
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(shown)],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    assert (done.returncode, done.stderr) == (0, "")
    assert "dra-support passed" in done.stdout


SETTINGS = re.findall(r"RunSettings\(.+?\)", (ROOT / "docs/embedding.md").read_text())


@pytest.mark.parametrize("shown", SETTINGS)
def test_settings_that_the_document_shows_are_of_their_type(shown: str) -> None:
    text = (ROOT / "docs/embedding.md").read_text()
    names: dict[str, Any] = {"Gate": Gate}
    for line in re.findall(r"`(from orchestrator.+? import .+?)`", text):
        exec(line, names)  # noqa: S102 - as its reader would
    made = vars(eval(shown, names))  # noqa: S307

    for name, kind in get_type_hints(RunSettings).items():
        TypeAdapter(kind).validate_python(made[name], strict=True)


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


def test_checks_run_as_processes_for_a_caller_who_may_create_nothing(tmp_path: Path) -> None:
    text = "kind: RecipeResult\nvalidation: {conformance: {checks: [platform-health]}}\n"
    wanted = recipe.parse(text, "recipe.yaml")
    reads = {"apiGroups": [""], "resources": ["nodes", "namespaces"], "verbs": ["get", "list"]}
    cluster = ReplayCluster(objects=[node(), *cluster_role([reads])])
    path = tmp_path / "kubeconfig"
    with cluster.serve() as server:
        server.write_kubeconfig(path, user="caller")
        kube = connect(Credentials(str(path)), {}, patience_s=2.0)
        planned = plan.build(built_in(), wanted.input)
        with Run(planned, wanted, kube, executor=Processes()) as run:
            run.deploy()
            run.wait()
        outcome = run.result().phases[1].outcomes[0]
        assert run.cleanup() == ()
        kube.close()

    assert (outcome.check, outcome.status) == ("platform-health", Status.SKIPPED)
    assert {item.method for item in cluster.requests if "reviews" not in item.path} == {"GET"}
