from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from helper.kinds import PODS
from orchestrator import preflight
from orchestrator.diagnostics import inner, words
from orchestrator.diagnostics.glance import Glance, events
from orchestrator.outcome import Status
from orchestrator.replay import Fault, PodOutcome, ReplayCluster
from orchestrator.rights import Rights
from tests.fakes.clock import FakeClock
from tests.orchestrator.engine import RUN_ID, Engine, entry, node, script, served

Json = dict[str, Any]

TRAINER = "trainer.kubeflow.org"
RULES = [
    {"resources": ["pods"], "verbs": ["create", "list"], "namespace": "tests"},
    {
        "apiGroups": [TRAINER],
        "resources": ["trainjobs"],
        "verbs": ["create", "get"],
        "namespace": "tests",
    },
]
DEPLOYS = {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create"]}
LABELS = {"aicr.run/run-id": RUN_ID}
TOKEN = "hf_" + "a1B2" * 6
SAYS = f"rank 0 waits\nHF_TOKEN={TOKEN}\n"
BROKEN = {"exitCode": 1, "log": SAYS}


def crd() -> Json:
    names = {"plural": "trainjobs", "singular": "trainjob", "kind": "TrainJob"}
    version = {"name": "v1", "served": True, "storage": True}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"trainjobs.{TRAINER}"},
        "spec": {
            "group": TRAINER,
            "scope": "Namespaced",
            "names": names,
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def made(api_version: str, kind: str, name: str, owner: Json | None = None, **fields: Any) -> Json:
    meta: Json = {"name": name, "namespace": "tests", "uid": f"uid-{name}"}
    meta["labels"] = {**LABELS, **fields.pop("labels", {})}
    if owner:
        reference = {key: owner[key] for key in ("apiVersion", "kind")}
        named = {key: owner["metadata"][key] for key in ("name", "uid")}
        meta["ownerReferences"] = [{**reference, **named, "controller": True}]
    return {"apiVersion": api_version, "kind": kind, "metadata": meta, **fields}


TRAIN_JOB = made(f"{TRAINER}/v1", "TrainJob", "sum", status={"jobsStatus": [{"failed": 1}]})
JOB = made("batch/v1", "Job", "sum-0", TRAIN_JOB, spec={"suspend": True, "template": {}})


def worker(name: str = "sum-0-w", **labels: str) -> Json:
    container = {"name": "main", "image": "example.com/x"}
    spec = {"restartPolicy": "Never", "containers": [container], "nodeName": "node-1"}
    ended = {"name": "main", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}}
    status = {"phase": "Failed", "containerStatuses": [ended]}
    tied = {"app": "worker", **labels}
    return made("v1", "Pod", name, JOB, spec=spec, labels=tied, status=status)


def event(about: Json, words: str) -> Json:
    meta = {"name": "e", "namespace": "tests"}
    involved = {"kind": about["kind"], "name": about["metadata"]["name"], "namespace": "tests"}
    told = {"reason": "BackOff", "message": words, "type": "Warning", "involvedObject": involved}
    return {"apiVersion": "v1", "kind": "Event", "metadata": meta, **told}


def scripted(**outcome: Any) -> PodOutcome:
    match = {"labels": {"app": "worker"}}
    return PodOutcome.model_validate({"match": match, "outcome": outcome})


def run(
    *objects: Json, rules: list[Json] = RULES, faults: tuple[Fault, ...] = (), **engine: Any
) -> Mapping[str, str]:
    """The files about a check that failed in a cluster with these objects."""
    tests = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tests"}}
    cluster = ReplayCluster(
        objects=[node(), tests, crd(), *objects],
        outcomes=[script("alpha", exitCode=1, delaySeconds=0.5), scripted(**BROKEN)],
    )
    cluster.faults += faults
    done = Engine([entry("alpha", rbac=rules)], cluster=cluster, **engine).run()
    assert done.outcome("alpha").status is Status.FAILED
    return done.diagnosed["alpha"]


def test_the_owners_of_a_pod_are_named_up_to_the_run() -> None:
    files = run(rules=[])

    first, job, record = files["owners.txt"].splitlines()
    assert first.startswith("Pod aicr-validation/aicr-alpha-")
    assert job.startswith("owned by Job aicr-validation/aicr-alpha-")
    assert record == f"owned by ConfigMap aicr-validation/aicr-run-{RUN_ID}: exists"


def test_what_a_check_made_is_kept_with_its_owners_events_and_logs() -> None:
    files = run(TRAIN_JOB, JOB, worker(), event(worker(), f"cannot start with token={TOKEN}"))

    pod, train_job = files["inner.txt"].splitlines()
    assert pod.startswith("Pod tests/sum-0-w: Failed")
    assert "; owned by Job tests/sum-0: suspended; owned by TrainJob tests/sum: exists" in pod
    assert train_job == "TrainJob tests/sum: exists"
    assert files["inner/pod.tests.sum-0-w.main.log"] == "rank 0 waits\nHF_TOKEN=<redacted>\n"
    status = yaml.safe_load(files["inner/pod.tests.sum-0-w.yaml"])["status"]
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 1
    assert yaml.safe_load(files["inner/trainjob.tests.sum.yaml"])["status"] == TRAIN_JOB["status"]
    assert yaml.safe_load(files["inner/job.tests.sum-0.yaml"])["kind"] == "Job"
    told = files["inner/pod.tests.sum-0-w.events.txt"]
    assert "Pod/sum-0-w  BackOff: cannot start with token=<redacted>" in told
    assert TOKEN not in "".join(files.values())


