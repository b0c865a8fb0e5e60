"""Programs of a kubeconfig that give credentials: that one fails is an error, not a log line."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

SAYS_IT = "kube_config"  # the module of the client library that starts them
# What it says on a terminal, where the program told its own reason already.
BREAKS = "'NoneType' object has no attribute 'strip'"


class _Heard(logging.Handler):
    """Keeps what the client library says of a program that gave nothing."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first line."""
        if record.module == SAYS_IT:
            said = record.getMessage().removeprefix("exec: ").replace(BREAKS, "it failed")
            self.words += said.strip().splitlines()[:1]


@contextmanager
def required() -> Iterator[None]:
    """ValueError where a program gave no credentials; the library would go on without any."""
    heard, root = _Heard(), logging.getLogger()
    root.addHandler(heard)
    try:
        yield
    finally:
        root.removeHandler(heard)
    if heard.words:
        raise ValueError(f"its program for credentials gives none: {heard.words[0]}")
