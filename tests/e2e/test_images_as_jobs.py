"""A check image as the orchestrator runs it: restricted, read-only, with a ServiceAccount."""

from collections.abc import Callable

import pytest

from helper import contract
from helper.contract import ExitCode
from helper.deadline import Deadline, NotYet
from helper.kinds import JOBS, PODS
from helper.kube import Kube
from helper.resource import Json

PHASES = ("deployment", "conformance", "performance")
ENDS_S = 60.0
LOCKED_DOWN = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def job(image: str, check: str) -> Json:
    container = {
        "name": contract.CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": [check],
        "securityContext": LOCKED_DOWN,
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "check"},
        "spec": {"backoffLimit": 0, "template": {"spec": pod}},
    }


def run(kube: Kube, namespace: str, image: str, check: str) -> tuple[Json, str]:
    """Run a check and give the terminated state of its container, and its log."""
    kube.create(JOBS, job(image, check), namespace)
    pod: Json = {}

    def ended() -> Json | None:
        for found in kube.list(PODS, namespace, labels="job-name=check"):
            pod.update(found)
            for status in found.get("status", {}).get("containerStatuses", []):
                if state := status["state"].get("terminated"):
                    return dict(state)
                raise NotYet(str(status["state"]))
        return None

    state = Deadline.after(ENDS_S).poll(f"check {check}", ended, 0.2)
    return state, kube.log(namespace, pod["metadata"]["name"], contract.CONTAINER)


@pytest.mark.parametrize("phase", PHASES)
def test_names_its_checks_when_asked_for_another(
    real_kube: Kube, namespace: str, image_of: Callable[[str], str], phase: str
) -> None:
    state, _ = run(real_kube, namespace, image_of(phase), "no-such-check")

    assert state["exitCode"] == ExitCode.FAIL
    assert state["message"].startswith("unknown check: no-such-check")


def test_skips_with_its_reason_when_no_recipe_is_mounted(
    real_kube: Kube, namespace: str, image_of: Callable[[str], str]
) -> None:
    state, log = run(real_kube, namespace, image_of("conformance"), "platform-health")

    assert state["exitCode"] == ExitCode.SKIP
    assert state["message"].startswith("no recipe is mounted")
    assert 'FACT: {"skip": "missing-precondition"}' in log
