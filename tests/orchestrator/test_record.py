from pathlib import Path

from orchestrator import record
from orchestrator.record import Record, Tail


def test_what_comes_before_the_folder_is_held_back(tmp_path: Path) -> None:
    kept = Record()
    kept.write('{"event": "a"}\n')
    kept.begin(tmp_path)
    kept.write('{"event": "b"}\n')

    assert [line["event"] for line in Tail(tmp_path).read()] == ["a", "b"]
    kept.close()


def test_a_folder_that_takes_nothing_lets_nothing_grow(tmp_path: Path) -> None:
    kept = Record()
    kept.write("a\n")
    kept.hold_no_more()
    kept.write("b\n")

    kept.begin(tmp_path)

    assert (tmp_path / record.FILE).read_text() == ""
    kept.close()


def test_a_part_that_goes_on_is_written_behind_the_one_before(tmp_path: Path) -> None:
    for name in ("a", "b"):
        kept = Record()
        kept.write(f'{{"event": "{name}"}}\n')
        kept.begin(tmp_path)
        kept.close()

    assert [line["event"] for line in Tail(tmp_path).read()] == ["a", "b"]


def test_a_line_is_read_once_and_when_it_is_whole(tmp_path: Path) -> None:
    tail = Tail(tmp_path)
    assert tail.read() == []
    with (tmp_path / record.FILE).open("w") as file:
        file.write('{"event": "a"}\n{"event"')
        file.flush()
        assert [line["event"] for line in tail.read()] == ["a"]
        file.write(': "b"}\n')
        file.flush()
        assert [line["event"] for line in tail.read()] == ["b"]
    assert tail.read() == []


def test_a_run_that_wrote_nothing_has_no_end(tmp_path: Path) -> None:
    assert record.story(tmp_path).end is None
