"""An API server as these tests see it: HTTP and nothing else."""

import base64
import json
import os
import ssl
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

from orchestrator.replay import ReplayCluster
from orchestrator.replay.cluster import ReplayServer
from tests.needs import missing

Json = dict[str, Any]

MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"


@dataclass(frozen=True)
class Reply:
    """What came back; the body is an object where the server sent JSON."""

    status: int
    body: Any
    warnings: tuple[str, ...] = ()

    @property
    def message(self) -> str:
        """The message of a Status."""
        return str(self.body["message"])

    @property
    def items(self) -> list[Json]:
        """The items of a list."""
        return list(self.body["items"])


@dataclass(frozen=True)
class Server:
    """One API server and the identity of its admin."""

    url: str
    pool: urllib3.PoolManager
    headers: Mapping[str, str]
    is_replay: bool
    without_identity: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        user: str = "",
        media: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request, as the admin or in the name of somebody else."""
        sent = {**self.headers, "Content-Type": media, **(headers or {})}
        if user:
            sent["Impersonate-User"] = user
        data = body if isinstance(body, (str, bytes)) or body is None else json.dumps(body)
        answer = self.pool.request(method, self.url + path, body=data, headers=sent)
        return _reply(answer)

    def call_with_token(self, token: str, path: str) -> Reply:
        """Send a GET with a bearer token and nothing else."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return _reply(self.without_identity.request("GET", self.url + path, headers=headers))

    def get(self, path: str, *, user: str = "", **query: str) -> Reply:
        """Get or list."""
        return self.call("GET", path + ("?" + urlencode(query) if query else ""), user=user)

    def post(self, path: str, body: Any, *, user: str = "") -> Reply:
        """Create."""
        return self.call("POST", path, body, user=user)

    def text(self, path: str, **query: str) -> str:
        """Get text as it is, JSON or not."""
        url = f"{self.url}{path}?{urlencode(query)}"
        answer = self.pool.request("GET", url, headers=self.headers)
        assert answer.status == 200, answer.data
        return str(answer.data.decode())

    def watch(
        self,
        path: str,
        count: int | None = None,
        until: Callable[[Json], object] = lambda _: False,
        media: str = "application/json",
        **query: str,
    ) -> list[Json]:
        """Give the events of a watch: so many, up to one, or until its time is over."""
        query = {"watch": "1", "timeoutSeconds": "30", **query}
        url = f"{self.url}{path}?{urlencode(query)}"
        headers = {**self.headers, "Accept": media}
        answer = self.pool.request("GET", url, headers=headers, preload_content=False)
        assert answer.status == 200, answer.read()
        events: list[Json] = []
        try:
            for line in _lines(answer):
                events.append(json.loads(line))
                if len(events) == count or until(events[-1]):
                    break
        finally:
            answer.close()
        return events


def _lines(answer: urllib3.BaseHTTPResponse) -> Iterator[str]:
    """Give the lines of a stream as they come."""
    rest = b""
    for part in answer.stream():
        *whole, rest = (rest + part).split(b"\n")
        yield from (line.decode() for line in whole)


def _reply(answer: urllib3.BaseHTTPResponse) -> Reply:
    text = answer.data.decode()
    warnings = tuple(answer.headers.getlist("Warning"))
    try:
        return Reply(answer.status, json.loads(text), warnings)
    except ValueError:
        return Reply(answer.status, text, warnings)


@contextmanager
def replay_server(cluster: ReplayCluster) -> Iterator[Server]:
    """Serve a replay cluster for HTTP tests."""
    with cluster.serve() as served, client(served) as server:
        yield server


@contextmanager
def client(served: ReplayServer) -> Iterator[Server]:
    """Speak HTTP with a replay server, which the caller can disturb."""
    with urllib3.PoolManager(retries=False) as pool:
        headers = {"Authorization": f"Bearer {served.token()}"}
        server = Server(served.url, pool, headers, is_replay=True)
        yield server
        server.without_identity.clear()


@contextmanager
def real_server() -> Iterator[Server]:
    """Use the cluster that KUBECONFIG names, by its client certificate."""
    path = Path(os.environ.get("KUBECONFIG", "none"))
    if not path.is_file():
        missing(f"no cluster: KUBECONFIG is {str(path)!r}")
    config = yaml.safe_load(path.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    with tempfile.TemporaryDirectory() as folder:
        authority = _file(cluster, "certificate-authority", Path(folder))
        certificate = _file(user, "client-certificate", Path(folder))
        key = _file(user, "client-key", Path(folder))
        trusting = ssl.create_default_context(cafile=authority)
        known = ssl.create_default_context(cafile=authority)
        known.load_cert_chain(certificate, key)
        with (
            urllib3.PoolManager(ssl_context=known, retries=False) as pool,
            urllib3.PoolManager(ssl_context=trusting, retries=False) as anonymous,
        ):
            yield Server(cluster["server"], pool, {}, is_replay=False, without_identity=anonymous)


def _file(entry: Mapping[str, str], key: str, folder: Path) -> str:
    """Give a file of a kubeconfig, written out if the config holds its content."""
    if key in entry:
        return entry[key]
    file = folder / key
    file.write_bytes(base64.b64decode(entry[f"{key}-data"]))
    return str(file)
