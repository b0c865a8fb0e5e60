import re
from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import Reply, Server

UNKNOWN_IMAGE = "127.0.0.1:1/aicr/validator:missing"  # it refuses connections
NOWHERE = {"aicr.run/no-such-label": "x"}


def on(node: str) -> dict[str, str]:
    """The selector of a node."""
    return {"kubernetes.io/hostname": node}


def job(name: str = "j", selector: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    container = {
        "name": "validator",
        "image": UNKNOWN_IMAGE,
        "resources": {"limits": {"memory": "64Mi"}, "requests": {"cpu": "10m", "memory": "64Mi"}},
    }
    pod = {
        "restartPolicy": "Never",
        "containers": [container],
        "nodeSelector": NOWHERE if selector is None else selector,
        **spec.pop("pod", {}),
    }
    template = {"metadata": {"labels": {"own": "label"}}, "spec": pod}
    return {"metadata": {"name": name}, "spec": {"backoffLimit": 0, "template": template, **spec}}


@pytest.fixture
def jobs(namespace: str) -> str:
    """The test's collection of Jobs."""
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def pod_of(server: Server, home: str, name: str = "j") -> dict[str, Any]:
    selector = {"labelSelector": f"batch.kubernetes.io/job-name={name}"}
    found = eventually(lambda: server.get(f"{home}/pods", **selector).items)
    return dict(found[0])


def events_of(server: Server, home: str, kind: str, reason: str) -> list[dict[str, Any]]:
    def look() -> list[dict[str, Any]]:
        found = server.get(f"{home}/events", fieldSelector=f"involvedObject.kind={kind}").items
        return [event for event in found if event["reason"] == reason]

    return list(eventually(look))


def condition(obj: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions = obj.get("status", {}).get("conditions") or []
    return next((dict(c) for c in conditions if c["type"] == kind), {})


def test_fills_in_what_a_job_leaves_out(server: Server, jobs: str) -> None:
    body = job()
    del body["spec"]["backoffLimit"]
    reply = server.post(f"{jobs}?dryRun=All", body)
    spec, uid = reply.body["spec"], reply.body["metadata"]["uid"]

    assert (reply.status, reply.body["status"]) == (201, {})
    assert spec["backoffLimit"] == 6
    assert (spec["completions"], spec["parallelism"], spec["suspend"]) == (1, 1, False)
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    assert spec["template"]["metadata"]["labels"] == {
        "batch.kubernetes.io/controller-uid": uid,
        "batch.kubernetes.io/job-name": "j",
        "controller-uid": uid,
        "job-name": "j",
        "own": "label",
    }
    assert spec["template"]["spec"]["containers"][0]["terminationMessagePath"] == (
        "/dev/termination-log"
    )


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        (
            {"restartPolicy": ""},
            (
                'Job.batch "j" is invalid: spec.template.spec.restartPolicy: Required value: '
                'valid values: "OnFailure", "Never"'
            ),
        ),
        (
            {"containers": []},
            'Job.batch "j" is invalid: spec.template.spec.containers: Required value',
        ),
        (
            {"containers": [{"name": "c"}]},
            'Job.batch "j" is invalid: spec.template.spec.containers[0].image: Required value',
        ),
    ],
    ids=["restart-policy", "containers", "image"],
)
def test_refuses_a_job_that_cannot_run(
    server: Server, jobs: str, pod: dict[str, Any], message: str
) -> None:
    reply = server.post(jobs, job(pod=pod))

    assert (reply.status, reply.message) == (422, message)


def test_refuses_quantities_that_are_none(server: Server, jobs: str) -> None:
    container = {"name": "c", "image": "i", "resources": {"limits": {"cpu": "abc"}}}
    reply = server.post(jobs, job(pod={"containers": [container]}))

    assert reply.status == 400
    assert "cannot be handled as a Job: quantities must match the regular" in reply.message


