"""The flags of `validate`, in the order of its help."""

from collections.abc import Callable
from typing import Any

import click

from orchestrator import completion
from orchestrator.flags import configure, option, rerun, resume, switch

Command = Callable[..., Any]

FLAGS: tuple[Callable[[Command], Command], ...] = (
    option(
        "--recipe",
        "-r",
        metavar="WHERE",
        help="Recipe that the cluster must satisfy: a file, URL, cm://NAMESPACE/NAME, - for stdin.",
    ),
    option(
        "--snapshot",
        "-s",
        metavar="WHERE",
        help="Snapshot to judge, from where a recipe may be; default: one of the cluster now.",
    ),
    option(
        "--config",
        metavar="WHERE",
        is_eager=True,
        callback=configure,
        help="Configuration file (AICRConfig) or its URL; gives defaults for other flags.",
    ),
    option("--data", metavar="DIR", help="Folder whose validators/catalog.yaml adds checks."),
    option("--replay", metavar="DIR", help="Run against a recorded cluster, or a defect of one."),
    option(
        "--fault",
        multiple=True,
        metavar="KIND[:K=V,...]",
        help="Let something go wrong in the recorded cluster, for example 429 or eviction:check=X.",
    ),
    option(
        "--phase",
        multiple=True,
        metavar="NAME",
        shell_complete=completion.phases,
        help="deployment, conformance, performance or all.",
    ),
    option(
        "--check",
        multiple=True,
        metavar="NAME",
        help="Only this check of the recipe's; * and ? are allowed.",
        shell_complete=completion.checks,
    ),
    option(
        "--skip",
        multiple=True,
        metavar="NAME",
        help="Not this check; * and ? are allowed.",
        shell_complete=completion.checks,
    ),
    option(
        "--label",
        "-l",
        multiple=True,
        metavar="K=V",
        help="Only checks with this phase, requirement or lock; K!=V for those without.",
        shell_complete=completion.labels,
    ),
    option(
        "--output",
        "-o",
        multiple=True,
        metavar="[FORMAT=]WHERE",
        help="Report to write: ctrf, junit, html, md or events, as in html=report.html; without "
        "a format CTRF, to a file, cm://NAMESPACE/NAME or - for stdout.",
    ),
    option("--kubeconfig", "-k", metavar="FILE", help="Cluster access; default as kubectl."),
    option("--context", metavar="NAME", help="Context of the kubeconfig."),
    option(
        "--namespace",
        "-n",
        default="aicr-validation",
        show_default=True,
        help="Where the Jobs run.",
    ),
    option(
        "--max-parallel",
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        help="Checks that run at once; 1 for one after another.",
    ),
    option(
        "--fail-fast",
        is_flag=False,
        flag_value="phase",
        metavar="[phase|check]",
        help="Skip later phases after a failed one; with =check start no further check.",
    ),
    option(
        "--gate",
        default="none",
        show_default=True,
        metavar="POLICY",
        help="costly: checks that hold a lock, need GPUs or measure performance start only when "
        "all cheaper ones before them went well.",
    ),
    option(
        "--depth",
        default="full",
        show_default=True,
        metavar="DEPTH",
        help="fast: look only, make nothing but Jobs and identities; full: make workloads, too.",
    ),
    option(
        "--fail-on",
        multiple=True,
        metavar="LIST",
        help="Verdicts that end non-zero: failed,other,incomplete,skipped.",
    ),
    option("--fail-on-error", type=bool, default=True, metavar="BOOL", help="false: report only."),
    option(
        "--min-coverage",
        type=click.FloatRange(0, 100),
        default=100.0,
        metavar="PERCENT",
        help="Share of nodes and devices that must have been looked at.",
    ),
    switch("--no-wait", help="Do not wait for locks that other runs hold, nor for GPUs."),
    option(
        "--wait-ready",
        metavar="DURATION",
        help="Wait up to so long until nodes and workloads have settled, before any check starts.",
    ),
    option("--timeout", metavar="DURATION", help="Bound for the whole run, for example 90m."),
    option(
        "--startup-timeout",
        default="5m",
        show_default=True,
        metavar="DURATION",
        help="How long a check's pod may take to start, beside its budget.",
    ),
    option("--node-selector", multiple=True, metavar="K=V", help="Nodes for workloads of checks."),
    option(
        "--toleration",
        multiple=True,
        metavar="K[=V]:EFFECT",
        help="Tolerations for workloads of checks.",
    ),
    option(
        "--image-pull-secret", multiple=True, metavar="NAME", help="Secret in the run namespace."
    ),
    option(
        "--executor",
        default="job",
        show_default=True,
        metavar="NAME",
        help="How checks run: job, or process: those that only read, here, with your own rights.",
    ),
    option(
        "--rbac",
        default="scoped",
        show_default=True,
        metavar="MODE",
        help="Rights of checks: scoped (each its own), cluster-admin, or existing.",
    ),
    option("--validator-service-account", metavar="NAME", help="The account of --rbac existing."),
    switch("--trust-external", help="With --rbac cluster-admin: checks of --data get it, too."),
    switch(
        "--override-all-images",
        help="Let AICR_VALIDATOR_IMAGE_TAG and _REGISTRY rewrite images of others, too.",
    ),
    switch("--resolve-digests", help="Ask registries once, and run exactly what tags mean then."),
    switch("--allow-unknown-checks", help="Skip checks that the catalog lacks, not `other`."),
    option("--snapshot-mode", hidden=True),
    option(
        "--resume",
        metavar="RUN_ID",
        is_eager=True,
        callback=resume,
        help="Go on with a run that was cut short, as it was started; where its folder is gone, "
        "give its inputs again.",
    ),
    option(
        "--rerun-failed",
        metavar="REPORT",
        is_eager=True,
        callback=rerun,
        help="Only the checks without a good verdict in a report; a file, or the ID of a run.",
    ),
    option("--run-id", metavar="ID", help="Name of the run; default: time and random digits."),
    switch("--detach", help="Let the run go on by itself, and print its ID once it has begun."),
    switch("--no-cluster", help="Check input and plan only; ask no cluster."),
    option(
        "--keep",
        default="never",
        show_default=True,
        metavar="WHEN",
        help="Leave Jobs and pods in the cluster: never, on-failure, always. Rights never stay.",
    ),
    switch("--no-cleanup", help="The same as --keep always."),
    switch("--delete-namespace", help="Remove the namespace, if the run made it and it is empty."),
    option(
        "--exit-code-compat",
        type=click.Choice(["aicr"]),
        help="End with the numbers of NVIDIA AICR.",
    ),
    switch("--log-json", help="Events as JSON lines on stderr."),
    option("--log-level", metavar="LEVEL", help="debug, info, warn or error; default: info."),
    switch("--debug", help="Verbose checks, full traces."),
)


def of_validate(command: Command) -> Command:
    """Give a command all of them."""
    for flag in reversed(FLAGS):
        command = flag(command)
    return command
