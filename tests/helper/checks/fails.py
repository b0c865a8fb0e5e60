from helper.check import Fail, check
from helper.context import Context


@check()
def fails(ctx: Context) -> None:
    """Fails for the reason that its environment names."""
    ctx.evidence.result("looked before failing")
    raise Fail(ctx.env.get("REASON", ""))
