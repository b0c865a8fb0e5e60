from typing import Any

import pytest

from images.conformance._dra_driver import controllers, has_compute_domains, kubelet_plugins
from tests.fakes import clusters
from tests.fakes import objects as kube

Json = dict[str, Any]

NAMESPACE = "nvidia-dra-driver"
PLUGIN = clusters.dra_plugin()
CONTROLLER = clusters.dra_controller()
BARE = kube.daemon_set("x", NAMESPACE, labels={"app.kubernetes.io/name": "nvidia-dra-driver-gpu"})
DOMAIN_DAEMON = kube.put(
    kube.daemon_set("computedomain-daemon-1", NAMESPACE),
    "spec.template.spec.containers",
    [{"name": "compute-domain-daemon"}],
)
WEBHOOK = kube.put(
    kube.deployment(
        "webhook", NAMESPACE, labels={"app.kubernetes.io/name": "nvidia-dra-driver-gpu"}
    ),
    "spec.selector.matchLabels",
    {"nvidia-dra-driver-gpu-component": "webhook"},
)


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(PLUGIN, True, id="chart"),
        pytest.param(kube.put(PLUGIN, "metadata.labels", None), True, id="without-labels"),
        pytest.param(BARE, True, id="by-chart-label-only"),
        pytest.param(DOMAIN_DAEMON, False, id="daemon-of-a-compute-domain"),
        pytest.param(kube.daemon_set("nfd-worker", NAMESPACE), False, id="foreign"),
    ],
)
def test_recognises_the_kubelet_plugin(obj: Json, expected: bool) -> None:
    assert (kubelet_plugins([obj]) == [obj]) is expected


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(CONTROLLER, True, id="chart"),
        pytest.param(kube.put(CONTROLLER, "metadata.labels", None), True, id="without-labels"),
        pytest.param(WEBHOOK, False, id="webhook"),
        pytest.param(kube.deployment("other", NAMESPACE), False, id="foreign"),
    ],
)
def test_recognises_the_controller(obj: Json, expected: bool) -> None:
    assert (controllers([obj]) == [obj]) is expected


def test_only_a_driver_with_compute_domains_has_a_controller() -> None:
    gpus_only = kube.put(PLUGIN, "spec.template.spec.containers", [{"name": "gpus"}])

    assert has_compute_domains(PLUGIN)
    assert not has_compute_domains(gpus_only)
    assert not has_compute_domains({})
