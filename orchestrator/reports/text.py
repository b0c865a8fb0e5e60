"""Text that somebody else wrote, made fit for XML, HTML and Markdown files."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from helper.quantity import format_duration
from orchestrator.shrink import cut

LINE_CHARS = 4_000  # a longer one is no line that anybody reads; the CTRF file has it whole
LOG_LINES = (500, 1_500)  # kept at the beginning and at the end of a log
LOG_CHARS = 1_000_000  # XML readers refuse texts of 10 MB
WORDS_CHARS = 20_000  # of a message
NAME_CHARS = 200
MAX_MILLIS = 253_402_300_799_000  # the end of the year 9999, which is where Python's dates end
MAX_ITEMS = 200  # of a list that somebody else wrote, such as measured values
COLOUR = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# What XML forbids, what steers terminals, and what makes a line read other than it is.
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def clean(text: str) -> str:
    """Text without characters that break or steer its reader; tabs and line ends stay."""
    if text.isprintable():
        return text
    one_kind = COLOUR.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return UNSAFE.sub("�", one_kind)


def words(value: Any, limit: int = WORDS_CHARS) -> str:
    """A scalar as text of at most `limit` characters; empty for anything else."""
    if value is None or isinstance(value, (dict, list)):
        return ""
    return clean(_shortened(_scalar(value, limit), limit)).strip()


def name(value: Any) -> str:
    """A scalar as one short line."""
    return " ".join(words(value, NAME_CHARS).split())


def names(value: Any) -> tuple[str, ...]:
    """A list of scalars as short lines, without the empty ones."""
    found = value if isinstance(value, list) else []
    return tuple(shown for item in found[:MAX_ITEMS] if (shown := name(item)))


def lines(value: Any) -> tuple[str, ...]:
    """A list of lines, or a text, as lines that a file can carry."""
    given = value if isinstance(value, list) else [value]
    found = given if _are_plain(given) else [line for item in given for line in _lines_of(item)]
    kept = cut(found, *LOG_LINES)
    return tuple(kept if sum(map(len, kept)) <= LOG_CHARS else _bounded(kept))


def first_line(text: str) -> str:
    """A text's first line, which stands alone."""
    return text.split("\n", 1)[0]


def duration(seconds: float | None) -> str:
    """A duration for people: `0.4s`, `12.5s`, `3m2s`; empty when there is none."""
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004  (of a minute)
        return f"{seconds:.1f}s"
    return format_duration(round(seconds))


def fine_duration(seconds: float) -> str:
    """A duration of which milliseconds matter: `18 ms`, `0.4s`."""
    return f"{seconds * 1000:.0f} ms" if seconds < 0.1 else duration(seconds)  # noqa: PLR2004  (0 s would say nothing)


def counted(number: int, thing: str) -> str:
    """A number of things: `1 check`, `2 checks`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _are_plain(given: list[Any]) -> bool:
    """Whether all are lines that need nothing done; nearly always, and seen at once."""
    try:
        return all(map(str.isprintable, given)) and max(map(len, given), default=0) <= LINE_CHARS
    except TypeError:
        return False


def _lines_of(item: Any) -> Iterable[str]:
    if not isinstance(item, str):
        return () if item is None else (words(item, LINE_CHARS),)
    one_kind = item.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return [clean(_shortened(piece, LINE_CHARS)) for piece in one_kind.split("\n")]


def _scalar(value: Any, limit: int) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 10**18:
        return f"{value:#x}"[:limit]  # decimal takes a time that grows with the square
    return str(value)


def _shortened(text: str, limit: int) -> str:
    over = len(text) - limit
    return text if over <= 0 else f"{text[:limit]} … {over} more characters"


def _bounded(given: Sequence[str]) -> list[str]:
    """The beginning and the end of a log, of at most LOG_CHARS together."""
    room, head = LOG_CHARS // 4, 0
    while len(given[head]) <= room:
        room -= len(given[head])
        head += 1
    room, tail = LOG_CHARS * 3 // 4, len(given)
    while len(given[tail - 1]) <= room:
        room -= len(given[tail - 1])
        tail -= 1
    return [*given[:head], f"... {tail - head} lines left out here ...", *given[tail:]]
