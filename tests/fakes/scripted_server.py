"""An HTTP server that says what a test wrote down, whatever it is asked.

For what travels badly only: lost answers, throttling, broken streams. What an API server means
by its answers is the replay cluster's business.
"""

import json
import socket
import struct
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from helper import documents
from helper.credentials import Credentials
from helper.kube import Kube, connect
from tests.fakes.clock import FakeClock

Json = dict[str, Any]

TOKEN = "opensesame"


@dataclass(frozen=True)
class Answer:
    """One reply; bytes go out as they are, anything else as JSON."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Stream:
    """A watch: chunks as the server flushes them, and what happens after the last one."""

    chunks: tuple[bytes, ...] = ()
    then: Literal["end", "break", "stay"] = "end"


@dataclass(frozen=True)
class Lost:
    """The request arrives, the connection is reset, no answer comes."""


Reply = Answer | Stream | Lost


def refusal(status: int, reason: str = "", message: str = "", **headers: str) -> Answer:
    """The Status object with which an API server says no."""
    body = {"kind": "Status", "status": "Failure", "reason": reason, "message": message}
    return Answer(status, {**body, "code": status}, headers)


def event(kind: str, obj: Json) -> bytes:
    """One line of a watch."""
    return json.dumps({"type": kind, "object": obj}).encode() + b"\n"


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class ScriptedServer(ThreadingHTTPServer):
    """Gives its replies one after the other; after the last one every request answers 501."""

    daemon_threads = False  # so that closing waits for every connection

    def __init__(self, replies: Iterable[Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies = iter(replies)
        self.requests: list[Received] = []
        self.connections: list[socket.socket] = []
        self.hung_up = threading.Event()  # a client closed a stream that stayed open
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, request: Received) -> Reply:
        with self.lock:
            self.requests.append(request)
            return next(self.replies, refusal(501, "NotImplemented", "the script is over"))

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients of these tests hang up in the middle."""

    @contextmanager
    def running(self) -> Iterator["ScriptedServer"]:
        # A short poll: shutdown waits for it.
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            for connection in self.connections:
                with suppress(OSError):  # closed already
                    connection.shutdown(socket.SHUT_RDWR)
            self.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""

    def _reply(self) -> None:
        reply = self.server.take(self._received())
        if isinstance(reply, Lost):
            self._reset()
        elif isinstance(reply, Stream):
            self._stream(reply)
        else:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(reply.data)))
            self.end_headers()
            self.wfile.write(reply.data)

    do_GET = do_POST = do_PATCH = do_DELETE = _reply  # noqa: N815 - http.server's names

    def _received(self) -> Received:
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data else None
        query = dict(parse_qsl(url.query))
        return Received(self.command, url.path, query, dict(self.headers), body)

    def _stream(self, reply: Stream) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in reply.chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        if reply.then == "end":
            self.wfile.write(b"0\r\n\r\n")
            return
        self.close_connection = True
        if reply.then == "break":
            self.wfile.write(b'ff\r\n{"type":')
            return
        if self.connection.recv(1) == b"":
            self.server.hung_up.set()

    def _reset(self) -> None:
        no_lingering = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_lingering)
        self.close_connection = True


def kubeconfig(url: str, context: str = "test") -> Json:
    """One cluster, one user, one context, all of the same name."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": url}}],
        "users": [{"name": context, "user": {"token": TOKEN}}],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }


@dataclass(frozen=True)
class Scripted:
    """A real client, the server that it talks to, and the time between the two."""

    kube: Kube
    server: ScriptedServer
    clock: FakeClock

    @property
    def requests(self) -> list[Received]:
        return self.server.requests


@contextmanager
def scripted(
    *replies: Reply, forever: Reply | None = None, grace_s: float = 0
) -> Iterator[Scripted]:
    """Connect to a server with this script; `forever` answers all that comes after it."""
    script = chain(replies, repeat(forever)) if forever else replies
    clock = FakeClock()
    with ScriptedServer(script).running() as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kubeconfig")
        path.write_text(documents.dump(kubeconfig(server.url)))
        kube = connect(Credentials(str(path)), {}, forbidden_grace_s=grace_s, clock=clock)
        with closing(kube):
            yield Scripted(kube, server, clock)