def test_a_job_gets_a_pod_of_its_own(server: Server, home: str, jobs: str) -> None:
    created = server.post(jobs, job()).body
    pod = pod_of(server, home)

    assert re.fullmatch(r"j-[a-z0-9]{5}", pod["metadata"]["name"])
    assert pod["metadata"]["generateName"] == "j-"
    assert pod["metadata"]["labels"] == created["spec"]["template"]["metadata"]["labels"]
    assert pod["metadata"]["ownerReferences"] == [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": "j",
            "uid": created["metadata"]["uid"],
            "controller": True,
            "blockOwnerDeletion": True,
        }
    ]
    assert pod["spec"]["serviceAccountName"] == "default"
    assert pod["status"]["qosClass"] == "Burstable"


def test_a_job_counts_its_active_pod(server: Server, jobs: str) -> None:
    server.post(jobs, job())
    status = eventually(lambda: server.get(f"{jobs}/j").body["status"].get("active"))

    assert status == 1
    assert server.get(f"{jobs}/j").body["status"]["startTime"]


def test_a_pod_that_fits_nowhere_says_why(server: Server, home: str, jobs: str) -> None:
    server.post(jobs, job())
    found = eventually(lambda: condition(pod_of(server, home), "PodScheduled"))
    event = events_of(server, home, "Pod", "FailedScheduling")[0]

    assert (found["status"], found["reason"]) == ("False", "Unschedulable")
    assert re.match(
        r"0/\d+ nodes are available: .*\d+ node\(s\) didn't match Pod's node affinity/selector.*"
        r"preemption: 0/\d+ nodes are available: \d+ Preemption is not helpful for scheduling\.$",
        found["message"],
    )
    assert (event["type"], event["message"]) == ("Warning", found["message"])


def test_a_pod_that_asks_for_too_much_says_what(
    server: Server, home: str, jobs: str, node: str
) -> None:
    resources = {"limits": {"example.com/gpu": "1"}}
    container = {"name": "c", "image": "i", "resources": resources}
    server.post(jobs, job(selector=on(node), pod={"containers": [container]}))
    found = eventually(lambda: condition(pod_of(server, home), "PodScheduled"))

    assert "1 Insufficient example.com/gpu" in found["message"]


def test_a_pod_without_its_account_is_never_made(server: Server, home: str, jobs: str) -> None:
    server.post(jobs, job(pod={"serviceAccountName": "no-such-account"}))
    event = events_of(server, home, "Job", "FailedCreate")[0]

    namespace = home.rpartition("/")[2]
    assert event["message"] == (
        'Error creating: pods "j-" is forbidden: error looking up service account '
        f'{namespace}/no-such-account: serviceaccount "no-such-account" not found'
    )
    assert server.get(f"{home}/pods").items == []


class TestUnknownImage:
    """A pod whose image cannot be pulled."""

    @pytest.fixture
    def pod(self, server: Server, home: str, jobs: str, node: str) -> dict[str, Any]:
        server.post(jobs, job(selector=on(node)))

        def waiting() -> dict[str, Any]:
            pod = pod_of(server, home)
            return pod if self.reason(pod) in ("ErrImagePull", "ImagePullBackOff") else {}

        return dict(eventually(waiting))

    @staticmethod
    def reason(pod: dict[str, Any]) -> str:
        statuses = pod["status"].get("containerStatuses") or [{}]
        return str(statuses[0].get("state", {}).get("waiting", {}).get("reason"))

    def test_waits_with_the_reason(self, pod: dict[str, Any]) -> None:
        status = pod["status"]["containerStatuses"][0]

        assert pod["status"]["phase"] == "Pending"
        assert f'"{UNKNOWN_IMAGE}"' in status["state"]["waiting"]["message"]
        assert (status["ready"], status["restartCount"]) == (False, 0)
        assert condition(pod, "Ready")["reason"] == "ContainersNotReady"
        assert condition(pod, "PodScheduled")["status"] == "True"

    def test_says_so_in_events(
        self, server: Server, home: str, node: str, pod: dict[str, Any]
    ) -> None:
        scheduled = events_of(server, home, "Pod", "Scheduled")[0]
        failed = events_of(server, home, "Pod", "Failed")
        name = pod["metadata"]["name"]

        assert scheduled["message"] == (
            f"Successfully assigned {home.rpartition('/')[2]}/{name} to {node}"
        )
        assert any(event["message"] == "Error: ErrImagePull" for event in failed)
        assert failed[0]["involvedObject"]["fieldPath"] == "spec.containers{validator}"

    def test_has_no_log(self, server: Server, home: str, pod: dict[str, Any]) -> None:
        name = pod["metadata"]["name"]
        reply = server.get(f"{home}/pods/{name}/log")

        assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
        assert reply.message.startswith(
            f'container "validator" in pod "{name}" is waiting to start: '
        )

    def test_goes_when_it_is_deleted(
        self, server: Server, home: str, jobs: str, pod: dict[str, Any]
    ) -> None:
        server.call("DELETE", f"{jobs}/j", {"propagationPolicy": "Background"})

        eventually(lambda: server.get(f"{home}/pods").items == [])
        assert server.get(f"{jobs}/j").status == 404
        assert pod["metadata"]["finalizers"] == ["batch.kubernetes.io/job-tracking"]


