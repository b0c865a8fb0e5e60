"""One call of the command: how it speaks outside of a run, and the number it ends with."""

import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

YES = frozenset({"1", "on", "t", "true", "y", "yes"})  # as flags without a value read them


@dataclass
class Invocation:
    """What is known of a call before its flags are read, and what they add."""

    debug: bool = False
    log_json: bool = False
    exit_codes: str = ""  # whose numbers it ends with; empty: its own

    @classmethod
    def of(cls, arguments: Sequence[str], env: Mapping[str, str]) -> "Invocation":
        """Look at flags that count even when others cannot be understood."""
        return cls(_asked("debug", arguments, env), _asked("log-json", arguments, env))

    def number(self, code: int) -> int:
        """The exit status of the process."""
        from orchestrator.exits import Exit, number

        return number(Exit(code), self.exit_codes)

    def tell(self, words: str, level: str = "info") -> None:
        """Write a line to stderr, if anybody is there to read it; it may quote anybody's words."""
        from helper.findings import printable

        words = printable(words, "\n")
        text = f"aicr-orch: {words}" if level == "info" else f"aicr-orch: {level}: {words}"
        if self.log_json:
            from orchestrator.jsonlines import line
            from orchestrator.levels import named

            text = line(named(level), "notice", words, time.time())
        with suppress(OSError, ValueError, AttributeError):
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def explain(self, error: Exception) -> int:
        """Say in one line what is known; a trace only for what is not. Gives the exit status."""
        from helper.errors import CannotTell, Forbidden, Unreachable
        from orchestrator.errors import MissingError, StopError
        from orchestrator.exits import REFERENCE_NOT_FOUND, Exit

        code = Exit.INTERNAL
        if isinstance(error, StopError):
            code = error.exit
        elif isinstance(error, Forbidden):
            code = Exit.PERMISSION
        elif isinstance(error, CannotTell):
            code = Exit.UNREACHABLE if isinstance(error, Unreachable) else Exit.USAGE
        if self.debug or code is Exit.INTERNAL:
            self._trace(error)
        level = "internal error" if code is Exit.INTERNAL else "error"
        self.tell(str(error), level)
        if self.exit_codes and isinstance(error, MissingError):
            return REFERENCE_NOT_FOUND
        return self.number(code)

    def _trace(self, error: Exception) -> None:
        if self.log_json:
            self.tell("".join(traceback.format_exception(error)), "debug")
            return
        with suppress(OSError, ValueError, AttributeError):
            traceback.print_exception(error)


def _asked(flag: str, arguments: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether a flag without a value is on, as far as that can be told without reading all."""
    given = [item.partition("=") for item in arguments if item.partition("=")[0] == f"--{flag}"]
    variable = env.get(f"AICR_{flag.replace('-', '_').upper()}", "")
    value = (given[-1][2] or "true") if given else variable
    return value.strip().lower() in YES
