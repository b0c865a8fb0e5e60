from helper.check import Skip, check
from helper.context import Context


@check()
def skips_deep_down(_: Context) -> None:
    """Skips, but layers in between wrapped the reason."""
    try:
        try:
            raise Skip("no GPU in this recipe")
        except Skip as skip:
            raise LookupError("inner layer") from skip
    except LookupError as error:
        raise RuntimeError("outer layer") from error
