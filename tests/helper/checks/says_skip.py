from helper.check import check
from helper.context import Context


@check()
def says_skip(_: Context) -> None:
    """Ends with an ordinary error that only speaks of skipping."""
    raise RuntimeError("skip: no GPU")
