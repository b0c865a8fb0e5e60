"""Markdown for comments on a change and for job summaries: bounded, and harmless to quote."""

import re
from collections.abc import Iterable, Iterator

from orchestrator.reports import headline
from orchestrator.reports.document import ITEM_WORDS, Case, Report
from orchestrator.reports.text import duration, first_line
from orchestrator.shrink import cut

COMMENT_BYTES = 65_000  # a comment on GitHub has at most 65,536 characters
SUMMARY_BYTES = 1_000_000  # a step's summary has at most 1 MiB
LEAST_BYTES = 4_000  # less says nothing
CELL_CHARS = 300
MAX_ITEMS = 50  # of a check's nodes; the other formats have all
EVIDENCE_LINES = (20, 60)  # at the beginning and at the end
SPECIAL = re.compile(r"([\\`*_{}\[\]|~#$!])")
RESERVE_BYTES = 200  # for the line that says what did not fit


def render(report: Report, limit: int = COMMENT_BYTES) -> str:
    """The report in at most `limit` bytes: the verdict, all checks, then evidence by gravity."""
    head, rows = "\n".join(_head(report)), list(map(_row, report.by_gravity))
    room = limit - RESERVE_BYTES - _size(head)
    shown = list(_fitting(rows, room))
    room -= sum(map(_size, shown))
    parts = [head, *shown]
    if len(shown) < len(rows):
        return "\n".join([*parts, "", f"… and {len(rows) - len(shown)} more checks.", ""])
    told = [case for case in report.by_gravity if _has_more(case)]
    fitting = list(_fitting(map(_section, told), room))
    left = len(told) - len(fitting)
    end = [f"The evidence of {left} more checks did not fit here."] if left else []
    return "\n".join([*parts, "", *fitting, *end, ""])


def escaped(text: str) -> str:
    """Text that shows as it is, and calls nobody by `@name`."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return SPECIAL.sub(r"\\\1", plain).replace("@", "@\u200b")


def fenced(lines: Iterable[str]) -> str:
    """A block of text, inside a fence that no line of it can close."""
    body = "\n".join(lines)
    longest = max((len(run) for run in re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def _head(report: Report) -> Iterator[str]:
    status = headline.status(report)
    for word, said in headline.notes(report):
        yield f"> **{word}**: {_inline(said, CELL_CHARS)}\n"
    tool = f"{report.tool} {report.version}".strip()
    yield f"## {headline.MARKS[status]} {escaped(tool)}: {escaped(headline.words(report))}\n"
    told = [f"{escaped(label)} {_code(value)}" for label, value in report.about]
    took = [f"took {duration(report.took_s)}"] if report.took_s is not None else []
    run = [f"run {_code(report.run_id)}"] if report.run_id else []
    left = [f"left in the cluster: {escaped(report.left)}"] if report.left else []
    beyond = [escaped(report.overhead)] if report.overhead else []
    yield " · ".join([*told, *run, *took, *beyond, *left]) + "\n"
    for phase in report.phases:
        yield f"- {headline.MARKS[phase.status]} {_inline(phase.name or 'checks')}: {phase.status}"
    yield "\n|  | check | phase | requirement | coverage | time | in short |"
    yield "| --- | --- | --- | --- | --- | --: | --- |"


def _row(case: Case) -> str:
    covered = f"{case.coverage.seen} of {case.coverage.total}" if case.coverage else ""
    proof = f", {_inline(case.proof)}" if case.proof else ""
    cells = [
        f"{headline.MARKS[case.status]} {case.status}{proof}",
        _inline(case.name),
        _inline(case.phase),
        _inline(case.requirement),
        covered,
        duration(case.duration_s),
        _inline(case.in_short, CELL_CHARS),
    ]
    return f"| {' | '.join(cells)} |"


def _has_more(case: Case) -> bool:
    return bool(case.evidence or case.log or case.items or case.diagnostics)


def _section(case: Case) -> str:
    """One check's message and evidence, closed until somebody opens it."""
    title = f"{headline.MARKS[case.status]} {case.place}"
    plain = title.replace("&", "&amp;").replace("<", "&lt;").replace("@", "@\u200b")
    more = [fenced(case.message.split("\n"))] if "\n" in case.message else []
    log = [*case.evidence] or [*case.log]
    earlier = [f"- attempt {item.number}: {_inline(item.message)}" for item in case.attempts]
    body = [*more, *earlier, *_measured(case), *_items(case)]
    if log:
        body.append(fenced(cut(log, *EVIDENCE_LINES)))
    if case.diagnostics:
        body.append(f"\ndiagnostics: {_code(case.diagnostics)}")
    return "\n".join([f"<details><summary>{plain}</summary>", "", *body, "", "</details>", ""])


def _measured(case: Case) -> Iterator[str]:
    if not case.measured:
        return
    yield "| measured | value | wanted | margin |\n| --- | --: | --- | --: |"
    for item in case.measured:
        cells = (item.name, f"{item.value} {item.unit}", item.threshold, item.margin)
        yield f"| {' | '.join(map(_inline, cells))} |"
    yield ""


def _items(case: Case) -> Iterator[str]:
    """What was found of single things, what is unwell first."""
    if not case.items:
        return
    columns = [case.items[0].kind or "item", "verdict", *case.item_columns, "why"]
    yield f"{escaped(case.items_in_short)}\n"
    yield f"| {' | '.join(map(_inline, columns))} |\n| {' | '.join(['---'] * len(columns))} |"
    for item in case.items[:MAX_ITEMS]:
        values = [_inline(item.value(name)) for name in case.item_columns]
        verdict = f"{headline.MARKS[item.status]} {ITEM_WORDS[item.status]}"
        cells = [_inline(item.name), verdict, *values, _inline(item.message, CELL_CHARS)]
        yield f"| {' | '.join(cells)} |"
    rest = len(case.items) - MAX_ITEMS
    yield f"\n… and {rest} more.\n" if rest > 0 else ""


def _inline(text: str, limit: int = 100) -> str:
    line = first_line(text).replace("\t", " ")
    return escaped(line if len(line) <= limit else f"{line[:limit]}…")


def _code(value: str) -> str:
    """A value as code, in one line; none of ours has a backtick, and others lose theirs."""
    return f"`{' '.join(value.split()).replace('`', chr(39))}`"


def _fitting(parts: Iterable[str], room: int) -> Iterator[str]:
    """Parts from the first on, as many as fit."""
    for part in parts:
        room -= _size(part)
        if room < 0:
            return
        yield part


def _size(text: str) -> int:
    return len(text.encode()) + 1
