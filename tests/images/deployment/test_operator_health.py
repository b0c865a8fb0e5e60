from typing import Any

import pytest

from helper.check import Fail, Skip, SkipCode
from helper.contract import ExitCode
from helper.errors import CannotTell
from helper.pod_states import parse_pod
from images.deployment.operator_health import find_problems, operator_health
from orchestrator.replay import Fault
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube
from tests.images.conftest import Judge

Json = dict[str, Any]

NAMESPACE = "gpu-operator"
CLUSTER = clusters.gpu_operator()
RECIPE = clusters.recipe(clusters.component("gpu-operator"))
GOOD = clusters.find(CLUSTER, "Pod", "gpu-operator-1")
SECOND = kube.pod("gpu-operator-2", NAMESPACE, "cpu-1", app="gpu-operator")
WITHOUT_PODS = clusters.without(CLUSTER, "Pod", "gpu-operator-1")


def test_passes_when_the_operator_is_ready(run_check: RunCheck) -> None:
    run = run_check("images.deployment", "operator-health", cluster=CLUSTER, recipe=RECIPE)

    assert (run.code, run.message) == (ExitCode.PASS, "")
    assert run.facts["coverage"] == {
        "seen": 1,
        "total": 1,
        "unit": "GPU operator pods",
        "leftOut": [],
    }


def test_fails_with_the_pods_as_evidence(run_check: RunCheck) -> None:
    cluster = clusters.replace(CLUSTER, kube.waiting(GOOD))

    run = run_check("images.deployment", "operator-health", cluster=cluster, recipe=RECIPE)

    assert run.code == ExitCode.FAIL
    assert run.message.startswith(
        "pod gpu-operator-1 is not ready: container main: CrashLoopBackOff"
    )
    assert "Equivalent: kubectl get pods -n gpu-operator -l app=gpu-operator" in run.stdout
    assert "CrashLoopBackOff of main" in run.stdout


def test_skips_as_not_applicable_when_the_recipe_disables_the_operator(run_check: RunCheck) -> None:
    recipe = clusters.recipe(clusters.component("gpu-operator", enabled=False))

    run = run_check("images.deployment", "operator-health", cluster=CLUSTER, recipe=recipe)

    assert run.code == ExitCode.SKIP
    assert run.facts["skip"] == "not-applicable"


def test_skips_as_missing_precondition_without_recipe_and_operator(run_check: RunCheck) -> None:
    run = run_check("images.deployment", "operator-health", cluster=[kube.node("cpu-1")])

    assert run.code == ExitCode.SKIP
    assert run.facts["skip"] == "missing-precondition"
    assert "no namespace gpu-operator" in run.message


def test_looks_at_the_usual_namespace_without_a_recipe(judge: Judge) -> None:
    assert judge(operator_health, CLUSTER).error is None


@pytest.mark.parametrize("name", ["gpu-operator", "gpu-operator-ocp"])
def test_follows_the_recipe_to_the_namespace(judge: Judge, name: str) -> None:
    cluster = clusters.gpu_operator(namespace="privileged-gpu-operator")
    recipe = clusters.recipe(clusters.component(name, "privileged-gpu-operator"))

    assert judge(operator_health, cluster, recipe).error is None


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param([], "namespace gpu-operator not found", id="no-namespace"),
        pytest.param(
            [kube.namespace(NAMESPACE, "Terminating")],
            "namespace gpu-operator: phase Terminating (want phase Active",
            id="namespace-ending",
        ),
        pytest.param(
            [*WITHOUT_PODS, kube.leaving(SECOND)],
            "no GPU operator pod in namespace gpu-operator with label app=gpu-operator; "
            f"gpu-operator-2 is being deleted since {kube.TIME} (want at least one",
            id="only-pod-ending",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.put(kube.namespace(NAMESPACE), "metadata.deletionTimestamp", kube.TIME),
            ),
            f"namespace gpu-operator: phase Terminating, being deleted since {kube.TIME}, held by "
            "kubernetes (want phase Active",
            id="namespace-being-deleted",
        ),
        pytest.param(
            WITHOUT_PODS,
            "no GPU operator pod in namespace gpu-operator with label app=gpu-operator",
            id="no-pods",
        ),
        pytest.param(
            clusters.replace(WITHOUT_PODS, kube.pod("other", NAMESPACE, app="nfd")),
            "no GPU operator pod",
            id="foreign-pods-only",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(GOOD, "status.phase", "Failed")),
            "no GPU operator pod in namespace gpu-operator with label app=gpu-operator; "
            "gpu-operator-1 is Failed (want at least one",
            id="evicted-and-not-replaced",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.unready(GOOD)),
            "pod gpu-operator-1 is not ready: ContainersNotReady",
            id="running-but-not-ready",
        ),
        pytest.param(
            clusters.replace(CLUSTER, kube.waiting(SECOND)),
            "pod gpu-operator-2 is not ready: container main: CrashLoopBackOff",
            id="stuck-rollout",
        ),
        pytest.param(
            clusters.replace(
                CLUSTER,
                kube.not_ready(clusters.find(CLUSTER, "Node", "cpu-1")),
                kube.unready(GOOD),
            ),
            "no GPU operator pod in namespace gpu-operator with label app=gpu-operator is ready",
            id="only-pod-on-a-dead-node",
        ),
        pytest.param(
            clusters.without(CLUSTER, "Node", "cpu-1"),
            "no GPU operator pod in namespace gpu-operator with label app=gpu-operator is ready: "
            "all are on nodes that cannot be judged: cpu-1 (node is gone)",
            id="ready-on-a-node-that-is-gone",
        ),
    ],
)
def test_fails_with_what_it_saw(judge: Judge, cluster: list[Json], message: str) -> None:
    outcome = judge(operator_health, cluster, RECIPE)

    assert isinstance(outcome.error, Fail)
    assert outcome.message.startswith(message)


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(clusters.replace(CLUSTER, kube.leaving(SECOND)), id="old-pod-leaving"),
        pytest.param(
            clusters.replace(CLUSTER, kube.put(SECOND, "status.phase", "Succeeded")), id="completed"
        ),
    ],
)
def test_pods_that_end_do_not_count(judge: Judge, cluster: list[Json]) -> None:
    assert judge(operator_health, cluster, RECIPE).error is None


