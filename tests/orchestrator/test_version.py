from pathlib import Path

from orchestrator.version import commit

BUILT = "0123456789abcdef0123456789abcdef01234567"


def test_a_build_knows_its_commit(tmp_path: Path) -> None:
    (tmp_path / "COMMIT").write_text(BUILT + "\n")

    assert commit({}, tmp_path) == BUILT
    assert commit({"AICR_CLI_COMMIT": " "}, tmp_path) == BUILT


def test_the_environment_knows_better(tmp_path: Path) -> None:
    (tmp_path / "COMMIT").write_text(BUILT + "\n")

    assert commit({"AICR_CLI_COMMIT": "abc1234"}, tmp_path) == "abc1234"


def test_a_checkout_has_no_commit_of_its_own(tmp_path: Path) -> None:
    assert commit({}, tmp_path) == ""
    assert commit({}) == ""
