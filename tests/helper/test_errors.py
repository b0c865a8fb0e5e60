import json

import pytest

from helper.errors import (
    CannotTell,
    Conflict,
    DeadlineError,
    Expired,
    Forbidden,
    InputError,
    Invalid,
    KubeError,
    NotFound,
    Unreachable,
    kube_error,
)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Invalid),
        (400, Invalid),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (405, Invalid),
        (409, Conflict),
        (410, Expired),
        (422, Invalid),
        (429, Unreachable),
        (500, Unreachable),
        (503, Unreachable),
    ],
)
def test_every_status_has_its_error(status: int, kind: type[KubeError]) -> None:
    error = kube_error("get", "nodes", status, b"")
    assert (type(error), error.status) == (kind, status)
    assert str(error) == f"get nodes: {status}"


def test_a_status_object_gives_reason_and_message() -> None:
    body = json.dumps({"kind": "Status", "reason": "NotFound", "message": 'pods "p" not found'})
    error = kube_error("get", "pods p in ns", 404, body)
    assert (error.reason, error.message) == ("NotFound", 'pods "p" not found')
    assert str(error) == 'get pods p in ns: 404 NotFound: pods "p" not found'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"404 page not found\n", "404 page not found"),
        (b'"text"', '"text"'),
        (b"[1]", "[1]"),
        (b"\xff", "\ufffd"),
        (b"x" * 1000, "x" * 200),
        (b'{"message": null}', '{"message": null}'),
    ],
    ids=["text", "json-text", "list", "bytes", "long", "null-message"],
)
def test_any_other_body_is_shown_as_it_is(body: bytes, message: str) -> None:
    assert kube_error("get", "nodes", 404, body).message == message


def test_no_answer_is_told_from_a_bad_one() -> None:
    assert str(Unreachable("list", "nodes")) == "list nodes: no answer"
    assert str(Unreachable("list", "nodes", 503)) == "list nodes: 503"


@pytest.mark.parametrize("kind", [KubeError, NotFound, Forbidden, Unreachable, InputError])
def test_what_could_not_be_looked_at_is_one_family(kind: type[Exception]) -> None:
    assert issubclass(kind, CannotTell)
    assert not issubclass(DeadlineError, CannotTell)
