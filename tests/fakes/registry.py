"""A small image registry on localhost: manifests by tag, with the token dance where wanted."""

import hashlib
import json
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

USER, PASSWORD = "me", "registry-secret"
BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
TOKEN = "pull-token"


def digest_of(manifest: bytes) -> str:
    """The digest under which a registry stores a manifest."""
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}"


class Registry(ThreadingHTTPServer):
    """Holds manifests by `repository:tag`."""

    daemon_threads = True

    def __init__(
        self,
        manifests: Mapping[str, bytes],
        *,
        auth: str = "",
        needs_user: bool = False,
        tells_digest: bool = True,
        realm: str = "",
        status: int = 0,
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.manifests = dict(manifests)
        self.auth, self.needs_user = auth, needs_user
        self.tells_digest, self.status = tells_digest, status
        self.realm = realm or f"{self.url}/token"
        self.requests: list[tuple[str, str, str]] = []  # method, path with query, authorization

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    @contextmanager
    def running(self) -> Iterator["Registry"]:
        thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Registry

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        given = self.headers.get("Authorization", "")
        self.server.requests.append((self.command, self.path, given))
        if self.server.status:
            self._say(self.server.status)
        elif self.path.startswith("/token"):
            self._token(given)
        elif self._is_refused(given):
            self._challenge()
        else:
            self._manifest()

    do_HEAD = do_GET  # noqa: N815 - http.server's name

    def _is_refused(self, given: str) -> bool:
        wanted = {"": "", "bearer": f"Bearer {TOKEN}", "basic": f"Basic {BASIC}"}[self.server.auth]
        return bool(wanted) and given != wanted

    def _challenge(self) -> None:
        bearer = f'Bearer realm="{self.server.realm}",service="registry",scope="repository:x:pull"'
        challenge = bearer if self.server.auth == "bearer" else 'Basic realm="registry"'
        self._say(401, {"WWW-Authenticate": challenge})

    def _token(self, given: str) -> None:
        query = parse_qs(urlsplit(self.path).query)
        assert query == {"service": ["registry"], "scope": ["repository:x:pull"]}
        if self.server.needs_user and given != f"Basic {BASIC}":
            self._say(401)
        else:
            self._say(200, body=json.dumps({"token": TOKEN}).encode())

    def _manifest(self) -> None:
        name = self.path.removeprefix("/v2/").replace("/manifests/", ":")
        manifest = self.server.manifests.get(name)
        if manifest is None:
            self._say(404)
            return
        tells = self.server.tells_digest
        headers = {"Docker-Content-Digest": digest_of(manifest)} if tells else {}
        self._say(200, headers, manifest)

    def _say(
        self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
