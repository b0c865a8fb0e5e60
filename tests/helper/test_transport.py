import io
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from helper.credentials import Credentials
from helper.errors import (
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    Unreachable,
)
from helper.kinds import CONFIG_MAPS, PODS
from helper.kube import Kube
from helper.transport import REQUEST_TIMEOUT_S, Transport
from tests.fakes.scripted_server import (
    TOKEN,
    Answer,
    Lost,
    Reply,
    refusal,
    scripted,
)

POD = {"metadata": {"name": "p"}}
FOUND = Answer(body=POD)
ANYTHING = Answer(body={**POD, "items": []})  # an object and a list
MADE = Answer(201, POD)
OVERLOADED = refusal(503, "ServiceUnavailable", "try later")


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(refusal(429, "TooManyRequests"), id="throttled"),
        pytest.param(refusal(500, "InternalError"), id="internal-error"),
        pytest.param(Answer(502, b"<html>bad gateway</html>"), id="proxy-in-between"),
        pytest.param(OVERLOADED, id="overloaded"),
        pytest.param(refusal(504, "Timeout"), id="gateway-timeout"),
        pytest.param(Lost(), id="connection-reset"),
    ],
)
def test_reading_is_tried_again_after_trouble(trouble: Reply) -> None:
    with scripted(trouble, trouble, FOUND) as api:
        assert api.kube.get(PODS, "p", "ns") == POD
        assert len(api.requests) == 3
        assert api.clock.slept == [0.2, 0.5]


@pytest.mark.parametrize(
    ("retry_after", "slept"),
    [
        pytest.param("3", 3.0, id="seconds"),
        pytest.param("0", 0.2, id="at-once-is-too-soon"),
        pytest.param("Wed, 21 Oct 2026 07:28:00 GMT", 0.2, id="a-date"),
        pytest.param("-5", 0.2, id="negative"),
    ],
)
def test_waits_as_long_as_the_server_asks(retry_after: str, slept: float) -> None:
    with scripted(refusal(429, Retry_After=retry_after), FOUND) as api:
        api.kube.get(PODS, "p", "ns")
        assert api.clock.slept == [slept]


def test_gives_up_when_its_patience_ends() -> None:
    with scripted(forever=OVERLOADED) as api:
        with pytest.raises(Unreachable, match="503 ServiceUnavailable: try later") as caught:
            api.kube.get(PODS, "p", "ns")
        assert caught.value.status == 503
        assert 3 < len(api.requests) < 10
        assert sum(api.clock.slept) <= 8


def test_gives_up_at_once_when_asked_to_wait_beyond_its_patience() -> None:
    with scripted(refusal(429, "TooManyRequests", Retry_After="20")) as api:
        with pytest.raises(Unreachable):
            api.kube.get(PODS, "p", "ns")
        assert api.clock.slept == []


def test_a_patient_connection_outlives_a_restart_of_the_server() -> None:
    with scripted(*[OVERLOADED] * 9, FOUND) as api:
        assert api.kube.patient(60).get(PODS, "p", "ns") == POD


def test_a_webhook_that_stays_away_is_not_waited_for_as_long_as_a_server() -> None:
    words = 'Internal error occurred: failed calling webhook "pods.example.com"'
    with scripted(forever=refusal(500, "InternalError", words)) as api:
        with pytest.raises(Unreachable, match="failed calling webhook"):
            api.kube.patient(60).create(CONFIG_MAPS, {"metadata": {"name": "a"}}, "ns")
        assert 5 < sum(api.clock.slept) <= 10


def test_names_the_server_that_nobody_answers_for() -> None:
    with scripted() as api:
        api.server.server_close()
        with pytest.raises(Unreachable) as caught:
            api.kube.list(PODS, "gpu-operator")
    where = f"{api.server.url}: connection refused"
    assert str(caught.value) == f"list pods in gpu-operator: no answer: {where}"
    assert caught.value.status is None


def test_a_token_in_the_path_of_a_server_is_in_no_message() -> None:
    configuration = SimpleNamespace(
        host="http://127.0.0.1:1/token/secret", auth_settings=dict[str, Any]
    )
    client = SimpleNamespace(pool_manager=urllib3.PoolManager())
    api = SimpleNamespace(configuration=configuration, rest_client=client)
    kube = Kube(Transport(api, patience_s=0))

    with pytest.raises(Unreachable) as caught:
        kube.get(PODS, "p", "ns")

    assert "http://127.0.0.1:1: connection refused" in str(caught.value)
    assert "secret" not in f"{caught.value} {kube.server}"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid),
        (401, Forbidden),
        (403, Forbidden),
        (404, NotFound),
        (405, Invalid),
        (409, Conflict),
        (410, Expired),
        (415, Invalid),
        (422, Invalid),
        (501, Unreachable),
        (505, Unreachable),
    ],
)
def test_an_answer_that_no_retry_can_change_is_an_error_at_once(
    status: int, kind: type[KubeError]
) -> None:
    with scripted(refusal(status, "Because", "of this")) as api:
        with pytest.raises(KubeError) as caught:
            api.kube.get(PODS, "p", "ns")
        assert type(caught.value) is kind
        assert str(caught.value) == f"get pods p in ns: {status} Because: of this"
        assert len(api.requests) == 1


