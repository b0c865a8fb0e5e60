import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator.change import Kind
from orchestrator.diff import Difference, compare, document, text
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.reports.reading import load, parse
from tests.fakes.malformed import malformed
from tests.orchestrator.conftest import Command

Json = dict[str, Any]


def case(name: str = "a", status: str = "passed", **extra: Any) -> Json:
    return {"name": name, "status": status, "suite": ["conformance"], "extra": extra}


def report(*tests: Json, complete: bool = True, **environment: Any) -> Json:
    summary = {"extra": {"complete": complete}}
    return {
        "results": {
            "tool": {"name": "aicr-orch"},
            "summary": summary,
            "tests": list(tests),
            "environment": environment,
        }
    }


def found(before: Json, after: Json) -> Difference:
    return compare(parse(before), parse(after))


def one(before: Json, after: Json) -> Any:
    (change,) = found(report(before), report(after)).changes
    return change


def bandwidth(value: float, *, passed: bool = True) -> Json:
    told = {"name": "bandwidth", "value": value, "unit": "GB/s", "passed": passed}
    return case(measured=[told])


def covering(seen: int, total: int) -> Json:
    return case(coverage={"seen": seen, "total": total, "unit": "nodes"})


@pytest.mark.parametrize(
    ("before", "after", "kind", "worse"),
    [
        pytest.param("passed", "passed", Kind.SAME, False, id="same"),
        pytest.param("failed", "failed", Kind.SAME, False, id="as-bad-as-before"),
        pytest.param("passed", "failed", Kind.WORSE, True, id="failed-now"),
        pytest.param("passed", "skipped", Kind.WORSE, True, id="no-longer-looked-at"),
        pytest.param("passed", "other", Kind.WORSE, True, id="no-verdict-now"),
        pytest.param("other", "failed", Kind.WORSE, True, id="a-verdict-at-last"),
        pytest.param("failed", "other", Kind.CHANGED, False, id="nobody-knows-now"),
        pytest.param("failed", "passed", Kind.BETTER, False, id="repaired"),
    ],
)
def test_a_verdict_before_and_after(before: str, after: str, kind: Kind, *, worse: bool) -> None:
    change = one(case(status=before), case(status=after))

    assert (change.kind, change.is_worse) == (kind, worse)


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        pytest.param([case()], [], True, id="a-proof-is-gone"),
        pytest.param([case(status="failed")], [], True, id="nobody-looks-at-a-failure"),
        pytest.param([case(status="skipped")], [], False, id="nothing-is-gone"),
        pytest.param([], [case()], False, id="a-new-proof"),
        pytest.param([], [case(status="failed")], True, id="a-new-failure"),
    ],
)
def test_checks_of_one_report_alone(before: list[Json], after: list[Json], *, worse: bool) -> None:
    assert found(report(*before), report(*after)).is_worse is worse


@pytest.mark.parametrize(
    ("before", "after", "words", "worse"),
    [
        pytest.param(covering(4, 4), covering(4, 4), "", False, id="same"),
        pytest.param(covering(4, 4), covering(3, 4), "4 of 4 nodes → 3 of 4", True, id="less"),
        pytest.param(covering(4, 4), covering(9, 9), "→ 9 of 9", False, id="a-larger-cluster"),
        pytest.param(covering(2, 2), covering(1, 1), "→ 1 of 1", True, id="a-smaller-cluster"),
        pytest.param(covering(4, 4), covering(0, 0), "→ 0 of 0", True, id="nothing-to-look-at"),
        pytest.param(covering(4, 4), case(), "→ not told", True, id="not-told-any-more"),
        pytest.param(case(), covering(3, 4), "", False, id="told-now"),
    ],
)
def test_coverage_before_and_after(before: Json, after: Json, words: str, *, worse: bool) -> None:
    change = one(before, after)

    assert words in change.coverage
    assert change.is_worse is worse


def test_measured_values_change_by_percent() -> None:
    change = one(bandwidth(400.0), bandwidth(380.0))

    assert [str(delta) for delta in change.measured] == ["bandwidth: 400.0 → 380.0 GB/s (-5.0 %)"]
    assert change.kind is Kind.SAME


def test_a_value_that_misses_its_threshold_now_is_worse() -> None:
    assert one(bandwidth(400.0), bandwidth(200.0, passed=False)).is_worse


def test_a_value_from_nothing_has_no_percent() -> None:
    assert one(bandwidth(0.0), bandwidth(1.0)).measured[0].percent is None


def test_equal_names_are_compared_in_their_order() -> None:
    before, after = report(case(), case(status="failed")), report(case(), case(status="passed"))

    assert [change.kind for change in found(before, after).changes] == [Kind.BETTER, Kind.SAME]


def test_a_run_that_was_cut_short_proves_less() -> None:
    difference = found(report(case()), report(case(), complete=False))

    assert difference.is_worse
    assert difference.losses == ("the second run was cut short",)


def test_what_makes_the_comparison_doubtful_is_told() -> None:
    live, replay = report(appName="a.yaml"), report(appName="b.yaml", extra={"cluster": "replay"})

    assert found(live, replay).notes == (
        "not of the same cluster: live, then recorded",
        "not of the same recipe: a.yaml, then b.yaml",
    )


