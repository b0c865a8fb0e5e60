from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode
from helper.contract import ExitCode
from helper.errors import CannotTell
from helper.models import ComponentRef
from images.conformance.platform_health import expected_objects, platform_health
from orchestrator.replay import Fault, ReplayCluster
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

NAMESPACE = "gpu-operator"
CLUSTER = clusters.gpu_operator()
DEPLOYMENT = {"kind": "Deployment", "name": "gpu-operator"}
DAEMON_SET = {"kind": "DaemonSet", "name": "nvidia-dcgm-exporter", "namespace": NAMESPACE}
RECIPE = clusters.recipe(
    clusters.component("gpu-operator", expectedResources=[DEPLOYMENT, DAEMON_SET])
)
OPERATOR = clusters.find(CLUSTER, "Deployment", "gpu-operator")
EXPORTER = clusters.find(CLUSTER, "DaemonSet", "nvidia-dcgm-exporter")


def expecting(*resources: Json) -> Json:
    return clusters.recipe(clusters.component("gpu-operator", expectedResources=list(resources)))


def test_passes_when_everything_expected_is_healthy(run_check: RunCheck) -> None:
    run = run_check("images.conformance", "platform-health", cluster=CLUSTER, recipe=RECIPE)

    assert (run.code, run.message) == (ExitCode.PASS, "")
    assert run.facts["coverage"] == {
        "seen": 4,  # a namespace, a Deployment, and a DaemonSet of two nodes
        "total": 4,
        "unit": "objects and DaemonSet pods",
        "leftOut": [],
    }
    assert "RESULT: 3 of 3 objects healthy; 1 DaemonSet counts by pod: 2 + 2\n" in run.stdout


def test_without_daemon_sets_there_is_but_one_number(run_check: RunCheck) -> None:
    recipe = expecting({"kind": "Deployment", "namespace": "gpu-operator", "name": "gpu-operator"})

    run = run_check("images.conformance", "platform-health", cluster=CLUSTER, recipe=recipe)

    assert run.facts["coverage"]["total"] == 2
    assert "RESULT: 2 of 2 objects healthy\n" in run.stdout


def test_fails_with_all_that_it_saw_as_evidence(run_check: RunCheck) -> None:
    cluster = clusters.without(CLUSTER, "DaemonSet", "nvidia-dcgm-exporter")
    cluster = clusters.replace(cluster, kube.put(OPERATOR, "status.availableReplicas", 0))

    run = run_check("images.conformance", "platform-health", cluster=cluster, recipe=RECIPE)

    assert run.code == ExitCode.FAIL
    assert run.message.startswith("2 problems among 3 objects; the first: Deployment gpu-operator/")
    assert "- DaemonSet gpu-operator/nvidia-dcgm-exporter (component gpu-operator) not found" in (
        run.message
    )
    assert "phase Active" in run.stdout


@pytest.mark.parametrize(
    ("recipe", "code"),
    [
        pytest.param(None, SkipCode.PRECONDITION, id="no-recipe"),
        pytest.param(
            clusters.recipe(clusters.component("gpu-operator", enabled=False)),
            SkipCode.NOT_APPLICABLE,
            id="all-disabled",
        ),
        pytest.param(
            clusters.recipe({"name": "crds-only"}), SkipCode.NOT_APPLICABLE, id="nothing-named"
        ),
    ],
)
def test_skips_when_nothing_says_what_should_be_there(
    judge: Judge, recipe: Json | None, code: SkipCode
) -> None:
    outcome = judge(platform_health, CLUSTER, recipe)

    assert isinstance(outcome.error, Skip)
    assert outcome.error.code == code


@pytest.mark.parametrize(
    ("recipe", "cluster", "message"),
    [
        pytest.param(
            RECIPE,
            [],
            "3 problems among 3 objects; the first: Namespace gpu-operator (component "
            "gpu-operator) not found",
            id="no-namespace",
        ),
        pytest.param(
            clusters.recipe(clusters.component("kai-scheduler")),
            [kube.namespace("kai-scheduler", "Terminating")],
            "Namespace kai-scheduler (component kai-scheduler): phase Terminating",
            id="namespace-ending",
        ),
        pytest.param(
            expecting(DEPLOYMENT),
            clusters.replace(CLUSTER, kube.put(OPERATOR, "metadata.generation", 7)),
            "Deployment gpu-operator/gpu-operator (component gpu-operator): status is of",
            id="controller-behind",
        ),
        pytest.param(
            expecting(DAEMON_SET),
            clusters.replace(CLUSTER, kube.missing_pods(EXPORTER)),
            "DaemonSet gpu-operator/nvidia-dcgm-exporter (component gpu-operator): 1 of 2",
            id="pod-missing",
        ),
        pytest.param(
            expecting(DAEMON_SET),
            clusters.replace(CLUSTER, kube.put(EXPORTER, "metadata.deletionTimestamp", kube.TIME)),
            "DaemonSet gpu-operator/nvidia-dcgm-exporter (component gpu-operator): being deleted "
            f"since {kube.TIME} (want it healthy)",
            id="daemon-set-ending",
        ),
        pytest.param(
            expecting({"kind": "Deployment", "name": "gone", "namespace": "elsewhere"}),
            CLUSTER,
            "2 problems among 3 objects; the first: Namespace elsewhere",
            id="foreign-namespace-missing",
        ),
        pytest.param(
            expecting({"kind": "Secret", "name": "token"}),
            CLUSTER,
            "Secret gpu-operator/token (component gpu-operator) not found",
            id="secret-missing",
        ),
        pytest.param(
            expecting({"kind": "CustomResourceDefinition", "name": "jobsets.jobset.x-k8s.io"}),
            CLUSTER,
            "CustomResourceDefinition jobsets.jobset.x-k8s.io (component gpu-operator) not found",
            id="definition-missing",
        ),
    ],
)
def test_fails_with_what_it_saw(
    judge: Judge, recipe: Json, cluster: list[Json], message: str
) -> None:
    outcome = judge(platform_health, cluster, recipe)

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith(message)