def test_a_redirect_is_no_answer_and_the_token_does_not_follow_it() -> None:
    with scripted(Answer(302, b"", {"Location": "http://127.0.0.1:1/"})) as api:
        with pytest.raises(Invalid, match="302"):
            api.kube.get(PODS, "p", "ns")
        assert len(api.requests) == 1


def test_an_error_that_is_no_status_object_shows_its_text() -> None:
    page = Answer(404, b"404 page not found\n")
    with scripted(page) as api, pytest.raises(NotFound, match="404: 404 page not found"):
        api.kube.get(PODS, "p", "ns")


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"<html>Log in</html>", "the answer is no JSON: b'<html>Log in", id="html"),
        pytest.param(b"", "the answer is no JSON: b''", id="empty"),
        pytest.param(b'{"kind": "Po', "the answer is no JSON", id="cut-short"),
        pytest.param(b"[]", "the answer is no JSON object", id="list"),
        pytest.param(b"\xff\xfe", "the answer is no JSON", id="bytes"),
    ],
)
def test_a_success_without_an_object_is_no_answer(body: bytes, says: str) -> None:
    with scripted(Answer(200, body)) as api, pytest.raises(Unreachable) as caught:
        api.kube.get(PODS, "p", "ns")
    assert says in str(caught.value)


def test_a_token_is_sent_and_never_shown() -> None:
    with scripted(refusal(401, "Unauthorized")) as api:
        with pytest.raises(Forbidden) as caught:
            api.kube.get(PODS, "p", "ns")
        assert api.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"
        assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("answer", "requests", "error"),
    [
        pytest.param(refusal(429, "TooManyRequests"), 2, None, id="throttled-before-any-work"),
        pytest.param(OVERLOADED, 2, None, id="overloaded-before-any-work"),
        pytest.param(refusal(500, "InternalError"), 1, Unreachable, id="may-have-happened"),
        pytest.param(refusal(504, "Timeout"), 1, Unreachable, id="may-happen-yet"),
    ],
)
def test_a_create_without_a_name_is_repeated_only_when_nothing_can_have_happened(
    answer: Answer, requests: int, error: type[KubeError] | None
) -> None:
    unnamed = {**POD, "metadata": {"generateName": "p-"}}
    with scripted(answer, MADE) as api:
        if error:
            with pytest.raises(error):
                api.kube.create(PODS, unnamed, "ns")
        else:
            api.kube.create(PODS, unnamed, "ns")
        assert [item.method for item in api.requests] == ["POST"] * requests


@pytest.mark.parametrize(
    ("script", "methods"),
    [
        pytest.param([Lost(), refusal(409), FOUND], ["POST", "POST", "GET"], id="it-had-worked"),
        pytest.param([Lost(), MADE], ["POST", "POST"], id="it-had-not"),
        pytest.param(
            [Lost(), OVERLOADED, refusal(409), FOUND],
            ["POST", "POST", "POST", "GET"],
            id="trouble-in-between",
        ),
        pytest.param(
            [refusal(500, "InternalError"), refusal(409), FOUND],
            ["POST", "POST", "GET"],
            id="it-had-worked-and-failed-then",
        ),
        pytest.param([refusal(504, "Timeout"), MADE], ["POST", "POST"], id="it-was-too-slow"),
    ],
)
def test_a_create_whose_answer_got_lost_finds_what_it_made(
    script: list[Reply], methods: list[str]
) -> None:
    with scripted(*script) as api:
        assert api.kube.create(PODS, POD, "ns") == POD
        assert [item.method for item in api.requests] == methods


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([refusal(409, "AlreadyExists")], id="at-once"),
        pytest.param([OVERLOADED, refusal(409, "AlreadyExists")], id="after-a-clear-refusal"),
    ],
)
def test_a_name_that_somebody_else_took_is_a_conflict(script: list[Reply]) -> None:
    with scripted(*script) as api, pytest.raises(Conflict):
        api.kube.create(PODS, POD, "ns")


