"""`rbac print`: the rights of a run, as objects that a cluster administrator can read and apply."""

from collections.abc import Mapping, Sequence
from typing import Any

from helper import documents
from helper.depth import Depth
from helper.kinds import PODS
from orchestrator import manifests, plan, preflight
from orchestrator.catalog import Catalog
from orchestrator.depth import limit
from orchestrator.images import ImageRules
from orchestrator.manifests import RunContext
from orchestrator.recipe import Recipe
from orchestrator.selection import Selection, narrow
from orchestrator.snapshot.read import CLUSTER_POLICIES, RESOURCE_SLICES

CALLER = "aicr-orch-caller"
# A run can do without these; a snapshot that it takes itself then names what it lacks.
SNAPSHOT_RULES = [
    {"apiGroups": [resource.group], "resources": [resource.plural], "verbs": ["list"]}
    for resource in (PODS, CLUSTER_POLICIES, RESOURCE_SLICES[0])
]


def render(
    catalog: Catalog,
    recipe: Recipe,
    phases: Sequence[str],
    namespace: str,
    wanted: Selection | None = None,
    *,
    caller: bool,
    depth: Depth = Depth.FULL,
) -> str:
    """YAML of what a run would grant to its checks, or of what its caller needs."""
    run_id = plan.new_run_id()
    planned = plan.build(
        catalog,
        recipe.input,
        phases,
        run_id=run_id,
        namespace=namespace,
        rules=ImageRules(),
        name_object=lambda name: f"aicr-{name}-00000000",
    )
    planned = limit(narrow(planned, wanted or Selection(), catalog), depth)
    if caller:
        return _text([_caller_role(planned)])
    context = RunContext(run_id, namespace, "")
    return _text(
        [
            body
            for check in planned.checks
            if not check.refusal
            for _, body in manifests.identity(context, check)
        ]
    )


def _caller_role(planned: plan.Plan) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": CALLER},
        "rules": [*preflight.caller_rules(planned), *SNAPSHOT_RULES],
    }


def _text(objects: Sequence[Mapping[str, Any]]) -> str:
    return "---\n".join(documents.dump(dict(item)) for item in objects)
