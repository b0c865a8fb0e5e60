from typing import Any

import pytest

from helper.models import ValidationInput
from orchestrator import manifests
from orchestrator.plan import Placement
from tests.orchestrator.samples import (
    Json,
    component,
    context,
    entry,
    full_check,
    full_context,
    plan,
    planned,
)


def test_the_operators_placement_is_for_workloads_never_for_the_check_itself() -> None:
    spec = manifests.job(full_context(), full_check())["spec"]["template"]["spec"]

    assert "nodeSelector" not in spec
    assert spec["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists"}]
    assert spec["imagePullSecrets"] == [{"name": "pull"}]


def selector(asked: dict[str, str] | None, of_recipe: dict[str, str]) -> str:
    """What a check is told of the nodes for its workloads."""
    phase = {"checks": ["alpha"], "nodeSelection": {"selector": of_recipe}}
    given = ValidationInput.model_validate({"config": {"conformance": phase}})
    check = plan(entry(), given=given).checks[0]
    found = manifests.environment(context(placement=Placement(node_selector=asked)), check)
    return "".join(item["value"] for item in found if item["name"] == "AICR_NODE_SELECTOR")


@pytest.mark.parametrize(
    ("asked", "of_recipe", "told"),
    [
        pytest.param(None, {}, "", id="nobody"),
        pytest.param(None, {"pool": "gpu"}, "pool=gpu", id="recipe"),
        pytest.param({"pool": "test"}, {"pool": "gpu"}, "pool=test", id="operator"),
    ],
)
def test_nodes_for_workloads_are_the_recipes_unless_the_operator_names_others(
    asked: dict[str, str] | None, of_recipe: dict[str, str], told: str
) -> None:
    assert selector(asked, of_recipe) == told


ROLE = "node-role.kubernetes.io/control-plane"


@pytest.mark.parametrize(
    ("keys", "tolerated"),
    [
        pytest.param([], [], id="no-taints"),
        pytest.param(["nvidia.com/gpu", "a"], ["a", "nvidia.com/gpu"], id="what-nodes-carry"),
        pytest.param(["a", "a"], ["a"], id="once"),
        pytest.param(["node.kubernetes.io/not-ready"], [], id="not-ready"),
        pytest.param(["node.kubernetes.io/unschedulable"], [], id="cordoned"),
        pytest.param(["node.cloudprovider.kubernetes.io/uninitialized"], [], id="uninitialized"),
        pytest.param(["kwok.x-k8s.io/node"], [], id="fake"),
        pytest.param([ROLE], [ROLE], id="control-plane"),
        pytest.param([""], [], id="never-all"),
    ],
)
def test_tolerates_the_taints_of_this_cluster_but_not_those_that_say_not_now(
    keys: list[str], tolerated: list[str]
) -> None:
    found = manifests.tolerations(keys)

    assert [item["key"] for item in found] == tolerated
    assert all(item["operator"] == "Exists" and item["key"] for item in found)


GPU_LAST = {
    "preferredDuringSchedulingIgnoredDuringExecution": [
        {
            "weight": 100,
            "preference": {
                "matchExpressions": [{"key": "nvidia.com/gpu.present", "operator": "DoesNotExist"}]
            },
        }
    ]
}
HARD = "requiredDuringSchedulingIgnoredDuringExecution"
SOFT = "preferredDuringSchedulingIgnoredDuringExecution"


def near(*dependencies: Json) -> Json:
    given = ValidationInput.model_validate(
        {
            "componentRefs": [
                component("prom", namespace="monitoring"),
                component("gone", namespace=""),
            ]
        }
    )
    return manifests.affinity(planned(given, dependencyAffinity=list(dependencies)).near)


def dependency(name: str = "prom", **changes: Any) -> Json:
    return {"componentRef": name, "podLabelSelector": {"app": name}, **changes}


def term(topology: str = "kubernetes.io/hostname", **labels: str) -> Json:
    return {
        "labelSelector": {"matchLabels": labels or {"app": "prom"}},
        "namespaces": ["monitoring"],
        "topologyKey": topology,
    }


@pytest.mark.parametrize(
    ("dependencies", "pod_affinity"),
    [
        pytest.param([], None, id="none"),
        pytest.param(
            [dependency()], {SOFT: [{"weight": 100, "podAffinityTerm": term()}]}, id="preferred"
        ),
        pytest.param([dependency(requirement="required")], {HARD: [term()]}, id="required"),
        pytest.param([dependency("gone")], None, id="unresolved-preference"),
        pytest.param(
            [dependency(topologyKey="zone", requirement="required")],
            {HARD: [term("zone")]},
            id="topology",
        ),
        pytest.param(
            [dependency(podLabelSelector={"a": "1", "b": "2"}, requirement="required")],
            {HARD: [term(a="1", b="2")]},
            id="several-labels",
        ),
        pytest.param(
            [dependency(requirement="required"), dependency(), dependency(topologyKey="zone")],
            {
                HARD: [term()],
                SOFT: [
                    {"weight": 100, "podAffinityTerm": term()},
                    {"weight": 100, "podAffinityTerm": term("zone")},
                ],
            },
            id="several",
        ),
    ],
)
def test_prefers_nodes_without_gpus_and_nodes_near_a_dependency(
    dependencies: list[Json], pod_affinity: Json | None
) -> None:
    expected = {"nodeAffinity": GPU_LAST}
    assert near(*dependencies) == (
        {**expected, "podAffinity": pod_affinity} if pod_affinity else expected
    )
