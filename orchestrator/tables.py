"""Text for people, as wide as their terminal: tables, and words beside a name."""

import textwrap
from collections.abc import Iterator, Sequence

from helper.findings import printable

GAP = "  "
INDENT = "    "  # of what stands below its row
MIN_BESIDE = 30  # columns that a long last cell needs to be wrapped beside its row
NOTHING = ("", "-")

Cells = Sequence[str]


def table(head: Cells, rows: Sequence[Cells], columns: int = 0) -> str:
    """Aligned columns under their names, at most `columns` wide; 0 for any width.

    What does not fit beside the rest stands below its row, with its name.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    beside = _beside(widths, columns)
    lines = [_aligned(head[:beside], widths)]
    for row in cells:
        lines += _row(row, widths, beside, head, columns)
    return "".join(f"{line}\n" for line in lines)


def named(name: str, words: str, columns: int = 0, indent: int = 0) -> list[str]:
    """A name and words that begin at `indent`, wrapped between words; lines in them stay apart."""
    lead, space = f"{name:<{indent}}", " " * indent
    first, *rest = words.split("\n")
    return _wrapped(lead, space, first, columns) + [
        line for more in rest for line in _wrapped(space, space, more, columns)
    ]


def _beside(widths: Sequence[int], columns: int) -> int:
    """How many columns stand beside each other; the last one may be wrapped there."""
    ends = [sum(widths[: count + 1]) + count * len(GAP) for count in range(len(widths))]
    if not columns or ends[-1] <= columns:
        return len(widths)
    fitting = sum(end <= columns for end in ends) or 1
    if fitting == len(widths) - 1 and columns - ends[-2] - len(GAP) >= MIN_BESIDE:
        return len(widths)
    return fitting


def _row(
    row: Cells, widths: Sequence[int], beside: int, head: Cells, columns: int
) -> Iterator[str]:
    if beside == len(row):
        lead = "".join(f"{cell:<{size}}{GAP}" for cell, size in zip(row[:-1], widths, strict=False))
        yield from _wrapped(lead, " " * len(lead), row[-1], columns)
        return
    yield _aligned(row[:beside], widths)
    told = [
        f"{name} {cell}".strip()
        for name, cell in zip(head[beside:], row[beside:], strict=True)
        if cell not in NOTHING
    ]
    if told:
        yield from _wrapped(INDENT, INDENT, "; ".join(told), columns)


def _aligned(row: Cells, widths: Sequence[int]) -> str:
    cells = (f"{cell:<{size}}" for cell, size in zip(row, widths, strict=False))
    return GAP.join(cells).rstrip()


def _wrapped(lead: str, space: str, words: str, columns: int) -> list[str]:
    """Lines of at most `columns`, but for words that are longer by themselves."""
    if not columns:
        return [f"{lead}{words}".rstrip()]
    return textwrap.wrap(
        words,
        columns,
        initial_indent=lead,
        subsequent_indent=space,
        break_long_words=False,
        break_on_hyphens=False,
    ) or [lead.rstrip()]
