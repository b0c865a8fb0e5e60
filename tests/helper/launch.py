"""Start a check as its container would: from argv, with files below a root of its own."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helper import contract, documents, runner
from tests.fakes.scripted_server import kubeconfig

PACKAGE = "tests.helper.checks"
REPOSITORY = Path(__file__).parents[2]

Content = str | bytes | dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How a check ended and all that it said."""

    code: int
    message: str  # the termination log
    stdout: str
    stderr: str


def lay_out(root: Path, files: Mapping[str, Content] | None = None) -> dict[str, str]:
    """Write what kubelet would mount; gives the environment that says where it is."""
    nowhere = kubeconfig("http://127.0.0.1:1")
    given: dict[str, Content] = {"kubeconfig": nowhere, "dev/termination-log": ""}
    for name, content in {**given, **(files or {})}.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = documents.dump(content) if isinstance(content, dict) else content
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {
        contract.FILE_ROOT: str(root),
        contract.CHECK_TIMEOUT: "60s",
        "KUBECONFIG": str(root / "kubeconfig"),
    }


def run_check(
    root: Path,
    *argv: str,
    env: Mapping[str, str] | None = None,
    files: Mapping[str, Content] | None = None,
) -> Outcome:
    """Run a check through the real runner, in this process."""
    given = {**lay_out(root, files), **(env or {})}
    out, err = io.StringIO(), io.StringIO()
    with redirect_stderr(err):
        code = runner.main(PACKAGE, argv, given, out)
    return Outcome(code, _message(root), out.getvalue(), err.getvalue())


def _message(root: Path) -> str:
    return (root / contract.TERMINATION_LOG.lstrip("/")).read_text(encoding="utf-8")


class CheckProcess:
    """A check that runs as a process of its own, as in a container."""

    def __init__(self, process: subprocess.Popen[str], root: Path) -> None:
        self._process = process
        self._root = root
        self._seen: list[str] = []
        assert process.stdin
        assert process.stdout
        self._stdin, self._stdout = process.stdin, process.stdout

    def wait_for(self, line: str) -> None:
        """Read until a line appears; its own time limit ends a check that never says it."""
        for found in self._stdout:
            self._seen.append(found)
            if found.strip() == line:
                return
        raise AssertionError(f"{line!r} never came, only {self._seen}")

    def signal(self, number: int) -> None:
        os.kill(self._process.pid, number)

    def answer(self) -> None:
        """Give it the line on stdin that it waits for."""
        self._stdin.write("\n")
        self._stdin.flush()

    def end(self) -> Outcome:
        """Wait until it has ended by itself."""
        self._seen.extend(self._stdout)
        code = self._process.wait()
        stderr = (self._root / "stderr").read_text(encoding="utf-8")
        return Outcome(code, _message(self._root), "".join(self._seen), stderr)


@contextmanager
def started(root: Path, *argv: str, **env: str) -> Iterator[CheckProcess]:
    """Start `python -m PACKAGE ...` in a clean environment; kill it when the test is over."""
    given = {**lay_out(root), **env}
    with (
        (root / "stderr").open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", PACKAGE, *argv],
            cwd=REPOSITORY,
            env=given,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            encoding="utf-8",
        ) as process,
    ):
        try:
            yield CheckProcess(process, root)
        finally:
            process.kill()
