from typing import Any

import pytest

from helper.check import SkipCode
from helper.depth import Depth
from helper.models import ValidationInput
from orchestrator import catalog, plan
from orchestrator.catalog import Entry
from orchestrator.errors import UsageError
from orchestrator.processes.runnable import objection, restrict
from orchestrator.result import refused
from orchestrator.rights import CLUSTER_ADMIN, Rights

IMAGE = "ghcr.io/aicr-orch/validator-conformance:latest"
LIST_NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}


def entry(**changes: Any) -> Entry:
    return Entry.model_validate(
        {"name": "alpha", "phase": "conformance", "image": IMAGE, "rbac": [LIST_NODES], **changes}
    )


def planned(*entries: Entry, rights: Rights | None = None) -> plan.Plan:
    names = [item.name for item in entries]
    wanted = ValidationInput.model_validate({"config": {"conformance": {"checks": names}}})
    return plan.build(catalog.Catalog(validators=list(entries)), wanted, rights=rights)


def rule(verb: str, resource: str, group: str = "") -> dict[str, Any]:
    return {"apiGroups": [group], "resources": [resource], "verbs": [verb]}


@pytest.mark.parametrize(
    "rbac",
    [
        [],
        [rule("get", "pods/log"), rule("watch", "pods")],
        [{"derive": "expectedResources"}],
    ],
    ids=["none", "reads", "derived"],
)
def test_what_only_reads_can_run_here(rbac: list[dict[str, Any]]) -> None:
    assert objection(entry(rbac=rbac)) == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"workloads": "always"}, "it makes workloads of its own"),
        ({"rbac": [LIST_NODES, rule("create", "pods")]}, "or writes"),
        ({"rbac": [rule("get", "pods/exec")]}, "or writes"),
        ({"image": "registry.example/check:v1"}, "registry.example/check:v1 is not one"),
        ({"image": IMAGE.replace("latest", "v9")}, "validator-conformance:v9 is not one"),
        (
            {"dependency_affinity": [{"componentRef": "x", "podLabelSelector": {"a": "b"}}]},
            "pods of x inside the cluster's network",
        ),
    ],
)
def test_what_does_more_says_what_that_is(changes: dict[str, Any], why: str) -> None:
    assert why in objection(entry(**changes))


def test_a_check_that_cannot_run_here_is_skipped_and_leaves_its_phase_incomplete() -> None:
    (check,) = restrict(planned(entry(rbac=[rule("create", "pods")]))).checks
    outcome = refused(check)

    assert check.skip is SkipCode.PRECONDITION
    assert outcome.message.startswith("cannot run as a local process: it makes workloads")
    assert not outcome.is_neutral


def test_no_image_is_named_for_what_runs_without_one() -> None:
    (check,) = restrict(planned(entry())).checks

    assert (check.image, check.refusal) == ("", "")


def test_a_check_that_also_makes_workloads_runs_without_them() -> None:
    rbac = [LIST_NODES, rule("create", "pods")]
    (check,) = restrict(planned(entry(rbac=rbac, workloads="partly"))).checks

    assert (check.refusal, check.depth) == ("", Depth.FAST)
    assert check.grants.cluster == (LIST_NODES,)


def test_a_check_that_takes_gpus_for_its_workloads_runs_without_both() -> None:
    given = {"needs": {"gpus": 1}, "locks": ["gpu"], "workloads": "partly"}
    (check,) = restrict(planned(entry(**given))).checks

    assert (check.refusal, check.needs, check.locks) == ("", None, frozenset())
    assert objection(entry(**{**given, "workloads": "always"}))


def test_what_is_not_built_stays_so() -> None:
    (check,) = restrict(planned(entry(available=False))).checks

    assert check.refusal == plan.NOT_BUILT


def test_to_restrict_twice_changes_nothing() -> None:
    once = restrict(planned(entry(), entry(name="beta", workloads="always")))

    assert restrict(once) == once


def test_rights_of_other_accounts_are_wrong_usage() -> None:
    with pytest.raises(UsageError, match="their caller's rights"):
        restrict(planned(entry(), rights=Rights(CLUSTER_ADMIN)))


def test_every_check_of_ours_is_installed_or_says_why_it_cannot_run() -> None:
    found = {item.name: objection(item) for item in catalog.built_in().validators}

    assert found["dra-support"] == ""
    assert not [why for why in found.values() if "is not one" in why]
