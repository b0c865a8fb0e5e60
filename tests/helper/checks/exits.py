from argparse import ArgumentParser

from helper.check import check
from helper.context import Context


@check()
def exits(_: Context) -> None:
    """Calls a library that ends the process on bad usage, with status 2."""
    ArgumentParser("tool").parse_args(["--unheard-of"])
