"""The command as a fixture; golden files, rewritten with `pytest tests/orchestrator --update`."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from orchestrator import cli, owner
from tests.bench import cluster
from tests.orchestrator.machine import Machine, write_inputs

DATA = Path(__file__).parents[1] / "data"

Golden = Callable[[str, str], None]


@dataclass(frozen=True)
class Said:
    """How the command ended and what it wrote."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def aicr(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Command:
    """Run the command as a shell would, without this machine's clusters."""
    for name in os.environ:
        if name in ("KUBECONFIG", "GITHUB_STEP_SUMMARY") or name.startswith("AICR_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*arguments: str) -> Said:
        code = cli.main(list(arguments))
        captured = capfd.readouterr()
        return Said(code, captured.out, captured.err)

    return run


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine, and a cluster in another process that it has access to."""
    inputs = tmp_path_factory.mktemp("machine")
    with cluster.served(write_inputs(inputs)) as kubeconfig:
        yield Machine(inputs, inputs, kubeconfig)


@pytest.fixture
def here(machine: Machine, tmp_path: Path) -> Iterator[Machine]:
    """The same without runs; those that a test leaves are killed."""
    found = replace(machine, home=tmp_path)
    yield found
    for folder in (tmp_path / "aicr-orch/runs").glob("*"):
        process = owner.holder(folder) if owner.lives(folder) else None
        if process:
            process.tell(signal.SIGKILL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite golden files from the code")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare a text with the file of that name below tests/data."""
    # Not known when pytest starts at the root, where this file is read too late to add an option.
    update = request.config.getoption("--update", default=False)

    def compare(name: str, text: str) -> None:
        path = DATA / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert text == path.read_text(), f"{name} differs; if that is meant, run with --update"

    return compare
