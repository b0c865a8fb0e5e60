"""HTTP on 127.0.0.1: connections, keep-alive, chunked streams, and an end that leaves nothing."""

import contextlib
import json
import logging
import select
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote

from orchestrator.replay.api.answer import Answer, Hangup, Stream, refusal
from orchestrator.replay.api.dispatch import Api
from orchestrator.replay.api.request import Request
from orchestrator.replay.state import State
from orchestrator.replay.statuses import internal

# A token may stand at the start of each path: kubectl sends none in a header over plain HTTP.
TOKEN_PATH = "/token/"  # noqa: S105  (a path)
_log = logging.getLogger(__name__)
_JOIN_S = 10.0  # far more than a handler needs to notice that its connection is closed


class Listener(ThreadingHTTPServer):
    """Accepts connections until it is closed; knows each of them."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, state: State, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self._port = int(self.server_address[1])
        self.address = f"127.0.0.1:{self._port}"
        self.state = state
        self.ending = threading.Event()
        self.api = Api(state, self.address, self.ending.is_set)
        self._open: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._acceptor = threading.Thread(target=self._accept, name="replay-accept", daemon=True)
        self._away_s = 0.0
        self._back = threading.Event()

    def start(self) -> None:
        """Begin to accept."""
        self._acceptor.start()

    def stop(self) -> None:
        """Close every connection and wait for every thread."""
        self.ending.set()
        self.come_back()
        self.state.store.wake()
        self._wake_acceptor()
        self._acceptor.join(_JOIN_S)
        with self._lock:
            threads = list(self._open.values())
        self.drop_connections()
        for thread in threads:
            thread.join(_JOIN_S)
        self.server_close()

    def end_streams(self) -> None:
        """Let every stream that goes on now end properly."""
        self.api.end_streams()
        self.state.store.wake()

    def drop_connections(self) -> None:
        """Close every connection; callers may come back."""
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def go_away(self, seconds: float) -> None:
        """Drop every connection and refuse new ones for a while, as a server that restarts."""
        self._back.clear()
        self._away_s = seconds
        self._wake_acceptor()

    def come_back(self) -> None:
        """End the time of being away."""
        self._back.set()

    def _wake_acceptor(self) -> None:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self._port), timeout=_JOIN_S).close()

    def _accept(self) -> None:
        # Instead of serve_forever, whose shutdown is noticed only at the next poll.
        while not self.ending.is_set():
            self.handle_request()
            if self._away_s:
                self._be_away(self._away_s)
                self._away_s = 0.0

    def _be_away(self, seconds: float) -> None:
        # Bound before the old one lets go, so that nobody else takes the port, but not listening:
        # callers are refused.
        successor = socket.socket(self.address_family, self.socket_type)
        for holder in (self.socket, successor):
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        successor.bind(self.server_address)
        self._stop_listening()
        self.drop_connections()
        self.socket = successor
        self._back.wait(seconds)
        self.server_activate()

    def _stop_listening(self) -> None:
        # A process that is just being started has a copy of the socket, which close() leaves alone.
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Handle a connection in a thread of its own."""
        if self.ending.is_set():
            self.shutdown_request(request)
            return
        thread = threading.Thread(
            target=self._serve, args=(request, client_address), name="replay-http", daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        # A caller may leave at any moment; that is no error of ours.
        with contextlib.suppress(ConnectionError, TimeoutError):
            self.finish_request(request, client_address)
        self.shutdown_request(request)
        with self._lock:
            self._open.pop(request, None)


class _Handler(BaseHTTPRequestHandler):
    """One connection: requests one after the other."""

    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def _handle(self) -> None:
        request = self._request()
        try:
            reply = self.server.api.answer(request)
        except Exception as error:
            _log.exception("the replay cluster could not answer %s", request.title)
            reply = refusal(internal(error))
        if isinstance(reply, Hangup):
            self.close_connection = True
        elif isinstance(reply, Stream):
            self._send_stream(reply)
        else:
            self._send(reply)

    # The base class looks handlers up by these names.
    do_GET = do_HEAD = do_POST = _handle  # noqa: N815
    do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815

    def _request(self) -> Request:
        path, _, query = self.path.partition("?")
        headers = {
            name.lower(): _as_sent(", ".join(self.headers.get_all(name, ())))
            for name in self.headers
        }
        if path.startswith(TOKEN_PATH):
            token, _, path = path.removeprefix(TOKEN_PATH).partition("/")
            path = f"/{path}"
            headers.setdefault("authorization", f"Bearer {token}")
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else b""
        if len(body) < length:  # its options are lost: it would mean something else
            raise ConnectionResetError
        return Request(
            method=self.command,
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers=headers,
            body=body,
            raw_query=query,
        )

    def _send(self, answer: Answer) -> None:
        body = answer.body if isinstance(answer.body, str) else json.dumps(answer.body) + "\n"
        data = body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(data)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        for warning in answer.warnings:
            self.send_header("Warning", f"299 - {json.dumps(warning, ensure_ascii=False)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        self.wfile.flush()

    def _send_stream(self, stream: Stream) -> None:
        self.send_response(stream.status)
        self.send_header("Content-Type", stream.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        for part in self._while_heard(stream.parts):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _while_heard(self, parts: Iterator[bytes]) -> Iterator[bytes]:
        """Pass on what is to be sent; stop when the caller has closed the connection."""
        for part in parts:
            if part:
                yield part
            elif self._has_left():
                raise ConnectionResetError

    def _has_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (the base class's name)
        """Keep quiet: requests are recorded, not printed."""


def _as_sent(text: str) -> str:
    """A header as its sender meant it: in UTF-8, though it is read as Latin-1."""
    return text.encode("latin-1", "replace").decode(errors="replace")
