from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from helper import contract
from helper.credentials import Credentials
from helper.errors import InputError, Unreachable
from helper.kinds import PODS
from helper.kube import connect
from tests.fakes.clock import FakeClock
from tests.fakes.scripted_server import Answer, ScriptedServer, kubeconfig

EAST, WEST = "http://127.0.0.1:1001", "http://127.0.0.1:1002"


def write(path: Path, content: object) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return str(path)


def used(credentials: Credentials, env: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The context and server that a connection would use."""
    with closing(connect(credentials, env or {})) as kube:
        return kube.context, kube.server


def refused(credentials: Credentials, env: Mapping[str, str] | None = None) -> str:
    with pytest.raises(InputError) as caught:
        connect(credentials, env or {})
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "env", "found"),
    [
        pytest.param("flag", {"KUBECONFIG": "variable", "HOME": "."}, "flag", id="flag"),
        pytest.param("", {"KUBECONFIG": "variable", "HOME": "."}, "variable", id="variable"),
        pytest.param("", {"KUBECONFIG": " ", "HOME": "."}, ".kube/config", id="blank-variable"),
        pytest.param("", {"HOME": "."}, ".kube/config", id="home"),
        pytest.param("", {"HOME": "elsewhere"}, "", id="home-without-kubeconfig"),
        pytest.param("", {"HOME": ""}, "", id="empty-home"),
        pytest.param("", {}, "", id="nothing"),
    ],
)
def test_a_kubeconfig_is_looked_for_as_kubectl_does(
    given: str,
    env: dict[str, str],
    found: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / ".kube/config", kubeconfig(EAST))
    assert Credentials.discover(env, given).kubeconfig == found


def test_several_files_are_read_as_one(tmp_path: Path) -> None:
    east = write(tmp_path / "east", kubeconfig(EAST, "east"))
    west = write(tmp_path / "west", kubeconfig(WEST, "west"))
    both = f"{tmp_path}/missing:{east}:{west}"
    assert used(Credentials(both)) == ("east", EAST)
    assert used(Credentials(both, "west")) == ("west", WEST)


def test_the_first_file_with_a_current_context_decides(tmp_path: Path) -> None:
    undecided = write(tmp_path / "undecided", {**kubeconfig(EAST, "east"), "current-context": ""})
    west = write(tmp_path / "west", kubeconfig(WEST, "west"))
    assert used(Credentials(f"{undecided}:{west}")) == ("west", WEST)


def test_a_named_context_needs_no_current_one(tmp_path: Path) -> None:
    config = {**kubeconfig(EAST, "east")}
    del config["current-context"]
    assert used(Credentials(write(tmp_path / "config", config), "east")) == ("east", EAST)


@pytest.mark.parametrize(
    ("content", "context", "says"),
    [
        pytest.param("{", "", "line 2, column 1: ", id="no-yaml"),
        pytest.param("", "", "empty", id="empty"),
        pytest.param("- a\n", "", "holds a list", id="list"),
        pytest.param({"kind": "Config"}, "", "no current context", id="no-context"),
        pytest.param({"kind": "Config"}, "prod", "prod", id="no-contexts-at-all"),
        pytest.param(kubeconfig(EAST, "east"), "prod", "name prod", id="unknown-context"),
        pytest.param({**kubeconfig(EAST), "contexts": "x"}, "", "", id="contexts-of-a-wrong-type"),
        pytest.param({**kubeconfig(EAST), "clusters": []}, "", "test", id="cluster-missing"),
        pytest.param(
            {**kubeconfig(EAST), "users": [{"name": "test", "user": {"tokenFile": "/absent"}}]},
            "",
            "",
            id="token-file-missing",
        ),
        pytest.param(
            {
                **kubeconfig("https://127.0.0.1:1"),
                "clusters": [
                    {
                        "name": "test",
                        "cluster": {
                            "server": "https://127.0.0.1:1",
                            "certificate-authority": "/absent/ca.crt",
                        },
                    }
                ],
            },
            "",
            "/absent/ca.crt",
            id="authority-missing",
        ),
    ],
)
def test_a_broken_kubeconfig_is_named_in_one_line(
    content: object, context: str, says: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "config", content)
    message = refused(Credentials(path, context))
    assert message.startswith(f"kubeconfig {path}: ")
    assert says in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:1", "ftp://127.0.0.1", "https://", "https://h:99999", "https://a b"]
)
def test_a_server_that_no_request_can_go_to_is_refused(tmp_path: Path, url: str) -> None:
    message = refused(Credentials(write(tmp_path / "config", kubeconfig(url))))

    assert message.endswith(f": its server is {url!r}, want https://HOST or https://HOST:PORT")


def test_what_is_wrong_with_a_server_is_said_without_its_password(tmp_path: Path) -> None:
    config = kubeconfig("https://me:secret@host:99999/token/secret")

    message = refused(Credentials(write(tmp_path / "config", config)))

    assert "its server is 'https://host:99999', want" in message


def test_a_field_of_another_kind_is_told_as_such(tmp_path: Path) -> None:
    config = kubeconfig(EAST)
    config["clusters"][0]["cluster"]["server"] = 42

    assert "something in it is missing, or of another kind (" in refused(
        Credentials(write(tmp_path / "config", config))
    )


def test_a_missing_kubeconfig_is_not_replaced_by_another_cluster(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert refused(Credentials(missing)) == f"kubeconfig {missing}: no such file"


IN_POD = {"KUBERNETES_SERVICE_HOST": "10.96.0.1", "KUBERNETES_SERVICE_PORT": "443"}


def pod_files(root: Path, **files: str) -> Credentials:
    for name, content in {"token": "t", "ca.crt": "a certificate", **files}.items():
        write(root / contract.SERVICE_ACCOUNT_DIR.lstrip("/") / name.replace("_", "."), content)
    return Credentials(root=root)


def test_a_pod_uses_its_own_service_account(tmp_path: Path) -> None:
    assert used(pod_files(tmp_path), IN_POD) == ("in-cluster", "https://10.96.0.1:443")


def test_a_pod_on_ipv6_has_a_valid_address(tmp_path: Path) -> None:
    env = {**IN_POD, "KUBERNETES_SERVICE_HOST": "fd00::1"}
    assert used(pod_files(tmp_path), env)[1] == "https://[fd00::1]:443"


@pytest.mark.parametrize(
    ("env", "files"),
    [
        pytest.param({}, {}, id="no-service-variables"),
        pytest.param({**IN_POD, "KUBERNETES_SERVICE_PORT": ""}, {}, id="empty-port"),
        pytest.param(IN_POD, {"token": ""}, id="empty-token"),
        pytest.param(IN_POD, {"ca.crt": ""}, id="empty-authority"),
    ],
)
def test_without_any_credentials_the_message_says_what_to_set(
    env: dict[str, str], files: dict[str, str], tmp_path: Path
) -> None:
    message = refused(pod_files(tmp_path, **files), env)
    assert message.startswith("no cluster to talk to: ")
    assert "set KUBECONFIG, have ~/.kube/config, or run in a pod" in message


def test_outside_a_pod_there_is_no_cluster(tmp_path: Path) -> None:
    assert "no cluster to talk to" in refused(Credentials(root=tmp_path), IN_POD)


def test_a_connection_that_cannot_be_secured_is_unreachable(tmp_path: Path) -> None:
    with ScriptedServer([]).running() as server:
        config = kubeconfig(server.url.replace("http:", "https:"))
        credentials = Credentials(write(tmp_path / "config", config))
        with closing(connect(credentials, {}, clock=FakeClock())) as kube:
            with pytest.raises(Unreachable, match="list pods: no answer: https://127"):
                kube.list(PODS)
            assert server.requests == []


def test_a_proxy_is_not_asked_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "example.com")
    pod = {"metadata": {"name": "p"}}
    with ScriptedServer([Answer(body=pod)]).running() as server:
        credentials = Credentials(write(tmp_path / "config", kubeconfig(server.url)))
        with closing(connect(credentials, {})) as kube:
            assert kube.get(PODS, "p", "ns") == pod


def test_connecting_sends_nothing_and_leaves_the_files_alone(tmp_path: Path) -> None:
    with ScriptedServer([]).running() as server:
        path = write(tmp_path / "config", kubeconfig(server.url))
        before = Path(path).read_bytes()
        connect(Credentials(path), {}).close()
        assert (server.requests, Path(path).read_bytes()) == ([], before)
    assert [file.name for file in tmp_path.iterdir()] == ["config"]
