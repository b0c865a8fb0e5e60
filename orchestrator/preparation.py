"""Everything that is decided before a cluster is asked anything: inputs read, judged, planned."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from helper.depth import Depth
from helper.kube import Kube
from orchestrator import (
    advice,
    catalog,
    depth,
    digests,
    inputs,
    overlay,
    plan,
    recipe,
    selection,
    snapshot,
    target,
)
from orchestrator.errors import UsageError
from orchestrator.forwarding import forwarded
from orchestrator.manifests import RunContext
from orchestrator.options import Options
from orchestrator.recipe import Recipe
from orchestrator.rights import CLUSTER_ADMIN, EXISTING
from orchestrator.settings import Keep
from orchestrator.snapshot import Source
from orchestrator.version import version


@dataclass(frozen=True)
class Prepared:
    """One run before it begins."""

    recipe: Recipe
    plan: plan.Plan
    warnings: tuple[str, ...]
    snapshot: Source | None = None  # None: the cluster itself will be asked
    data: bytes = b""  # the recipe as it was given


def prepare(options: Options, env: Mapping[str, str]) -> Prepared:
    """Read and judge all input; StopError for what would make the run pointless."""

    def connect() -> AbstractContextManager[Kube]:
        return target.open_cluster(options.target, env)

    document = inputs.read(options.recipe, "recipe", connect)
    given = recipe.parse(document.data, document.name)
    overlaid = overlay.apply(catalog.built_in(), options.data)
    planned = plan.build(
        overlaid.catalog,
        given.input,
        options.phases,
        run_id=options.run_id,
        namespace=options.namespace,
        rules=options.rules,
        allow_unknown=options.allow_unknown,
        rights=options.rights,
    )
    if not planned.checks:
        phases = ", ".join(options.phases)
        raise UsageError(f"{given.source} selects no check in {phases}: nothing would be tested")
    planned = selection.narrow(planned, options.selection, overlaid.catalog)
    planned = depth.limit(planned, options.depth)
    planned = options.executor.restrict(planned)
    for output in options.outputs:
        output.check()
    if options.resolve_digests:
        planned = digests.pin(planned, digests.operators(env))
    source = snapshot.load(options.snapshot, connect) if options.snapshot else None
    advised = _advice(options, given, planned, source)
    warnings = (*given.warnings, *overlaid.warnings, *planned.warnings, *advised)
    return Prepared(given, planned, warnings, source, document.data)


def _advice(
    options: Options, given: Recipe, planned: plan.Plan, source: Source | None
) -> Iterator[str]:
    """What an operator should know, though nothing is wrong with the input."""
    yield from _told_of_rights(options, planned)
    if options.depth is Depth.FAST and options.rights.mode == EXISTING:
        yield (
            f"--depth fast: what {options.rights.account} may write is not taken from it; "
            "--rbac scoped does that"
        )
    yield from advice.version_skew(version(), given.version, source.parsed if source else None)
    if options.asked_phases:
        yield from advice.empty_phases(given, planned)
    if options.settings.keep is not Keep.NEVER and not options.no_cluster:
        yield advice.what_stays(planned)


def _told_of_rights(options: Options, planned: plan.Plan) -> Iterator[str]:
    """What an operator must know who gives checks more than their own rights."""
    if options.rights.mode != CLUSTER_ADMIN:
        return
    admins = [check.name for check in planned.checks if check.grants.cluster_role]
    if admins:
        yield f"--rbac cluster-admin: {len(admins)} checks may do anything while they run"
    running = [item for item in planned.checks if not item.refusal]
    own = [item.name for item in running if not item.grants.cluster_role]
    if own:
        names = ", ".join(own)
        yield f"{names} came with --data and keep their own rights, for want of --trust-external"


def run_context(options: Options, env: Mapping[str, str], planned: plan.Plan) -> RunContext:
    """What the Jobs of a run share."""
    return RunContext(
        run_id=options.run_id,
        namespace=options.namespace,
        version=version(),
        commit=options.rules.commit,
        image_registry=options.rules.registry,
        image_tag=options.rules.tag,
        debug=options.debug,
        placement=options.placement,
        forwarded=forwarded(env, planned),
        startup_timeout_s=options.startup_timeout_s,
    )
