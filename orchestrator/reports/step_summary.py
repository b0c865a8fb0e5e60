"""The summary of a GitHub Actions step: Markdown that the platform shows beside the job.

https://docs.github.com/actions/reference/workflow-commands#adding-a-job-summary
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrator.reports import markdown, reading

VARIABLE = "GITHUB_STEP_SUMMARY"


def append(record: Mapping[str, Any], env: Mapping[str, str]) -> None:
    """Add a CTRF document to the step's summary, if there is one; OSError if it cannot be.

    What other commands of the step wrote stays, and counts against the platform's limit.
    """
    if not env.get(VARIABLE):
        return
    path = Path(env[VARIABLE])
    there = path.stat().st_size if path.exists() else 0
    room = markdown.SUMMARY_BYTES - there
    if room < markdown.LEAST_BYTES:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write("\n" * bool(there) + markdown.render(reading.parse(record), room))
