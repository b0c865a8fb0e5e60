import os
from pathlib import Path

import pytest

from orchestrator import state
from orchestrator.errors import UsageError


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"XDG_STATE_HOME": "/s", "HOME": "/h"}, "/s/aicr-orch"),
        ({"XDG_STATE_HOME": "", "HOME": "/h"}, "/h/.local/state/aicr-orch"),
    ],
)
def test_runs_are_kept_where_the_user_keeps_state(env: dict[str, str], folder: str) -> None:
    assert state.home(env) == Path(folder)


def test_a_user_without_a_home_has_a_temporary_folder_of_their_own(tmp_path: Path) -> None:
    first = state.home({"TMPDIR": str(tmp_path)})

    assert first == tmp_path / f"aicr-orch-{os.geteuid()}"
    assert mode(first) == 0o700
    assert state.home({"TMPDIR": str(tmp_path)}) == first


def test_a_temporary_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / f"aicr-orch-{os.geteuid()}"
    folder.mkdir()
    folder.chmod(0o755)

    with pytest.raises(UsageError, match=r"with mode 0755: .* set XDG_STATE_HOME to a folder of"):
        state.home({"TMPDIR": str(tmp_path)})


def test_a_link_that_somebody_left_is_not_followed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o700)
    (tmp_path / f"aicr-orch-{os.geteuid()}").symlink_to(there)

    with pytest.raises(UsageError, match="want a folder for results, is none"):
        state.home({"TMPDIR": str(tmp_path)})


def test_nowhere_to_keep_results_is_said_with_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"No such file or directory: .*set XDG_STATE_HOME"):
        state.home({"TMPDIR": str(tmp_path / "none")})


def test_every_folder_that_is_made_is_the_users_alone(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.mkdir(mode=0o755)
    run = there / "aicr-orch/runs/x"

    state.make(run)
    state.make(run)

    made = [run, run.parent, run.parent.parent]
    assert [mode(path) for path in made] == [0o700] * len(made)
    assert mode(there) == 0o755


def test_a_file_in_the_way_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(OSError, match="file"):
        state.make(tmp_path / "file/runs")
