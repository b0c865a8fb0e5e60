from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helper.credentials import Credentials
from helper.kube import Kube, connect
from orchestrator import preflight
from orchestrator.errors import PermissionsError
from orchestrator.exits import Exit
from orchestrator.forwarding import Forwarded
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan
from orchestrator.replay import ReplayCluster
from orchestrator.rights import Grants, Rights
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.engine import NAMESPACE, RUN_ID, Engine, entry

Json = dict[str, Any]

NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "namespace": "gpu-operator"}
PLAN = Engine([entry("alpha", rbac=[NODES, PODS]), entry("beta", locks=["gpu"])]).plan()
CONTEXT = RunContext(RUN_ID, NAMESPACE, "v0")
RULES = list(preflight.caller_rules(PLAN))


@pytest.fixture
def namespaces() -> list[Json]:
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (NAMESPACE, "gpu-operator")
    ]


class Caller:
    """Connects as somebody who holds just these rules."""

    def __init__(self, folder: Path, namespaces: list[Json]) -> None:
        self._path = folder / "kubeconfig"
        self.namespaces = namespaces
        self.cluster = ReplayCluster()

    def check(self, rules: list[Json], plan: Plan = PLAN, context: RunContext = CONTEXT) -> None:
        self.ask(rules, lambda kube: preflight.check(kube, plan, context))

    def ask(self, rules: list[Json], question: Callable[[Kube], None]) -> None:
        self.cluster = ReplayCluster(objects=[*self.namespaces, *cluster_role(rules)])
        with self.cluster.serve() as server:
            server.write_kubeconfig(self._path, user="caller")
            kube = connect(Credentials(str(self._path)), {}, patience_s=1.0)
            try:
                question(kube)
            finally:
                kube.close()


@pytest.fixture
def caller(tmp_path: Path, namespaces: list[Json]) -> Caller:
    return Caller(tmp_path, namespaces)


def test_a_caller_with_the_printed_rules_may_run(caller: Caller) -> None:
    caller.check(RULES)


@pytest.mark.parametrize(
    "left_out", RULES, ids=lambda rule: f"{rule['verbs'][0]}-{rule['resources'][0]}"
)
def test_without_any_one_of_the_printed_rules_the_run_does_not_begin(
    caller: Caller, left_out: Json
) -> None:
    with pytest.raises(PermissionsError) as caught:
        caller.check([rule for rule in RULES if rule != left_out])

    assert caught.value.exit is Exit.PERMISSION
    assert left_out["resources"][0].partition("/")[0] in str(caught.value)


def test_who_waits_for_a_cluster_may_look_at_all_that_is_waited_for(caller: Caller) -> None:
    def question(kube: Kube) -> None:
        preflight.check_wait(kube, ["gpu-operator"])

    kinds = ("nodes", "resourceslices", "deployments", "daemonsets", "statefulsets", "pods")
    rules = [
        {"apiGroups": ["", "apps", "resource.k8s.io"], "resources": [plural], "verbs": ["list"]}
        for plural in kinds
    ]
    caller.ask(rules, question)

    with pytest.raises(PermissionsError) as caught:
        caller.ask(rules[:2], question)
    assert "4 rights to wait for the cluster are missing" in str(caught.value)
    assert "list statefulsets.apps in gpu-operator" in str(caught.value)


def test_a_missing_namespace_must_be_creatable(caller: Caller) -> None:
    caller.namespaces = []
    may_read = {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get"]}
    others = [rule for rule in RULES if rule["resources"] != ["namespaces"]]

    with pytest.raises(PermissionsError, match="create namespaces in the whole cluster"):
        caller.check([*others, may_read])


def test_the_preflight_creates_nothing(caller: Caller) -> None:
    with pytest.raises(PermissionsError):
        caller.check([])

    written = [
        item
        for item in caller.cluster.requests
        if item.method != "GET" and "dryRun=All" not in item.query
    ]
    assert {item.path.rpartition("/")[2] for item in written} <= {"selfsubjectaccessreviews"}


ADMIN_PLAN = Engine([entry("alpha")], rights=Rights("cluster-admin")).plan()
EXISTING_PLAN = Engine([entry("alpha")], rights=Rights("existing", "checker")).plan()


def test_only_who_may_bind_cluster_admin_can_give_it_to_checks(caller: Caller) -> None:
    rules = list(preflight.caller_rules(ADMIN_PLAN))
    caller.check(rules, ADMIN_PLAN)

    with pytest.raises(PermissionsError, match="give it ClusterRole cluster-admin"):
        caller.check([rule for rule in rules if "bind" not in rule["verbs"]], ADMIN_PLAN)


def test_an_account_that_checks_shall_run_under_must_exist(caller: Caller) -> None:
    rules = list(preflight.caller_rules(EXISTING_PLAN))
    with pytest.raises(PermissionsError, match="ServiceAccount checker is not in aicr-validation"):
        caller.check(rules, EXISTING_PLAN)

    where = {"name": "checker", "namespace": NAMESPACE}
    caller.namespaces += [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where}]
    caller.check(rules, EXISTING_PLAN)


def test_no_account_is_made_for_a_check_that_is_left_out() -> None:
    phases = [replace(phase, checks=()) for phase in EXISTING_PLAN.phases]
    (check,) = EXISTING_PLAN.checks
    refused = replace(check, refusal="left out", grants=Grants())
    plan = replace(EXISTING_PLAN, phases=(replace(phases[0], checks=(check, refused)),))

    (accounts,) = [r for r in preflight.caller_rules(plan) if "serviceaccounts" in r["resources"]]
    assert accounts["verbs"] == ["get", "list"]


SECRETS = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create", "delete", "list"]}


def test_rights_on_secrets_are_asked_for_only_where_a_token_is_handed_on(caller: Caller) -> None:
    plan = Engine([entry("inference-perf")]).plan()
    without = [rule for rule in preflight.caller_rules(plan) if rule != SECRETS]
    given = replace(CONTEXT, forwarded=Forwarded(token="hf_x"))

    assert SECRETS in preflight.caller_rules(plan)
    assert SECRETS not in RULES
    caller.check(without, plan)
    with pytest.raises(PermissionsError, match="create secrets in aicr-validation"):
        caller.check(without, plan, given)
