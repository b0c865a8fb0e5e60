"""Reports in the formats that were asked for, each written whole or not at all."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from orchestrator import rundir, stdout
from orchestrator.reports import reading
from orchestrator.reports.formats import RENDERED, STDOUT, Output, renderer

Tell = Callable[[str, str], None]  # words, level


def write(outputs: Iterable[Output], record: Mapping[str, Any], tell: Tell) -> list[str]:
    """Write what is made from the record; gives the places that have it.

    One report that cannot be made or written takes none of the others with it.
    """
    report = cache(lambda: reading.parse(record))  # once, and only if it is wanted
    places = []
    for output in outputs:
        if output.format not in RENDERED:
            continue
        try:
            put(output, renderer(output.format)(report()))
        except Exception as error:  # a fault of one writer costs nobody the other reports
            tell(f"the report cannot be written to {output}: {error}", "error")
        else:
            places.append(str(output))
    return places


def put(output: Output, text: str) -> None:
    """Write one report to its place; OSError when that does not take it."""
    if output.place != STDOUT:
        rundir.write_text(Path(output.place), text)
        return
    stdout.report(text)
