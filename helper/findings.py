"""Words for many findings: one message, one title, and nothing foreign that acts."""

from collections.abc import Sequence
from dataclasses import dataclass

from helper.check import Fail, Unsettled

FOREIGN_CHARS = 160  # of a message that somebody else wrote; the whole stands in its object


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, in words that stand alone."""

    words: str
    may_settle: bool = False  # it is on its way, so that another look may see it well

    def __str__(self) -> str:
        return self.words


def failure(problems: Sequence[Problem], total: int, unit: str) -> Fail:
    """What to raise for problems; worth another look only when none of them is definite."""
    kind = Unsettled if all(problem.may_settle for problem in problems) else Fail
    return kind(fold(problems, total, unit))


def fold(problems: Sequence[object], total: int, unit: str) -> str:
    """One problem as it is; several as a count with the first, then one a line."""
    if len(problems) == 1:
        return str(problems[0])
    head = f"{len(problems)} problems among {total} {unit}; the first: {problems[0]}"
    return "\n".join([head, *(f"- {problem}" for problem in problems)])


def excerpt(title: str, shown: int, total: int) -> str:
    """Title a section that may leave something out."""
    return title if shown >= total else f"{title} ({shown} of {total})"


def some(names: Sequence[str], shown: int = 5) -> str:
    """The first of many names, and how many more there are."""
    rest = len(names) - shown
    return ", ".join(names[:shown]) + (f" and {rest} more" if rest > 0 else "")


def brief(words: str, limit: int = FOREIGN_CHARS) -> str:
    """Words on one line, as long as a table bears; foreign ones are shorter than ours."""
    line = " ".join(words.split())
    return line if len(line) <= limit else line[:limit] + "…"


def printable(words: str, kept: str = "") -> str:
    """Write out the characters that a terminal would obey, all but those that are kept."""
    if words.isprintable():
        return words
    return "".join(
        char if char.isprintable() or char in kept else char.encode("unicode_escape").decode()
        for char in words
    )
