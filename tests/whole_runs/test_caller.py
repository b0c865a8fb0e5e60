"""Runs of somebody who has just the rights that `rbac print --caller` prints."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.exits import Exit
from tests.orchestrator.callers import CALLER, cluster_role
from tests.orchestrator.engine import NAMESPACE, everything, node, script
from tests.whole_runs.place import Place, ended, placed, statuses, wait_for

Json = dict[str, Any]

CHECKS = {"first": {}, "second": {"delaySeconds": 600.0}}
READS_NODES = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["list"]}
OPERATOR = "gpu-operator"
READS_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "namespace": OPERATOR}
RIGHTS = {"rbac": [READS_NODES, READS_PODS], "locks": ["gpu"]}
# What no role in a namespace can give.
WIDE = ("namespaces", "nodes", "clusterroles", "clusterrolebindings")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    homes = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in (NAMESPACE, OPERATOR)
    ]
    entries = dict.fromkeys(CHECKS, RIGHTS)
    with placed(tmp_path, CHECKS, objects=[node(), *homes], entries=entries) as place:
        yield place


def everywhere(rules: list[Json]) -> list[Json]:
    """The rights bound as the documents show it."""
    return cluster_role(rules)


def where_needed(rules: list[Json]) -> list[Json]:
    """The rights bound in the namespaces of the run only, as far as that is possible."""
    wide = [rule for rule in rules if set(rule["resources"]) <= set(WIDE)]
    role, binding = cluster_role(wide)
    group = "rbac.authorization.k8s.io"
    local = {**role, "metadata": {"name": "local"}, "rules": rules}
    bound = [
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "local", "namespace": namespace},
            "subjects": [CALLER],
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "local"},
        }
        for namespace in (NAMESPACE, OPERATOR)
    ]
    return [role, binding, local, *bound]


def become_caller(place: Place, bind: Callable[[list[Json]], list[Json]]) -> None:
    """Have the rights that are printed, and no others."""
    printed = place.end("rbac", "print", "--caller", *place.inputs)
    assert printed.code == Exit.OK, printed.err
    for obj in bind(yaml.safe_load(printed.out)["rules"]):
        place.cluster.add(obj)
    place.server.write_kubeconfig(place.folder / "kubeconfig", user=CALLER["name"])


def killed(place: Place) -> str:
    """A run that had one verdict and was killed at the second check; its name."""
    with place.validate() as process:
        wait_for(lambda: "first" in place.kept())
        wait_for(lambda: any(is_working(obj) for obj in everything(place.cluster)))
        process.kill()
        ended(process)
    place.cluster.state.outcomes = [script("second")]
    return place.runs[0].name


def is_working(obj: Json) -> bool:
    """Whether it is the pod of the second check, at work."""
    is_second = (obj["metadata"].get("labels") or {}).get("aicr.run/check") == "second"
    return is_second and obj["kind"] == "Pod" and obj["status"].get("phase") == "Running"


@pytest.mark.parametrize("bind", [everywhere, where_needed])
@pytest.mark.parametrize("folder", ["kept", "gone"])
def test_the_printed_rights_are_enough_to_go_on_with_a_run(
    place: Place, bind: Callable[[list[Json]], list[Json]], folder: str
) -> None:
    become_caller(place, bind)
    run_id = killed(place)
    assert len(place.left(run_id)) > 5
    again: tuple[str, ...] = ()
    if folder == "gone":
        shutil.rmtree(place.runs[0])
        again = place.inputs

    said = place.end("validate", "--resume", run_id, *again)

    assert said.code == Exit.OK, said.err
    assert statuses(place.runs[0] / "ctrf.json") == {"first": "passed", "second": "passed"}
    assert place.left() == []


@pytest.mark.parametrize("bind", [everywhere, where_needed])
def test_the_printed_rights_are_enough_for_a_whole_run(
    place: Place, bind: Callable[[list[Json]], list[Json]]
) -> None:
    become_caller(place, bind)
    place.cluster.state.outcomes = [script("first"), script("second")]

    said = place.run()

    assert said.code == Exit.OK, said.err
    assert place.left() == []


def test_what_was_made_for_a_check_that_is_left_out_now_goes_as_well(place: Place) -> None:
    become_caller(place, everywhere)
    run_id = killed(place)

    said = place.end("validate", "--resume", run_id, *place.inputs, "--skip", "second")

    assert said.code == Exit.OK, said.err
    assert place.left() == []
