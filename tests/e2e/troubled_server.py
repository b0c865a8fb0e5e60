"""The real API server behind one that is throttled, fails now and then, and ends its watches."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from kubernetes import client, config

from helper.kube import Kube
from helper.transport import Transport

EVERY = 3  # request that changes or reads something is refused
REFUSALS = (429, 500, 503, 504)  # in turns
WATCHES = ("ends", "expired")  # in turns
TROUBLES = (*REFUSALS, *WATCHES)
WATCH_S = "1"
FORGOTTEN = "1"  # a version that no server remembers
HEADERS = ("Accept", "Content-Type")
SILENCE_S = 60.0


class TroubledServer(ThreadingHTTPServer):
    """Passes requests on to the API server of KUBECONFIG, with its credentials."""

    daemon_threads = True

    def __init__(self, upstream: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.api = config.new_client_from_config(os.environ["KUBECONFIG"])
        self.made: Counter[int | str] = Counter()
        self._requests = self._watches = self._refused = 0
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def before(cls, upstream: str) -> Iterator[Self]:
        """Serve for a while."""
        with cls(upstream) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            try:
                yield server
            finally:
                server.shutdown()
                thread.join()

    @contextmanager
    def connected(self) -> Iterator[Kube]:
        """Have a connection to this server; it asks for no credentials."""
        host, port = self.server_address[:2]
        kube = Kube(Transport(client.ApiClient(_configuration(f"http://{host!s}:{port}"))))
        try:
            yield kube
        finally:
            kube.close()

    def refusal(self) -> int:
        """The status that a request is refused with; 0 for none."""
        with self._lock:
            self._requests += 1
            if self._requests % EVERY:
                return 0
            status = REFUSALS[self._refused % len(REFUSALS)]
            self._refused += 1
            self.made[status] += 1
            return status

    def troubled_watch(self, query: dict[str, str]) -> dict[str, str]:
        """The query of a watch, changed so that the server itself ends it soon, or at once."""
        with self._lock:
            trouble = WATCHES[self._watches % len(WATCHES)]
            self._watches += 1
            self.made[trouble] += 1
        if trouble == "expired":
            return {**query, "resourceVersion": FORGOTTEN}
        return {**query, "timeoutSeconds": WATCH_S}


class _Handler(BaseHTTPRequestHandler):
    server: TroubledServer

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)) or None
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        if query.get("watch"):
            query = self.server.troubled_watch(query)
        elif status := self.server.refusal():
            self._refuse(status)
            return
        answer = self.server.api.rest_client.pool_manager.request(
            self.command,
            f"{self.server.upstream}{path}?{urlencode(query)}",
            body=body,
            headers={key: self.headers[key] for key in HEADERS if key in self.headers},
            timeout=SILENCE_S,
            retries=False,
            preload_content=False,
        )
        self._pass_on(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library's names

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        if status == REFUSALS[0]:
            self.send_header("Retry-After", "1")
        self.end_headers()

    def _pass_on(self, answer: Any) -> None:
        """Give an answer as it comes; the connection's end is its end."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.end_headers()
        try:
            for chunk in answer.stream(65536, decode_content=True):
                self.wfile.write(chunk)
                self.wfile.flush()
        except ConnectionError:
            return  # who asked has left
        finally:
            answer.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _configuration(host: str) -> client.Configuration:
    configuration = client.Configuration()
    configuration.host = host
    return configuration
