"""`report render`: reports for people and CI from a CTRF file, or from what a run has kept."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from orchestrator import report_file, rundir
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.inputs import scheme_of
from orchestrator.reports import headline, reading
from orchestrator.reports.deliver import put
from orchestrator.reports.formats import CTRF, RENDERED, STDOUT, parse_all, renderer

Say = Callable[[str], None]


def render(
    place: str, wanted: Sequence[str], say: Say, document: Mapping[str, Any] | None = None
) -> Exit:
    """Write what was asked for; the verdict in the report does not change the exit code.

    With a `document` that of a run, which has no file yet, the record itself can be asked for.
    """
    possible = (*RENDERED, CTRF) if document else (*RENDERED,)
    outputs = parse_all(wanted)
    if not outputs:
        raise UsageError(f"--output is missing; want {_forms(possible)}")
    for output in outputs:
        if output.format not in possible or scheme_of(output.place):
            raise UsageError(
                f"--output {output}: cannot be made from a report; want {_forms(possible)}"
            )
        output.check()
    found = document or report_file.document(place)
    report = reading.parse(found)
    say(f"{place}: {headline.words(report)}")
    failed = False
    for output in outputs:
        try:
            is_record = output.format == CTRF
            put(output, rundir.text(found) if is_record else renderer(output.format)(report))
        except OSError as error:
            say(f"error: {output} cannot be written: {error}")
            failed = True
        else:
            if output.place != STDOUT:
                say(f"report: {output}")
    return Exit.INTERNAL if failed else Exit.OK


def _forms(possible: Sequence[str]) -> str:
    return " or ".join(f"{name}=FILE" for name in possible)
