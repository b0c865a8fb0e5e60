"""`make defects`: run every defect and the healthy cluster, and print what was found.

`build/defects.json` gets the counts and all objections.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

from tests.defects import harness
from tests.defects.page import row
from tests.example import FOLDER as EXAMPLE
from tests.source import ROOT

RESULT = ROOT / "build/defects.json"
REPEATS = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Run everything; 1 when a defect was missed or the healthy cluster raised an alarm."""
    parser = argparse.ArgumentParser(prog="make defects", description=__doc__)
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of the healthy cluster")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="runs at once")
    parser.add_argument("names", nargs="*", help="defects; default: all")
    given = parser.parse_args(arguments)
    began = monotonic()
    with ProcessPoolExecutor(given.workers) as pool:
        missed = dict(_defects(pool, given.names or list(harness.read_defects())))
        alarms = list(_alarms(pool, given.repeats))
    seconds = round(monotonic() - began, 1)
    result = {
        "defects": len(missed),
        "found": sum(not objections for objections in missed.values()),
        "missed": {name: objections for name, objections in missed.items() if objections},
        "healthy_runs": given.repeats,
        "false_alarms": len(alarms),
        "alarms": alarms,
        "seconds": seconds,
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    _say(
        f"{result['found']} of {len(missed)} defects found, {len(alarms)} false alarms in "
        f"{given.repeats} healthy runs, {seconds:.0f} s; details in {RESULT.relative_to(ROOT)}"
    )
    return int(result["found"] != len(missed) or bool(alarms))


def _defects(pool: ProcessPoolExecutor, names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    defects = harness.read_defects()
    for name, objections in zip(names, pool.map(_try_defect, names), strict=True):
        mark = "missed" if objections else "found"
        _say("  ".join([f"{mark:7}", *row(name, defects[name])]), *objections)
        yield name, objections


def _alarms(pool: ProcessPoolExecutor, repeats: int) -> Iterator[list[str]]:
    """What was said against the healthy cluster, run by run that said something."""
    for count, alarms in enumerate(pool.map(_try_healthy, range(repeats)), 1):
        if alarms:
            _say(f"false alarm in healthy run {count}:", *alarms)
            yield alarms
        elif count % 20 == 0:
            _say(f"{count} healthy runs")


def _say(head: str, *details: str) -> None:
    sys.stdout.write("\n         ".join([head, *details]) + "\n")
    sys.stdout.flush()


def _try_defect(name: str) -> list[str]:
    ran = _quietly(harness.path_of(name))
    return harness.objections(harness.read_defects()[name], ran)


def _try_healthy(_: int) -> list[str]:
    return harness.alarms(_quietly(EXAMPLE))


def _quietly(replay: Path) -> harness.Ran:
    """Run in an environment of its own, without a word."""
    with (
        TemporaryDirectory(prefix="aicr-defects-") as folder,
        redirect_stdout(StringIO()),
        redirect_stderr(StringIO()),
    ):
        before = dict(os.environ)
        os.environ.update(_surroundings(before, folder))
        try:
            return harness.run(replay, Path(folder))
        finally:
            os.environ.clear()
            os.environ.update(before)


def _surroundings(env: Mapping[str, str], folder: str) -> Mapping[str, str]:
    """Nothing of this machine's clusters and settings."""
    gone = {name: "" for name in env if name == "KUBECONFIG" or name.startswith("AICR_")}
    return {**gone, "NO_PROXY": "127.0.0.1", "XDG_STATE_HOME": folder, "HOME": folder}


if __name__ == "__main__":
    sys.exit(main())
