from dataclasses import replace
from typing import Any

import pytest

from helper.nodes import Node, Taint
from helper.scheduling import (
    matches_terms,
    obstacle,
    pinned_node,
    selector_text,
    targets,
    untolerated,
)
from tests.fakes import objects as kube

Json = dict[str, Any]
NODE = Node("gpu-1", labels={"pool": "gpu", "size": "8"})
DAEMON_SET = kube.daemon_set("plugin", "ns")
REQUIRED = "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"


def expression(key: str, operator: str, *values: str) -> Json:
    return {"key": key, "operator": operator, "values": list(values)}


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        (expression("pool", "In", "cpu", "gpu"), True),
        (expression("pool", "In", "cpu"), False),
        (expression("pool", "NotIn", "gpu"), False),
        (expression("absent", "NotIn", "gpu"), True),
        (expression("pool", "Exists"), True),
        (expression("absent", "Exists"), False),
        (expression("absent", "DoesNotExist"), True),
        (expression("size", "Gt", "4"), True),
        (expression("size", "Lt", "4"), False),
        (expression("pool", "Gt", "4"), False),
        (expression("absent", "Gt", "4"), False),
        (expression("size", "Gt"), False),
        (expression("pool", "Like", "gpu"), False),
        ({"key": "pool", "operator": "In", "values": None}, False),
    ],
    ids=str,
)
def test_label_expressions_mean_what_the_scheduler_means(requirement: Json, expected: bool) -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [requirement]}]}

    assert matches_terms(terms, NODE) is expected


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        pytest.param([{}], False, id="an-empty-term-matches-nothing"),
        pytest.param([], False, id="no-terms"),
        pytest.param([{}, {"matchExpressions": [expression("pool", "Exists")]}], True, id="or"),
        pytest.param(
            [{"matchExpressions": [expression("pool", "Exists"), expression("absent", "Exists")]}],
            False,
            id="and",
        ),
        pytest.param(
            [{"matchFields": [expression("metadata.name", "In", "gpu-1")]}], True, id="by-name"
        ),
        pytest.param(
            [{"matchFields": [expression("spec.other", "In", "gpu-1")]}], False, id="other-field"
        ),
    ],
)
def test_terms_are_alternatives(terms: list[Json], expected: bool) -> None:
    assert matches_terms({"nodeSelectorTerms": terms}, NODE) is expected


@pytest.mark.parametrize(
    ("pod_spec", "taints", "expected"),
    [
        pytest.param({}, [], True, id="no-wishes"),
        pytest.param({"nodeSelector": {"pool": "gpu"}}, [], True, id="selector-fits"),
        pytest.param({"nodeSelector": {"pool": "cpu"}}, [], False, id="selector-does-not"),
        pytest.param({}, [Taint("nvidia.com/gpu", "", "NoSchedule")], False, id="tainted"),
        pytest.param(
            {}, [Taint("nvidia.com/gpu", "", "PreferNoSchedule")], True, id="tainted-softly"
        ),
        pytest.param(
            {}, [Taint("node.kubernetes.io/unreachable", "", "NoExecute")], True, id="dead-node"
        ),
        pytest.param(
            {"tolerations": [{"operator": "Exists"}]},
            [Taint("nvidia.com/gpu", "", "NoSchedule")],
            True,
            id="tolerates-everything",
        ),
    ],
)
def test_knows_where_a_daemon_set_wants_a_pod(
    pod_spec: Json, taints: list[Taint], expected: bool
) -> None:
    daemon_set = kube.put(DAEMON_SET, "spec.template.spec", pod_spec)
    node = Node(NODE.name, NODE.labels, taints=tuple(taints))

    assert targets(daemon_set, node) is expected


def test_required_affinity_keeps_a_daemon_set_off_other_nodes() -> None:
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression("pool", "In", "cpu")]}]}
    daemon_set = kube.put(DAEMON_SET, f"spec.template.spec.{REQUIRED}", terms)

    assert not targets(daemon_set, NODE)


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "a", "operator": "Equal", "value": "1", "effect": "NoSchedule"}, True),
        ({"key": "a", "value": "1"}, True),
        ({"key": "a", "value": "2"}, False),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "b", "operator": "Exists"}, False),
        ({"operator": "Exists", "effect": "NoExecute"}, False),
    ],
)
def test_tolerations_match_by_key_value_and_effect(toleration: Json, tolerated: bool) -> None:
    assert (untolerated([Taint("a", "1", "NoSchedule")], [toleration]) == []) is tolerated


def test_a_waiting_daemon_pod_names_its_node_in_its_affinity() -> None:
    pod = kube.drop(kube.pod("p", "ns"), "spec.nodeName")
    terms = [{"matchFields": [expression("metadata.name", "In", "gpu-7")]}]

    assert pinned_node(pod) == ""
    assert pinned_node(kube.put(pod, f"spec.{REQUIRED}.nodeSelectorTerms", terms)) == "gpu-7"
    assert pinned_node(kube.put(pod, f"spec.{REQUIRED}.nodeSelectorTerms", None)) == ""


def template(path: str, value: Any) -> Json:
    return kube.put(DAEMON_SET, f"spec.template.spec.{path}", value)


ELSEWHERE = {"nodeSelectorTerms": [{"matchExpressions": [expression("pool", "In", "cpu")]}]}


@pytest.mark.parametrize(
    ("daemon_set", "taints", "words"),
    [
        pytest.param(DAEMON_SET, (), "", id="nothing"),
        pytest.param(
            template("nodeSelector", {"zone": "a"}),
            (),
            "its node selector wants zone=a, the node has no such label",
            id="label-missing",
        ),
        pytest.param(
            template("nodeSelector", {"pool": "cpu"}),
            (),
            "its node selector wants pool=cpu, the node has 'gpu'",
            id="label-of-another-value",
        ),
        pytest.param(
            template(REQUIRED, ELSEWHERE),
            (),
            "its node affinity leaves the node out",
            id="affinity",
        ),
        pytest.param(
            DAEMON_SET,
            (Taint("team", "a", "NoExecute"),),
            "it does not tolerate taint team:NoExecute",
            id="taint",
        ),
        pytest.param(DAEMON_SET, (Taint("team", "a", "PreferNoSchedule"),), "", id="soft-taint"),
    ],
)
def test_says_what_keeps_a_daemon_set_off_a_node(
    daemon_set: Json, taints: tuple[Taint, ...], words: str
) -> None:
    node = replace(NODE, taints=taints)

    assert obstacle(daemon_set, node) == words
    assert targets(daemon_set, node) is not bool(words)


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        ({"matchLabels": {"b": "2", "a": "1"}}, "a=1,b=2"),
        ({"matchExpressions": [expression("a", "In", "1", "2")]}, "a in (1,2)"),
        ({"matchExpressions": [expression("a", "NotIn", "1")]}, "a notin (1)"),
        (
            {
                "matchLabels": {"c": "3"},
                "matchExpressions": [expression("a", "Exists"), expression("b", "DoesNotExist")],
            },
            "c=3,a,!b",
        ),
        ({}, ""),
    ],
)
def test_a_selector_is_written_as_requests_want_it(selector: Json, words: str) -> None:
    assert selector_text(kube.put(DAEMON_SET, "spec.selector", selector)) == words
