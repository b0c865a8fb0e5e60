"""`make bench`: numbers about the program on this machine, as a table and `build/bench.json`."""

import json
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import programs, runs
from tests.source import ROOT

PLACE = ROOT / "build/bench.json"
LIBRARIES = ("kubernetes", "urllib3", "pydantic", "click", "rich")


@dataclass(frozen=True)
class Number:
    """One number: how it is measured, and what it should not exceed."""

    name: str
    measure: Callable[[], float]
    target: float | None = None

    @property
    def about(self) -> str:
        """What it says."""
        return (self.measure.__doc__ or "").split("\n", 1)[0]


NUMBERS = (
    Number("help_s", programs.help_s, 0.15),
    Number("check_start_s", programs.check_start_s, 0.6),
    Number("overhead_p95_s", runs.overhead_p95_s, 0.3),
    Number("makespan_ratio", runs.makespan_ratio, 1.1),
    Number("parallel_vs_serial", runs.parallel_vs_serial, 0.35),
    Number("api_calls_per_check", runs.api_calls_per_check, 6),
    Number("rss_mib", runs.rss_mib, 120),
    Number("report_s", programs.report_s, 1),
)


def machine() -> dict[str, str]:
    """Where the numbers were taken."""
    return {
        "machine": f"{os.cpu_count()} CPUs, {_memory_gib():.0f} GiB, {platform.machine()}",
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def main(wanted: list[str]) -> int:
    """Measure all numbers, or those that are named."""
    console = Console(width=110 if not sys.stdout.isatty() else None)
    where = machine()
    console.print(", ".join(f"{key} {value}" for key, value in where.items()), style="dim")
    found: dict[str, float] = {}
    table = Table("", "measured", "at most", "what it is", box=None, pad_edge=False)
    for number in NUMBERS:
        if wanted and number.name not in wanted:
            continue
        with console.status(number.name):
            found[number.name] = round(number.measure(), 3)
        is_good = number.target is None or found[number.name] <= number.target
        style = "" if is_good else "bold red"
        target = "" if number.target is None else f"{number.target:g}"
        table.add_row(number.name, f"{found[number.name]:g}", target, number.about, style=style)
    console.print(table)
    PLACE.parent.mkdir(exist_ok=True)
    Path(PLACE).write_text(json.dumps({**found, "machine": where}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
