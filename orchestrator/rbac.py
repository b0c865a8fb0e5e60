"""`rbac print`: the rights of a run, as objects that a cluster administrator can read and apply."""

from collections.abc import Mapping, Sequence
from typing import Any

from helper import documents
from helper.depth import Depth
from helper.kinds import NODES, PODS
from orchestrator import manifests, plan
from orchestrator.catalog import Catalog
from orchestrator.converging import WORKLOADS
from orchestrator.depth import limit
from orchestrator.diagnostics import inner
from orchestrator.errors import UsageError
from orchestrator.executor import Executor
from orchestrator.images import ImageRules
from orchestrator.jobs import Jobs
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

# What --wait-ready looks at.
WAIT_RULES = [
    {"apiGroups": [resource.group], "resources": [resource.plural], "verbs": ["list"]}
    for resource in (*WORKLOADS.values(), NODES, PODS, RESOURCE_SLICES[0])
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
    executor: Executor | None = None,
    waits: bool = False,
) -> str:
    """YAML of what a run would grant to its checks, or of what its caller needs.

    `waits`: the caller waits for the cluster to settle, too.
    """
    executor = executor or Jobs()
    if executor.is_local and not caller:
        raise UsageError("--executor process grants nothing to checks; give --caller")
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
    planned = executor.restrict(planned)
    if caller:
        rules = [*executor.caller_rules(planned), *(WAIT_RULES if waits else [])]
        optional = [
            *SNAPSHOT_RULES,
            *([] if executor.is_local else inner.caller_rules(planned)),
        ]
        return _text([_caller_role(rules, optional)])
    context = RunContext(run_id, namespace, "")
    return _text(
        [
            body
            for check in planned.checks
            if not check.refusal
            for _, body in manifests.identity(context, check)
        ]
    )


def _caller_role(
    rules: Sequence[Mapping[str, Any]], optional: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    found = [*rules]
    found += [rule for rule in optional if not any(_covers(given, rule) for given in found)]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": CALLER},
        "rules": found,
    }


def _covers(given: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a rule allows all that another one does."""
    keys = ("apiGroups", "resources", "verbs")
    return "resourceNames" not in given and all(set(wanted[key]) <= set(given[key]) for key in keys)


def _text(objects: Sequence[Mapping[str, Any]]) -> str:
    return "---\n".join(documents.dump(dict(item)) for item in objects)
