"""`aicr-orch doctor`: machine, server, cluster, registries, in this order."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from helper.errors import KubeError
from helper.kube import Kube
from helper.models import PHASES, ValidationInput
from orchestrator import digests, executors, options, plan, stdout, target
from orchestrator.catalog import Catalog
from orchestrator.doctor import cluster, machine, registries, server
from orchestrator.doctor.finding import Finding, Level, ending, fail, is_fit, warn
from orchestrator.errors import StopError
from orchestrator.executor import Executor
from orchestrator.exits import Exit
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan
from orchestrator.recipe import Recipe
from orchestrator.target import Target
from orchestrator.version import version


def run(
    flags: Mapping[str, object],
    env: Mapping[str, str],
    catalog: Catalog,
    recipe: Recipe | None,
    form: str,
) -> Exit:
    """Show everything that was found; FAILED when a run could not begin."""
    rules = options.image_rules({**flags, "override_all_images": False}, env, version())
    wanted = recipe.input if recipe else everything(catalog)
    planned = plan.build(catalog, wanted, PHASES, namespace=str(flags["namespace"]), rules=rules)
    executor = executors.named(str(flags["executor"]), env)
    planned = executor.restrict(planned)
    findings: list[Finding] = []
    found = examine(
        planned, Target.of(flags), env, executor=executor, with_images=bool(flags["images"])
    )
    for finding in found:
        findings.append(finding)
        if form == stdout.TABLE:
            stdout.put(f"{finding}\n")
    if form == stdout.TABLE:
        stdout.put(f"\n{ending(findings)}\n")
    else:
        stdout.put(stdout.document(_document(findings), form))
    return Exit.OK if is_fit(findings) else Exit.FAILED


def everything(catalog: Catalog) -> ValidationInput:
    """What stands for a recipe that is not given: all checks of this version."""
    ready = [entry for entry in catalog.validators if entry.available]
    phases = {phase: [item.name for item in ready if item.phase == phase] for phase in PHASES}
    config = {phase: {"checks": names} for phase, names in phases.items()}
    return ValidationInput.model_validate({"config": config})


def examine(
    planned: Plan,
    wanted: Target,
    env: Mapping[str, str],
    *,
    executor: Executor,
    with_images: bool,
) -> Iterator[Finding]:
    """Look at one thing after another; what cannot be looked at is told, and the rest goes on."""
    local = list(machine.look(wanted, env))
    yield from local
    if is_fit(local):
        yield from _examine_cluster(planned, wanted, env, executor)
    if with_images and not wanted.replay:  # which has its own
        images = [check.image for check in planned.checks if check.image and not check.refusal]
        yield from registries.look(images, digests.operators(env))


def _examine_cluster(
    planned: Plan, wanted: Target, env: Mapping[str, str], executor: Executor
) -> Iterator[Finding]:
    context = RunContext(planned.run_id, planned.namespace, version())
    try:
        with target.open_cluster(wanted, env) as kube:
            yield from server.look(kube, planned, context, time.time(), executor)
            for about, look in _looks(kube, planned, executor):
                yield from _told(about, look)
    except StopError as error:
        yield fail("server", str(error), "see whether kubectl gets an answer, with the same flags")


def _looks(
    kube: Kube, planned: Plan, executor: Executor
) -> Sequence[tuple[str, Callable[[], Iterator[Finding]]]]:
    if executor.is_local:  # it takes no room in the cluster, and leaves nothing there
        return (("nodes", lambda: cluster.look_at_nodes(kube, 0)),)
    at_once = min(8, len(planned.checks))
    return (
        ("namespace", lambda: cluster.look_at_namespace(kube, planned.namespace)),
        ("nodes", lambda: cluster.look_at_nodes(kube, at_once)),
        ("leftovers", lambda: iter([cluster.look_at_leftovers(kube)])),
    )


def _told(about: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """What a look finds, or why it could not be had."""
    try:
        yield from look()
    except KubeError as error:
        yield warn(about, f"cannot be looked at: {error}")


def _document(findings: Sequence[Finding]) -> dict[str, object]:
    levels = [finding.level for finding in findings]
    return {
        "fit": is_fit(findings),
        "counts": {level.value: levels.count(level) for level in Level},
        "findings": [finding.document() for finding in findings],
    }
