"""Other people's objects, ends that nobody waits for, and evidence that goes with the pod."""

import shutil
import threading

import pytest

from orchestrator.exits import Exit
from orchestrator.replay.faultspec import parse_fault
from tests.fakes import objects as kube
from tests.fakes.clock import FakeClock
from tests.mistakes_of_others.conftest import Json, MakePlace, Run, labelled
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry, node, script
from tests.whole_runs.place import Place, wait_for


# The log was lost on a deadline, AICR#2473; diagnostics came after the deletion, AICR PR#675.
def test_a_deadline_takes_no_log_and_no_diagnostics_with_it(run: Run) -> None:
    ran = run({"alpha": {"exitCode": None, "log": "half of the work is done\n"}}, "--timeout", "2s")

    assert ran.code == Exit.TIMEOUT
    assert "half of the work is done" in "\n".join(ran.tests["alpha"]["stdout"])
    assert ran.place.left() == []


def test_diagnostics_are_taken_before_the_pod_is_gone(run: Run) -> None:
    ran = run({"alpha": {"exitCode": 1, "message": "broken"}})

    (folder,) = ran.place.runs[0].glob("diagnostics/*.alpha")
    pods = [path for path in folder.iterdir() if "pod" in path.name]
    assert any("exitCode: 1" in path.read_text() for path in pods)
    assert ran.of_kind("Pod") == []


# An image that cannot be pulled, a pod that fits nowhere, used up the whole budget.
@pytest.mark.parametrize(
    ("fault", "raw"),
    [
        ("image-pull:check=alpha", "ImagePullBackOff"),
        ("unschedulable:check=alpha", "Unschedulable"),
    ],
)
def test_what_cannot_start_is_given_up_long_before_its_budget(
    run: Run, place: MakePlace, fault: str, raw: str
) -> None:
    soon = {"timeout": "60m", "patience": {"imagePull": "1s", "scheduling": "1s"}}
    where = place({"alpha": {}, "beta": {}}, entries={"alpha": soon})
    where.cluster.inject(parse_fault(fault))

    ran = run(where)

    assert ran.code == Exit.INCONCLUSIVE
    assert (ran.tests["alpha"]["status"], ran.tests["alpha"]["rawStatus"]) == ("other", raw)
    assert ran.tests["beta"]["status"] == "passed"


# Another run's objects were deleted, AICR PR#888; foreign rights were adopted, nvcf PR#782.
def test_a_run_of_the_same_name_is_neither_adopted_nor_removed(run: Run, place: MakePlace) -> None:
    where = place({"alpha": {}})
    first = run(where, "--run-id", RUN_ID, "--keep", "always")  # it still has its objects
    there = where.left(RUN_ID)
    shutil.rmtree(where.runs[0])  # as on another machine

    second = run(where, "--run-id", RUN_ID)

    assert (first.code, second.code) == (Exit.OK, Exit.USAGE), second.said
    assert f"run {RUN_ID} is in namespace {NAMESPACE} already" in second.said
    assert there
    assert where.left(RUN_ID) == there


def test_what_only_looks_like_ones_own_is_left_alone(run: Run, place: MakePlace) -> None:
    where = place({"alpha": {}})
    others = [
        labelled("ServiceAccount", "aicr-alpha", {"app.kubernetes.io/name": "aicr-validator"}),
        labelled("ConfigMap", "aicr-result", {"aicr.run/run-id": f"{RUN_ID[:-1]}0"}),
    ]
    made = {where.cluster.add(other)["metadata"]["uid"] for other in others}

    ran = run(where, "--run-id", RUN_ID)

    there = {
        obj["metadata"]["uid"]
        for kind in ("ConfigMap", "ServiceAccount")
        for obj in ran.of_kind(kind)
    }
    assert ran.code == Exit.OK, ran.said
    assert made <= there


# Clean-up began only after the creation, AICR#2119; what could not be removed was a warning.
@pytest.mark.parametrize("resource", ["configmaps", "serviceaccounts", "jobs"])
def test_what_breaks_in_the_middle_leaves_nothing(
    run: Run, place: MakePlace, resource: str
) -> None:
    where = place({"alpha": {}})
    where.cluster.inject(parse_fault(f"500:verb=create,resource={resource},every=2,status=507"))

    ran = run(where)

    assert ran.code != Exit.USAGE
    assert where.left() == []


