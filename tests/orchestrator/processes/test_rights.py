from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helper.check import SkipCode
from helper.credentials import Credentials
from helper.kube import Kube, connect
from orchestrator.errors import PermissionsError
from orchestrator.plan import Plan
from orchestrator.processes import rights
from orchestrator.replay import ReplayCluster
from tests.orchestrator.callers import cluster_role
from tests.orchestrator.engine import Engine, entry

Json = dict[str, Any]

NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
LOGS = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"], "namespace": "gpu-operator"}
NAMED = {
    "apiGroups": [""],
    "resources": ["namespaces"],
    "verbs": ["get"],
    "resourceNames": ["a", "b"],
}
PLAN = Engine([entry("alpha", rbac=[NODES, NAMED]), entry("beta", rbac=[LOGS])]).plan()
RULES = list(rights.rules(PLAN))

Connect = Callable[[list[Json]], Any]


@pytest.fixture
def caller(tmp_path: Path) -> Connect:
    """Connects as somebody who holds just these rules."""

    @contextmanager
    def connected(rules: list[Json]) -> Iterator[Kube]:
        path = tmp_path / "kubeconfig"
        with ReplayCluster(objects=cluster_role(rules)).serve() as server:
            server.write_kubeconfig(path, user="caller")
            kube = connect(Credentials(str(path)), {}, patience_s=1.0)
            try:
                yield kube
            finally:
                kube.close()

    return connected


def refusals(found: Plan) -> dict[str, str]:
    return {check.name: check.refusal for check in found.checks if check.refusal}


def test_a_caller_with_the_printed_rules_may_run_everything(caller: Connect) -> None:
    with caller(RULES) as kube:
        assert rights.admit(kube, PLAN) == PLAN


@pytest.mark.parametrize(
    ("left_out", "check", "words"),
    [
        (NODES, "alpha", "the caller may not list nodes in the whole cluster"),
        (NAMED, "alpha", "the caller may not get namespaces a in the whole cluster and 1 more"),
        ({**LOGS, "namespace": None}, "beta", "may not get pods/log in gpu-operator"),
    ],
)
def test_a_check_without_its_rights_is_skipped_and_says_what_is_missing(
    caller: Connect, left_out: Json, check: str, words: str
) -> None:
    held = [rule for rule in RULES if rule["resources"] != left_out["resources"]]
    with caller(held) as kube:
        found = rights.admit(kube, PLAN)

    (name,) = refusals(found)
    assert name == check
    assert words in refusals(found)[name]
    assert {item.skip for item in found.checks if item.refusal} == {SkipCode.PERMISSION}


def test_a_right_to_one_object_is_no_right_to_its_neighbour(caller: Connect) -> None:
    with caller([NODES, LOGS, {**NAMED, "resourceNames": ["a"]}]) as kube:
        found = rights.admit(kube, PLAN)

    assert "may not get namespaces b in" in refusals(found)["alpha"]


def test_who_may_read_all_objects_is_not_asked_for_each(caller: Connect) -> None:
    everything = {**NAMED, "resourceNames": []}
    with caller([NODES, everything]) as kube:
        assert list(refusals(rights.admit(kube, PLAN))) == ["beta"]


def test_without_a_right_for_any_check_the_run_does_not_begin(caller: Connect) -> None:
    with caller([]) as kube, pytest.raises(PermissionsError) as caught:
        rights.admit(kube, PLAN)

    first, *rest = str(caught.value).splitlines()
    assert first.startswith("4 rights are missing, so that not one check can run")
    assert "  list nodes in the whole cluster" in rest
