"""What a recipe puts in scope, and whether the place for it exists."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from helper.check import Fail, Skip, SkipCode
from helper.kinds import NAMESPACES
from helper.models import ValidationInput
from helper.workloads import namespace as namespace_health

if TYPE_CHECKING:
    from helper.context import Context


def component_namespace(recipe: ValidationInput, names: Sequence[str], default: str) -> str:
    """Where the recipe puts the first of these components that it enables.

    Raises Skip when there is a recipe and it enables none of them.
    """
    component = recipe.enabled(*names)
    if component is None and not recipe.is_empty:
        raise Skip(f"recipe leaves out or disables {' and '.join(names)}: nothing to judge")
    return (component.namespace if component else "") or default


def require_namespace(ctx: "Context", namespace: str, holds: str) -> None:
    """Tell a missing namespace from a forbidden one before anything in it is read.

    Raises Fail when it is missing or being deleted, Skip when no recipe says that it should exist.
    """
    found = ctx.kube.find(NAMESPACES, namespace)
    if found is None and ctx.recipe.is_empty:
        reason = f"no recipe is mounted and there is no namespace {namespace}: nothing to judge"
        raise Skip(reason, SkipCode.PRECONDITION)
    if found is None:
        raise Fail(
            f"namespace {namespace} not found (want it with {holds}); install {holds}, "
            "or correct the component's namespace in the recipe"
        )
    health = namespace_health(found)
    if not health.ready:
        raise Fail(
            f"namespace {namespace}: {health.observed} (want phase Active, with {holds}); "
            f"see kubectl describe namespace {namespace}"
        )
