import shutil
import ssl
import subprocess
import threading
import traceback
from base64 import b64encode
from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import pytest

from helper.errors import WebError
from helper.web import Limits, fetch, public_name
from tests.fakes.scripted_server import Answer, Lost, Reply, ScriptedServer, Stream

WANTED = Limits(size_bytes=100_000)
BODY = b"kind: RecipeResult\n"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def problem(url: str, limits: Limits = WANTED) -> WebError:
    with pytest.raises(WebError) as caught:
        fetch(url, limits)
    return caught.value


def moved(location: str, status: int = 302) -> Answer:
    return Answer(status, b"", {"Location": location})


def test_gives_the_body() -> None:
    with ScriptedServer([Answer(200, BODY)]).running() as server:
        assert fetch(f"{server.url}/r.yaml?a=1", WANTED) == BODY

    assert (server.requests[0].method, server.requests[0].query) == ("GET", {"a": "1"})


def test_a_body_of_exactly_the_limit_is_read() -> None:
    with ScriptedServer([Answer(200, b"x" * 100_000)]).running() as server:
        assert len(fetch(server.url, WANTED)) == 100_000


def test_a_body_that_never_ends_is_left_at_the_limit() -> None:
    chunks = Stream((b"x" * 60_000,) * 2, then="stay")
    with ScriptedServer([chunks]).running() as server:
        error = problem(server.url)

    assert (str(error), error.is_final) == ("larger than the 100000 bytes that are read", True)


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(Lost(), "the connection was cut", id="reset"),
        pytest.param(Stream((b"kind",), then="break"), "the connection was cut", id="cut"),
        pytest.param(Answer(503), "HTTP 503 Service Unavailable", id="busy"),
        pytest.param(Answer(408), "HTTP 408 Request Timeout", id="slow"),
        pytest.param(Answer(299), "HTTP 299", id="unknown-status"),
        pytest.param(moved("https://[::1"), "no valid answer: Val", id="redirect-to-nothing"),
        pytest.param(moved("https://h:x/"), "no valid answer: Val", id="redirect-to-no-port"),
        pytest.param(
            Answer(200, BODY, {"Content-Length": "9"}), "no valid answer: Inv", id="two-lengths"
        ),
        pytest.param(moved("ftp://host/r"), "redirects to 'ftp', want one of", id="other-scheme"),
    ],
)
def test_says_why_there_is_no_document(reply: Reply, said: str) -> None:
    with ScriptedServer([reply]).running() as server:
        assert str(problem(server.url)).startswith(said)


@pytest.mark.parametrize(
    ("status", "is_final"), [(404, True), (401, True), (410, True), (429, False), (500, False)]
)
def test_knows_which_answers_will_not_change(status: int, is_final: bool) -> None:
    with ScriptedServer([Answer(status)]).running() as server:
        assert problem(server.url).is_final is is_final


def test_a_body_that_is_not_what_its_header_says_is_no_document() -> None:
    zipped = Answer(200, BODY, {"Content-Encoding": "gzip"})
    with ScriptedServer([zipped]).running() as server:
        assert str(problem(server.url)) == "no valid answer: ContentDecodingError"


def test_a_silent_server_is_left() -> None:
    with ScriptedServer([Stream((), then="stay")]).running() as server:
        assert str(problem(server.url, Limits(100, silence_s=0.1))) == "the server fell silent"


def test_a_slow_server_is_left_when_the_time_is_up() -> None:
    with ScriptedServer([Stream((b"a",), then="stay")]).running() as server:
        said = str(problem(server.url, Limits(100, total_s=0.2)))

        assert said == "no complete answer within 0.2 s"
        assert server.hung_up.wait(5), "the connection is still open"


def test_an_answer_that_begins_after_the_time_was_up_is_left() -> None:
    is_up = threading.Event()

    def late() -> Iterator[Reply]:
        is_up.wait(60)
        yield Stream((b"a",), then="stay")

    with ScriptedServer(late()).running() as server:
        problem(server.url, Limits(100, total_s=0.2, silence_s=60))
        is_up.set()

        assert server.hung_up.wait(30), "the connection is still open"


