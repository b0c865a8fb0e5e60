"""What one check gets from the operator's shell, and where that must never be seen."""

import base64
import json

import pytest

from orchestrator import manifests
from orchestrator.errors import UsageError
from orchestrator.forwarding import Forwarded, forwarded
from orchestrator.outcome import Status
from orchestrator.plan import Plan
from orchestrator.replay import ReplayCluster
from orchestrator.settings import Keep, RunSettings
from tests.orchestrator.engine import IMAGE, NAMESPACE, RUN_ID, Engine, Finished, everything
from tests.orchestrator.engine import entry as engine_entry
from tests.orchestrator.samples import Json, context, entry, plan, planned

TOKEN = "hf_0123456789abcdefghij"
ENV = {
    "HF_TOKEN": TOKEN,
    "AICR_REQUIRE_SCOPED_INFERENCE_GATEWAY": "yes please",
    "AICR_NCCL_FABRIC": "roce",
    "AICR_INFERENCE_PERF_NO_CLEANUP": "T",
}
CHECKS = ("inference-perf", "inference-gateway", "nccl-all-reduce-bw-net", "dra-support")


def all_of_them() -> Plan:
    return plan(*map(entry, CHECKS))


def variables(check: str, env: dict[str, str]) -> Json:
    """What the variables of the contract leave over."""
    one = plan(entry(check))
    given = context(forwarded=forwarded(env, one))
    before = {item["name"] for item in manifests.environment(context(), one.checks[0])}
    found = manifests.environment(given, one.checks[0])
    return {
        item["name"]: item.get("value", item.get("valueFrom"))
        for item in found
        if item["name"] not in before
    }


REFERENCE = {"secretKeyRef": {"name": f"aicr-hf-token-{RUN_ID}", "key": "token"}}


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        ("inference-perf", {"HF_TOKEN": REFERENCE, "AICR_INFERENCE_PERF_NO_CLEANUP": "1"}),
        ("inference-gateway", {"AICR_REQUIRE_SCOPED_INFERENCE_GATEWAY": "yes please"}),
        ("nccl-all-reduce-bw-net", {"AICR_NCCL_FABRIC": "roce"}),
        ("nccl-all-reduce-bw", {}),
        ("dra-support", {}),
    ],
)
def test_each_variable_is_for_one_check(check: str, wanted: Json) -> None:
    assert variables(check, ENV) == wanted


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_not_set_or_empty_is_not_given(check: str) -> None:
    assert variables(check, {}) == {}
    assert variables(check, dict.fromkeys(ENV, "")) == {}


@pytest.mark.parametrize("value", ["1", "t", "T", "TRUE", "true", "True"])
def test_what_go_takes_for_true_leaves_the_benchmark_standing(value: str) -> None:
    found = variables("inference-perf", {"AICR_INFERENCE_PERF_NO_CLEANUP": value})

    assert found == {"AICR_INFERENCE_PERF_NO_CLEANUP": "1"}


@pytest.mark.parametrize("value", ["0", "false", "yes", "tRUE", " 1"])
def test_anything_else_does_not(value: str) -> None:
    assert variables("inference-perf", {"AICR_INFERENCE_PERF_NO_CLEANUP": value}) == {}


def test_they_stand_before_the_catalogs_own_variables() -> None:
    own = entry("inference-perf", env=[{"name": "KNOB", "value": "1"}])
    given = plan(own)
    names = [
        item["name"]
        for item in manifests.environment(context(forwarded=forwarded(ENV, given)), given.checks[0])
    ]

    assert names[-3:] == ["HF_TOKEN", "AICR_INFERENCE_PERF_NO_CLEANUP", "KNOB"]


@pytest.mark.parametrize("name", ENV)
def test_a_catalog_cannot_set_them(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is set by the engine"):
        planned(env=[{"name": name, "value": "x"}])


def test_the_secret_holds_the_token_and_belongs_to_its_run() -> None:
    given = context(forwarded=forwarded(ENV, all_of_them()))
    body = manifests.token_secret(given)

    assert body["metadata"]["name"] == f"aicr-hf-token-{RUN_ID}"
    assert body["metadata"]["labels"] == manifests.labels_of_run(context())
    assert base64.b64decode(body["data"]["token"]).decode() == TOKEN
    assert body["immutable"] is True


@pytest.mark.parametrize("given", [f"{TOKEN}\n", f" {TOKEN}\r\n"])
def test_line_ends_of_a_file_are_no_part_of_a_token(given: str) -> None:
    assert forwarded({"HF_TOKEN": given}, all_of_them()).token == TOKEN


@pytest.mark.parametrize("given", ["hf_a\nhf_b", "hf_a hf_b", "hf_\x1b[2J", "hf_ä", "h" * 4097])
def test_a_broken_token_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(UsageError, match="HF_TOKEN: has") as caught:
        forwarded({"HF_TOKEN": given}, all_of_them())

    assert "hf_" not in str(caught.value)


def test_a_broken_token_that_nobody_gets_stops_nobody() -> None:
    assert forwarded({"HF_TOKEN": "hf_ä"}, plan(entry("dra-support"))) == Forwarded()


def test_a_check_that_cannot_run_gets_no_token() -> None:
    later = plan(entry("inference-perf", available=False))

    assert forwarded(ENV, later).token == ""


def test_no_text_made_of_a_run_holds_the_token() -> None:
    given = context(forwarded=forwarded(ENV, all_of_them()))

    assert TOKEN not in repr(given)
    assert TOKEN not in repr(manifests.job(given, all_of_them().checks[0]))


def run(check: str, keep: Keep = Keep.NEVER) -> Finished:
    """A check that passes only if it finds the token."""
    script = f'test "$HF_TOKEN" = {TOKEN}' if check == "inference-perf" else 'test -z "$HF_TOKEN"'
    engine = Engine(
        [engine_entry(check, args=[])],
        images={IMAGE: ["/bin/sh", "-c", script]},
        settings=RunSettings(keep=keep),
    )
    return Engine(
        engine.entries,
        images=engine.images,
        settings=engine.settings,
        forwarded=forwarded(ENV, engine.plan()),
    ).run()


def secrets(cluster: ReplayCluster) -> list[str]:
    return [obj["metadata"]["name"] for obj in everything(cluster) if obj["kind"] == "Secret"]


def test_the_check_finds_the_token_and_the_run_takes_its_secret_away() -> None:
    found = run("inference-perf")

    assert found.outcome("inference-perf").status is Status.PASSED
    assert secrets(found.cluster) == []
    assert any(f"/namespaces/{NAMESPACE}/secrets" in item.path for item in found.cluster.requests)


def test_without_such_a_check_no_secret_is_touched() -> None:
    found = run("dra-support")

    assert found.outcome("dra-support").status is Status.PASSED
    assert not any("/secrets" in item.path for item in found.cluster.requests)


def test_nothing_that_a_run_records_or_tells_holds_the_token() -> None:
    found = run("inference-perf", Keep.ALWAYS)

    assert secrets(found.cluster) == []  # it never stays
    for text in (
        json.dumps(everything(found.cluster)),
        repr(found.events),
        repr(found.result),
        repr(found.kept),
    ):
        assert TOKEN not in text
        assert base64.b64encode(TOKEN.encode()).decode() not in text
