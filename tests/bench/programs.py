"""Numbers about single programs: the command's help, a check's start, the report writers."""

import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module

from orchestrator import ctrf
from orchestrator.outcome import Outcome, PhaseResult, Status
from orchestrator.reports.formats import RENDERED
from orchestrator.reports.reading import parse
from orchestrator.rundir import text
from tests.source import ROOT


def help_s(times: int = 10) -> float:
    """From calling the command for its help to its end."""
    return _median([sys.executable, "-m", "orchestrator", "--help"], times)


def check_start_s(times: int = 5) -> float:
    """From starting a check to its end, where no cluster can be reached: that is all start."""
    return _median([sys.executable, "-m", "images.conformance", "dra-support"], times)


def report_s(tests: int = 500, lines: int = 1000) -> float:
    """The time to write one large run in all formats."""
    log = tuple(
        f"line {number} of some evidence, about as long as lines are" for number in range(lines)
    )
    outcomes = tuple(
        Outcome(f"check-{number}", "conformance", Status.PASSED, stdout=log)
        for number in range(tests)
    )
    began = time.monotonic()
    environment = ctrf.Environment("recipe.yaml")
    phase = PhaseResult("conformance", outcomes, 0.0, 1.0)
    run_id = "20260102-030405-0123456789abcdef"
    document = ctrf.report(
        [phase], version="", environment=environment, run_id=run_id, started=0.0, stopped=1.0
    )
    text(document)
    report = parse(document)
    for module in RENDERED.values():
        import_module(f"orchestrator.reports.{module}").render(report)
    return time.monotonic() - began


def _median(command: Sequence[str], times: int) -> float:
    env = {"PATH": "/usr/bin:/bin", "AICR_FILE_ROOT": "/nonexistent"}
    took = []
    for _ in range(times + 1):  # the first one fills caches
        began = time.monotonic()
        subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
        took.append(time.monotonic() - began)
    return statistics.median(took[1:])
