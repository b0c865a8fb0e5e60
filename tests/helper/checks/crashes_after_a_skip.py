from helper.check import Skip, check
from helper.context import Context


@check()
def crashes_after_a_skip(_: Context) -> None:
    """Crashes while it cleans up after a skip."""
    try:
        raise Skip("not here")
    finally:
        raise RuntimeError("cleanup is broken")