def test_nobody_listens() -> None:
    with ScriptedServer([]).running() as server:
        url = server.url

    assert str(problem(url)) == "connection refused"


def test_redirects_are_followed() -> None:
    replies = [moved("/b", 301), moved("c?x=1", 307), Answer(200, BODY)]
    with ScriptedServer(replies).running() as server:
        assert fetch(f"{server.url}/a", WANTED) == BODY

    assert [request.path for request in server.requests] == ["/a", "/b", "/c"]


def test_a_redirect_loop_ends() -> None:
    with ScriptedServer(repeat(moved("/"))).running() as server:
        assert str(problem(server.url)) == "more than 5 redirects"

    assert len(server.requests) == 6


def test_credentials_go_to_the_server_that_the_url_names_and_no_further() -> None:
    wanted = f"Basic {b64encode(b'me:p@ss').decode()}"
    with ScriptedServer([Answer(200, BODY)]).running() as other:
        script = [moved("/next"), moved(f"{other.url}/r")]
        with ScriptedServer(script).running() as first:
            fetch(first.url.replace("http://", "http://me:p%40ss@"), WANTED)

    assert [request.headers.get("Authorization") for request in first.requests] == [wanted] * 2
    assert "Authorization" not in other.requests[0].headers


def test_netrc_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with ScriptedServer([Answer(200, BODY)]).running() as server:
        fetch(server.url, WANTED)

    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    "reply", [Answer(404), Lost(), moved("ftp://me:secret@host"), Stream((), then="break")]
)
def test_no_trace_of_an_error_holds_a_secret(reply: Reply) -> None:
    with ScriptedServer([reply]).running() as server:
        url = server.url.replace("http://", "http://me:secret@")
        error = problem(f"{url}/r?token=secret#secret")

    assert "secret" not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize(
    ("url", "name"),
    [
        pytest.param("https://h.example/a/r.yaml", "https://h.example/a/r.yaml", id="plain"),
        pytest.param("https://me:pw@h:8443/r?t=1#f", "https://h:8443/r", id="secrets"),
        pytest.param("https://me:p@ss@h/r", "https://h/r", id="at-sign"),
        pytest.param("http://me@[::1]:80/r", "http://[::1]:80/r", id="address"),
        pytest.param("https://me:p/ss@h/r", "https://…", id="no-port"),
        pytest.param("https://me:pw@[h/r", "https://…", id="no-host"),
        pytest.param("cm://team/recipe", "cm://team/recipe", id="config-map"),
    ],
)
def test_a_url_is_named_without_what_may_be_secret(url: str, name: str) -> None:
    assert public_name(url) == name


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    path = tmp_path / "both.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1"
    names = "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(path), "-out", str(tmp_path / "cert.pem")]
    subprocess.run([*command.split(), *names.split(), *files], check=True, capture_output=True)
    path.write_bytes(path.read_bytes() + (tmp_path / "cert.pem").read_bytes())
    return path


@pytest.fixture
def tls_server(certificate: Path) -> Iterator[str]:
    server = ScriptedServer([Answer(200, BODY), moved("http://127.0.0.1/r")])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with server.running():
        yield server.url.replace("http://", "https://")


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_server: str) -> None:
    error = problem(tls_server)

    assert str(error) == "its certificate is not trusted: self-signed certificate"
    assert not error.is_final


def test_a_certificate_of_a_known_authority_is_accepted_and_tls_is_not_left(
    tls_server: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))

    assert fetch(tls_server, WANTED) == BODY
    assert str(problem(tls_server)) == "redirects from https to http"


def test_a_server_without_tls_is_no_https_server() -> None:
    with ScriptedServer([]).running() as server:
        assert str(problem(server.url.replace("http", "https"))) == "no TLS connection"


def test_downloads_leave_no_thread() -> None:
    with ScriptedServer([Stream((b"a",), then="stay")]).running() as server:
        problem(server.url, Limits(100, total_s=0.2))
        for thread in threading.enumerate():
            if thread.name == "download":
                thread.join(5)
                assert not thread.is_alive()
