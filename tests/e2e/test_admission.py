"""Pods that a cluster's own admission refuses: told in its words, and nothing is left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from helper.deadline import Deadline
from helper.errors import KubeError
from helper.kinds import PODS, Resource
from helper.kube import Kube
from orchestrator.outcome import Status
from tests.e2e.real_cluster import APPEARS_S
from tests.e2e.real_run import RealRun, entry
from tests.e2e.rows import Row, require

GROUP = "admissionregistration.k8s.io"
POLICIES = Resource(GROUP, "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", False)
BINDINGS = Resource(
    GROUP, "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", False
)
WEBHOOKS = Resource(
    GROUP, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", False
)
NEW_PODS = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"]}]
NOBODY = "https://127.0.0.1:1/"  # refuses connections


@contextmanager
def made(kube: Kube, resource: Resource, name: str, body: dict[str, Any]) -> Iterator[None]:
    """Have an object of the whole cluster."""
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
    kube.create(resource, {**head, **body})
    try:
        yield
    finally:
        kube.delete(resource, name)


def only(namespace: str) -> dict[str, Any]:
    """A selector of one namespace."""
    return {"matchLabels": {"kubernetes.io/metadata.name": namespace}}


def wait_until_refused(kube: Kube, namespace: str, words: str) -> None:
    """Wait until a pod in the namespace is refused with these words."""
    container = {"name": "none", "image": "none"}
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "none"}}
    pod = {**body, "spec": {"containers": [container]}}

    def refused() -> bool | None:
        try:
            kube.create(PODS, pod, namespace, dry_run=True)
        except KubeError as error:
            return words in str(error)
        return None

    Deadline.after(APPEARS_S).poll(f"a refusal: {words}", refused, 0.1)


def test_a_pod_that_a_policy_refuses_is_told_with_its_words(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    rules = [{**rule, "resources": ["pods"]} for rule in NEW_PODS]
    policy = {
        "matchConstraints": {"resourceRules": rules},
        "validations": [{"expression": "false", "message": "no pods on Fridays"}],
    }
    binding = {
        "policyName": namespace,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": only(namespace)},
    }
    with (
        made(real_kube, POLICIES, namespace, {"spec": policy}),
        made(real_kube, BINDINGS, namespace, {"spec": binding}),
    ):
        wait_until_refused(real_kube, namespace, "no pods on Fridays")
        check = entry("policy-refuses", acting, "leave", "0")
        finished = RealRun(real_kube, namespace, [check]).execute()

    words = f"ValidatingAdmissionPolicy '{namespace}'"
    require(finished, Row("policy-refuses", Status.OTHER, "FailedCreate", words))
    assert "no pods on Fridays" in finished.outcome("policy-refuses").message
    assert finished.left == []


@pytest.mark.parametrize("kind", ["pods", "jobs"])
def test_what_a_webhook_that_is_gone_must_admit_is_told_with_the_webhook(
    real_kube: Kube, namespace: str, acting: str, kind: str
) -> None:
    group = "" if kind == "pods" else "batch"
    webhook = {
        "name": "gone.e2e.aicr.run",
        "clientConfig": {"url": NOBODY},
        "rules": [{**rule, "apiGroups": [group], "resources": [kind]} for rule in NEW_PODS],
        "namespaceSelector": only(namespace),
        "failurePolicy": "Fail",
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    with made(real_kube, WEBHOOKS, namespace, {"webhooks": [webhook]}):
        if kind == "pods":
            wait_until_refused(real_kube, namespace, "gone.e2e.aicr.run")
        check = entry("webhook-is-gone", acting, "leave", "0")
        finished = RealRun(real_kube, namespace, [check]).execute()

    raw = "FailedCreate" if kind == "pods" else "DeployError"
    words = 'failed calling webhook "gone.e2e.aicr.run"'
    require(finished, Row("webhook-is-gone", Status.OTHER, raw, words))
    assert "connection refused" in finished.outcome("webhook-is-gone").message
    assert finished.left == []
