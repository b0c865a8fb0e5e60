"""Programs for credentials: what a connection says of one that gives none."""

import json
import logging
from contextlib import closing
from pathlib import Path

import pytest

from helper import login
from helper.credentials import Credentials
from helper.errors import InputError
from helper.kinds import PODS
from helper.kube import connect
from tests.fakes.scripted_server import Answer, ScriptedServer, kubeconfig

VERSION = "client.authentication.k8s.io/v1"


def credential(**status: str) -> str:
    return json.dumps({"apiVersion": VERSION, "kind": "ExecCredential", "status": status})


def with_program(folder: Path, url: str, command: str, *arguments: str) -> Credentials:
    config = kubeconfig(url)
    program: dict[str, object] = {"apiVersion": VERSION, "interactiveMode": "Never"}
    program |= {"command": command, "args": [*arguments]}
    config["users"][0]["user"] = {"exec": program}
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return Credentials(str(path))


def test_a_program_gives_the_token(tmp_path: Path) -> None:
    pods = Answer(body={"kind": "PodList", "items": []})
    with ScriptedServer([pods]).running() as server:
        given = with_program(tmp_path, server.url, "echo", credential(token="t"))
        with closing(connect(given, {})) as kube:
            kube.list(PODS)

    assert server.requests[0].headers["Authorization"] == "Bearer t"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        pytest.param(["/no/such/program"], "No such file", id="missing"),
        pytest.param(["sh", "-c", "echo no session >&2; exit 3"], "returned 3. no session", id="3"),
        pytest.param(["echo", "please log in"], "failed to decode process output", id="no-json"),
        pytest.param(["echo", "{}"], "missing key 'apiVersion'", id="no-credential"),
        pytest.param(["echo", credential()], "missing token", id="no-token"),
    ],
)
def test_a_program_that_gives_no_credentials_is_an_error_and_nobody_is_asked_without_any(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], command: list[str], says: str
) -> None:
    given = with_program(tmp_path, "http://127.0.0.1:1", *command)

    with pytest.raises(InputError) as caught:
        connect(given, {})

    assert str(caught.value).startswith(f"kubeconfig {given.kubeconfig}: its program for cred")
    assert says in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_what_others_log_meanwhile_is_no_error() -> None:
    with login.required():
        logging.getLogger().error("something else")
