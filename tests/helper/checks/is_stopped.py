import signal

from helper.check import check
from helper.context import Context


@check()
def is_stopped(ctx: Context) -> None:
    """Gets the signal that its environment names, and another one while it cleans up."""
    try:
        signal.raise_signal(signal.Signals[ctx.env["SIGNAL"]])
        ctx.evidence.text("not reached", "")
    finally:
        bound_s = signal.getitimer(signal.ITIMER_REAL)[0]
        ctx.evidence.text("cleanup begins", f"bound {bound_s:.0f}")
        if "SECOND_SIGNAL" in ctx.env:
            signal.raise_signal(signal.Signals[ctx.env["SECOND_SIGNAL"]])
        ctx.evidence.text("cleanup ends", "")
