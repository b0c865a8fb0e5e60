from helper.check import Fail, Skip, check
from helper.context import Context


@check()
def fails_despite_a_skip(_: Context) -> None:
    """Fails although a part of it had nothing to do."""
    try:
        raise Skip("this part does not apply")
    except Skip as skip:
        raise Fail("but the other part is broken") from skip