def test_what_others_made_is_nobodys_business() -> None:
    another_run = worker("other-run", **{"aicr.run/run-id": "20260102-030405-ffffffffffffffff"})
    another_check = worker("other-check", **{"aicr.run/check": "beta"})

    files = run(another_run, another_check)

    assert (
        files["inner.txt"] == f"nothing with the label aicr.run/run-id={RUN_ID} is there any more\n"
    )
    assert not any(name.startswith("inner/") for name in files)


def test_a_check_that_may_make_nothing_is_asked_about_nothing() -> None:
    reads = [{"resources": ["pods"], "verbs": ["list"], "namespace": "tests"}]

    files = run(worker(), rules=reads)

    assert not any(name.startswith("inner") for name in files)


@pytest.mark.parametrize(
    "rights",
    [
        pytest.param(Rights("cluster-admin"), id="cluster-admin"),
        pytest.param(Rights("scoped"), id="scoped"),
    ],
)
def test_it_is_found_however_the_check_came_by_its_rights(rights: Rights) -> None:
    assert "inner/pod.tests.sum-0-w.yaml" in run(JOB, worker(), rights=rights)


def test_what_may_not_be_read_is_said_in_its_place() -> None:
    faults = (
        Fault(verb="list", resource=f"trainjobs.{TRAINER}", status=403, message="no"),
        Fault(verb="list", resource="jobs.batch", namespace="tests", status=403, message="no"),
        Fault(verb="get", resource="pods/log", namespace="tests", status=403, message="no"),
    )

    files = run(TRAIN_JOB, JOB, worker(), faults=faults)

    pod, unseen = files["inner.txt"].splitlines()
    assert "; owned by Job tests/sum-0: not allowed to list jobs.batch in tests" in pod
    assert unseen == f"not allowed to list trainjobs.{TRAINER} in tests"
    log = files["inner/pod.tests.sum-0-w.main.log"]
    assert log == "not allowed to read log of pod sum-0-w in tests\n"


def test_an_owner_that_is_gone_and_a_kind_that_is_not_served_are_said_to_be() -> None:
    rules = [*RULES, {**RULES[1], "apiGroups": ["nvidia.com"], "resources": ["dynamos"]}]

    files = run(worker(), rules=rules)

    pod, unseen = files["inner.txt"].splitlines()
    assert "; owned by Job tests/sum-0: does not exist any more" in pod
    assert unseen == "dynamos.nvidia.com: not served by this cluster"


def test_of_many_pods_those_that_are_unwell_come_first_and_the_rest_is_counted() -> None:
    well = [worker(f"a-{number:02}") for number in range(12)]
    for pod in well:
        pod["status"] = {"phase": "Succeeded"}

    files = run(JOB, *well, worker("z"))

    lines = files["inner.txt"].splitlines()
    assert lines[0].startswith("Pod tests/z: Failed")
    assert lines[-1] == "... and 3 more pods"
    assert sum(name.endswith(".yaml") for name in files if "/pod." in name) == 10


def test_a_server_that_is_away_is_said_to_be() -> None:
    stuck = Fault(verb="list", resource=PODS.plural, namespace="tests", status=503, message="away")

    files = run(worker(), faults=(stuck,))

    assert files["inner.txt"].startswith("pods cannot be read: list pods in tests: 503")


@pytest.mark.parametrize(
    ("after_s", "is_hurried", "said"),
    [
        (9.0, False, "no events\n"),
        (10.0, False, "events in tests: not looked at, the time for diagnostics (10s) was up\n"),
        (0.0, True, "events in tests: not looked at, the run is to end at once\n"),
    ],
)
def test_a_diagnosis_holds_up_the_clean_up_for_a_short_time_only(
    after_s: float, is_hurried: bool, said: str
) -> None:
    clock = FakeClock()
    with served(ReplayCluster(objects=[])) as kube:
        glance = Glance(kube, lambda: is_hurried, clock)
        clock.sleep(after_s)

        assert events(glance, ["sum-0"], "tests") == said


def test_a_text_that_nobody_would_read_is_cut() -> None:
    found = words.bounded("x" * (words.FILE_CHARS + 7))

    assert found.endswith("x\n... 7 more characters\n")


def test_the_printed_role_of_a_caller_lets_him_see_it_all() -> None:
    check = entry("alpha", rbac=[RULES[1], {**DEPLOYS, "namespace": "tests"}])
    plan = Engine([check]).plan()
    printed = [*preflight.caller_rules(plan), *inner.caller_rules(plan)]
    listed = {plural for rule in printed if "list" in rule["verbs"] for plural in rule["resources"]}

    assert {"pods", "trainjobs", "deployments", "replicasets"} <= listed
    assert inner.caller_rules(Engine([entry("alpha")]).plan()) == []
