"""`aicr-orch plan`: read what `validate` would read, then show instead of run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from helper import documents
from helper.depth import Depth
from helper.served import NOT_ASKED, ServerVersion
from orchestrator import gate, history, options, planning, readiness, rundir, stdout, target
from orchestrator.exits import Exit
from orchestrator.options import Options
from orchestrator.planning import Preview
from orchestrator.preparation import Prepared, prepare, run_context
from orchestrator.snapshot import take
from orchestrator.version import version

HEAD = """\
# What a run would create in namespace {namespace}, which it makes where it is missing. Names end in
# random digits. A run adds owner references, and tolerations for the taints that nodes have.
"""
NOTHING = "# Nothing: checks run as processes of this machine.\n"
BESIDE = "# A Secret with HF_TOKEN comes with it.\n"

Say = Callable[[str], object]


def run(
    flags: Mapping[str, object], env: Mapping[str, str], form: str, say: Say, *, ask_cluster: bool
) -> Exit:
    """Show a run; USAGE when its readiness gate would not let it begin."""
    given = options.build(flags, env, version())
    prepared = prepare(given, env)
    served = NOT_ASKED
    if ask_cluster and not prepared.snapshot:
        prepared, served = _looked_at(prepared, given, env, say)
    runs = rundir.RunDir.of_run(given.run_id, env).path.parent
    known = history.durations(
        runs,
        of_replays=given.target.is_replayed(served),
        of_fast=given.reached is Depth.FAST,
    )
    prepared = replace(prepared, plan=gate.foreseen(prepared.plan, given.settings.gate))
    preview = Preview(prepared.recipe, prepared.plan, given, _findings(prepared), known)
    for words in prepared.warnings:
        say(words)
    stdout.put(_shown(preview, prepared, env, form))
    return Exit.USAGE if any(item.stops for item in preview.findings or ()) else Exit.OK


def _findings(prepared: Prepared) -> Sequence[readiness.Finding] | None:
    """What the readiness gate says; None where there is nothing to hold the recipe against."""
    source = prepared.snapshot
    return readiness.gate(prepared.recipe.input, source.parsed) if source else None


def _looked_at(
    prepared: Prepared, given: Options, env: Mapping[str, str], say: Say
) -> tuple[Prepared, ServerVersion]:
    """Take the snapshot that the run would take; nothing is written to the cluster."""
    with target.open_cluster(given.target, env) as kube:
        served = target.server_version(kube)
        taken = take(kube)
    for note in taken.notes:
        say(f"snapshot: {note}")
    return replace(prepared, snapshot=taken), served


def _shown(preview: Preview, prepared: Prepared, env: Mapping[str, str], form: str) -> str:
    if form == stdout.TABLE:
        return planning.text(preview, stdout.width())
    if form == stdout.JSON:
        return stdout.document(planning.document(preview), form)
    if preview.options.executor.is_local:
        return NOTHING
    context = run_context(preview.options, env, prepared.plan)
    snapshot = prepared.snapshot.text if prepared.snapshot else ""
    parts = [documents.dump(item) for item in planning.objects(preview, context, snapshot)]
    head = HEAD.format(namespace=prepared.plan.namespace)
    return head + (BESIDE if context.forwarded.token else "") + "---\n".join(parts)
