"""A real browser without a window, spoken to in its DevTools protocol.

https://chromedevtools.github.io/devtools-protocol/
"""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import websocket

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_S = REPLY_S = 60.0
TROUBLE = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
NEVER = "--disable-background-networking --disable-component-update --disable-sync --no-first-run"


def find() -> str | None:
    """The path of a Chromium; `CHROMIUM` names another one."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def started(program: str) -> Iterator["Page"]:
    """A browser with an empty page, until the end of the block."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [
                program,
                "--headless",
                "--no-sandbox",  # tests run as root, and in containers
                "--disable-gpu",
                "--disable-dev-shm-usage",
                *NEVER.split(),
                "--remote-debugging-port=0",
                f"--user-data-dir={folder}",
                "about:blank",
            ],
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        try:
            with Page.open(_url(process, Path(folder, "DevToolsActivePort"))) as page:
                yield page
        finally:
            process.terminate()
            process.wait()


def _url(process: subprocess.Popen[bytes], told: Path) -> str:
    """Where the browser listens, which it writes into a file: the port, then the path."""
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        found = told.read_text().split() if told.exists() else []
        if len(found) == 2:
            return f"ws://127.0.0.1:{found[0]}{found[1]}"
        time.sleep(0.02)
    raise RuntimeError(f"the browser did not listen within {START_S:g} s, or ended")


class Page:
    """One page of a browser."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket
        self._session = ""
        self._count = 0
        self._loaded: set[str] = set()  # documents, by their loader
        self.requests: list[str] = []
        self.trouble: list[str] = []  # what stands in the console

    @classmethod
    def open(cls, url: str) -> Self:
        """Open a page of a browser; its own may not be there yet."""
        found = cls(websocket.create_connection(url, timeout=REPLY_S, suppress_origin=True))
        page = found.call("Target.createTarget", url="about:blank")["targetId"]
        attached = found.call("Target.attachToTarget", targetId=page, flatten=True)
        found._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            found.call(f"{domain}.enable")
        found.call("Page.setLifecycleEventsEnabled", enabled=True)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def show(self, file: Path, width: int, *, dark: bool = False, height: int = 900) -> None:
        """Load a file at this width, as a reader with light or dark settings sees it."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.requests.clear()
        self.trouble.clear()
        loader = self.call("Page.navigate", url=file.resolve().as_uri())["loaderId"]
        while loader not in self._loaded:
            self._next()

    def value(self, expression: str) -> Any:
        """What a JavaScript expression gives."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press and release one key."""
        text = {"Enter": "\r", " ": " "}.get(key, "")
        code = {"Enter": 13, "Tab": 9, " ": 32}[key]
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                text=text if kind == "keyDown" else "",
                windowsVirtualKeyCode=code,
            )

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        found = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Ask for something and wait for the answer; events in between are kept."""
        self._count += 1
        request: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        self._socket.send(json.dumps(request))
        while True:
            message = self._next()
            if message.get("id") == self._count:
                assert "error" not in message, message
                found: dict[str, Any] = message["result"]
                return found

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._socket.recv())
        method, told = message.get("method", ""), message.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        if method == "Page.lifecycleEvent" and told["name"] == "load":
            self._loaded.add(told["loaderId"])
        if method in TROUBLE:
            self.trouble.append(json.dumps(told))
        return message
