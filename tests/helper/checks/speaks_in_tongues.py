from helper.check import Fail, check
from helper.context import Context

BROKEN = "h\u00e9 \udcff \U0001f600"  # a byte that was no UTF-8, as os.fsdecode gives it


@check()
def speaks_in_tongues(ctx: Context) -> None:
    """Prints what no terminal can show."""
    print(BROKEN)  # noqa: T201 - as a library would
    ctx.evidence.text(BROKEN, BROKEN)
    ctx.evidence.fact(note=BROKEN)
    raise Fail(BROKEN)
