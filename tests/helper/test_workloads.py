from typing import Any

import pytest

from helper.workloads import by_condition, health_of
from tests.fakes import objects as kube

Json = dict[str, Any]

DEPLOYMENT = kube.deployment("web", "ns", replicas=2)
STATEFUL_SET = kube.stateful_set("db", "ns", replicas=3)
JOB: Json = {"metadata": {"name": "job"}, "spec": {}, "status": {}}
CRON_JOB: Json = {"metadata": {"name": "cron"}, "spec": {}, "status": {}}
CLAIM: Json = {"metadata": {"name": "data"}, "status": {"phase": "Bound"}}


@pytest.mark.parametrize(
    ("obj", "ready", "observed"),
    [
        pytest.param(DEPLOYMENT, True, "2 of 2 replicas available", id="available"),
        pytest.param(
            kube.drop(DEPLOYMENT, "spec.replicas"),
            True,
            "2 of 1 replicas available",
            id="replicas-default-to-one",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "status.availableReplicas", 1),
            False,
            "1 of 2 replicas available",
            id="half-available",
        ),
        pytest.param(
            kube.drop(DEPLOYMENT, "status.availableReplicas"),
            False,
            "0 of 2 replicas available",
            id="counters-of-zero-are-left-out",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "status.updatedReplicas", 1),
            False,
            "2 of 2 replicas available, 1 of the current revision",
            id="rollout-in-progress",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "metadata.generation", 4),
            False,
            "status is of generation 1, the specification of 4",
            id="controller-behind",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "spec.replicas", 0),
            False,
            "scaled to 0 replicas",
            id="scaled-away",
        ),
        pytest.param(
            kube.put(
                kube.put(DEPLOYMENT, "status.availableReplicas", 0),
                "status.conditions",
                [kube.condition("ReplicaFailure", "True", "FailedCreate", "quota exceeded")],
            ),
            False,
            "0 of 2 replicas available (quota exceeded)",
            id="quota",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "status", "broken"),
            False,
            "status is of generation 0, the specification of 1",
            id="status-of-a-wrong-type",
        ),
        pytest.param(
            kube.put(DEPLOYMENT, "metadata.deletionTimestamp", kube.TIME),
            False,
            "being deleted",
            id="being-deleted",
        ),
    ],
)
def test_judges_a_deployment(obj: Json, ready: bool, observed: str) -> None:
    health = health_of("Deployment", obj)

    assert (health.ready, health.observed) == (ready, observed)


@pytest.mark.parametrize(
    ("obj", "ready", "observed"),
    [
        pytest.param(STATEFUL_SET, True, "3 of 3 replicas ready", id="ready"),
        pytest.param(
            kube.drop(STATEFUL_SET, "status.readyReplicas"),
            False,
            "0 of 3 replicas ready",
            id="none",
        ),
        pytest.param(
            kube.put(STATEFUL_SET, "status.updatedReplicas", 1),
            False,
            "3 of 3 replicas ready, 1 of the current revision",
            id="rollout-in-progress",
        ),
        pytest.param(
            kube.put(
                kube.put(STATEFUL_SET, "status.updatedReplicas", 1),
                "spec.updateStrategy",
                {"type": "RollingUpdate", "rollingUpdate": {"partition": 2}},
            ),
            True,
            "3 of 3 replicas ready",
            id="partitioned-on-purpose",
        ),
        pytest.param(
            kube.put(
                kube.put(STATEFUL_SET, "status.updatedReplicas", 0),
                "spec.updateStrategy",
                {"type": "OnDelete"},
            ),
            True,
            "3 of 3 replicas ready",
            id="updated-on-delete",
        ),
        pytest.param(
            kube.put(STATEFUL_SET, "spec.replicas", 0),
            False,
            "scaled to 0 replicas",
            id="scaled-away",
        ),
    ],
)
def test_judges_a_stateful_set(obj: Json, ready: bool, observed: str) -> None:
    health = health_of("StatefulSet", obj)

    assert (health.ready, health.observed) == (ready, observed)


