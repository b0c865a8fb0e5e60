from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helper import resource

POD: dict[str, Any] = {
    "metadata": {
        "name": "p",
        "namespace": "ns",
        "labels": {"app": "x", "count": 3},
        "annotations": {"note": "y"},
        "ownerReferences": [
            {"kind": "Job", "name": "other"},
            {"kind": "ReplicaSet", "name": "rs", "controller": True},
        ],
    },
    "spec": {"replicas": 0, "paused": False},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "False", "reason": "NotYet"},
            {"type": "Initialized", "status": "True"},
        ],
        "containerStatuses": [{"name": "main", "ready": True}],
    },
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "status", "name", "labels", "conditions", "type"]), inner
        )
    ),
)


def test_reads_what_every_object_has() -> None:
    assert (resource.name(POD), resource.namespace(POD)) == ("p", "ns")
    assert resource.labels(POD) == {"app": "x", "count": "3"}
    assert resource.annotations(POD) == {"note": "y"}
    assert not resource.is_being_deleted(POD)


def test_deletion_begins_with_its_time() -> None:
    assert resource.is_being_deleted({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})


@pytest.mark.parametrize(
    ("kind", "status", "found"),
    [
        ("Initialized", "True", True),
        ("Ready", "True", False),
        ("Ready", "False", True),
        ("Unheard", "True", False),
        ("Unheard", "False", False),
    ],
)
def test_a_condition_that_is_absent_has_no_status(kind: str, status: str, found: bool) -> None:
    assert resource.condition_is(POD, kind, status) is found


def test_a_condition_is_given_whole() -> None:
    found = resource.condition(POD, "Ready")
    assert found is not None
    assert found["reason"] == "NotYet"


def test_only_the_controlling_owner_counts() -> None:
    found = resource.owner(POD)
    assert found is not None
    assert found["name"] == "rs"
    assert resource.owner({"metadata": {"ownerReferences": [{"name": "other"}]}}) is None


def test_a_container_is_found_by_name() -> None:
    assert resource.container_status(POD, "main") == {"name": "main", "ready": True}
    assert resource.container_status(POD, "sidecar") is None


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("spec", "replicas"), 0),
        (("spec", "paused"), None),
        (("spec", "absent"), None),
        (("metadata", "name"), None),
        (("metadata", "name", "deeper"), None),
    ],
)
def test_a_number_is_a_number_or_nothing(keys: tuple[str, ...], value: int | None) -> None:
    assert resource.number(POD, *keys) == value


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (("metadata", "name"), "p"),
        (("spec", "replicas"), "0"),
        (("metadata", "labels"), ""),
        (("status", "conditions"), ""),
        (("absent", "deeper"), ""),
    ],
)
def test_a_scalar_is_text_or_nothing(keys: tuple[str, ...], value: str) -> None:
    assert resource.text(POD, *keys) == value


def test_lists_and_mappings_hold_nothing_else() -> None:
    odd = {"items": [{"a": 1}, "b", None, [2]], "part": "x"}
    assert resource.items(odd, "items") == [{"a": 1}]
    assert resource.items([{"a": 1}, 2]) == [{"a": 1}]
    assert resource.items(odd, "part") == []
    assert resource.part(odd, "part", "deeper") == {}


READERS: list[Callable[[Any], Any]] = [
    resource.name,
    resource.namespace,
    resource.labels,
    resource.annotations,
    resource.owner,
    resource.is_being_deleted,
    lambda obj: resource.condition_is(obj, "Ready"),
    lambda obj: resource.container_status(obj, "main"),
    lambda obj: resource.number(obj, "status", "type"),
    lambda obj: resource.items(obj, "status", "conditions"),
]


@given(JSON)
def test_no_object_is_too_odd_to_be_read(obj: Any) -> None:
    for read in READERS:
        read(obj)
