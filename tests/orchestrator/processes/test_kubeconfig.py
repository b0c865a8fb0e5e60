import json
import sys
from pathlib import Path
from typing import Any

import pytest

from helper import documents
from helper.credentials import Credentials
from helper.errors import InputError
from helper.kube import connect
from orchestrator.processes.kubeconfig import alone, plugin_environment

Json = dict[str, Any]


def written(path: Path, user: Json, cluster: Json | None = None, name: str = "one") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": cluster or {"server": "https://localhost:1"}}],
        "users": [{"name": name, "user": user}, {"name": "other", "user": {"token": "other's"}}],
    }
    path.write_text(documents.dump(document))
    return str(path)


def test_only_what_the_context_needs_is_taken(tmp_path: Path) -> None:
    source = written(tmp_path / "config", {"token": "mine"})
    found = alone(source, "one", {})

    assert found["users"] == [{"name": "one", "user": {"token": "mine"}}]
    assert "other's" not in json.dumps(found)
    assert found["current-context"] == "one"


def test_relative_paths_hold_from_elsewhere(tmp_path: Path) -> None:
    source = written(
        tmp_path / "home/config",
        {"client-certificate": "pki/me.crt", "client-key": "/abs/me.key", "tokenFile": "../token"},
        {"server": "https://localhost:1", "certificate-authority": "ca.crt"},
    )
    found = alone(source, "one", {})
    user = found["users"][0]["user"]

    assert found["clusters"][0]["cluster"]["certificate-authority"] == str(tmp_path / "home/ca.crt")
    assert user["client-certificate"] == str(tmp_path / "home/pki/me.crt")
    assert user["client-key"] == "/abs/me.key"
    assert Path(user["tokenFile"]).resolve() == tmp_path / "token"


def test_of_several_files_the_first_entry_of_a_name_counts(tmp_path: Path) -> None:
    first = written(tmp_path / "a/config", {"token": "first"})
    second = written(tmp_path / "b/config", {"token": "second"}, name="two")
    both = f"{first}:{tmp_path / 'absent'}:{second}"

    assert alone(both, "two", {})["users"][0]["user"] == {"token": "second"}
    assert alone(f"{first}:{first}", "one", {})["users"][0]["user"] == {"token": "first"}


@pytest.mark.parametrize("context", ["absent", ""])
def test_a_context_that_is_not_there_is_named(tmp_path: Path, context: str) -> None:
    source = written(tmp_path / "config", {})

    with pytest.raises(InputError, match=f"no context is named '{context}'"):
        alone(source, context, {})


def test_a_user_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = Path(written(tmp_path / "config", {}))
    path.write_text(path.read_text().replace("user: one", "user: nobody"))

    with pytest.raises(InputError, match="no user is named 'nobody'"):
        alone(str(path), "one", {})


PLUGIN = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1"}


def test_a_credential_plugin_works_as_in_the_callers_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "home/plugin"
    answer = {**PLUGIN, "status": {"token": "from the plugin"}}
    plugin.parent.mkdir()
    plugin.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        "assert os.environ['CLOUD_KEY'] == 'mine' and os.environ['OWN'] == 'own', os.environ\n"
        "assert os.environ['HOME'] == '/caller' and not os.environ['PYTHONPATH'], os.environ\n"
        f"print(json.dumps({answer!r}))\n"
    )
    plugin.chmod(0o700)
    given = {**PLUGIN, "command": "./plugin", "env": [{"name": "OWN", "value": "own"}]}
    source = written(tmp_path / "home/config", {"exec": given})
    caller = {"CLOUD_KEY": "mine", "HOME": "/caller", "PYTHONPATH": "/mine"}
    found = alone(source, "one", caller)
    elsewhere = tmp_path / "elsewhere/kubeconfig"
    elsewhere.parent.mkdir()
    elsewhere.write_text(json.dumps(found))
    for name, value in plugin_environment(found, caller).items():  # as the check's process has
        monkeypatch.setenv(name, value)

    connect(Credentials(str(elsewhere)), {}).close()  # it runs the plugin


def test_of_the_callers_environment_only_places_are_written_down(tmp_path: Path) -> None:
    source = written(tmp_path / "config", {"exec": {**PLUGIN, "command": "get-token"}})
    caller = {"GITHUB_TOKEN": "ghp_x", "AWS_SECRET_ACCESS_KEY": "aws_x", "HOME": "/caller"}
    found = alone(source, "one", caller)

    variables = found["users"][0]["user"]["exec"]["env"]
    assert {item["name"]: item["value"] for item in variables} == {
        "HOME": "/caller",
        "PYTHONPATH": "",
    }
    assert plugin_environment(found, caller)["AWS_SECRET_ACCESS_KEY"] == "aws_x"


def test_a_check_has_nothing_of_the_callers_without_a_plugin(tmp_path: Path) -> None:
    found = alone(written(tmp_path / "config", {"token": "mine"}), "one", {})

    assert plugin_environment(found, {"AWS_PROFILE": "mine"}) == {}


@pytest.mark.parametrize("name", ["HF_TOKEN", "AICR_DEBUG", "PYTHONHOME", "KUBECONFIG", "PATH"])
def test_what_would_change_the_check_is_not_handed_on(tmp_path: Path, name: str) -> None:
    source = written(tmp_path / "config", {"exec": {**PLUGIN, "command": "get-token"}})

    assert plugin_environment(alone(source, "one", {}), {name: "x"}) == {}


def test_a_plugin_from_the_path_is_found_there(tmp_path: Path) -> None:
    given = {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token", "args": ["x"]}
    source = written(tmp_path / "config", {"exec": given})
    user = alone(source, "one", {"PATH": "/opt/cloud/bin"})["users"][0]["user"]

    assert (user["exec"]["command"], user["exec"]["args"]) == ("get-token", ["x"])
    assert {"name": "PATH", "value": "/opt/cloud/bin"} in user["exec"]["env"]
