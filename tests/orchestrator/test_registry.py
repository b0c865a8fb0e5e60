import json
import traceback
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from helper.errors import WebError
from orchestrator.registry import NoSuchTagError, Reference, Registries, read_credentials
from tests.fakes.registry import BASIC, PASSWORD, Registry, digest_of

MANIFEST = b'{"schemaVersion": 2}'
DIGEST = digest_of(MANIFEST)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


def registry(stack: ExitStack, **changes: Any) -> Registry:
    return stack.enter_context(Registry({"team/x:v1": MANIFEST}, **changes).running())


@pytest.mark.parametrize(
    ("image", "url"),
    [
        ("ghcr.io/acme/x:v1", "https://ghcr.io/v2/acme/x/manifests/v1"),
        ("ghcr.io/acme/x", "https://ghcr.io/v2/acme/x/manifests/latest"),
        ("localhost:5001/x:v1", "http://localhost:5001/v2/x/manifests/v1"),
        ("127.0.0.1/x/y:v1", "http://127.0.0.1/v2/x/y/manifests/v1"),
        ("localhost/x", "http://localhost/v2/x/manifests/latest"),
        ("registry.example:5000/x", "https://registry.example:5000/v2/x/manifests/latest"),
        ("busybox:1.37", "https://registry-1.docker.io/v2/library/busybox/manifests/1.37"),
        ("acme/x:v1", "https://registry-1.docker.io/v2/acme/x/manifests/v1"),
        ("docker.io/x:v1", "https://registry-1.docker.io/v2/library/x/manifests/v1"),
        ("localhost.example/x", "https://localhost.example/v2/x/manifests/latest"),
    ],
)
def test_reads_references_as_docker_does(image: str, url: str) -> None:
    assert Reference.parse(image).url == url


def test_a_tag_is_asked_for_by_its_headers_alone(stack: ExitStack) -> None:
    server = registry(stack)

    assert Registries().digest(f"{server.host}/team/x:v1") == DIGEST
    assert server.requests == [("HEAD", "/v2/team/x/manifests/v1", "")]


def test_a_registry_that_does_not_tell_the_digest_gives_the_manifest(stack: ExitStack) -> None:
    server = registry(stack, tells_digest=False)

    assert Registries().digest(f"{server.host}/team/x:v1") == DIGEST
    assert [method for method, *_ in server.requests] == ["HEAD", "GET"]


@pytest.mark.parametrize("image", ["team/x:v2", "team/gone:v1"])
def test_a_tag_that_does_not_exist_is_named(stack: ExitStack, image: str) -> None:
    server = registry(stack)

    with pytest.raises(NoSuchTagError) as caught:
        Registries().digest(f"{server.host}/{image}")

    name, _, tag = image.partition(":")
    assert str(caught.value) == f"{server.host} has no {name} with the tag {tag}"


@pytest.mark.parametrize("needs_user", [False, True])
def test_a_token_is_fetched_where_the_registry_wants_one(
    stack: ExitStack, needs_user: bool
) -> None:
    server = registry(stack, auth="bearer", needs_user=needs_user)
    known = {server.host: BASIC} if needs_user else {}

    assert Registries(known).digest(f"{server.host}/team/x:v1") == DIGEST
    assert [path.partition("?")[0] for _, path, _ in server.requests] == [
        "/v2/team/x/manifests/v1",
        "/token",
        "/v2/team/x/manifests/v1",
    ]
    sent = [authorization for *_, authorization in server.requests]
    assert sent == ["", f"Basic {BASIC}" if needs_user else "", "Bearer pull-token"]


def test_a_password_is_sent_only_when_it_is_asked_for(stack: ExitStack) -> None:
    server = registry(stack, auth="basic")

    assert Registries({server.host: BASIC}).digest(f"{server.host}/team/x:v1") == DIGEST
    assert [authorization for *_, authorization in server.requests] == ["", f"Basic {BASIC}"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"auth": "basic"}, "not allowed to look", id="no-credentials"),
        pytest.param({"auth": "bearer", "needs_user": True}, "gives no token", id="no-token"),
        pytest.param({"status": 403}, "not allowed to look", id="forbidden"),
        pytest.param({"status": 503}, "HTTP 503", id="busy"),
        pytest.param({"status": 429}, "HTTP 429", id="throttled"),
        pytest.param(
            {"auth": "bearer", "realm": "http://token.example/t"}, "without TLS", id="open-realm"
        ),
        pytest.param({"auth": "bearer", "realm": "file:///t"}, "without TLS", id="no-realm"),
    ],
)
def test_says_why_it_cannot_be_told(stack: ExitStack, changes: Any, said: str) -> None:
    server = registry(stack, **changes)

    with pytest.raises(WebError, match=said):
        Registries().digest(f"{server.host}/team/x:v1")


def test_nobody_listens() -> None:
    with Registry({}).running() as server:
        host = server.host

    with pytest.raises(WebError, match="connection refused"):
        Registries().digest(f"{host}/team/x:v1")


@pytest.mark.parametrize(
    "changes", [{"auth": "bearer", "realm": "http://e.example"}, {"status": 500}]
)
def test_no_trace_holds_a_password(stack: ExitStack, changes: Any) -> None:
    server = registry(stack, **changes)
    registries = Registries({server.host: BASIC})

    with pytest.raises(WebError) as caught:
        registries.digest(f"{server.host}/team/x:v1")

    told = "".join(traceback.format_exception(caught.value)) + repr(registries)
    assert PASSWORD not in told
    assert BASIC not in told


FILE = {
    "auths": {
        "ghcr.io": {"auth": "Z2g="},
        "https://index.docker.io/v1/": {"auth": "aHVi"},
        "https://registry.example:5000/v2/": {"auth": "cmVn"},
        "helper.example": {},
    },
    "credsStore": "desktop",
}


def test_credentials_are_those_of_docker_login() -> None:
    found = read_credentials(
        {}, {"/operator/.docker/config.json": json.dumps(FILE).encode()}.__getitem__, "/operator"
    )

    assert found == {"ghcr.io": "Z2g=", "docker.io": "aHVi", "registry.example:5000": "cmVn"}


def test_the_folder_of_dockers_file_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(FILE))

    found = read_credentials(
        {"DOCKER_CONFIG": str(tmp_path)}, lambda path: Path(path).read_bytes(), "/nowhere"
    )

    assert found["ghcr.io"] == "Z2g="


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"auths": []}', b'{"auths": {"a": 1}}', b"\xff"]
)
def test_a_file_that_says_nothing_gives_nothing(text: bytes) -> None:
    assert read_credentials({}, lambda _: text, "/operator") == {}
