import pytest

from orchestrator import redaction
from orchestrator.capture.text import MARK

TOKEN = "hf_abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(f"using {TOKEN}", id="a-known-form"),
        pytest.param("password: short", id="a-password-of-any-look"),
        pytest.param("token=abc123def456", id="behind-its-name"),
        pytest.param("GET https://me:secret1@registry/v2", id="in-a-url"),
        pytest.param("Authorization: Bearer abcdef123456", id="a-header"),
    ],
)
def test_what_looks_like_a_secret_goes(line: str) -> None:
    assert MARK in redaction.line(line)


@pytest.mark.parametrize(
    "line",
    [
        "time to first token: 120.5 ms (want <= 500)",
        "token: expired",
        "auth: ok",
        "Secret: nvidia/registry",
        "cannot tell: list secrets in gpu-operator: 403 Forbidden",
        "GPU-8f3b0c1e-2a4d-4f6e-9c55-2f0a7f4f1e0b",
        "ghcr.io/x/y@sha256:" + "ab12" * 16,
    ],
)
def test_what_an_operator_must_read_stays(line: str) -> None:
    assert redaction.line(line) == line


def test_a_key_of_many_lines_leaves_one_mark_and_what_follows_it() -> None:
    key = ["key: -----BEGIN PRIVATE KEY-----", "  MIIEvQ+/=", "-----END PRIVATE KEY-----", "after"]

    assert redaction.lines(key) == [f"key: {MARK}", "after"]
    assert redaction.lines([*key[:2], "RESULT: 3 of 3"]) == [f"key: {MARK}", "RESULT: 3 of 3"]


def test_a_fact_loses_what_its_key_names_as_a_secret_and_keeps_its_shape() -> None:
    given = {"apiKey": "x", "items": [{"name": "gpu-1", "values": {"password": "y", "GPUs": 8}}]}

    assert redaction.value(given) == {
        "apiKey": MARK,
        "items": [{"name": "gpu-1", "values": {"password": MARK, "GPUs": 8}}],
    }


def test_a_variable_of_a_container_goes_by_its_name() -> None:
    given = [{"name": "API_TOKEN", "value": "x"}, {"name": "NCCL_DEBUG", "value": "INFO"}]

    assert redaction.value({"env": given}) == {
        "env": [{"name": "API_TOKEN", "value": MARK}, {"name": "NCCL_DEBUG", "value": "INFO"}]
    }


def test_changed_lines_are_counted() -> None:
    assert redaction.count(["a", "b", "b"], ["a", MARK, "b"]) == 1
