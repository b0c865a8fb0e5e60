from threading import Event

from helper.check import check
from helper.context import Context


@check()
def waits_forever(_: Context) -> None:
    """Hangs, and so does its cleanup."""
    try:
        Event().wait()
    finally:
        Event().wait()
