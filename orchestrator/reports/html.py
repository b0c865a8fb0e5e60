"""One HTML file that fetches nothing: it can be mailed, archived and opened anywhere.

The policy in its head lets exactly its own style and script work, by their hashes. What a check
printed is escaped; even if it were not, no browser would run it.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib.resources import files

import jinja2
from markupsafe import Markup

from orchestrator.reports import headline, timeline
from orchestrator.reports.document import ITEM_WORDS, STATUSES, Report
from orchestrator.reports.text import counted, duration, fine_duration, first_line

TITLE_MARK = "--- "
TITLE = re.compile(r"^--- (.+) ---$", re.MULTILINE)
SHELL = "Equivalent: "


@dataclass(frozen=True)
class Section:
    """A titled part of a check's evidence."""

    title: str
    shell: str
    body: str


def render(report: Report) -> str:
    """The whole file."""
    style, script = _file("report.css"), _file("report.js")
    numbers = {id(case): number for number, case in enumerate(report.cases, 1)}
    groups = [
        (status, [case for case in report.cases if case.status == status]) for status in STATUSES
    ]
    return _template().render(
        report=report,
        status=headline.status(report),
        words=headline.words(report),
        notes=headline.notes(report),
        groups=[(status, cases) for status, cases in groups if cases],
        columns={
            "requirement": any(case.requirement for case in report.cases),
            "coverage": any(case.coverage for case in report.cases),
        },
        picture=timeline.of(report),
        started=_when(report.started),
        style=Markup(style),  # noqa: S704 - a file of this program
        script=Markup(script),  # noqa: S704 - a file of this program
        policy=_policy(style, script),
        anchor=lambda case: f"check-{numbers[id(case)]}",
    )


def sections(lines: Iterable[str]) -> Iterator[Section]:
    """Evidence by its titles; what stands before the first one has none."""
    text = "\n".join(lines)
    titles = list(TITLE.finditer(text)) if TITLE_MARK in text else []  # which is much faster
    starts = [0, *(found.end() for found in titles)]
    ends = [*(found.start() for found in titles), len(text)]
    names = ["", *(found[1] for found in titles)]
    for name, start, end in zip(names, starts, ends, strict=True):
        body = text[start:end].strip("\n")
        shell = ""
        if name and body.startswith(SHELL):
            shell, _, body = body.removeprefix(SHELL).partition("\n")
        if name or body:
            yield Section(name, shell, body.strip("\n"))


@cache
def _template() -> jinja2.Template:
    found = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters.update(
        counted=counted,
        duration=duration,
        fine=fine_duration,
        first_line=first_line,
        rest=_rest,
        sections=sections,
    )
    found.globals.update(
        marks=headline.MARKS, titles=headline.TITLES, kinds=timeline.WORDS, item_words=ITEM_WORDS
    )
    return found.from_string(_file("report.html"))


def _rest(message: str) -> str:
    """What follows a message's first line."""
    return message.partition("\n")[2].strip("\n")


def _policy(style: str, script: str) -> str:
    allowed = {"style-src": style, "script-src": script}
    rules = [f"{rule} 'sha256-{_digest(text)}'" for rule, text in allowed.items()]
    return "; ".join(["default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"])


def _digest(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()


def _file(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text(encoding="utf-8")


def _when(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
