"""Words for many findings: one message, one title."""

from collections.abc import Sequence


def fold(problems: Sequence[str], total: int, unit: str) -> str:
    """One problem as it is; several as a count with the first, then one a line."""
    if len(problems) == 1:
        return problems[0]
    head = f"{len(problems)} problems among {total} {unit}; the first: {problems[0]}"
    return "\n".join([head, *(f"- {problem}" for problem in problems)])


def excerpt(title: str, shown: int, total: int) -> str:
    """Title a section that may leave something out."""
    return title if shown >= total else f"{title} ({shown} of {total})"