class TestLogs:
    """Logs that cannot be given."""

    def log(self, server: Server, home: str, jobs: str, **query: str) -> Reply:
        server.post(jobs, job())
        name = pod_of(server, home)["metadata"]["name"]
        return server.get(f"{home}/pods/{name}/log", **query)

    def test_of_a_pod_without_node_is_empty(self, server: Server, home: str, jobs: str) -> None:
        assert self.log(server, home, jobs).status == 204

    def test_of_an_unknown_container(self, server: Server, home: str, jobs: str) -> None:
        reply = self.log(server, home, jobs, container="nope")

        assert reply.status == 400
        assert re.fullmatch(r"container nope is not valid for pod j-\w{5}", reply.message)

    def test_of_a_missing_pod(self, server: Server, home: str) -> None:
        reply = server.get(f"{home}/pods/nope/log")

        assert (reply.status, reply.message) == (404, 'pods "nope" not found')


def test_a_job_may_wait_for_the_end_of_a_pod_that_is_deleted(server: Server, jobs: str) -> None:
    reply = server.post(f"{jobs}?dryRun=All", job(podReplacementPolicy="Failed"))

    assert (reply.status, reply.body["spec"]["podReplacementPolicy"]) == (201, "Failed")
    assert reply.body["spec"]["backoffLimit"] == 0


def test_a_job_past_its_deadline_fails_and_loses_its_pod(
    server: Server, home: str, jobs: str
) -> None:
    server.post(jobs, job(activeDeadlineSeconds=1))
    failed = eventually(lambda: condition(server.get(f"{jobs}/j").body, "Failed"))

    assert (failed["reason"], failed["message"]) == (
        "DeadlineExceeded",
        "Job was active longer than specified deadline",
    )
    assert condition(server.get(f"{jobs}/j").body, "FailureTarget")["status"] == "True"
    assert server.get(f"{home}/pods").items == []
    assert events_of(server, home, "Job", "DeadlineExceeded")


def test_a_deleted_job_orphans_its_pods_unless_told_otherwise(
    server: Server, home: str, jobs: str
) -> None:
    server.post(jobs, job())
    pod_of(server, home)
    server.call("DELETE", f"{jobs}/j")

    eventually(lambda: server.get(f"{jobs}/j").status == 404)
    assert "ownerReferences" not in pod_of(server, home)["metadata"]
    server.call("DELETE", f"{home}/pods/{pod_of(server, home)['metadata']['name']}")
    eventually(lambda: server.get(f"{home}/pods").items == [])


def test_foreground_deletion_takes_the_pods_first(server: Server, home: str, jobs: str) -> None:
    server.post(jobs, job())
    pod_of(server, home)
    reply = server.call("DELETE", f"{jobs}/j", {"propagationPolicy": "Foreground"})

    assert reply.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    eventually(lambda: server.get(f"{jobs}/j").status == 404)
    assert server.get(f"{home}/pods").items == []
