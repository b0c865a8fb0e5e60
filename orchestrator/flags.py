"""Flags that can be given in three ways: on the command line, by a variable, in a file."""

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import click
from click.core import ParameterSource

PREFIX = "AICR_"
CONFIG = "aicr.config"  # key of the loaded configuration file in a click context
EPILOG = (
    "Each flag can be given as a variable, too: AICR_ and its name, as in AICR_MAX_PARALLEL=4. "
    "A flag comes before its variable, that before the file of --config, and that before the "
    "default. Flags without a value take =true and =false."
)


class Flag(click.Option):
    """A flag whose variable is `AICR_` and its name; errors name it as it was given."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.envvar = self.envvar or f"{PREFIX}{str(self.name).upper()}"

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name the flag, the variable, or the place in the file that the value is from."""
        given = _given_as(ctx, str(self.name)) if ctx else ""
        return given or super().get_error_hint(ctx)


option = partial(click.option, cls=Flag)
switch = partial(
    option, is_flag=False, flag_value="true", default=False, type=click.BOOL, metavar="[BOOL]"
)


def configure(context: click.Context, _: click.Parameter, location: str | None) -> str | None:
    """Let the configuration file give the defaults of all other flags."""
    if location:
        from orchestrator import config  # noqa: PLC0415 - `--help` answers at once

        found = config.load(location)
        context.meta[CONFIG] = found
        context.default_map = dict(found.values)
    return location


def overruled(context: click.Context) -> Iterator[str]:
    """A line for each setting of the file that a flag or variable changes."""
    config = context.meta.get(CONFIG)
    if config is None:
        return
    for name, value in config.values.items():
        source = context.get_parameter_source(name)
        if source is not ParameterSource.DEFAULT_MAP and _plain(context.params[name]) != value:
            yield f"{_given_as(context, name) or _flag(name)} overrules {config.place(name)}"


def named_as_given(text: str, context: click.Context) -> str:
    """A message in which each flag has the name under which the operator gave it."""

    def rename(match: re.Match[str]) -> str:
        return _given_as(context, match[1].replace("-", "_")) or match[0]

    return re.sub(r"--([a-z][-a-z]*)", rename, text)


def _given_as(context: click.Context, name: str) -> str:
    """The variable or the place in a file that a value is from; empty for a flag."""
    source = context.get_parameter_source(name)
    if source is ParameterSource.ENVIRONMENT:
        return f"{PREFIX}{name.upper()}"
    if source is ParameterSource.DEFAULT_MAP:
        return str(context.meta[CONFIG].place(name))
    return ""


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
