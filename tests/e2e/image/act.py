"""Ends as its first argument says: the image that the engine's end-to-end tests run as a check."""  # noqa: INP001 - a program, no package

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

TERMINATION_LOG = Path("/dev/termination-log")
MIB = 1024 * 1024
FOREVER = "86400"
SEEN_S = 8.0  # until kubelet has told that the container runs, and its log is followed


def leave(code: str, reason: str = "") -> int:
    """End with a code, and with a reason unless it is empty."""
    say("about to end")
    if reason:
        TERMINATION_LOG.write_text(reason)
    return int(code)


def fail() -> int:
    """End with an exception that nobody catches."""
    raise RuntimeError("the check itself is broken")


def shell(command: str) -> NoReturn:
    """Become a shell that runs a command, as the entry points of many images do."""
    say("about to end")
    os.execv("/bin/sh", ["sh", "-c", command])  # noqa: S606 - a shell is what it becomes


def crash() -> int:
    """Read from address 0."""
    return len(ctypes.string_at(0))


def allocate(mebibytes: str) -> int:
    """Take memory and write to it."""
    return len(b"x" * (int(mebibytes) * MIB)) and 0


def wait(seconds: str = FOREVER) -> int:
    """Go on for a while; end when told to, as our own checks do."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    return ignore(seconds)


def ignore(seconds: str = FOREVER) -> int:
    """Go on for a while; process 1 does not get a SIGTERM that it has no handler for."""
    say("RESULT: it has begun")
    time.sleep(float(seconds))
    return 0


def print_much() -> int:
    """Print two mebibytes, which kubelet counts as the pod's storage, and go on."""
    say("RESULT: it has begun")
    time.sleep(SEEN_S)
    for _ in range(2 * 1024):
        say("x" * 1023)
    return wait()


def use_up_time() -> int:
    """End when the budget does that the engine gives in Go's notation, here in whole seconds."""
    budget = os.environ["AICR_CHECK_TIMEOUT"]
    time.sleep(float(budget.removesuffix("s")))
    return leave("1", f"no end within {budget}")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


ACTIONS: dict[str, Callable[..., int]] = {
    action.__name__: action
    for action in (leave, fail, shell, crash, allocate, wait, ignore, print_much, use_up_time)
}

if __name__ == "__main__":
    raise SystemExit(ACTIONS[sys.argv[1]](*sys.argv[2:]))
