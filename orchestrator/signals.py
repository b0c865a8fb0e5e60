"""Signals that end a command, answered for as long as something must be cleaned up."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
AT_ONCE = signal.SIGUSR1  # from `cancel --now`; two equal signals may arrive as one


@contextmanager
def answered(
    handle: Callable[[signal.Signals], object], numbers: tuple[signal.Signals, ...] = ENDING
) -> Iterator[None]:
    """Call `handle` for each of these signals; what the caller ignores, as nohup does, stays so."""

    def called(number: int, _frame: object) -> None:
        handle(signal.Signals(number))

    heard = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, called) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
