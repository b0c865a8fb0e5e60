from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from helper.daemon_sets import daemon_set
from helper.health import YOUNG_S, Health
from helper.workloads import by_condition, custom_resource_definition, deployment, health_of
from helper.workloads import namespace as judge_namespace
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
            kube.put(DEPLOYMENT, "status.conditions", [kube.condition("Available", "False")]),
            False,
            "2 of 2 replicas available, but condition Available is False",
            id="condition-contradicts-counters",
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
            f"being deleted since {kube.TIME}",
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
            f"phase Terminating, being deleted since {kube.TIME}, held by kubernetes",
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
            f"being deleted since {kube.TIME}",
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


GOING = {"metadata.deletionTimestamp": kube.TIME, "metadata.finalizers": ["example.com/a", "b"]}
NOW = 1_767_225_600.0  # kube.TIME


def going(obj: Json) -> Json:
    for path, value in GOING.items():
        obj = kube.put(obj, path, value)
    return obj


@pytest.mark.parametrize(
    ("judge", "obj"),
    [
        pytest.param(deployment, DEPLOYMENT, id="deployment"),
        pytest.param(daemon_set, kube.daemon_set("d", "ns"), id="daemon-set"),
        pytest.param(daemon_set, kube.daemon_set("d", "ns", 0), id="daemon-set-without-nodes"),
        pytest.param(judge_namespace, kube.namespace("n"), id="namespace"),
        pytest.param(custom_resource_definition, kube.CLUSTER_POLICIES, id="definition"),
    ],
)
def test_what_is_being_deleted_is_never_ready_whoever_asks(
    judge: Callable[[Json], Health], obj: Json
) -> None:
    health = judge(going(obj))

    assert not health.ready
    assert not health.may_settle
    assert f"being deleted since {kube.TIME}, held by example.com/a, b" in health.observed


@pytest.mark.parametrize("kind", ["StatefulSet", "Job", "Pod", "PersistentVolumeClaim", "Service"])
def test_what_is_being_deleted_is_never_ready_whatever_its_kind(kind: str) -> None:
    assert not health_of(kind, going(STATEFUL_SET)).ready


def aged(obj: Json, seconds: float) -> Json:
    made = datetime.fromtimestamp(NOW - seconds, UTC).isoformat().replace("+00:00", "Z")
    return kube.put(obj, "metadata.creationTimestamp", made)


def progressing(reason: str, status: str = "True") -> Json:
    found = kube.put(DEPLOYMENT, "status.availableReplicas", 0)
    return kube.put(found, "status.conditions", [kube.condition("Progressing", status, reason)])


UPDATING = kube.put(STATEFUL_SET, "status.updatedReplicas", 1)
PENDING = kube.put(CLAIM, "status.phase", "Pending")
YOUNG, OLD = YOUNG_S / 2, YOUNG_S * 2
CRASHING = kube.waiting(kube.pod("p", "ns"))


@pytest.mark.parametrize(
    ("kind", "obj", "may_settle"),
    [
        pytest.param("Deployment", progressing("ReplicaSetUpdated"), True, id="rollout"),
        pytest.param("Deployment", progressing("NewReplicaSetAvailable"), False, id="after-it"),
        pytest.param(
            "Deployment",
            aged(progressing("NewReplicaSetAvailable"), YOUNG),
            True,
            id="new-deployment",
        ),
        pytest.param(
            "Deployment",
            aged(progressing("ProgressDeadlineExceeded", "False"), YOUNG),
            False,
            id="given-up",
        ),
        pytest.param(
            "Deployment",
            kube.put(DEPLOYMENT, "metadata.generation", 4),
            True,
            id="controller-behind",
        ),
        pytest.param(
            "Deployment", kube.put(DEPLOYMENT, "spec.replicas", 0), False, id="scaled-away"
        ),
        pytest.param("StatefulSet", UPDATING, True, id="stateful-set-updating"),
        pytest.param(
            "StatefulSet",
            kube.put(STATEFUL_SET, "status.readyReplicas", 0),
            False,
            id="old-one-down",
        ),
        pytest.param("PersistentVolumeClaim", aged(PENDING, YOUNG), True, id="claim-young"),
        pytest.param("PersistentVolumeClaim", aged(PENDING, OLD), False, id="claim-old"),
        pytest.param(
            "PersistentVolumeClaim",
            aged(kube.put(CLAIM, "status.phase", "Lost"), YOUNG),
            False,
            id="claim-lost",
        ),
        pytest.param("Pod", aged(kube.unready(kube.pod("p", "ns")), YOUNG), True, id="pod-young"),
        pytest.param("Pod", aged(CRASHING, YOUNG), False, id="pod-young-but-crashing"),
        pytest.param("Pod", kube.pod("p", "ns"), False, id="ready"),
    ],
)
def test_only_what_is_on_its_way_may_settle(kind: str, obj: Json, may_settle: bool) -> None:
    assert health_of(kind, obj, now=NOW).may_settle is may_settle


def test_a_long_message_of_a_controller_is_cut() -> None:
    found = kube.condition("Established", "False", "Bad", "x" * 40_000)

    health = by_condition(
        kube.put(kube.CLUSTER_POLICIES, "status.conditions", [found]), "Established"
    )

    assert len(health.observed) < 300
