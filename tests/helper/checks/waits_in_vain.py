from helper.check import check
from helper.context import Context
from helper.deadline import NotYet


@check()
def waits_in_vain(ctx: Context) -> None:
    """Polls for something that never comes."""

    def probe() -> None:
        raise NotYet("Pending, 0/3 nodes fit")

    ctx.deadline.child(0).poll("pod x", probe)