def test_the_worst_is_told_first() -> None:
    before = report(case("a", "failed"), case("b"), case("c"), case("d"))
    after = report(case("a"), case("b", "failed"), case("d"))

    lines = text(found(before, after)).splitlines()

    assert [line.split()[0] for line in lines] == ["worse", "gone", "better", "1"]
    assert lines[-1] == "1 worse, 1 gone, 1 better, 1 same: less is proven than before"
    assert [item["check"] for item in document(found(before, after))["changes"]] == [
        "conformance/b",
        "conformance/c",
        "conformance/a",
    ]


def test_the_command_ends_with_1_when_something_got_worse(aicr: Command, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(report(case())))
    bad.write_text(json.dumps(report(case(status="failed"))))

    assert aicr("report", "diff", str(good), str(good)).code == Exit.OK
    assert aicr("report", "diff", str(bad), str(good)).code == Exit.OK
    said = aicr("report", "diff", str(good), str(bad), "-o", "json")
    assert (said.code, json.loads(said.out)["worse"]) == (Exit.FAILED, True)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"results": {"tests": 5}}', "[" * 100_000, "\x00", '{"results": []}'],
    ids=["empty", "broken", "a-list", "no-tests", "deep", "binary", "wrong"],
)
def test_what_is_no_report_is_one_line(aicr: Command, tmp_path: Path, content: str) -> None:
    path = tmp_path / "r.json"
    path.write_text(content)

    said = aicr("report", "diff", str(path), str(path))

    assert said.code == Exit.USAGE
    assert said.err.count("\n") == 1
    assert "Traceback" not in said.err


def test_a_report_that_does_not_exist_is_one_line(aicr: Command) -> None:
    assert aicr("report", "diff", "gone.json", "gone.json").err == (
        "aicr-orch: error: report gone.json: no such file\n"
    )


@pytest.mark.parametrize("value", [None, 5, "x", [], {"coverage": 5, "measured": [5, {}]}], ids=str)
def test_fields_of_another_kind_break_nothing(value: Any) -> None:
    odd = {"name": value, "status": value, "suite": value, "extra": value, "message": value}

    assert text(found(report(odd), report(odd)))
    assert text(found(report(case()), report(odd)))


def test_a_field_of_a_wrong_type_anywhere_breaks_nothing() -> None:
    whole = report(bandwidth(1.0), covering(1, 2), appName="a.yaml", extra={"cluster": "live"})

    for broken in malformed(whole):
        try:
            odd = load(json.dumps(broken).encode(), "r.json")
        except UsageError:
            continue
        for difference in (compare(odd, parse(whole)), compare(parse(whole), odd)):
            assert text(difference)
            assert json.dumps(document(difference))


@pytest.mark.parametrize(
    ("before", "after", "words", "worse"),
    [
        pytest.param("demonstrated", "observed", "was demonstrated, and is obs", True, id="weaker"),
        pytest.param(
            "observed", "", "its proof was observed, and is not told", True, id="not-told"
        ),
        pytest.param("observed", "demonstrated", "", False, id="stronger"),
        pytest.param("", "configured", "", False, id="told-now"),
        pytest.param("certain", "observed", "", False, id="unknown-before"),
    ],
)
def test_a_weaker_proof_proves_less(before: str, after: str, words: str, *, worse: bool) -> None:
    change = one(case(proof=before), case(proof=after))

    assert words in "".join(change.losses)
    assert change.is_worse is worse


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param({}, {"cluster": "replay"}, "proves nothing of a live cluster", id="recorded"),
        pytest.param(
            {"identity": {"nodes": {"withGpus": 2}}},
            {"identity": {"nodes": {"withGpus": 1}}},
            "nodes with GPUs: 2 → 1",
            id="a-node-is-lost",
        ),
        pytest.param(
            {"identity": {"gpus": {"H100": 16}}},
            {"identity": {"gpus": {"H100": 13}}},
            "GPUs H100: 16 → 13",
            id="gpus-are-lost",
        ),
        pytest.param({}, {"leftovers": ["Job a"]}, "left 1 object behind", id="leftovers"),
        pytest.param(
            {},
            {"convergence": {"converged": False, "words": "moving"}},
            "had not settled",
            id="unsettled",
        ),
    ],
)
def test_a_run_as_a_whole_may_prove_less(before: Json, after: Json, words: str) -> None:
    difference = found(report(case(), extra=before), report(case(), extra=after))

    assert words in "".join(difference.losses)
    assert difference.is_worse
    assert f"worse    {difference.losses[0]}\n" in text(difference)
    assert document(difference)["losses"] == list(difference.losses)
    assert not found(report(case(), extra=after), report(case(), extra=before)).is_worse


def test_another_cluster_is_noted() -> None:
    reports = [report(case(), extra={"identity": {"uid": uid}}) for uid in ("one", "two")]

    assert found(*reports).notes == ("not of the same cluster UID: one, then two",)


def test_an_inventory_that_nobody_could_read_is_no_loss() -> None:
    known = report(case(), extra={"identity": {"nodes": {"withGpus": 2}}})

    assert not found(known, report(case())).is_worse


def test_a_phase_that_passed_and_does_not_is_worse() -> None:
    before, after = report(case()), report(case())
    after["results"]["summary"]["extra"]["phases"] = {"conformance": "incomplete"}

    assert found(before, after).losses == ("phase conformance: passed → incomplete",)
