"""Where `aicr-orch` and `python -m orchestrator` begin."""

import signal
import sys
from contextlib import suppress

from orchestrator.exits import Exit


def main() -> int:
    """Run the command; a Ctrl-C while it is still being loaded is one as well."""
    try:
        from orchestrator import cli

        return cli.main()
    except KeyboardInterrupt:
        return int(Exit.INTERRUPTED)
    finally:
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)  # nothing is left to end, and the code stands
        _let_go_of_lost_words()


def _let_go_of_lost_words() -> None:
    """Keep the exit code: over words that nobody takes the interpreter would end with 120."""
    for stream in (sys.stdout, sys.stderr):
        if stream is None:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):
            from orchestrator import stdout

            with suppress(OSError, ValueError):
                stdout.let_go(stream)


if __name__ == "__main__":
    raise SystemExit(main())
