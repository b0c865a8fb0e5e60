"""What a kubeconfig and --as put into the headers of requests."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from helper.credentials import Credentials
from helper.errors import InputError
from helper.kinds import PODS
from helper.kube import connect
from tests.fakes.scripted_server import Answer, ScriptedServer, kubeconfig

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}


@pytest.mark.parametrize("token", ["two\nlines", "5 \u20ac"], ids=ascii)
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(
    tmp_path: Path, token: str
) -> None:
    config = kubeconfig("http://127.0.0.1:1")
    config["users"][0]["user"]["token"] = token
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))

    with closing(connect(Credentials(str(path)), {})) as kube, pytest.raises(InputError) as caught:
        kube.get(PODS, "p", "ns")

    assert str(caught.value).startswith("the token for the cluster holds a line break")
    assert token not in str(caught.value)


def test_a_token_may_come_from_a_file_that_ends_with_a_line(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("opensesame\n")
    with ScriptedServer([Answer(body=POD)]).running() as server:
        config = kubeconfig(server.url)
        config["users"][0]["user"] = {"tokenFile": str(tmp_path / "token")}
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config))

        with closing(connect(Credentials(str(path)), {})) as kube:
            kube.get(PODS, "p", "ns")

    assert server.requests[0].headers["Authorization"] == "Bearer opensesame"


def test_a_user_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(kubeconfig("http://127.0.0.1:1")))
    credentials = Credentials(str(path), user="jane\nImpersonate-Group: system:masters")

    with closing(connect(credentials, {})) as kube, pytest.raises(InputError, match="user of --as"):
        kube.get(PODS, "p", "ns")
