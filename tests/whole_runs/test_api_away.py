"""An API server that goes away: for a while at any moment, or for good."""

import io
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator import options, session
from orchestrator.exits import Exit
from tests.orchestrator.engine import RUN_ID, script
from tests.orchestrator.test_options import DEFAULTS
from tests.whole_runs.place import Place, ended, placed, statuses, wait_for

CHECKS = {"first": {}, "second": {"delaySeconds": 1.0}}
FOUND = {"first": "passed", "second": "passed"}
AWAY_S = 4.0  # longer than an address is tried that never answered
GONE_S = 600.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, CHECKS) as place:
        yield place


@pytest.fixture
def endless(tmp_path: Path) -> Iterator[Place]:
    with placed(tmp_path, {"first": {}, "second": {"delaySeconds": GONE_S}}) as place:
        yield place


def asked(place: Place, verb: str, resource: str) -> Callable[[], bool]:
    """Whether the cluster was asked for something of that kind."""
    return lambda: any(
        (item.action.verb, item.action.resource) == (verb, resource)
        for item in list(place.cluster.requests)
    )


def test_a_server_that_is_away_now_and_then_changes_no_verdict(place: Place) -> None:
    """While the snapshot is taken, while checks are made, and while they are removed."""
    report = place.folder / "report.json"
    with place.validate("-o", str(report)) as process:
        for moment in (("list", "nodes"), ("create", "serviceaccounts"), ("delete", "jobs")):
            wait_for(asked(place, *moment))
            place.server.go_away(AWAY_S)
        said = ended(process)

    assert said.code == Exit.OK, said.err
    assert statuses(report) == FOUND
    assert place.left() == []
    assert "snapshot: " not in said.err.replace("snapshot: OS.release.ID", "")


def test_a_server_that_is_away_for_twenty_seconds_changes_no_verdict(place: Place) -> None:
    report = place.folder / "report.json"
    with place.validate("-o", str(report), "--max-parallel=1") as process:
        wait_for(place.kept)  # one check is over, the other begins
        place.server.go_away(20.0)
        said = ended(process)

    assert said.code == Exit.OK, said.err
    assert statuses(report) == FOUND
    assert place.left() == []


def test_a_server_that_never_answers_is_named(place: Place) -> None:
    place.server.go_away(GONE_S)
    report = place.folder / "report.json"

    said = place.run("-o", str(report))

    assert said.code == Exit.UNREACHABLE
    assert "no answer from the cluster: " in said.err
    assert place.server.url in said.err
    assert set(statuses(report).values()) == {"skipped", "other"}


@pytest.mark.usefixtures("signals_count")
@pytest.mark.parametrize("moment", [("list", "nodes"), ("create", "jobs"), ("delete", "jobs")])
def test_a_server_that_is_gone_keeps_nobody_from_leaving(
    endless: Place, moment: tuple[str, str]
) -> None:
    report = endless.folder / "report.json"
    with endless.validate("-o", str(report)) as process:
        wait_for(asked(endless, *moment))
        endless.server.go_away(GONE_S)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)  # another one, so that both are heard
        said = ended(process)

    assert said.code in {Exit.INTERRUPTED, Exit.TERMINATED}, said.err  # whichever is heard first
    assert statuses(report)["second"] in {"skipped", "other"}


def test_a_server_that_is_gone_for_good_ends_the_run_and_loses_nothing(endless: Place) -> None:
    report = endless.folder / "report.json"
    threading.Thread(target=go_away_later, args=(endless,), daemon=True).start()

    code, said = impatient(endless, "report.json")

    assert code is Exit.UNREACHABLE, said
    assert statuses(report) == {"first": "passed", "second": "other"}
    assert "error: the cluster has given no usable answer for 0.5s: " in said
    assert "connection refused" in said
    assert f"go on with: aicr-orch validate --resume {RUN_ID}" in said

    endless.server.come_back()
    endless.cluster.state.outcomes = [script("second")]
    resumed = endless.end("validate", "--resume", RUN_ID)

    assert resumed.code == Exit.OK, resumed.err
    assert statuses(report) == FOUND
    assert endless.left() == []


def test_what_a_run_left_in_a_cluster_that_was_gone_is_collected(endless: Place) -> None:
    threading.Thread(target=go_away_later, args=(endless,), daemon=True).start()
    impatient(endless, "report.json")
    endless.server.come_back()
    assert endless.left() != []

    said = endless.end("gc", "--run-id", RUN_ID)

    assert said.code == Exit.OK
    assert said.out.endswith("1 run removed\n")
    assert endless.left() == []


def go_away_later(place: Place) -> None:
    """Go away for good as soon as a check is over."""
    wait_for(place.kept)
    place.server.go_away(GONE_S)


def impatient(place: Place, report: str) -> tuple[Exit, str]:
    """A run of this process that gives a cluster up soon."""
    flags = {
        **DEFAULTS,
        "recipe": place.inputs[1],
        "data": place.inputs[3],
        "kubeconfig": str(place.folder / "kubeconfig"),
        "run_id": RUN_ID,
        "output": [str(place.folder / report)],
    }
    wanted = options.build(flags, {}, "v0")
    wanted = replace(wanted, settings=replace(wanted.settings, outage_s=0.5))
    said = Console(file=io.StringIO(), width=200)
    env = {"XDG_STATE_HOME": str(place.state), "NO_PROXY": "127.0.0.1"}
    return session.validate(wanted, env, said), said.file.getvalue()  # type: ignore[attr-defined]
