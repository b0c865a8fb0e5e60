"""Who starts a run needs what `rbac print --caller` prints, and learns at once what is missing."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper.credentials import Credentials
from helper.deadline import Deadline
from helper.kinds import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    NAMESPACES,
    SERVICE_ACCOUNTS,
    Resource,
)
from helper.kube import Kube, connect
from helper.models import PHASES
from orchestrator.exits import Exit
from orchestrator.plan import new_run_id
from tests.e2e.command import run
from tests.e2e.leftovers import left_behind
from tests.e2e.local_check import write_kubeconfig
from tests.e2e.real_cluster import built_image
from tests.example import FOLDER

Rules = list[dict[str, Any]]

RBAC = "rbac.authorization.k8s.io"
INPUTS = ("-r", str(FOLDER / "recipe.yaml"), "-s", str(FOLDER / "snapshot.yaml"))
# Nobody has such objects; who may read them has a binding that counts already.
MARK = Resource("e2e.aicr.run", "v1", "marks", "Mark")
COUNTS_S = 30.0


@pytest.fixture
def target(real_kube: Kube) -> Iterator[str]:
    """The namespace of a run, which does not exist yet."""
    name = f"aicr-e2e-{secrets.token_hex(4)}"
    yield name
    real_kube.delete(NAMESPACES, name)


@pytest.fixture
def printed(tmp_path: Path, target: str) -> Rules:
    """The rules that a caller needs, as the command prints them."""
    asked = run("rbac", "print", "--caller", *INPUTS[:2], "-n", target, state=tmp_path)
    rules: Rules = yaml.safe_load(asked.stdout)["rules"]
    return rules


@contextmanager
def caller(kube: Kube, namespace: str, rules: Rules, folder: Path) -> Iterator[str]:
    """Have an account with these rules in the whole cluster; gives its kubeconfig."""
    name = f"aicr-e2e-caller-{secrets.token_hex(4)}"
    mark = {"apiGroups": [MARK.group], "resources": [MARK.plural], "verbs": ["get"]}
    binding = {
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name},
    }
    create(kube, SERVICE_ACCOUNTS, name, {}, namespace)
    try:
        create(kube, CLUSTER_ROLES, name, {"rules": [*rules, mark]})
        create(kube, CLUSTER_ROLE_BINDINGS, name, binding)
        kubeconfig = str(write_kubeconfig(kube, namespace, name, folder / "kubeconfig"))
        own = connect(Credentials(kubeconfig), {})
        counts = Deadline.after(COUNTS_S)
        counts.poll("the binding to count", lambda: own.allowed("get", MARK) or None, 0.1)
        own.close()
        yield kubeconfig
    finally:
        kube.delete(CLUSTER_ROLE_BINDINGS, name)
        kube.delete(CLUSTER_ROLES, name)


def create(
    kube: Kube, resource: Resource, name: str, body: dict[str, Any], namespace: str | None = None
) -> None:
    """Create an object of one kind."""
    head = {"apiVersion": resource.api_version, "kind": resource.kind, "metadata": {"name": name}}
    kube.create(resource, {**head, **body}, namespace)


def test_the_printed_rights_are_enough(
    example: Kube, namespace: str, target: str, printed: Rules, tmp_path: Path
) -> None:
    for phase in PHASES:
        built_image(example, phase)
    run_id = new_run_id()
    with caller(example, namespace, printed, tmp_path) as kubeconfig:
        arguments = ("--kubeconfig", kubeconfig, "-n", target, "--run-id", run_id)
        done = run("validate", *INPUTS, *arguments, state=tmp_path)

    assert done.returncode == Exit.OK, done.stderr
    assert left_behind(example, run_id) == []


@pytest.mark.parametrize(
    ("title", "verbs"),
    [
        ("configmaps", ["create", "delete", "list", "watch"]),
        ("jobs.batch", ["create", "delete", "list", "watch"]),
        ("pods/log", ["get"]),
        ("events", ["list"]),
        ("leases.coordination.k8s.io", ["list", "get", "create", "update", "delete"]),
    ],
)
def test_missing_rights_are_named_and_nothing_is_created(
    real_kube: Kube,
    namespace: str,
    target: str,
    printed: Rules,
    tmp_path: Path,
    title: str,
    verbs: list[str],
) -> None:
    refused = validate(real_kube, namespace, target, lacking(printed, title), tmp_path)

    assert refused == [f"{verb} {title} in {target}" for verb in verbs]


def test_a_right_that_cannot_be_handed_on_is_named_and_nothing_is_created(
    real_kube: Kube, namespace: str, target: str, printed: Rules, tmp_path: Path
) -> None:
    rules = lacking(printed, "deviceclasses.resource.k8s.io")

    (refused,) = validate(real_kube, namespace, target, rules, tmp_path)

    assert refused.startswith("make ClusterRole aicr-dra-support-")
    assert "attempting to grant RBAC permissions not currently held" in refused


def lacking(rules: Rules, title: str) -> Rules:
    """The rules without those about one resource."""

    def keeps(rule: dict[str, Any], plural: str) -> bool:
        return title not in {".".join(filter(None, (plural, group))) for group in rule["apiGroups"]}

    kept = [
        {**rule, "resources": [item for item in rule["resources"] if keeps(rule, item)]}
        for rule in rules
    ]
    return [rule for rule in kept if rule["resources"]]


def validate(kube: Kube, namespace: str, target: str, rules: Rules, folder: Path) -> list[str]:
    """Start a run that may not; gives what it says that it lacks. Nothing has been created."""
    run_id = new_run_id()
    with caller(kube, namespace, rules, folder) as kubeconfig:
        arguments = ("--kubeconfig", kubeconfig, "-n", target, "--run-id", run_id)
        done = run("validate", *INPUTS, *arguments, state=folder)
    assert done.returncode == Exit.PERMISSION, done.stderr
    assert left_behind(kube, run_id) == []
    assert kube.find(NAMESPACES, target) is None
    listed = done.stderr.partition("rights are missing, nothing was created")[2]
    return [line.strip() for line in listed.splitlines() if line.startswith("  ")]
