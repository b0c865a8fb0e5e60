import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper.credentials import Credentials
from helper.deadline import SYSTEM_CLOCK, Deadline
from helper.kube import Kube
from orchestrator.errors import ClusterError, UsageError
from orchestrator.executor import Ground
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan
from orchestrator.processes import Processes
from orchestrator.replay import ReplayCluster
from orchestrator.settings import RunSettings
from orchestrator.stop import Stop
from tests.contract.conftest import eventually
from tests.orchestrator.engine import NAMESPACE, RUN_ID, node, served
from tests.source import ROOT


@pytest.fixture
def kube() -> Iterator[Kube]:
    with served(ReplayCluster(objects=[node()])) as kube:
        yield kube


def ground(kube: Kube) -> Ground:
    return Ground(
        Plan(RUN_ID, NAMESPACE, ()),
        kube,
        RunContext(RUN_ID, NAMESPACE, "v0"),
        RunSettings(),
        Stop(),
        lambda _: None,
        SYSTEM_CLOCK,
    )


def test_a_place_that_takes_no_files_is_named_with_a_hint(
    kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Processes().open(ground(kube))
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
        with pytest.raises(UsageError, match=r"absent takes no files of checks: .*; set TMPDIR"):
            site.prepare({}, {})

    site.close()
    assert site.clean_up(Deadline.after(1.0), keeping=()) == ()


def test_a_folder_that_stays_is_named(
    kube: Kube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    site = Processes().open(ground(kube))
    site.prepare({}, {})
    (folder,) = tmp_path.iterdir()
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")  # which nothing may remove the contents of
    site.close()

    assert site.clean_up(Deadline.after(1.0), keeping=()) == [f"folder {folder}"]


def test_a_kill_before_the_folder_is_removed_leaves_none(tmp_path: Path) -> None:
    code = (
        "import os, signal; from tests.orchestrator.processes.test_site import *\n"
        "with served(ReplayCluster(objects=[node()])) as kube:\n"
        "    site = Processes().open(ground(kube)); site.prepare({}, {}); site.close()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, check=False)

    assert done.returncode == -signal.SIGKILL
    eventually(lambda: not list(tmp_path.glob("aicr-run-*")))


def test_without_credentials_there_is_nothing_to_hand_on(kube: Kube) -> None:
    kube.credentials = None

    with pytest.raises(ClusterError, match="no credentials known"):
        Processes().open(ground(kube)).prepare({}, {})


def test_a_context_that_is_gone_since_the_start_is_named(kube: Kube, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("contexts: []\n")
    kube.credentials = Credentials(str(tmp_path / "config"))

    with pytest.raises(UsageError, match=r"cannot connect as this program did: .*no context"):
        Processes().open(ground(kube)).prepare({}, {})


def test_locks_between_runs_do_not_exist(kube: Kube) -> None:
    site = Processes().open(ground(kube))
    site.locks.acquire(["gpu"], lambda _: None)
    site.locks.release(["gpu"])

    assert site.locks.lost(["gpu"]) == ()