def test_what_cannot_be_removed_is_named_and_is_no_success() -> None:
    held = labelled("ConfigMap", "held", {"aicr.run/run-id": RUN_ID})
    held["metadata"]["finalizers"] = ["example.com/held"]

    engine = Engine([entry("alpha")], [script("alpha")], [node(), held], clock=FakeClock())
    result = engine.run().result

    assert result.exit is Exit.LEFTOVERS
    assert result.leftovers == (f"configmaps {NAMESPACE}/held (ending, held by example.com/held)",)


# A namespace that was ending was used, AICR PR#2588.
def test_a_namespace_that_is_ending_is_not_used(run: Run, place: MakePlace) -> None:
    where = place({"alpha": {}})
    held = labelled("ConfigMap", "held", {})
    held["metadata"]["finalizers"] = ["example.com/held"]
    where.cluster.add(held)
    ending = where.cluster.add(kube.leaving(kube.namespace(NAMESPACE, "Terminating")))
    released = threading.Thread(target=release, args=(where, held))
    released.start()

    ran = run(where)

    released.join()
    (namespace,) = [obj for obj in ran.of_kind("Namespace") if name_of(obj) == NAMESPACE]
    assert ran.code == Exit.OK, ran.said
    assert namespace["metadata"]["uid"] != ending["metadata"]["uid"]


def release(place: Place, held: Json) -> None:
    """Let a namespace end as soon as somebody has looked at it."""
    looked_at = ("get", "namespaces", NAMESPACE)
    wait_for(
        lambda: any(
            (item.action.verb, item.action.resource, item.action.name) == looked_at
            for item in list(place.cluster.requests)
        )
    )
    place.cluster.remove(held)
    place.cluster.remove(kube.namespace(NAMESPACE))


def name_of(obj: Json) -> str:
    """The name of an object."""
    return str(obj["metadata"]["name"])


# GPUs that others held were waited for, or bought: gpu-operator#233, gpu-operator#480.
def test_gpus_that_others_hold_are_neither_waited_for_nor_bought(
    run: Run, place: MakePlace
) -> None:
    holder = kube.pod("training", "team-a", "gpu-1")
    gpus = {"nvidia.com/gpu": "8"}
    holder = kube.put(holder, "spec.containers.0.resources", {"requests": gpus, "limits": gpus})
    where = place(
        {"needs-gpus": {}, "needs-none": {}},
        objects=[node(), kube.gpu_node("gpu-1"), kube.namespace("team-a"), holder],
        entries={"needs-gpus": {"needs": {"gpus": 1}}},
    )

    ran = run(where)

    test = ran.tests["needs-gpus"]
    assert (ran.code, test["status"], test["rawStatus"]) == (Exit.INCONCLUSIVE, "other", "Blocked")
    assert "gpu-1 0 of 8" in test["message"]
    assert ran.tests["needs-none"]["status"] == "passed"
    jobs = [item for item in where.cluster.requests if item.action.resource == "jobs"]
    assert sum(item.method == "POST" for item in jobs) == 1


# A pod that the cluster moved elsewhere ended with 137, which was read as a verdict: testkube#6701.
@pytest.mark.parametrize("retries", [0, 1])
def test_a_check_that_the_cluster_moved_has_no_verdict_until_it_ran_again(
    run: Run, place: MakePlace, retries: int
) -> None:
    where = place({"alpha": {"delaySeconds": 1.0}}, entries={"alpha": {"retries": retries}})
    where.cluster.inject(parse_fault("eviction:check=alpha,message=node consolidation,times=1"))

    ran = run(where)

    test = ran.tests["alpha"]
    if retries:
        assert (ran.code, test["status"], test["extra"]["attempts"]) == (Exit.OK, "passed", 2)
    else:
        assert (ran.code, test["status"]) == (Exit.INCONCLUSIVE, "other")
        assert "node consolidation" in test["message"]
