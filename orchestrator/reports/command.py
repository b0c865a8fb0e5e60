"""`report render`: reports for people and CI from a CTRF file, ours or another program's."""

from collections.abc import Callable, Sequence

from orchestrator import report_file
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.reports import headline
from orchestrator.reports.deliver import put
from orchestrator.reports.formats import RENDERED, STDOUT, parse_all, renderer

Say = Callable[[str], None]


def render(place: str, wanted: Sequence[str], say: Say) -> Exit:
    """Write what was asked for; the verdict in the report does not change the exit code."""
    outputs = parse_all(wanted)
    if not outputs:
        raise UsageError(f"--output is missing; want {_forms()}")
    for output in outputs:
        if output.format not in RENDERED:
            raise UsageError(f"--output {output}: cannot be made from a report; want {_forms()}")
        output.check()
    report = report_file.load(place)
    say(f"{place}: {headline.words(report)}")
    failed = False
    for output in outputs:
        try:
            put(output, renderer(output.format)(report))
        except OSError as error:
            say(f"error: {output} cannot be written: {error}")
            failed = True
        else:
            if output.place != STDOUT:
                say(f"report: {output}")
    return Exit.INTERNAL if failed else Exit.OK


def _forms() -> str:
    return " or ".join(f"{name}=FILE" for name in RENDERED)
