"""Connections with the certificates and keys of a kubeconfig, which must not stay on a disk."""

import base64
import shutil
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from helper import tls
from helper.credentials import Credentials
from helper.errors import InputError, Unreachable
from helper.kinds import NODES
from helper.kube import Kube, connect
from tests.fakes.scripted_server import Answer, ScriptedServer

NODE = b'{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}}'


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as the files' bytes."""

    certificate: bytes
    key: bytes


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make a certificate with")
    return tmp_path_factory.mktemp("certificates")


def made(folder: Path, name: str, *options: str) -> Pair:
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 1"
    what = [*(options or ["-noenc"]), "-subj", f"/CN={name}"]
    addresses = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    line = [*command.split(), *what, *addresses, *files]
    subprocess.run(line, check=True, capture_output=True)
    return Pair(certificate.read_bytes(), key.read_bytes())


@pytest.fixture(scope="module")
def server_pair(folder: Path) -> Pair:
    return made(folder, "server")


@pytest.fixture(scope="module")
def admin(folder: Path) -> Pair:
    return made(folder, "admin")


@pytest.fixture
def server(tmp_path: Path, server_pair: Pair, admin: Pair) -> Iterator[ScriptedServer]:
    """A server that wants to see the admin's certificate."""
    scripted = ScriptedServer([Answer(200, NODE)] * 4)
    both = tmp_path / "server.pem"
    both.write_bytes(server_pair.key + server_pair.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    context.load_verify_locations(cadata=admin.certificate.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    with scripted.running():
        yield scripted


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def kubeconfig(
    server: ScriptedServer | None, authority: Pair | None, user: Pair, **cluster: Any
) -> dict[str, Any]:
    address = server.url.replace("http:", "https:") if server else "https://127.0.0.1:1"
    trusted = {"certificate-authority-data": encoded(authority.certificate)} if authority else {}
    known = {
        "client-certificate-data": encoded(user.certificate),
        "client-key-data": encoded(user.key),
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "one",
        "clusters": [{"name": "one", "cluster": {"server": address, **trusted, **cluster}}],
        "users": [{"name": "admin", "user": known}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "admin"}}],
    }


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder for temporary files, of disk and memory."""
    path = tmp_path / "temporary"
    path.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(path))
    monkeypatch.setattr(tls, "SHARED_MEMORY", str(path))
    return path


def opened(tmp_path: Path, config: dict[str, Any]) -> Kube:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return connect(Credentials(str(path)), {}, patience_s=0.0)


def test_a_key_serves_every_connection_and_lies_in_no_file(
    tmp_path: Path, empty: Path, server: ScriptedServer, server_pair: Pair, admin: Pair
) -> None:
    for _ in range(2):
        with closing(opened(tmp_path, kubeconfig(server, server_pair, admin))) as kube:
            assert list(empty.iterdir()) == []
            assert kube.get(NODES, "node-1")["metadata"]["name"] == "node-1"
            kube.close()
            assert kube.get(NODES, "node-1")["kind"] == "Node"


def test_keys_may_lie_in_files_of_their_owner(
    tmp_path: Path, folder: Path, server: ScriptedServer, server_pair: Pair, admin: Pair
) -> None:
    config = kubeconfig(server, server_pair, admin)
    config["users"][0]["user"] = {
        "client-certificate": str(folder / "admin.pem"),
        "client-key": str(folder / "admin.key"),
    }
    with closing(opened(tmp_path, config)) as kube:
        assert kube.get(NODES, "node-1")["kind"] == "Node"

    assert (folder / "admin.key").read_bytes() == admin.key


def test_who_asks_not_to_verify_is_not_held_up(
    tmp_path: Path, server: ScriptedServer, admin: Pair
) -> None:
    config = kubeconfig(server, None, admin, **{"insecure-skip-tls-verify": True})
    with closing(opened(tmp_path, config)) as kube:
        assert kube.get(NODES, "node-1")["kind"] == "Node"


@pytest.mark.parametrize("trusted", ["admin", "nobody"])
def test_a_server_that_nobody_vouches_for_is_refused(
    trusted: str, tmp_path: Path, server: ScriptedServer, admin: Pair
) -> None:
    config = kubeconfig(server, admin if trusted == "admin" else None, admin)
    with (
        closing(opened(tmp_path, config)) as kube,
        pytest.raises(Unreachable, match="its certificate is not trusted: self-signed"),
    ):
        kube.get(NODES, "node-1")


def test_a_certificate_of_other_than_its_key_is_an_input_error(
    tmp_path: Path, empty: Path, server_pair: Pair, admin: Pair
) -> None:
    config = kubeconfig(None, server_pair, Pair(admin.certificate, server_pair.key))
    with pytest.raises(InputError, match="client-key are no certificate and its key"):
        opened(tmp_path, config)

    assert list(empty.iterdir()) == []


def test_an_authority_that_is_none_is_an_input_error(tmp_path: Path, admin: Pair) -> None:
    config = kubeconfig(None, Pair(b"no certificate", b""), admin)
    with pytest.raises(InputError, match="its certificate-authority is no certificate"):
        opened(tmp_path, config)


def test_nobody_is_asked_for_the_password_of_a_key(
    tmp_path: Path, folder: Path, server_pair: Pair
) -> None:
    locked = made(folder, "locked", "-passout", "pass:secret")
    with pytest.raises(InputError, match="its client-key is encrypted"):
        opened(tmp_path, kubeconfig(None, server_pair, locked))