def test_a_dead_node_is_listed_and_fails_no_daemon_set(judge: Judge) -> None:
    dead = kube.not_ready(kube.gpu_node("gpu-2"))
    cluster = clusters.replace(CLUSTER, dead, kube.missing_pods(EXPORTER))

    outcome = judge(platform_health, cluster, RECIPE)

    assert outcome.error is None
    assert (
        "not covered: gpu-2: NotReady: NodeStatusUnknown; DaemonSets not judged there: 1"
        in outcome.evidence
    )
    assert "looked at 3 of 4 objects and DaemonSet pods" in outcome.evidence
    assert "RESULT: 3 of 3 objects healthy" in outcome.evidence


def test_one_dead_node_of_500_is_one_in_500_however_many_daemon_sets_there_are(
    run_check: RunCheck,
) -> None:
    sets = [
        kube.missing_pods(kube.daemon_set(f"agent-{index}", NAMESPACE, 500)) for index in range(20)
    ]
    nodes = [kube.node(f"node-{index}") for index in range(499)]
    dead = kube.not_ready(kube.node("node-499"))
    expected = [{"kind": "DaemonSet", "name": item["metadata"]["name"]} for item in sets]

    run = run_check(
        "images.conformance",
        "platform-health",
        cluster=[kube.namespace(NAMESPACE), *sets, *nodes, dead],
        recipe=expecting(*expected),
    )

    coverage = run.facts["coverage"]
    assert run.code == ExitCode.PASS
    assert coverage["leftOut"] == ["node-499"]
    assert coverage["seen"] / coverage["total"] > 0.99
    assert (coverage["seen"], coverage["total"]) == (1 + 20 * 499, 1 + 20 * 500)


def test_a_daemon_set_without_nodes_is_not_covered(judge: Judge) -> None:
    idle = kube.daemon_set("nvidia-dcgm-exporter", NAMESPACE, 0)

    outcome = judge(platform_health, clusters.replace(CLUSTER, idle), RECIPE)

    assert outcome.error is None
    assert "DaemonSet gpu-operator/nvidia-dcgm-exporter: 0 pods wanted" in outcome.evidence
    assert "looked at 2 of 3 objects" in outcome.evidence


def test_nodes_are_read_only_when_pods_are_missing(judge: Judge) -> None:
    outcome = judge(platform_health, CLUSTER, RECIPE)

    assert "/api/v1/nodes" not in outcome.requests
    assert len(outcome.requests) == 3


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        *[
            (resource, status)
            for resource in ("namespaces", "deployments", "daemonsets", "nodes")
            for status in (403, 500)
        ],
        ("nodes", 404),  # of all others it is a verdict: not found
    ],
)
def test_an_error_answer_is_never_a_verdict(judge: Judge, resource: str, status: int) -> None:
    cluster = clusters.replace(CLUSTER, kube.missing_pods(EXPORTER))
    cluster = clusters.replace(cluster, kube.cordoned(kube.gpu_node("gpu-2")))

    outcome = judge(
        platform_health, cluster, RECIPE, faults=[Fault(resource=resource, status=status)]
    )

    assert isinstance(outcome.error, CannotTell)
    assert (resource in outcome.message, str(status) in outcome.message) == (True, True)
    assert "not covered: " in outcome.evidence


def test_an_error_answer_hides_no_defect(judge: Judge) -> None:
    cluster = clusters.replace(CLUSTER, kube.put(OPERATOR, "status.availableReplicas", 0))

    outcome = judge(
        platform_health, cluster, RECIPE, faults=[Fault(resource="daemonsets", status=403)]
    )

    assert isinstance(outcome.error, Fail)
    assert "0 of 1 replicas available" in outcome.message
    assert "403 Forbidden" in outcome.message


def test_an_unknown_kind_is_named(judge: Judge) -> None:
    outcome = judge(platform_health, CLUSTER, expecting({"kind": "Widget", "name": "w"}))

    assert isinstance(outcome.error, CannotTell)
    assert "kind Widget is unknown to this version" in outcome.message


def test_names_each_object_once_in_the_recipes_order() -> None:
    refs = [
        clusters.component("a", "shared", expectedResources=[{"kind": "Secret", "name": "s"}]),
        clusters.component("b", "shared", expectedResources=[{"kind": "Namespace", "name": "x"}]),
        clusters.component("c", expectedResources=[{"kind": "Node", "name": "n"}]),
        clusters.component(
            "d",
            "shared",
            expectedResources=[{"kind": "Secret", "name": "s", "namespace": "shared"}],
        ),
    ]

    found = expected_objects(ComponentRef.model_validate(ref) for ref in refs)

    assert [item.title for item in found] == [
        "Namespace shared",
        "Namespace x",
        "Namespace c",
        "Secret shared/s",
        "Node n",
    ]


def test_a_secret_is_looked_at_without_its_data(run_check: RunCheck) -> None:
    planted = "cGxhbnRlZA=="
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "token", "namespace": NAMESPACE},
        "data": {"password": planted},
    }
    cluster = ReplayCluster(objects=[*CLUSTER, secret])

    run = run_check(
        "images.conformance",
        "platform-health",
        cluster=cluster,
        recipe=expecting({"kind": "Secret", "name": "token"}),
    )

    assert run.code == ExitCode.PASS
    assert planted not in run.stdout + run.stderr
