from helper.check import check
from helper.context import Context


@check()
def crashes(ctx: Context) -> None:
    """Has a bug."""
    ctx.snapshot.metadata["spec"]
