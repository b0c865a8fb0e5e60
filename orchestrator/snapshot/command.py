"""`aicr-orch snapshot`: look at a cluster and write down what it is."""

from collections.abc import Callable, Mapping
from pathlib import Path

from orchestrator import rundir, stdout, target
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.options import check_snapshot_mode
from orchestrator.snapshot.source import take
from orchestrator.target import Target


def run(flags: Mapping[str, object], env: Mapping[str, str], say: Callable[[str], object]) -> Exit:
    """Write a snapshot; inconclusive when a part of the cluster could not be read."""
    check_snapshot_mode(flags)
    chosen = Target.of(flags)
    with target.open_cluster(chosen, env) as kube:
        served = target.server_version(kube)
        say(f"{chosen.title(kube, served)}, {kube.server}, {served}")
        taken = take(kube)
    for note in taken.notes:
        say(f"warning: {note}")
    _write(str(flags["output"] or "-"), taken.text)
    return Exit.OK if taken.is_complete else Exit.INCONCLUSIVE


def _write(output: str, text: str) -> None:
    if output == "-":
        stdout.put(text)
        return
    try:
        rundir.write_text(Path(output), text)
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror}") from error
