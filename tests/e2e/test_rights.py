"""Declared rights on a real API server: a check needs them all, and says which one it lacks.

A check runs as a local process under the token of its ServiceAccount, on the example.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from helper import documents
from helper.contract import ExitCode
from helper.kinds import CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS
from helper.kube import Kube
from helper.resource import Json
from orchestrator.catalog import Entry
from orchestrator.events import CheckFinished, Event
from orchestrator.exits import Exit
from orchestrator.rights import Grants, grants
from orchestrator.sweep import place
from tests.e2e.examples import demanding_recipe
from tests.e2e.leftovers import left_behind
from tests.e2e.local_check import Ended, run_check
from tests.e2e.real_cluster import temporary_namespace
from tests.e2e.real_run import RealRun
from tests.example import FOLDER
from tests.rights import Right, available, declared, without
from tests.source import ROOT

PARALLEL = 24  # a check that is refused waits for seconds, lest its binding is only fresh
RECIPE = demanding_recipe()
RIGHTS = [
    (entry.name, right) for entry in available() for right in declared(grants(entry, RECIPE.input))
]
# What the example does not need; tests/images/test_declared_rights.py shows what does.
SPARE = {
    ("nccl-all-reduce-bw", "list resourceslices.resource.k8s.io"): "no claim holds a GPU",
    ("nccl-all-reduce-bw", "list networks.networking.gke.io"): "it is not GKE",
    ("dra-support", "list devicetaintrules.resource.k8s.io"): "the server does not have them",
    ("dra-support", "list daemonsets.apps in gpu-operator"): "the driver is a component",
    ("dra-support", "list deployments.apps in gpu-operator"): "the driver is a component",
    ("dra-support", "list pods in gpu-operator"): "the driver is a component",
    ("gpu-operator-health", "list gpuclusters.nvidia.com"): "the operator is older",
    ("gpu-operator-health", "list pods in gpu-operator"): "no operand misses a pod",
    ("platform-health", "list nodes"): "no DaemonSet misses a pod",
}


@pytest.fixture(scope="module")
def ended(
    example: Kube, run_id: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[tuple[str, Right | None], Ended]]:
    """How each check ends with all its rights, and with each one taken away."""
    folder = tmp_path_factory.mktemp("checks")
    cases: dict[tuple[str, Right | None], tuple[Entry, Grants]] = {}
    for entry in available():
        full = grants(entry, RECIPE.input)
        cases[entry.name, None] = entry, full
        for right in declared(full):
            cases[entry.name, right] = entry, without(full, right)
    with temporary_namespace(example, run_id) as namespace, ThreadPoolExecutor(PARALLEL) as pool:

        def end(case: tuple[Entry, Grants]) -> Ended:
            return run_check(example, namespace, folder, RECIPE, *case)

        found = dict(zip(cases, pool.map(end, cases.values()), strict=True))
        assert left_behind(example, namespace) == []
        yield found


@pytest.mark.parametrize("entry", available(), ids=lambda entry: entry.name)
def test_a_check_needs_no_right_that_it_does_not_declare(
    ended: Mapping[tuple[str, Right | None], Ended], entry: Entry
) -> None:
    found = ended[entry.name, None]

    wanted = ExitCode.OTHER if entry.name == "nccl-all-reduce-bw" else ExitCode.PASS
    assert found.code == wanted, found.message
    assert "403" not in found.message


def test_nccl_finds_all_its_preconditions(
    ended: Mapping[tuple[str, Right | None], Ended],
) -> None:
    assert "2 free nodes with 8 GPUs each" in ended["nccl-all-reduce-bw", None].message


@pytest.mark.parametrize(("check", "right"), RIGHTS, ids=str)
def test_a_right_that_is_taken_away_is_named_or_not_needed_here(
    ended: Mapping[tuple[str, Right | None], Ended], check: str, right: Right
) -> None:
    found = ended[check, right]

    if (check, str(right)) in SPARE:
        assert found.code == ended[check, None].code, found.message
        assert "403" not in found.message
    else:
        assert found.code == ExitCode.FAIL, found.message
        assert found.message.startswith("cannot tell: ")
        assert "403 Forbidden" in found.message
        assert f'cannot {right.verb} resource "{right.plural}"' in found.message


def test_every_right_that_is_not_needed_here_is_declared() -> None:
    assert SPARE.keys() <= {(check, str(right)) for check, right in RIGHTS}


def test_nobody_is_an_admin_while_checks_run(
    example: Kube, namespace: str, image_of: Callable[[str], str]
) -> None:
    listed = yaml.safe_load((ROOT / "catalog.yaml").read_bytes())["validators"]
    passing = {"image": image_of("e2e-act"), "args": ["leave", "0"]}
    entries = [{**item, **passing} for item in listed if item.get("available", True)]
    recipe = documents.load_mapping((FOLDER / "recipe.yaml").read_bytes(), "recipe.yaml")
    bindings: dict[str, Json] = {}

    def during(event: Event) -> None:
        if isinstance(event, CheckFinished):  # and its identity is still there
            bindings.update(bound_in(example, namespace))

    finished = RealRun(example, namespace, entries, recipe=recipe).execute(during)

    assert finished.result.exit == Exit.OK
    roles = {title: item["roleRef"]["name"] for title, item in bindings.items()}
    assert roles == {title: title.partition(" ")[0] for title in bindings}
    accounts = {item["subjects"][0]["name"] for item in bindings.values()}
    assert len(accounts) == len(entries)
    assert finished.left == []


def bound_in(kube: Kube, namespace: str) -> Iterator[tuple[str, Json]]:
    """All bindings of accounts of a namespace, by account and place."""
    for resource in (CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS):
        for item in kube.list(resource):
            for subject in item.get("subjects") or []:
                if subject.get("namespace") == namespace:
                    yield f"{subject['name']} in {place(item)}", item
