import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import owner
from orchestrator.errors import UsageError
from orchestrator.owner import Ownership, Process
from tests.source import ROOT

HOLDS = """
import sys, pathlib
from orchestrator.owner import Ownership
Ownership(pathlib.Path(sys.argv[1])).take()
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that owns the run in this folder."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        assert process.stdout
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_a_run_has_one_process(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    with pytest.raises(UsageError, match=f"going on in process {other.pid}; follow it with"):
        Ownership(tmp_path).take()
    with pytest.raises(UsageError, match="is still going on"):
        owner.check_free(tmp_path)

    other.kill()
    other.wait()

    owner.check_free(tmp_path)
    Ownership(tmp_path).take()


def test_who_looks_on_does_not_take_the_run(tmp_path: Path) -> None:
    mine = Ownership(tmp_path)

    assert not owner.lives(tmp_path)
    mine.take()
    mine.take()
    assert owner.lives(tmp_path)
    mine.release()
    assert not owner.lives(tmp_path)


def test_a_lock_that_cannot_be_read_does_not_make_a_run_dead(tmp_path: Path) -> None:
    (tmp_path / owner.LOCK).mkdir()

    with pytest.raises(UsageError, match=f"whether its process lives cannot be seen, {tmp_path}"):
        owner.lives(tmp_path)


def test_the_process_of_a_run_is_told(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    found = owner.holder(tmp_path)

    assert found
    assert found.is_here
    assert found.tell(signal.SIGTERM)
    assert other.wait() == -signal.SIGTERM
    assert not found.tell(signal.SIGTERM)


@pytest.mark.parametrize(
    ("host", "began"),
    [(None, "1"), (None, ""), ("elsewhere", None)],
    ids=["other", "unknown", "far"],
)
def test_a_process_that_only_has_the_number_is_left_alone(
    tmp_path: Path, other: "subprocess.Popen[str]", host: str | None, began: str | None
) -> None:
    found = owner.holder(tmp_path)

    assert found
    other_one = Process(found.pid, host or found.host, found.began if began is None else began)
    assert not other_one.tell(signal.SIGKILL)
    assert other.poll() is None


@pytest.mark.parametrize("text", ["", "\n", "x y z", "-1 here 5", "²"])
def test_a_lock_that_says_nothing_names_no_process(tmp_path: Path, text: str) -> None:
    (tmp_path / "lock").write_text(text)

    assert owner.holder(tmp_path) is None


def test_a_process_is_read_back_as_it_was_written() -> None:
    here = Process.here()

    assert here.began
    assert Process.parse(str(here)) == here
    assert Process.parse("12") == Process(12, "", "")  # as older versions wrote it


def test_process_numbers_mean_something_in_one_namespace_of_one_machine_only(
    tmp_path: Path,
) -> None:
    def proc(name: str, boot: str, namespace: str) -> Path:
        random, own = tmp_path / name / "sys/kernel/random", tmp_path / name / "self/ns"
        random.mkdir(parents=True)
        own.mkdir(parents=True)
        (random / "boot_id").write_text(f"{boot}\n")
        (own / "pid").symlink_to(namespace)
        return tmp_path / name

    here = owner.machine(proc("here", "0b7a", "pid:[4026531836]"))

    assert here == "0b7a pid:[4026531836]"
    assert owner.machine(proc("container", "0b7a", "pid:[4026532999]")) != here
    assert owner.machine(tmp_path / "without") == ""
    assert owner.machine() == owner.machine() != here


def test_who_ends_a_run_leaves_word_for_that_process_only(tmp_path: Path) -> None:
    owner.sign(tmp_path)
    assert owner.signed(tmp_path) == owner.myself()

    Ownership(tmp_path).take()

    assert owner.signed(tmp_path) == ""
