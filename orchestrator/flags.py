"""Flags that can be given in three ways: on the command line, by a variable, in a file."""

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
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

    def __init__(self, *args: Any, group: str = "", **kwargs: Any) -> None:
        """`group` is the title under which the help has it."""
        super().__init__(*args, **kwargs)
        self.group = group
        self.envvar = self.envvar or f"{PREFIX}{str(self.name).upper()}"

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """Name the flag, the variable, or the place in the file that the value is from."""
        given = _given_as(ctx, str(self.name)) if ctx else ""
        return given or super().get_error_hint(ctx)


class Command(click.Command):
    """A command that takes each of its single values once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse a second value; the library would silently let it win."""
        if not ctx.resilient_parsing:
            _, _, order = self.make_parser(ctx).parse_args(list(args))
            for parameter, times in Counter(order).items():
                if times > 1 and isinstance(parameter, Flag) and not parameter.multiple:
                    raise click.UsageError(
                        f"flag {_long(parameter)} can only be specified once", ctx
                    )
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the flags without a group, then the groups, in the order of the flags."""
        groups: dict[str, list[tuple[str, str]]] = {"": []}
        for parameter in self.get_params(ctx):
            told = parameter.get_help_record(ctx)
            if told and isinstance(parameter, click.Option):
                groups.setdefault(getattr(parameter, "group", ""), []).append(told)
        for title, flags in groups.items():
            with formatter.section(title or "Options"):
                formatter.write_dl(flags)


class Group(click.Group):
    """Commands of this kind."""

    command_class = Command
    group_class = type

    def list_commands(self, _context: click.Context) -> list[str]:
        """In the order in which they are used; the library would sort them by name."""
        return list(self.commands)


def _long(flag: click.Option) -> str:
    return max(flag.opts, key=len)


option = partial(click.option, cls=Flag)
switch = partial(
    option, is_flag=False, flag_value="true", default=False, type=click.BOOL, metavar="[BOOL]"
)


def configure(context: click.Context, _: click.Parameter, location: str | None) -> str | None:
    """Let the configuration file give the defaults of all other flags."""
    if location:
        from orchestrator import config

        found = config.load(location)
        context.meta[CONFIG] = found
        _default_to(context, found.values)
    return location


def resume(context: click.Context, _: click.Parameter, run_id: str | None) -> str | None:
    """Let the run that was cut short give the defaults of all other flags, if it is known here."""
    if run_id is not None:  # an empty one names no run, and does not mean a new one
        from orchestrator import lookup, resumption
        from orchestrator.rundir import RunDir

        folder = lookup.folder(run_id, os.environ) or RunDir.of_run(run_id, os.environ).path
        _default_to(context, resumption.flags_of(folder))
        return folder.name
    return run_id


def rerun(context: click.Context, _: click.Parameter, report: str | None) -> str | None:
    """Let a report say which checks run: those that gave no good verdict in it."""
    if report:
        from orchestrator import resumption

        _default_to(context, resumption.flags_of_failed(report, os.environ))
    return report


def _default_to(context: click.Context, flags: Mapping[str, Any]) -> None:
    context.default_map = {**(context.default_map or {}), **flags}


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
    config = context.meta.get(CONFIG)
    if source is ParameterSource.DEFAULT_MAP and config and name in config.values:
        return str(config.place(name))
    return ""


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
