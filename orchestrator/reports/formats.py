"""The formats of reports, and the places that an operator wants them in."""

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Self

from helper.web import public_name
from orchestrator.errors import UsageError, nearest
from orchestrator.inputs import scheme_of
from orchestrator.reports.document import Report

CTRF, EVENTS = "ctrf", "events"  # the record itself, and what is written while a run goes on
# Modules of this package with a function `render`; imported when one is wanted.
RENDERED = {"html": "html", "junit": "junit", "md": "markdown"}
FORMATS = (CTRF, EVENTS, *RENDERED)
OTHER_NAMES = {"json": CTRF, "jsonl": EVENTS, "xml": "junit", "markdown": "md", "htm": "html"}
STDOUT = "-"
WITH_FORMAT = re.compile(r"([A-Za-z][A-Za-z0-9-]*)=(.*)", re.DOTALL)


@dataclass(frozen=True)
class Output:
    """One report that is asked for: what, and where it goes."""

    format: str
    place: str  # a file, `-` for stdout, or `cm://NAMESPACE/NAME`

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `FORMAT=PLACE`, or a place that gets the CTRF record; UsageError for anything else.

        A file whose name looks like a format is written with its folder: `./html`.
        """
        match = WITH_FORMAT.fullmatch(text)
        if not match:
            _check_plain(text)
            return cls(CTRF, text)
        name, place = match.groups()
        if name not in FORMATS:
            known = OTHER_NAMES.get(name.lower())
            hint = f", did you mean {known}?" if known else nearest(name, FORMATS)
            raise UsageError(f"--output {text}: no format {name}; want {', '.join(FORMATS)}{hint}")
        if not place:
            raise UsageError(f"--output {text}: want {name}=FILE, or {name}=- for stdout")
        if scheme_of(place) and name != CTRF:
            shown = f"{name}={public_name(place)}"
            raise UsageError(f"--output {shown}: {name} goes to a file, or to stdout")
        return cls(name, place)

    def __str__(self) -> str:
        return self.place if self.format == CTRF else f"{self.format}={self.place}"

    @property
    def labelled(self) -> str:
        """The place with its format, whether or not that was asked for by name."""
        return f"{self.format}={self.place}"

    @property
    def from_anywhere(self) -> str:
        """The same as a flag that means this place in any working directory."""
        return f"{self.format}={Path(self.place).absolute()}" if self.is_file else self.labelled

    @property
    def is_file(self) -> bool:
        """Whether it goes to a file of this machine."""
        return self.place != STDOUT and not scheme_of(self.place)

    def check(self) -> None:
        """Refuse a file that cannot take the report before an hour of checks, not after it."""
        if not self.is_file:
            return
        path = Path(os.path.realpath(self.place))  # a link may lead to no folder
        try:
            if path.is_dir():
                raise UsageError(f"--output {self}: is a folder, want a file")
            path.stat()
        except FileNotFoundError:
            pass
        except OSError as error:  # a name that is too long, links in a circle
            raise UsageError(f"--output {self}: {error.strerror}") from error
        if path.exists() and not path.is_file():  # a device or a pipe, which is not made anew
            if not os.access(path, os.W_OK):
                raise UsageError(f"--output {self}: cannot be written")
        elif not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise UsageError(f"--output {self}: its folder does not exist or cannot be written")


def parse_all(texts: Iterable[str]) -> tuple[Output, ...]:
    """Read all places; UsageError when two reports would go to one."""
    outputs = tuple(Output.parse(text) for text in texts)
    _check_apart(outputs)
    return outputs


def renderer(format_name: str) -> Callable[[Report], str]:
    """What makes the text of a format from a report."""
    module = import_module(f"{__package__}.{RENDERED[format_name]}")
    found: Callable[[Report], str] = module.render
    return found


def _check_plain(text: str) -> None:
    """Refuse what almost certainly was meant as a format."""
    if text in FORMATS:
        raise UsageError(f"--output {text}: want {text}=FILE, or ./{text} for a file of that name")
    suffix = Path(text).suffix.lstrip(".").lower()
    meant = suffix if suffix in RENDERED else OTHER_NAMES.get(suffix, CTRF)
    if meant in RENDERED and not scheme_of(text):
        raise UsageError(
            f"--output {text}: a file without a format gets CTRF, which is JSON; "
            f"want {meant}={text}, or ctrf={text}"
        )


def _check_apart(outputs: Sequence[Output]) -> None:
    seen: dict[str, Output] = {}
    for output in outputs:
        key = os.path.realpath(output.place) if output.is_file else output.place
        if key in seen:
            raise UsageError(f"--output {output}: {seen[key]} goes there, too; want two places")
        seen[key] = output
