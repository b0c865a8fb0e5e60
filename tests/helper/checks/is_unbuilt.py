from helper.check import Unbuilt, check
from helper.context import Context


@check()
def is_unbuilt(_: Context) -> None:
    """Needs what this version does not have."""
    raise Unbuilt("the bandwidth test")
