import errno
import json
import os
from pathlib import Path

import pytest
import yaml

from orchestrator.capture.folder import Documents, appearing, check_target, line
from orchestrator.errors import UsageError
from orchestrator.replay.folder import json_lines


def test_the_folder_appears_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "x"
    with appearing(target) as folder:
        (folder / "a").write_text("1")
        assert not target.exists()

    assert (target / "a").read_text() == "1"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, ValueError])
def test_nothing_is_left_of_a_folder_that_was_given_up(
    tmp_path: Path, stop: type[BaseException]
) -> None:
    def give_up() -> None:
        with appearing(tmp_path / "x") as folder:
            (folder / "a").write_text("1")
            raise stop

    with pytest.raises(stop):
        give_up()

    assert list(tmp_path.iterdir()) == []


def test_no_room_is_one_line(tmp_path: Path) -> None:
    words = "--output .*/x: No space left on device"
    with pytest.raises(UsageError, match=words), appearing(tmp_path / "x"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.mkdir()
    check_target(target, force=False)
    with appearing(target) as folder:
        (folder / "a").write_text("1")

    assert (target / "a").exists()


def test_a_capture_is_replaced_as_a_whole(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.mkdir()
    (target / "cluster.yaml").write_text("old")
    (target / "old").write_text("old")
    check_target(target, force=True)
    with appearing(target, force=True) as folder:
        (folder / "cluster.yaml").write_text("new")
        assert (target / "old").exists()

    assert [path.name for path in target.iterdir()] == ["cluster.yaml"]
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_came_there_in_the_meantime_is_kept(tmp_path: Path) -> None:
    def write() -> None:
        with appearing(tmp_path / "x"):
            (tmp_path / "x").mkdir()
            (tmp_path / "x/theirs").write_text("")

    with pytest.raises(UsageError, match="Directory not empty"):
        write()

    assert [path.name for path in tmp_path.rglob("*")] == ["x", "theirs"]


def test_a_capture_that_could_not_be_replaced_stays(tmp_path: Path) -> None:
    target = tmp_path / "x"
    target.mkdir()
    (target / "cluster.yaml").write_text("old")
    with pytest.raises(KeyboardInterrupt), appearing(target, force=True):
        raise KeyboardInterrupt

    assert (target / "cluster.yaml").read_text() == "old"


def test_other_places_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "home").mkdir()
    (tmp_path / "home/precious").write_text("")

    for name, force, words in (
        ("file", True, "is no folder"),
        ("home", False, "is not empty; --force replaces a capture"),
        ("home", True, "is no capture, so --force does not replace it"),
        ("a/b", True, "does not exist"),
    ):
        with pytest.raises(UsageError, match=words):
            check_target(tmp_path / name, force=force)


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "quotes \" and \\ and ' and # and : and {",
        "\x00\x1b[31m\x7f\x85\u2028\u2029\ufeff\uffff",
        "smiley \U0001f600",
        "no: yes",
        "2026-01-01T00:00:00Z",
        "x" * 5000,
    ],
)
def test_a_line_is_json_and_yaml(text: str) -> None:
    document = {"a": text, "n": [1, 1.5, True, None], text[:50]: {}}
    written = line(document)

    assert len(written.splitlines()) == 1
    assert json.loads(written) == document
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        assert yaml.load(written, Loader=loader) == document  # noqa: S506  (a safe one)


def test_a_broken_character_can_be_written(tmp_path: Path) -> None:
    with Documents(tmp_path, "x", by_namespace=False) as files:
        files.write({"a": "\ud800"})

    assert json_lines((tmp_path / "x.yaml").read_bytes()) == [{"a": "\ud800"}]


def test_documents_stand_in_a_file_for_each_namespace(tmp_path: Path) -> None:
    with Documents(tmp_path, "pods", by_namespace=True) as files:
        for number, namespace in enumerate(("b", "b", "a", "b")):
            files.write({"n": number}, namespace)
        assert files.count == 4

    assert json_lines((tmp_path / "pods/b.yaml").read_bytes()) == [{"n": 0}, {"n": 1}, {"n": 3}]
    assert json_lines((tmp_path / "pods/a.yaml").read_bytes()) == [{"n": 2}]


@pytest.mark.parametrize("namespace", ["../../x", "/etc/x", "..", ".hidden", "A", "x" * 300])
def test_no_namespace_leads_out_of_the_folder(tmp_path: Path, namespace: str) -> None:
    with Documents(tmp_path, "pods", by_namespace=True) as files:
        files.write({"n": 1}, namespace)

    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["other.yaml"]


def test_what_was_discarded_is_not_counted(tmp_path: Path) -> None:
    with Documents(tmp_path, "pods", by_namespace=True) as files:
        files.write({"n": 1}, "a")
        files.write({"n": 1}, "b")
        files.discard("a")
        assert files.count == 1
        files.discard()
        assert files.count == 0
        files.write({"n": 2}, "a")

    assert [path.name for path in tmp_path.rglob("*.yaml")] == ["a.yaml"]


def test_a_folder_that_was_given_up_does_not_come_back(tmp_path: Path) -> None:
    files = Documents(tmp_path / "gone", "pods", by_namespace=True)
    with pytest.raises(FileNotFoundError):
        files.write({"n": 1}, "a")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('---\n{"a": 1}\n---\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        ("", []),
        ("a: 1\n", None),
        ("{a: 1}\n", None),
        ('{"a": 1},{"b": 2}\n', None),
        ('{"a":\n', None),
        ("# a comment\n", None),
    ],
)
def test_only_json_on_single_lines_is_read_as_such(text: str, found: object) -> None:
    assert json_lines(text.encode()) == found