def test_a_fresh_binding_may_take_a_moment() -> None:
    with scripted(refusal(403), refusal(403), FOUND, grace_s=5) as api:
        assert api.kube.get(PODS, "p", "ns") == POD


def test_after_the_first_seconds_forbidden_is_final() -> None:
    with scripted(refusal(403, "Forbidden"), FOUND, grace_s=5) as api:
        api.clock.sleep(5)
        with pytest.raises(Forbidden):
            api.kube.get(PODS, "p", "ns")
        assert len(api.requests) == 1


def test_a_right_that_never_comes_is_forbidden() -> None:
    with scripted(forever=refusal(403, "Forbidden"), grace_s=5) as api:
        with pytest.raises(Forbidden):
            api.kube.get(PODS, "p", "ns")
        assert api.clock.now() < 1000 + 10


def test_one_connection_serves_several_threads() -> None:
    with scripted(forever=FOUND) as api, ThreadPoolExecutor(8) as threads:
        spaces = [f"ns{number}" for number in range(40)]
        found = list(threads.map(lambda space: api.kube.get(PODS, "p", space), spaces))
        assert found == [POD] * 40
        assert {item.path.split("/")[4] for item in api.requests} == set(spaces)


class NotedRequests(urllib3.PoolManager):
    """A pool that notes limits and headers of requests; all answers are one pod."""

    def __init__(self) -> None:
        super().__init__()
        self.limits: list[urllib3.Timeout | None] = []
        self.headers_given: list[urllib3.HTTPHeaderDict] = []

    def request(
        self,
        *_: Any,
        headers: Any = None,
        timeout: urllib3.Timeout | None = None,
        **__: Any,
    ) -> Any:
        self.limits.append(timeout)
        self.headers_given.append(headers)
        return urllib3.HTTPResponse(io.BytesIO(ANYTHING.data), status=200, preload_content=False)


def noted(**how: Any) -> tuple[NotedRequests, Transport]:
    pool = NotedRequests()
    api = SimpleNamespace(
        configuration=SimpleNamespace(host="http://127.0.0.1:1", auth_settings=dict),
        rest_client=SimpleNamespace(pool_manager=pool),
    )
    return pool, Transport(api, **how)


def test_every_request_has_a_time_limit() -> None:
    pool, transport = noted()
    kube = Kube(transport)

    kube.get(PODS, "p", "ns")
    kube.list(PODS)
    kube.create(CONFIG_MAPS, POD, "ns")
    kube.patch(PODS, "p", {}, "ns")
    kube.apply(PODS, POD, "ns")
    kube.delete(PODS, "p", "ns")
    kube.log("ns", "p", "c")
    kube.server_version()
    kube.request("GET", "/healthz")
    with kube.watch(PODS, "1", timeout_s=240):
        pass

    limits = [(limit.connect_timeout, limit.read_timeout) for limit in pool.limits if limit]
    assert limits == [(REQUEST_TIMEOUT_S, REQUEST_TIMEOUT_S)] * 9 + [(REQUEST_TIMEOUT_S, 250.0)]


def test_another_time_limit_holds_for_a_patient_connection_too() -> None:
    pool, transport = noted(timeout_s=60.0)

    Kube(transport).server_version()
    Kube(transport.patient(5.0)).server_version()

    assert [limit.read_timeout for limit in pool.limits if limit] == [60.0, 60.0]


def test_every_request_is_made_in_the_name_of_the_user_and_all_groups() -> None:
    asked = Credentials("config", user="jane", groups=("dev", "ops"))
    pool, transport = noted(own_headers=asked.impersonation)

    Kube(transport).get(PODS, "p", "ns")
    Kube(transport.patient(5.0)).create(CONFIG_MAPS, POD, "ns")

    assert [headers["Impersonate-User"] for headers in pool.headers_given] == ["jane", "jane"]
    groups = [headers.getlist("Impersonate-Group") for headers in pool.headers_given]
    assert groups == [["dev", "ops"]] * 2


def test_a_user_may_have_any_name() -> None:
    ((_, sent),) = Credentials("config", user="zoë ✓").impersonation

    assert sent.encode("latin-1").decode() == "zoë ✓"


def test_without_a_user_nobody_is_impersonated() -> None:
    assert Credentials("config", groups=("dev",)).impersonation == ()


def test_nothing_is_tried_again_once_somebody_is_in_a_hurry() -> None:
    with scripted(OVERLOADED, OVERLOADED, OVERLOADED, FOUND) as api:
        patient = api.kube.patient(60, lambda: len(api.clock.slept) == 2)
        with pytest.raises(Unreachable):
            patient.get(PODS, "p", "ns")
        assert len(api.requests) == 3
