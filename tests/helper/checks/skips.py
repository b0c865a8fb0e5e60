from helper.check import Skip, SkipCode, check
from helper.context import Context


@check()
def skips(ctx: Context) -> None:
    """Skips for the reason that its environment names."""
    raise Skip(ctx.env.get("REASON", ""), SkipCode.CAPACITY)
