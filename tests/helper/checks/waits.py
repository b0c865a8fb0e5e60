import sys
from threading import Event

from helper.check import check
from helper.context import Context


@check()
def waits(ctx: Context) -> None:
    """Waits until somebody stops it; its cleanup ends with a line on stdin."""
    try:
        ctx.evidence.result("waiting")
        print("a line that nobody flushed")  # noqa: T201 - as a library would
        Event().wait()
    finally:
        ctx.evidence.result("cleaning up")
        sys.stdin.readline()
        ctx.evidence.result("cleaned up")