FAILED = kube.condition("Failed", "True", "BackoffLimitExceeded", "too many retries")
RUN: Json = {"lastScheduleTime": "2026-01-01T10:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "obj", "ready", "observed"),
    [
        pytest.param(
            "Job",
            kube.put(JOB, "status.conditions", [kube.condition("Complete")]),
            True,
            "complete",
        ),
        pytest.param(
            "Job",
            kube.put(JOB, "status.conditions", [FAILED]),
            False,
            "failed (too many retries)",
            id="job-failed",
        ),
        pytest.param(
            "Job",
            kube.put(JOB, "status", {"active": 2, "succeeded": 1}),
            False,
            "not complete: 2 pods active, 1 succeeded",
            id="job-active",
        ),
        pytest.param(
            "Job", kube.put(JOB, "spec", {"suspend": True}), False, "suspended", id="job-suspended"
        ),
        pytest.param("CronJob", CRON_JOB, True, "not due yet", id="cron-job-new"),
        pytest.param(
            "CronJob",
            kube.put(CRON_JOB, "spec", {"suspend": True}),
            False,
            "suspended",
            id="cron-job-suspended",
        ),
        pytest.param(
            "CronJob",
            kube.put(CRON_JOB, "status", {**RUN, "active": [{"name": "run"}]}),
            True,
            "run of 2026-01-01T10:00:00Z is active",
            id="cron-job-active",
        ),
        pytest.param(
            "CronJob",
            kube.put(CRON_JOB, "status", {**RUN, "lastSuccessfulTime": "2026-01-01T10:00:09Z"}),
            True,
            "run of 2026-01-01T10:00:00Z succeeded",
            id="cron-job-succeeded",
        ),
        pytest.param(
            "CronJob",
            kube.put(CRON_JOB, "status", {**RUN, "lastSuccessfulTime": "2026-01-01T09:00:09Z"}),
            False,
            "run of 2026-01-01T10:00:00Z did not succeed",
            id="cron-job-failed",
        ),
        pytest.param("Pod", kube.pod("p", "ns"), True, "ready", id="pod-ready"),
        pytest.param(
            "Pod",
            kube.put(kube.pod("p", "ns"), "status", {"phase": "Succeeded"}),
            True,
            "completed",
            id="pod-completed",
        ),
        pytest.param(
            "Pod",
            kube.unready(kube.pod("p", "ns")),
            False,
            "phase Running, not ready (containers not ready: [main])",
            id="pod-unready",
        ),
        pytest.param("PersistentVolumeClaim", CLAIM, True, "phase Bound", id="claim-bound"),
        pytest.param(
            "PersistentVolumeClaim",
            kube.put(CLAIM, "status.phase", "Pending"),
            False,
            "phase Pending",
            id="claim-pending",
        ),
        pytest.param("Namespace", kube.namespace("a"), True, "phase Active", id="namespace-active"),
        pytest.param(
            "Namespace",
            kube.put(kube.namespace("a"), "metadata.deletionTimestamp", kube.TIME),
            False,
            "phase Terminating",
            id="namespace-terminating",
        ),
        pytest.param(
            "CustomResourceDefinition",
            kube.CLUSTER_POLICIES,
            True,
            "Established is True",
            id="crd-established",
        ),
        pytest.param(
            "CustomResourceDefinition",
            kube.drop(kube.CLUSTER_POLICIES, "status"),
            False,
            "has no condition Established",
            id="crd-new",
        ),
        pytest.param("ConfigMap", {"metadata": {"name": "a"}}, True, "exists", id="existence"),
        pytest.param(
            "Secret",
            {"metadata": {"name": "a", "deletionTimestamp": kube.TIME}},
            False,
            "being deleted",
            id="existence-ending",
        ),
    ],
)
def test_judges_each_kind_by_its_own_rule(kind: str, obj: Json, ready: bool, observed: str) -> None:
    health = health_of(kind, obj)

    assert (health.ready, health.observed) == (ready, observed)


def test_a_condition_that_is_not_true_says_why() -> None:
    obj = {"status": {"conditions": [kube.condition("Ready", "False", "Down", "no leader")]}}

    assert by_condition(obj, "Ready").observed == "Ready is False (Down: no leader)"
