"""A CTRF file as a report, whoever wrote it."""

from pathlib import Path
from typing import Any

from orchestrator.errors import MissingError, UsageError
from orchestrator.reports import reading
from orchestrator.reports.document import Report

MAX_BYTES = 512 * 1024 * 1024  # a report of 500 checks with full logs has 50 MB


def load(place: str | Path) -> Report:
    """Read a report; UsageError names the file and says why it is none."""
    return reading.parse(document(place))


def document(place: str | Path) -> dict[str, Any]:
    """The same as the document that it is."""
    try:
        with Path(place).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise MissingError(f"report {place}: no such file") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"report {place}: cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"report {place}: larger than the {MAX_BYTES} bytes that are read")
    return reading.document(data, str(place))
