import pytest

from orchestrator.snapshot.fleet import Reading, agree, named


def test_what_all_nodes_say_is_a_reading_of_the_cluster() -> None:
    found = agree({"a": {"ID": "ubuntu", "count": 8}, "b": {"ID": "ubuntu", "count": 8}})

    assert found.data == {"ID": "ubuntu", "count": 8}
    assert (found.items, found.differing) == ([], {})


def test_what_differs_is_kept_by_nodes_that_agree() -> None:
    found = agree(
        {
            "a": {"ID": "ubuntu", "VERSION_ID": "24.04"},
            "b": {"ID": "ubuntu", "VERSION_ID": "22.04"},
            "c": {"ID": "ubuntu", "VERSION_ID": "24.04"},
        }
    )

    assert found.data == {"ID": "ubuntu"}
    assert found.differing == {"VERSION_ID": "nodes differ: 24.04 on a,c; 22.04 on b"}
    assert found.items == [
        {"context": {"nodes": "a,c"}, "data": {"VERSION_ID": "24.04"}},
        {"context": {"nodes": "b"}, "data": {"VERSION_ID": "22.04"}},
    ]


def test_a_reading_that_a_node_lacks_is_no_reading_of_the_cluster() -> None:
    found = agree({"a": {"model": "h100"}, "b": {}})

    assert found.data == {}
    assert found.differing == {"model": "nodes differ: h100 on a; none on b"}


@pytest.mark.parametrize("readings", [{}, {"a": {}}], ids=["no-nodes", "nothing-read"])
def test_nothing_read_gives_no_reading(readings: dict[str, dict[str, Reading]]) -> None:
    found = agree(readings)

    assert (found.data, found.items, found.differing) == ({}, [], {})


def test_a_long_list_of_nodes_is_cut() -> None:
    text = named(f"n{number:02}" for number in range(18))

    assert text.startswith("n00,n01,")
    assert text.endswith(",n15 (+2 more)")
