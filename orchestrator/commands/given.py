"""What several commands read, and how they speak."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import click

if TYPE_CHECKING:
    from orchestrator.catalog import Catalog
    from orchestrator.invocation import Invocation
    from orchestrator.recipe import Recipe


def recipe(location: str) -> "Recipe":
    """Read a recipe without a cluster; what it says without effect goes to stderr."""
    from orchestrator import inputs
    from orchestrator.recipe import parse

    given = inputs.read(location, "recipe")
    found = parse(given.data, given.name)
    warn(found.warnings)
    return found


def catalog(folder: str | None) -> "Catalog":
    """The built-in catalog with a data folder laid over it."""
    from orchestrator import overlay
    from orchestrator.catalog import built_in

    found = overlay.apply(built_in(), folder or "")
    warn(found.warnings)
    return found.catalog


def warn(texts: Sequence[str]) -> None:
    """Tell what is no error, on stderr."""
    from helper.findings import printable

    for text in texts:
        tell(printable(text), "warning")


def say(words: str) -> None:
    """Write a line to stderr as it is, if anybody is there to read it."""
    _say(sys.stderr, words)


def show(words: str) -> None:
    """The same to stdout, for a command that goes on without a reader."""
    _say(sys.stdout, words)


def _say(stream: IO[str] | None, words: str) -> None:
    from orchestrator import stdout

    with suppress(OSError, ValueError):
        stdout.write(stream, f"{words}\n")


def tell(words: str, level: str = "info") -> None:
    """Write a line to stderr, in the way that the call asks for."""
    invocation: Invocation = click.get_current_context().obj
    invocation.tell(words, level)
