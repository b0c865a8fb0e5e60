"""The process of a detached run: flags head its input, and its caller hears when it began."""

import json
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

# Ctrl-C ends what has not begun at once, and not as an exception in the middle of an import, which
# some library may take for a fault of its own. Until here it was held back by who started this.
if __name__ == "__main__":
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

from orchestrator import options, session
from orchestrator.detach import PYTHONPATH
from orchestrator.invocation import Invocation
from orchestrator.live import Screen
from orchestrator.version import version


def main(argv: Sequence[str]) -> int:
    """Run to the end; `argv` is the run's name, and where to write once it has begun."""
    _, begun = argv
    # What follows the first line is left for the inputs that come from standard input.
    head = json.loads(sys.stdin.buffer.readline())
    _restore(head[PYTHONPATH])
    flags = head["flags"]
    invocation = Invocation(
        bool(flags["debug"]), bool(flags["log_json"]), flags["exit_code_compat"] or ""
    )

    def tell() -> None:
        with suppress(OSError):  # the caller was killed
            os.write(int(begun), b"1")
            os.close(int(begun))

    try:
        wanted = options.build(flags, os.environ, version())
        return invocation.number(session.validate(wanted, os.environ, Screen(), tell))
    except Exception as error:
        return invocation.explain(error)


def _restore(value: str | None) -> None:
    """Hand on what the caller had, not what found this program: plugins may be Python, too."""
    if value is None:
        os.environ.pop(PYTHONPATH, None)
    else:
        os.environ[PYTHONPATH] = value


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