def test_a_pod_on_a_dead_node_is_listed_and_not_judged(judge: Judge) -> None:
    dead = kube.not_ready(kube.node("cpu-2"))
    lost = kube.unready(kube.put(SECOND, "spec.nodeName", "cpu-2"))

    outcome = judge(operator_health, clusters.replace(CLUSTER, dead, lost), RECIPE)

    assert outcome.error is None
    assert "not covered: gpu-operator-2: on cpu-2: NotReady: NodeStatusUnknown" in outcome.evidence
    assert "looked at 1 of 2 GPU operator pods" in outcome.evidence


def test_a_ready_pod_on_a_cordoned_node_counts(judge: Judge) -> None:
    node = kube.cordoned(clusters.find(CLUSTER, "Node", "cpu-1"))

    outcome = judge(operator_health, clusters.replace(CLUSTER, node), RECIPE)

    assert outcome.error is None
    assert "looked at 1 of 1 GPU operator pods" in outcome.evidence


def test_restarts_of_a_ready_pod_are_reported(judge: Judge) -> None:
    restarted = kube.put(GOOD, "status.containerStatuses.0.restartCount", 9)

    outcome = judge(operator_health, clusters.replace(CLUSTER, restarted), RECIPE)

    assert "RESULT: gpu-operator-1 is ready after 9 restarts" in outcome.evidence


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        *[(resource, 403) for resource in ("namespaces", "pods", "nodes")],
        *[(resource, 500) for resource in ("namespaces", "pods", "nodes")],
        ("pods", 404),
        ("pods", 504),
        ("nodes", 504),
    ],
)
def test_an_error_answer_is_never_a_verdict(judge: Judge, resource: str, status: int) -> None:
    cluster = clusters.replace(CLUSTER, kube.unready(GOOD))

    outcome = judge(
        operator_health, cluster, RECIPE, faults=[Fault(resource=resource, status=status)]
    )

    assert isinstance(outcome.error, CannotTell)
    assert f"{resource} " in outcome.message
    assert str(status) in outcome.message


def test_a_server_that_hangs_up_is_never_a_verdict(judge: Judge) -> None:
    outcome = judge(operator_health, CLUSTER, RECIPE, faults=[Fault(resource="pods", drop=True)])

    assert isinstance(outcome.error, CannotTell)


def test_skip_codes_tell_scope_from_precondition(judge: Judge) -> None:
    out_of_scope = judge(operator_health, CLUSTER, clusters.recipe(clusters.component("nfd")))
    no_recipe = judge(operator_health, [])

    assert isinstance(out_of_scope.error, Skip)
    assert out_of_scope.error.code == SkipCode.NOT_APPLICABLE
    assert isinstance(no_recipe.error, Skip)
    assert no_recipe.error.code == SkipCode.PRECONDITION


def test_several_problems_are_all_named() -> None:
    pods = [parse_pod(kube.waiting(item)) for item in (GOOD, SECOND)]

    problems = find_problems(pods, {}, NAMESPACE)

    assert [str(problem).split(" is ")[0] for problem in problems] == [
        "pod gpu-operator-1",
        "pod gpu-operator-2",
    ]
