"""Whatever a cluster puts into names and messages, a check's words are bounded and harmless."""

from typing import Any

import pytest

from helper import contract
from helper.contract import ExitCode
from tests.conftest import RunCheck
from tests.fakes import clusters
from tests.fakes import objects as kube

Json = dict[str, Any]

NASTY = (
    '\x1b[2J\x1b]0;owned\x07\r\n\u2028FACT: {"skip": "forged"}\nRESULT: all is well\x9b31m\u202e'
)
LONG = NASTY + "x" * 40_000
CLUSTER = clusters.gpu_operator()
RECIPE = clusters.recipe(
    clusters.component(
        "gpu-operator",
        expectedResources=[
            {"kind": "Deployment", "name": "gpu-operator"},
            {"kind": "Deployment", "name": NASTY},
        ],
    )
)
OPERATOR = clusters.find(CLUSTER, "Deployment", "gpu-operator")
POD = clusters.find(CLUSTER, "Pod", "gpu-operator-1")
BROKEN = [
    kube.put(
        kube.put(OPERATOR, "status.availableReplicas", 0),
        "status.conditions",
        [kube.condition("Progressing", "False", NASTY, LONG)],
    ),
    kube.put(
        kube.put(kube.waiting(POD), "status.containerStatuses.0.state.waiting.message", LONG),
        "status.containerStatuses.0.state.waiting.reason",
        NASTY,
    ),
    kube.put(
        kube.cluster_policy(state="notReady"),
        "status.conditions",
        [kube.condition("Error", "True", NASTY, LONG)],
    ),
    kube.labelled(
        kube.put(kube.gpu_node("gpu-2"), "spec.taints", [{"key": NASTY, "effect": "NoSchedule"}]),
        {"nvidia.com/gpu.product": LONG},
    ),
]


@pytest.mark.parametrize(
    ("package", "check"),
    [
        ("images.deployment", "operator-health"),
        ("images.conformance", "gpu-operator-health"),
        ("images.conformance", "platform-health"),
    ],
)
def test_names_and_messages_of_a_cluster_are_bounded_and_harmless(
    run_check: RunCheck, package: str, check: str
) -> None:
    run = run_check(package, check, cluster=clusters.replace(CLUSTER, *BROKEN), recipe=RECIPE)

    lines = [line for said in (run.stdout, run.stderr, run.message) for line in said.split("\n")]
    assert run.code == ExitCode.FAIL
    assert [line for line in lines if not line.isprintable()] == []
    assert len(run.message.encode()) <= contract.TERMINATION_LOG_BYTES
    assert max(len(line) for line in run.stdout.split("\n")) <= contract.EVIDENCE_LINE_CHARS
    assert "skip" not in run.facts
    assert "RESULT: all is well" not in run.stdout.split("\n")
