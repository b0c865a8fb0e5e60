import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from helper.kinds import CONFIG_MAPS, JOBS, LEASES, Resource
from orchestrator import owner, pulse
from orchestrator.owner import LOCK, Ownership, Process
from orchestrator.rundir import RunDir
from orchestrator.sweep import Found
from tests.orchestrator.engine import NAMESPACE, RUN_ID

NOW = datetime(2026, 1, 2, 4, tzinfo=UTC)


def made(kind: Resource, name: str, ago_s: float = 3600.0, **fields: Any) -> Found:
    """An object of the run."""
    moment = f"{NOW - timedelta(seconds=ago_s):%Y-%m-%dT%H:%M:%SZ}"
    meta = {"name": name, "namespace": NAMESPACE, "creationTimestamp": moment}
    return [(kind, {"metadata": meta, **fields})]


def lease(ago_s: float, holder: str = RUN_ID) -> Found:
    moment = f"{NOW - timedelta(seconds=ago_s):%Y-%m-%dT%H:%M:%S.%f}Z"
    return made(LEASES, "aicr-lock-gpu", spec={"holderIdentity": holder, "renewTime": moment})


@pytest.mark.parametrize(
    ("objects", "sign"),
    [
        pytest.param([], "", id="nothing"),
        pytest.param(made(JOBS, "a", status={"active": 1}), f"Job {NAMESPACE}/a is active", id="a"),
        pytest.param(made(JOBS, "a", status={"succeeded": 1}), "", id="a-job-that-is-over"),
        pytest.param(
            lease(12), f"Lease {NAMESPACE}/aicr-lock-gpu was renewed 12 s ago", id="a-lock"
        ),
        pytest.param(lease(-5), f"Lease {NAMESPACE}/aicr-lock-gpu was renewed 0 s ago", id="clock"),
        pytest.param(lease(3600), "", id="a-lock-that-nobody-renews"),
        pytest.param(lease(12, "another"), "", id="the-lock-of-another-run"),
        pytest.param(
            [*made(CONFIG_MAPS, "new", ago_s=30), *made(CONFIG_MAPS, "old")],
            f"ConfigMap {NAMESPACE}/new was made 30 s ago",
            id="a-new-object",
        ),
        pytest.param([(CONFIG_MAPS, {"metadata": {"creationTimestamp": "x"}})], "", id="no-time"),
    ],
)
def test_a_run_elsewhere_lives_as_long_as_the_cluster_shows_it(
    tmp_path: Path, objects: Found, sign: str
) -> None:
    env = {"XDG_STATE_HOME": str(tmp_path)}

    assert pulse.sign_of_life(RUN_ID, objects, env, NOW) == sign


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    env = {"XDG_STATE_HOME": str(tmp_path)}
    RunDir.of_run(RUN_ID, env).path.mkdir(parents=True)
    return env


def test_a_run_whose_process_lives_here_goes_on_though_it_has_nothing(
    env: dict[str, str],
) -> None:
    mine = Ownership(RunDir.of_run(RUN_ID, env).path)
    mine.take()

    assert f"process {os.getpid()}" in pulse.sign_of_life(RUN_ID, [], env, NOW)
    mine.release()


@pytest.mark.parametrize("tells", [True, False])
def test_a_run_whose_process_died_here_is_dead_whatever_works_in_the_cluster(
    env: dict[str, str], tells: bool
) -> None:
    dead = Process.here()
    (RunDir.of_run(RUN_ID, env).path / LOCK).write_text(f"{dead}\n")
    told = {pulse.PROCESS: str(dead)} if tells else {}
    objects = [
        *made(JOBS, "a", status={"active": 1}),
        *made(CONFIG_MAPS, f"aicr-run-{RUN_ID}", data=told),
    ]

    assert not pulse.sign_of_life(RUN_ID, objects, env, NOW)


def test_a_run_that_went_on_elsewhere_is_not_dead_for_its_first_process(
    env: dict[str, str],
) -> None:
    dead = Process.here()
    (RunDir.of_run(RUN_ID, env).path / LOCK).write_text(f"{dead}\n")
    elsewhere = replace(dead, host="another")
    objects = [
        *made(JOBS, "a", status={"active": 1}),
        *made(CONFIG_MAPS, f"aicr-run-{RUN_ID}", data={pulse.PROCESS: str(elsewhere)}),
    ]

    assert "is active" in pulse.sign_of_life(RUN_ID, objects, env, NOW)


@pytest.mark.parametrize("beside", [False, True], ids=["on-this-machine", "in-a-container-of-it"])
def test_only_a_process_that_could_be_seen_from_here_is_known_to_be_dead(
    tmp_path: Path, beside: bool
) -> None:
    dead = replace(Process.here(), began="0")
    machine = f"{owner.machine().split()[0]} pid:[1]" if beside else owner.machine()
    told = {pulse.PROCESS: str(dead), pulse.MACHINE: machine}
    objects = [
        *made(JOBS, "a", status={"active": 1}),
        *made(CONFIG_MAPS, f"aicr-run-{RUN_ID}", data=told),
    ]

    found = pulse.sign_of_life(RUN_ID, objects, {"XDG_STATE_HOME": str(tmp_path)}, NOW)

    assert ("is active" in found) is beside


def test_a_process_that_cannot_be_seen_is_not_taken_for_dead(env: dict[str, str]) -> None:
    (RunDir.of_run(RUN_ID, env).path / LOCK).mkdir()

    assert "cannot be seen" in pulse.sign_of_life(RUN_ID, [], env, NOW)
