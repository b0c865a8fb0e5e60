"""`aicr-orch capture`: record a cluster as a folder that may leave it."""

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from helper.errors import CannotTell, Unreachable
from orchestrator import target
from orchestrator.capture.folder import appearing, check_target
from orchestrator.capture.proxies import Proxied
from orchestrator.capture.recorder import Recorder
from orchestrator.capture.selection import Choice
from orchestrator.errors import ClusterError, UsageError, shown
from orchestrator.exits import Exit
from orchestrator.replay.models import CaptureFile
from orchestrator.signals import answered
from orchestrator.target import Target
from orchestrator.version import version

Say = Callable[[str], object]


def run(flags: Mapping[str, Any], env: Mapping[str, str], console: Console) -> Exit:
    """Record a cluster; inconclusive when a part of it could not be read."""
    output = Path(str(flags["output"]))
    check_target(output, force=bool(flags["force"]))
    choice = _choice(flags)
    chosen = Target.of(flags)
    started = datetime.now(UTC)
    with _terminated(console), target.open_cluster(chosen, env) as kube:
        served = target.server_version(kube)
        console.print(
            f"{chosen.title(kube, served)}, {kube.server}, {served}",
            markup=False,
            soft_wrap=True,
        )
        with (
            appearing(output, force=bool(flags["force"])) as folder,
            _progress(console) as progress,
        ):
            recorder = Recorder(kube, choice, folder, progress)
            try:
                done = recorder.record(f"{started:%Y-%m-%dT%H:%M:%SZ}", version())
            except Unreachable as error:
                raise ClusterError(f"no answer from the cluster: {error}") from error
            except CannotTell as error:
                raise UsageError(str(error)) from error
    took = (datetime.now(UTC) - started).total_seconds()
    for text in summary(done, recorder.problems, output, took):
        console.print(text, markup=False, soft_wrap=True)
    return Exit.OK if done.complete else Exit.INCONCLUSIVE


def summary(
    done: CaptureFile, problems: Mapping[str, str], output: Path, took_s: float
) -> Iterator[str]:
    """What was recorded, what was taken out of it, and what is missing."""
    objects, kinds = sum(done.objects.values()), len(done.objects)
    words = f"{_many(objects, 'object')} of {_many(kinds, 'kind')}"
    words += f", {_many(done.logs, 'log')}" if done.logs else ""
    words += f", {_many(len(done.replies), 'answer')}" if done.replies else ""
    yield f"recorded {words} in {took_s:.1f} s: {output}"
    if done.redacted:
        yield "taken out:"
        yield from (f"  {count:>7}  {what}" for what, count in done.redacted.items())
    for reason in sorted(set(done.left_out.values())):
        names = [name for name, why in done.left_out.items() if why == reason]
        yield f"left out: {_some(names)} ({reason})"
    for reason in dict.fromkeys(done.problems.values()):
        names = [name for name, why in done.problems.items() if why == reason]
        yield f"warning: missing, {reason}: {', '.join(names)}"
        detail = next((problems[name] for name in names if name in problems), "")
        yield from [f"  {detail}"] if detail else []
    if done.problems:
        yield "a replay refuses to read what is missing, and never shows it as empty"
    yield f"read it before you hand it on; serve it with: aicr-orch replay {output}"


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def _some(names: list[str], at_most: int = 8) -> str:
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


def _choice(flags: Mapping[str, Any]) -> Choice:
    for text in flags["config_map"]:
        if len(list(filter(None, text.split("/")))) != 2:  # noqa: PLR2004  (namespace, name)
            raise UsageError(f"--config-map {shown(text)}: want NAMESPACE/NAME")
    return Choice(
        kinds=tuple(flags["kind"]),
        skipped=tuple(flags["skip_kind"]),
        namespaces=tuple(dict.fromkeys(flags["namespace"])),
        events=bool(flags["events"]),
        logs=tuple(flags["logs"]),
        proxies=tuple(map(Proxied.parse, flags["proxy"])),
        config_maps=tuple(flags["config_map"]),
        renames=bool(flags["redact_names"]),
    )


@contextmanager
def _progress(console: Console) -> Iterator[Say]:
    """A line that moves, where there is somebody to see it."""
    if not console.is_terminal:
        yield lambda _: None
        return
    with console.status("connecting") as status:
        yield status.update


@contextmanager
def _terminated(console: Console) -> Iterator[None]:
    """Let SIGTERM and a closed terminal clean up as Ctrl-C does."""

    def leave(_: signal.Signals) -> None:
        console.print("aicr-orch: terminated, nothing was written", soft_wrap=True)
        raise SystemExit(int(Exit.TERMINATED))

    # Ctrl-C raises KeyboardInterrupt already.
    with answered(leave, (signal.SIGTERM, signal.SIGHUP)):
        yield
