from pathlib import Path

import pytest

from orchestrator.errors import UsageError
from orchestrator.reports.formats import FORMATS, RENDERED, Output, parse_all, renderer
from tests.orchestrator.reports.samples import full


@pytest.mark.parametrize(
    ("text", "output"),
    [
        ("r.json", Output("ctrf", "r.json")),
        ("-", Output("ctrf", "-")),
        ("cm://ns/name", Output("ctrf", "cm://ns/name")),
        ("ctrf=r", Output("ctrf", "r")),
        ("junit=a=b.xml", Output("junit", "a=b.xml")),
        ("html=-", Output("html", "-")),
        ("./html", Output("ctrf", "./html")),
        ("./a=b", Output("ctrf", "./a=b")),
        ("ctrf=x.html", Output("ctrf", "x.html")),
        ("results/1=2", Output("ctrf", "results/1=2")),
    ],
)
def test_a_place_has_a_format_and_without_one_gets_the_record(text: str, output: Output) -> None:
    assert Output.parse(text) == output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("junti=x", "no format junti; want ctrf, events, html, junit, md, did you mean junit?"),
        ("json=x", "no format json; .*, did you mean ctrf"),
        ("markdown=x", "did you mean md"),
        ("XML=x", "did you mean junit"),
        ("html", "want html=FILE, or ./html for a file of that name"),
        ("html=", "want html=FILE, or html=- for stdout"),
        ("report.html", "gets CTRF, which is JSON; want html=report.html, or ctrf=report.html"),
        ("a/REPORT.XML", "want junit=a/REPORT.XML"),
        ("html=cm://ns/name", "html goes to a file"),
        ("junit=https://u:secret@h/x", "junit goes to a file"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_can(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as stopped:
        Output.parse(text)

    assert "secret" not in str(stopped.value)


@pytest.mark.parametrize(
    "texts",
    [
        ("a.json", "html=./a.json"),
        ("-", "junit=-"),
        ("cm://ns/a", "ctrf=cm://ns/a"),
    ],
)
def test_two_reports_never_share_a_place(texts: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match=r"goes there, too; want two places"):
        parse_all(texts)


def test_a_link_to_the_same_file_is_the_same_place(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")

    with pytest.raises(UsageError, match=r"goes there, too"):
        parse_all([f"{tmp_path}/file", f"html={tmp_path}/link"])


@pytest.mark.parametrize(
    ("name", "words"),
    [("", "is a folder"), ("no/x", "does not exist")],
)
def test_a_place_that_takes_no_file_is_refused_before_the_run(
    tmp_path: Path, name: str, words: str
) -> None:
    output = Output("junit", f"{tmp_path}/{name}")

    with pytest.raises(UsageError, match=words):
        output.check()


def test_a_link_is_followed_before_the_run(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "astray").symlink_to(tmp_path / "no/x")

    with pytest.raises(UsageError, match="circle: Too many levels of symbolic links"):
        Output("junit", f"{tmp_path}/circle").check()
    with pytest.raises(UsageError, match="astray: its folder does not exist"):
        Output("junit", f"{tmp_path}/astray").check()


def test_a_name_that_no_file_can_have_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="File name too long"):
        Output("junit", f"{tmp_path}/{'x' * 300}").check()


def test_a_place_that_takes_a_file_is_left_as_it_is(tmp_path: Path) -> None:
    Output("junit", f"{tmp_path}/x").check()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", RENDERED)
def test_every_format_has_its_renderer(name: str) -> None:
    assert name in FORMATS
    assert "412 GB/s" in renderer(name)(full())
