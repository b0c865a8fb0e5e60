import copy
from typing import Any

import pytest

from helper.kinds import PODS
from orchestrator.events import CheckFinished, CheckProgressed, CheckSaid, Event
from orchestrator.execution import Execution
from orchestrator.exits import Exit
from orchestrator.outcome import Status
from orchestrator.replay import Fault, ReplayCluster
from tests.orchestrator.engine import Engine, entry, everything, node, script

SAYS = "--- Nodes ---\nRESULT: 1 of 2 nodes\n"


def pod_of(cluster: ReplayCluster) -> dict[str, Any]:
    return next(obj for obj in everything(cluster) if obj["kind"] == PODS.kind)


def remove_pod(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
    """Take the pod away as soon as it has said something."""
    if isinstance(event, CheckSaid):
        cluster.remove(pod_of(cluster))


def test_result_lines_are_told_while_the_check_runs() -> None:
    def delete(run: Execution, _cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckSaid):
            run.stop.request(Exit.INTERRUPTED, "heard enough")

    done = Engine([entry("alpha")], [script("alpha", exitCode=None, log=SAYS)]).run(delete)

    assert done.told(CheckSaid) == [CheckSaid("alpha", "1 of 2 nodes")]
    assert done.outcome("alpha").stdout == ("--- Nodes ---", "RESULT: 1 of 2 nodes")


def test_result_lines_of_a_check_that_ends_at_once_are_told_before_its_end() -> None:
    done = Engine([entry("alpha")], [script("alpha", log=SAYS)]).run()

    order = [type(e) for e in done.events if isinstance(e, CheckSaid | CheckFinished)]
    assert order == [CheckSaid, CheckFinished]


def test_a_pod_that_is_deleted_while_the_check_runs_takes_no_evidence_with_it() -> None:
    done = Engine([entry("alpha")], [script("alpha", exitCode=None, log=SAYS)]).run(remove_pod)

    outcome = done.outcome("alpha")
    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "PodDeleted")
    assert outcome.stdout == ("--- Nodes ---", "RESULT: 1 of 2 nodes")
    assert "\nthe log is what was followed until then: " in outcome.message
    assert len(done.told(CheckSaid)) == 1


def test_a_pod_whose_log_nobody_could_follow_is_said_to_have_lost_it() -> None:
    def remove(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        if isinstance(event, CheckProgressed) and event.stage == "running":
            cluster.remove(pod_of(cluster))

    cluster = ReplayCluster(objects=[node()], outcomes=[script("alpha", exitCode=None, log=SAYS)])
    cluster.faults.append(Fault(verb="get", resource="pods/log", status=404))

    done = Engine([entry("alpha")], cluster=cluster).run(remove)

    assert done.outcome("alpha").raw_status == "PodDeleted"
    assert "\nits log is lost: " in done.outcome("alpha").message


def test_an_evicted_check_whose_end_kubelet_has_missed_keeps_what_it_said() -> None:
    def evict(_run: Execution, cluster: ReplayCluster, event: Event) -> None:
        """Give the pod the status that a real kubelet, short of processor time, has shown."""
        if not isinstance(event, CheckSaid):
            return
        pod = copy.deepcopy(pod_of(cluster))
        pod["status"] |= {"phase": "Failed", "reason": "Evicted", "message": "too much storage"}
        pod["status"]["containerStatuses"] = [
            {
                "name": "validator",
                "state": {"waiting": {"reason": "ContainerCreating"}},
                "lastState": {"terminated": {"exitCode": 137, "reason": "ContainerStatusUnknown"}},
            }
        ]
        words = 'container "validator" in pod is waiting to start: ContainerCreating'
        cluster.faults.append(Fault(verb="get", resource="pods/log", status=400, message=words))
        cluster.add(pod)

    done = Engine([entry("alpha")], [script("alpha", exitCode=None, log=SAYS)]).run(evict)

    outcome = done.outcome("alpha")
    assert (outcome.status, outcome.raw_status) == (Status.OTHER, "Evicted")
    assert outcome.stdout == ("--- Nodes ---", "RESULT: 1 of 2 nodes")
    assert "\nthe log is what was followed until then: " in outcome.message
    assert outcome.split.run_s is not None


def test_a_log_that_drops_again_and_again_is_read_whole_at_the_end() -> None:
    cluster = ReplayCluster(
        objects=[node()], outcomes=[script("alpha", log=SAYS, delaySeconds=0.5)]
    )
    cluster.faults.append(Fault(verb="get", resource="pods/log", drop=True, times=1))

    done = Engine([entry("alpha")], cluster=cluster).run()

    assert done.outcome("alpha").stdout == ("--- Nodes ---", "RESULT: 1 of 2 nodes")
    assert done.told(CheckSaid) == [CheckSaid("alpha", "1 of 2 nodes")]


@pytest.mark.parametrize(
    "log",
    [
        "unable to retrieve container logs for containerd://1",
        'failed to try resolving symlinks in path "/var/log/pods/ns_p_1/validator/0.log": lstat',
    ],
)
def test_kubelets_word_for_a_removed_log_is_no_log(log: str) -> None:
    done = Engine([entry("alpha")], [script("alpha", exitCode=1, message="bad", log=log)]).run()

    assert done.outcome("alpha").stdout == ()
    assert done.outcome("alpha").message == f"bad\nits log is lost: {log}"
