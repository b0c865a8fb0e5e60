"""What the doctor found: one line, and what to do about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from helper.findings import printable

INDENT = 17


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    WARN = "warn"  # a run can begin, and may not prove everything
    FAIL = "fail"  # a run cannot begin, or no check can run


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    about: str
    words: str
    advice: str = ""

    def document(self) -> dict[str, str]:
        """The finding as data."""
        return {
            "level": self.level.value,
            "about": self.about,
            "found": self.words,
            "advice": self.advice,
        }

    def __str__(self) -> str:
        head = f"{self.level.value:<5} {self.about:<10} {printable(self.words)}"
        lines = self.advice.splitlines()
        return "\n".join([head, *(f"{' ' * INDENT}{printable(line)}" for line in lines)])


def ok(about: str, words: str) -> Finding:
    """Something is as it should be."""
    return Finding(Level.OK, about, words)


def warn(about: str, words: str, advice: str = "") -> Finding:
    """Something may keep a run from proving everything."""
    return Finding(Level.WARN, about, words, advice)


def fail(about: str, words: str, advice: str) -> Finding:
    """Something keeps a run from beginning."""
    return Finding(Level.FAIL, about, words, advice)


def ending(findings: Iterable[Finding]) -> str:
    """The last line."""
    levels = [finding.level for finding in findings]
    count = {level: levels.count(level) for level in Level}
    told = ", ".join(f"{number} {level}" for level, number in count.items() if number)
    fit = "not fit for a run" if count[Level.FAIL] else "fit for a run"
    return f"{told}: {fit}"


def is_fit(findings: Sequence[Finding]) -> bool:
    """Whether a run can begin."""
    return not any(finding.level is Level.FAIL for finding in findings)
