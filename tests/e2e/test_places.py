"""What namespaces and nodes refuse: told in their words, and nothing is left behind."""

import pytest

from helper.deadline import Deadline
from helper.kinds import CONFIG_MAPS, NAMESPACES, Resource
from helper.kube import Kube
from helper.resource import Json, part
from orchestrator.events import CheckStarted, Event
from orchestrator.manifests import data_name
from orchestrator.outcome import Status
from orchestrator.plan import Placement
from orchestrator.settings import RunSettings
from orchestrator.verdict import PATIENCE_S, PULL_REASONS, Stage
from tests.e2e.fake_node import NEAR_ANCHOR, fake_node, recipe
from tests.e2e.real_run import Finished, RealRun, entry
from tests.e2e.rows import Row, measure, require

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
APPEARS_S = 30.0


def run_one(kube: Kube, namespace: str, image: str) -> Finished:
    """Run a check that would pass."""
    return RealRun(kube, namespace, [entry("passes", image, "leave", "0")]).execute()


def limit(kube: Kube, namespace: str, hard: Json) -> None:
    """Give the namespace a quota, and wait until it counts."""
    body = {"apiVersion": "v1", "kind": QUOTAS.kind, "metadata": {"name": "none"}}
    kube.create(QUOTAS, {**body, "spec": {"hard": hard}}, namespace)

    def counts() -> Json | None:
        return part(kube.get(QUOTAS, "none", namespace), "status", "hard") or None

    Deadline.after(APPEARS_S).poll("the quota to count", counts, 0.1)


def test_a_pod_beyond_the_quota_is_told_with_the_quota(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    limit(real_kube, namespace, {"pods": "0"})

    finished = run_one(real_kube, namespace, acting)

    require(finished, Row("passes", Status.OTHER, "FailedCreate", "exceeded quota: none"))
    assert finished.left == []


def test_a_job_beyond_the_quota_is_told_with_the_quota(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    limit(real_kube, namespace, {"count/jobs.batch": "0"})

    finished = run_one(real_kube, namespace, acting)

    require(finished, Row("passes", Status.OTHER, "DeployError", "exceeded quota: none"))
    assert finished.left == []


def test_the_strictest_pod_security_lets_checks_run(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    real_kube.patch(NAMESPACES, namespace, {"metadata": {"labels": labels}})

    finished = run_one(real_kube, namespace, acting)

    require(finished, Row("passes", Status.PASSED, "", ""))
    assert finished.left == []


def test_a_file_that_cannot_be_mounted_is_named(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    settings = RunSettings(patience_s={**PATIENCE_S, Stage.STARTING: 15.0})
    run = RealRun(real_kube, namespace, [entry("passes", acting, "leave", "0")], settings)
    mounted = data_name("snapshot", run.run_id)

    def during(event: Event) -> None:
        if isinstance(event, CheckStarted):
            real_kube.delete(CONFIG_MAPS, mounted, namespace)

    finished = run.execute(during)

    words = 'event FailedMount: MountVolume.SetUp failed for volume "snapshot" : configmap'
    require(finished, Row("passes", Status.OTHER, "StartTimeout", words))
    assert f'"{mounted}" not found' in finished.outcome("passes").message
    assert finished.left == []


def test_a_pull_secret_that_does_not_exist_is_named(real_kube: Kube, namespace: str) -> None:
    settings = RunSettings(patience_s={**PATIENCE_S, Stage.PULLING: 2.0})
    placement = Placement(pull_secrets=("mirror",))
    check = entry("passes", "127.0.0.1:1/none:v1")
    run = RealRun(real_kube, namespace, [check], settings, placement=placement)

    finished = run.execute()

    measure(finished, "passes")
    outcome = finished.outcome("passes")
    assert (outcome.status, outcome.raw_status in PULL_REASONS) == (Status.OTHER, True)
    assert "event FailedToRetrieveImagePullSecret: " in outcome.message
    assert "(mirror)" in outcome.message
    assert finished.left == []


@pytest.mark.alone  # every check tolerates the taint of this node
def test_a_node_that_runs_nothing_gives_no_verdict(
    real_kube: Kube, namespace: str, acting: str
) -> None:
    check = entry("passes", acting, "leave", "0", dependencyAffinity=NEAR_ANCHOR)
    with fake_node(real_kube, namespace) as node:
        run = RealRun(real_kube, namespace, [check], recipe=recipe(namespace))
        finished = run.execute()

    require(finished, Row("passes", Status.OTHER, "NoContainer", "no container ever ran"))
    assert finished.outcome("passes").extra["node"] == node
    assert finished.left == []
