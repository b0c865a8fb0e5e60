"""A program that is stopped for a while: Ctrl-Z, a laptop that sleeps, a paused container."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.exits import Exit
from tests.orchestrator.engine import let_pass
from tests.whole_runs.place import Place, ended, placed, statuses, wait_for


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, {"first": {}, "second": {"exitCode": None}}) as place:
        yield place


def test_what_ended_while_the_program_was_stopped_is_found_afterwards(place: Place) -> None:
    """All watches end meanwhile, and the server has forgotten what they would go on from."""
    report = place.folder / "report.json"
    with place.validate("-o", str(report)) as process:
        wait_for(lambda: place.is_running("second"))
        process.send_signal(signal.SIGSTOP)
        os.waitpid(process.pid, os.WUNTRACED)
        let_pass(place.cluster, "second")
        place.server.end_watches()
        place.cluster.compact()
        process.send_signal(signal.SIGCONT)
        said = ended(process)

    assert said.code == Exit.OK, said.err
    assert statuses(report) == {"first": "passed", "second": "passed"}
    assert place.left() == []
