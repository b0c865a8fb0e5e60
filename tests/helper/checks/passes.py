from helper.check import check
from helper.context import Context


@check(requirement="always_true")
def passes(ctx: Context) -> None:
    """Passes, and shows what it was given.

    The second paragraph is for readers of the code.
    """
    ctx.evidence.text("recipe", f"policy {ctx.recipe.gpu_allocation_policy}")
