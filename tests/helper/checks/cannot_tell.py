from helper.check import check
from helper.context import Context
from helper.errors import Forbidden


@check()
def cannot_tell(_: Context) -> None:
    """Is not allowed to look."""
    raise Forbidden("list", "pods in gpu-operator", 403, "Forbidden")
