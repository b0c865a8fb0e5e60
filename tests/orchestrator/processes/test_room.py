import json
import stat
from pathlib import Path

import pytest

from helper import contract
from helper.credentials import Credentials
from helper.errors import InputError
from orchestrator.catalog import Entry
from orchestrator.manifests import RunContext
from orchestrator.plan import PlannedCheck
from orchestrator.processes.room import Identity, Room, Rooms, command_of
from tests.orchestrator.engine import NAMESPACE, RUN_ID

CHECK = PlannedCheck(
    "alpha",
    "conformance",
    "aicr-alpha-0",
    entry=Entry(name="alpha", phase="conformance", image="x"),
)
KUBECONFIG = {
    "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
    "clusters": [{"name": "c", "cluster": {"server": "https://localhost:1"}}],
    "users": [{"name": "u", "user": {"token": "mine"}}],
}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Credentials:
    path = tmp_path / "config"
    path.write_text(json.dumps(KUBECONFIG))
    return Credentials(str(path))


def prepared(folder: Path, identity: Identity, *command: str) -> Room:
    rooms = Rooms(folder, RunContext(RUN_ID, NAMESPACE, "v0"), identity)
    rooms.put_inputs({"validation": "a: 1\n", "snapshot": "b: 2\n"})
    return rooms.prepare(CHECK, command)


def test_a_check_finds_its_inputs_below_its_root(tmp_path: Path, kubeconfig: Credentials) -> None:
    room = prepared(tmp_path / "run", Identity.read(kubeconfig, "one", {}))

    assert (room.root / room.env[contract.VALIDATION_PATH].lstrip("/")).read_text() == "a: 1\n"
    assert (room.root / room.env[contract.SNAPSHOT_PATH].lstrip("/")).read_text() == "b: 2\n"


def test_what_may_hold_a_secret_is_readable_by_the_caller_only(
    tmp_path: Path, kubeconfig: Credentials
) -> None:
    room = prepared(tmp_path / "run", Identity.read(kubeconfig, "one", {}))
    files = [Path(room.env["KUBECONFIG"]), *(tmp_path / "run/inputs").glob("*/*")]

    assert [stat.S_IMODE(path.stat().st_mode) for path in files] == [0o600] * 3


def test_in_a_pod_a_check_has_the_pods_own_account(tmp_path: Path) -> None:
    account = tmp_path / contract.SERVICE_ACCOUNT_DIR.lstrip("/")
    account.mkdir(parents=True)
    for name in ("token", "ca.crt", "namespace"):
        (account / name).write_text(f"first {name}")
    caller = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "X": "y"}
    room = prepared(
        tmp_path / "run", Identity.read(Credentials(root=tmp_path), "in-cluster", caller)
    )
    own = room.root / contract.SERVICE_ACCOUNT_DIR.lstrip("/")
    (account / "token").write_text("renewed token")

    assert (own / "token").read_text() == "renewed token"
    assert (own / "ca.crt").read_text() == "first ca.crt"
    assert room.env["KUBERNETES_SERVICE_HOST"] == "10.0.0.1"
    assert not {"KUBECONFIG", "X"} & room.env.keys()
    assert room.env[contract.NAMESPACE] == NAMESPACE


def test_a_reason_is_cut_as_kubelet_cuts_it(tmp_path: Path, kubeconfig: Credentials) -> None:
    room = prepared(tmp_path / "run", Identity.read(kubeconfig, "one", {}))
    (room.root / "dev/termination-log").write_text("x" * 5000)

    assert len(room.termination_message) == contract.TERMINATION_LOG_BYTES
    (room.root / "dev/termination-log").unlink()
    assert room.termination_message == ""


def test_arguments_may_name_variables(tmp_path: Path, kubeconfig: Credentials) -> None:
    room = prepared(
        tmp_path / "run", Identity.read(kubeconfig, "one", {}), "run", "$(AICR_RUN_ID)", "$$"
    )

    assert room.argv == ("run", RUN_ID, "$")


def test_arguments_show_no_variable_of_the_caller(tmp_path: Path, kubeconfig: Credentials) -> None:
    caller = {"HTTPS_PROXY": "http://me:secret@proxy", "HF_TOKEN": "hf_x"}
    identity = Identity.read(kubeconfig, "one", caller)
    room = prepared(tmp_path / "run", identity, "run", "$(HTTPS_PROXY)", "$(HF_TOKEN)")

    assert room.argv == ("run", "$(HTTPS_PROXY)", "$(HF_TOKEN)")
    assert room.env["HTTPS_PROXY"] == caller["HTTPS_PROXY"]
    assert "HF_TOKEN" not in room.env


def test_a_plugins_secret_is_in_the_environment_of_its_check_and_in_no_file(
    tmp_path: Path,
) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "get-token"}}
    source = tmp_path / "config"
    source.write_text(json.dumps({**KUBECONFIG, "users": [{"name": "u", "user": user}]}))
    caller = {"AWS_SECRET_ACCESS_KEY": "tell-nobody", "HOME": "/caller"}
    identity = Identity.read(Credentials(str(source)), "one", caller)
    room = prepared(tmp_path / "run", identity)

    assert room.env["AWS_SECRET_ACCESS_KEY"] == "tell-nobody"
    assert room.env["HOME"] == str(room.root)
    files = [path for path in (tmp_path / "run").rglob("*") if path.is_file()]
    assert room.root / "kubeconfig" in files
    assert not [path for path in files if "tell-nobody" in path.read_text()]


def test_all_checks_talk_to_the_cluster_of_the_first(
    tmp_path: Path, kubeconfig: Credentials
) -> None:
    identity = Identity.read(kubeconfig, "one", {})
    text = json.dumps(KUBECONFIG).replace("localhost:1", "elsewhere:1")
    Path(kubeconfig.kubeconfig).write_text(text)
    room = prepared(tmp_path / "run", identity)

    assert "https://localhost:1" in Path(room.env["KUBECONFIG"]).read_text()


def test_a_context_that_is_gone_is_named(tmp_path: Path, kubeconfig: Credentials) -> None:
    with pytest.raises(InputError, match="no context is named 'two'"):
        prepared(tmp_path / "run", Identity.read(kubeconfig, "two", {}))


def test_only_what_is_installed_has_a_command() -> None:
    assert command_of("images.conformance", ["dra-support"])[1:] == (
        "-m",
        "images.conformance",
        "dra-support",
    )
    with pytest.raises(InputError, match=r"images\.none is not installed"):
        command_of("images.none", [])
