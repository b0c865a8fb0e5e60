from typing import Any

import pytest

from helper.models import ValidationInput
from orchestrator.catalog import Entry
from orchestrator.rights import Grants, grants, read_only
from tests.orchestrator.samples import Json, component, entry

READ_PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}
EXPECTED = {"derive": "expectedResources"}
NAMESPACES = {"derive": "componentNamespaces"}


def granted(*rules: Json, components: tuple[Json, ...] = ()) -> Grants:
    given = Entry.model_validate(entry(rbac=list(rules)))
    return grants(given, ValidationInput.model_validate({"componentRefs": list(components)}))


def expecting(*resources: Json, **changes: Any) -> Json:
    return component(expectedResources=list(resources), **changes)


def get(group: str, resource: str, *names: str) -> Json:
    rule = {"apiGroups": [group], "resources": [resource], "verbs": ["get"]}
    return {**rule, "resourceNames": list(names)}


DEPLOYMENT = {"kind": "Deployment", "name": "operator"}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(READ_PODS, Grants(cluster=(READ_PODS,)), id="no-namespace-is-cluster-wide"),
        pytest.param(
            {**READ_PODS, "namespace": "kube-system"},
            Grants(by_namespace={"kube-system": (READ_PODS,)}),
            id="named-namespace",
        ),
        pytest.param(
            {**READ_PODS, "namespace": {"component": "gpu-operator"}},
            Grants(by_namespace={"gpu-operator": (READ_PODS,)}),
            id="namespace-of-a-component",
        ),
        pytest.param(
            {**READ_PODS, "resourceNames": ["a"]},
            Grants(cluster=({**READ_PODS, "resourceNames": ["a"]},)),
            id="resource-names",
        ),
        pytest.param(
            NAMESPACES,
            Grants(cluster=(get("", "namespaces", "gpu-operator"),)),
            id="namespaces-of-components",
        ),
        pytest.param({"derive": "healthChecks"}, Grants(), id="health-checks-are-not-built"),
    ],
)
def test_a_rule_becomes_exactly_one_right(rule: Json, expected: Grants) -> None:
    assert granted(rule, components=(component(),)) == expected


def test_no_rules_no_rights() -> None:
    assert granted() == Grants()


@pytest.mark.parametrize(
    "components",
    [
        pytest.param((), id="not-in-the-recipe"),
        pytest.param((component(overrides={"enabled": False}),), id="disabled"),
        pytest.param((component(namespace=""),), id="without-a-namespace"),
    ],
)
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({**READ_PODS, "namespace": {"component": "gpu-operator"}}, id="component"),
        pytest.param(NAMESPACES, id="component-namespaces"),
    ],
)
def test_rights_about_what_the_recipe_lacks_are_dropped(
    rule: Json, components: tuple[Json, ...]
) -> None:
    assert granted(rule, components=components) == Grants()


def test_rules_of_one_namespace_come_together_and_the_same_right_once() -> None:
    found = granted(
        {**READ_PODS, "namespace": "b"},
        {**READ_PODS, "namespace": "a"},
        {**READ_PODS, "namespace": "a"},
        {**READ_PODS, "verbs": ["get"], "namespace": "a"},
    )

    assert list(found.by_namespace) == ["a", "b"]
    assert found.by_namespace["a"] == (READ_PODS, {**READ_PODS, "verbs": ["get"]})


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        pytest.param(
            DEPLOYMENT,
            Grants(by_namespace={"gpu-operator": (get("apps", "deployments", "operator"),)}),
            id="namespace-of-its-component",
        ),
        pytest.param(
            {**DEPLOYMENT, "namespace": "elsewhere"},
            Grants(by_namespace={"elsewhere": (get("apps", "deployments", "operator"),)}),
            id="namespace-of-its-own",
        ),
        pytest.param(
            {"kind": "Namespace", "name": "gpu-operator"},
            Grants(cluster=(get("", "namespaces", "gpu-operator"),)),
            id="cluster-scoped",
        ),
        pytest.param({"kind": "ClusterPolicy", "name": "x"}, Grants(), id="kind-without-a-group"),
    ],
)
def test_an_expected_resource_may_be_read_by_name_only(resource: Json, expected: Grants) -> None:
    assert granted(EXPECTED, components=(expecting(resource),)) == expected


def test_expected_resources_of_one_kind_share_a_rule() -> None:
    found = granted(EXPECTED, components=(expecting({**DEPLOYMENT, "name": "b"}, DEPLOYMENT),))

    assert found.by_namespace == {"gpu-operator": (get("apps", "deployments", "b", "operator"),)}


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param(expecting(DEPLOYMENT, overrides={"enabled": False}), id="disabled-component"),
        pytest.param(expecting(DEPLOYMENT, namespace=""), id="nowhere-to-look"),
    ],
)
def test_what_cannot_be_looked_for_gives_no_right(owner: Json) -> None:
    assert granted(EXPECTED, components=(owner,)) == Grants()


def test_what_is_left_of_rights_that_only_read() -> None:
    some = {**READ_PODS, "verbs": ["create", "get", "list", "patch", "watch"]}
    commands = {**READ_PODS, "resources": ["pods/exec", "pods/log"], "verbs": ["get"]}
    writes = {**READ_PODS, "verbs": ["delete"], "namespace": "gpu-operator"}

    found = read_only(granted(some, commands, writes))

    assert found == Grants(
        cluster=(
            {**READ_PODS, "verbs": ["get", "list", "watch"]},
            {**READ_PODS, "resources": ["pods/log"], "verbs": ["get"]},
        )
    )


def test_rights_that_are_no_rules_stay_as_they_are() -> None:
    assert read_only(Grants(account="mine")) == Grants(account="mine")
