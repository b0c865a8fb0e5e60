from helper.check import check
from helper.context import Context


@check()
def waits_in_vain(ctx: Context) -> None:
    """Polls for something that never comes."""

    def probe() -> None:
        raise LookupError("Pending, 0/3 nodes fit")

    ctx.deadline.child(0).poll("pod x", probe)
