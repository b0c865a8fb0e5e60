"""A fast run makes nothing but Jobs and identities: as a plan, and as the API server saw it."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from helper.check import SkipCode
from helper.depth import Depth
from helper.kinds import LEASES
from orchestrator import catalog, manifests, plan, recipe
from orchestrator.depth import limit
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.outcome import PhaseStatus, Status
from orchestrator.plan import Plan
from orchestrator.preflight import needs
from orchestrator.replay import ReplayCluster
from orchestrator.run import Run
from orchestrator.settings import RunSettings
from tests.example import FOLDER
from tests.orchestrator import samples
from tests.orchestrator.engine import (
    IMAGE,
    NAMESPACE,
    Engine,
    Finished,
    entry,
    node,
    script,
    served,
)
from tests.orchestrator.samples import context
from tests.orchestrator.samples import recipe as selecting
from tests.source import ROOT

READS = {"resources": ["pods"], "verbs": ["get", "list", "create", "delete"]}
RUNS = {"resources": ["pods/exec"], "verbs": ["get"]}
WRITES = {"resources": ["pods"], "verbs": ["create"], "namespace": {"component": "gpu-operator"}}
# Of the orchestrator, in its own namespace or about its checks; nothing of this is a workload.
OWN = {
    "clusterrolebindings",
    "clusterroles",
    "configmaps",
    "jobs",
    "leases",
    "namespaces",
    "rolebindings",
    "roles",
    "serviceaccounts",
}
ASKED = {"selfsubjectaccessreviews", "selfsubjectreviews", "selfsubjectrulesreviews"}


def fast(*entries: dict[str, Any]) -> Plan:
    return limit(samples.plan(*entries), Depth.FAST)


def test_a_full_run_is_as_it_was_planned() -> None:
    given = samples.plan(entry("alpha", workloads="always"))

    assert limit(given, Depth.FULL) is given


def test_what_always_makes_workloads_is_left_out_and_stays_in_the_plan() -> None:
    found = fast(entry("alpha"), entry("load", workloads="always", rbac=[READS]))

    left_out = found.checks[1]
    assert (left_out.skip, left_out.image, left_out.grants.cluster) == (SkipCode.DEPTH, "", ())
    assert "left out by --depth fast" in left_out.refusal


def test_what_makes_some_only_looks_and_is_told_so() -> None:
    check = fast(entry("alpha", workloads="partly")).checks[0]

    told = {item["name"]: item.get("value") for item in manifests.environment(context(), check)}
    assert (check.refusal, told["AICR_DEPTH"]) == ("", "fast")


def test_the_rights_of_a_fast_run_only_read() -> None:
    given = samples.plan(
        entry("alpha", workloads="partly", rbac=[READS, RUNS, WRITES]),
        given=selecting("alpha", componentRefs=[samples.component()]),
    )

    grants = limit(given, Depth.FAST).checks[0].grants

    assert [rule["verbs"] for rule in grants.cluster] == [["get", "list"]]
    assert grants.by_namespace == {}


def test_a_check_that_may_write_and_does_not_say_what_for_is_left_out() -> None:
    found = fast(entry("alpha"), entry("unsaid", rbac=[READS]), entry("shell", rbac=[RUNS]))

    assert [check.skip for check in found.checks] == [None, SkipCode.DEPTH, SkipCode.DEPTH]


def test_a_fast_run_that_would_test_nothing_is_wrong_usage() -> None:
    with pytest.raises(UsageError, match="leaves out load, so that nothing would be tested"):
        fast(entry("load", workloads="always"))


class Fast(Engine):
    """A run of the same entries at depth fast."""

    def plan(self) -> Plan:
        """The plan of the run, held to its depth."""
        return limit(super().plan(), Depth.FAST)


def run(log: str = "", **changes: Any) -> Finished:
    entries = [entry("alpha", workloads="partly"), entry("load", workloads="always")]
    return Fast(entries, [script("alpha", log=log, **changes), script("load")]).run()


def test_what_is_left_out_is_skipped_with_its_reason_and_its_phase_is_narrowed() -> None:
    done = run()

    left_out = done.outcome("load")
    assert (left_out.status, left_out.facts) == (Status.SKIPPED, {"skip": "depth"})
    assert done.outcome("alpha").extra["depth"] == "fast"
    assert done.result.exit is Exit.OK
    assert [p.status for p in done.result.phases if p.outcomes] == [PhaseStatus.NARROWED]


def test_a_fast_check_neither_waits_for_a_lock_nor_keeps_one_from_others() -> None:
    lease = {
        "apiVersion": LEASES.api_version,
        "kind": LEASES.kind,
        "metadata": {"name": "aicr-lock-gpu", "namespace": NAMESPACE},
        "spec": {
            "holderIdentity": "another",
            "leaseDurationSeconds": 3600,
            "renewTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f}Z",
        },
    }
    home = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    entries = [entry(name, workloads="partly", locks=["gpu"]) for name in ("alpha", "beta")]
    settings = RunSettings(wait_for_locks=False)

    done = Fast(
        entries,
        [script("alpha"), script("beta")],
        objects=[node(), home, lease],
        settings=settings,
    ).run()

    assert done.result.exit is Exit.OK
    assert "locks" not in done.outcome("alpha").extra
    assert [r for r in done.cluster.requests if r.action.resource == LEASES.plural] == []
    asked = [str(need) for need in needs(fast(*entries))]
    assert [need.split()[0] for need in asked if "leases" in need] == ["list"]  # of leftovers


def test_no_fast_run_demonstrates_anything() -> None:
    assert run('FACT: {"proof": "demonstrated"}\n').outcome("alpha").facts == {"proof": "observed"}
    assert run('FACT: {"proof": "configured"}\n').outcome("alpha").facts == {"proof": "configured"}


def test_a_check_may_find_out_itself_that_it_needs_a_workload() -> None:
    done = run('FACT: {"skip": "depth"}\n', exitCode=2, message="needs a pod")

    assert done.outcome("alpha").is_left_out


def test_a_fast_run_of_the_example_makes_nothing_but_jobs_and_identities() -> None:
    given = recipe.parse((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")
    planned = limit(plan.build(catalog.built_in(), given.input), Depth.FAST)
    cluster = ReplayCluster.load(FOLDER)

    with served(cluster) as kube, Run(planned, given, kube) as going:
        going.deploy()
        going.wait()
        result = going.result()

    assert result.exit is Exit.OK
    writes = [
        item
        for item in cluster.requests
        if item.method not in ("GET", "HEAD")
        and "dryRun=All" not in item.query
        and item.action.resource not in ASKED
    ]
    assert {item.action.resource for item in writes} <= OWN
    assert {"jobs", "serviceaccounts"} <= {item.action.resource for item in writes}
    assert [item for item in writes if "aicr-" in item.user] == []  # none is a check's own
    ran = {item.user for item in cluster.requests if "aicr-dra-support" in item.user}
    assert ran  # a check's requests are known by its account


DEFIANT = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from helper.credentials import Credentials
from helper.kinds import CONFIG_MAPS
from helper.kube import connect
kube = connect(Credentials.discover(os.environ, root=Path(os.environ["AICR_FILE_ROOT"])), {{}})
body = {{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {{"name": "mine"}}}}
kube.create(CONFIG_MAPS, body, os.environ["AICR_NAMESPACE"])
"""


@pytest.mark.parametrize(
    ("kind", "answer"), [(Engine, 201), (Fast, 403)], ids=["full-may-write", "fast-may-not"]
)
def test_the_api_server_holds_a_check_to_its_depth(kind: type[Engine], answer: int) -> None:
    rule = {"resources": ["configmaps"], "verbs": ["list", "create"]}
    entries = [entry("alpha", workloads="partly", rbac=[rule])]

    done = kind(entries, images={IMAGE: [sys.executable, "-c", DEFIANT]}).run()

    answers = [
        item.status
        for item in done.cluster.requests
        if (item.method, item.action.resource) == ("POST", "configmaps")
        and "aicr-alpha" in item.user
    ]
    assert set(answers) == {answer}
