"""The flags of `validate`, in the order of its help."""

from collections.abc import Callable
from typing import Any

import click

from orchestrator import completion
from orchestrator.commands import shared
from orchestrator.flags import configure, option, rerun, resume, switch

Command = Callable[..., Any]

INPUT = "What is validated"
CHECKS = "Which checks"
COURSE = "How the run proceeds"
PODS = "Pods, images and rights"
VERDICT = "What counts as good"
LEFT = "Runs, and what they leave"
TOLD = "Reports and messages"

INPUT_FLAGS = (
    option(
        "--recipe",
        "-r",
        group=INPUT,
        metavar="WHERE",
        help="Recipe that the cluster must satisfy: a file, URL, cm://NAMESPACE/NAME, - for stdin.",
        shell_complete=completion.files,
    ),
    option(
        "--snapshot",
        "-s",
        group=INPUT,
        metavar="WHERE",
        help="Snapshot to judge, from where a recipe may be; default: one of the cluster now.",
        shell_complete=completion.files,
    ),
    option(
        "--config",
        group=INPUT,
        metavar="WHERE",
        is_eager=True,
        callback=configure,
        help="Configuration file (AICRConfig) or its URL; gives defaults for other flags.",
        shell_complete=completion.files,
    ),
    option(
        "--data",
        group=INPUT,
        metavar="DIR",
        help="Folder whose validators/catalog.yaml adds checks.",
        shell_complete=completion.folders,
    ),
    option(
        "--replay",
        group=INPUT,
        metavar="DIR",
        help="Run against a recorded cluster, or a defect of one, instead of a real one.",
        shell_complete=completion.files,
    ),
    option(
        "--fault",
        group=INPUT,
        multiple=True,
        metavar="KIND[:K=V,...]",
        help="Let something go wrong in the recorded cluster, for example 429 or eviction:check=X.",
    ),
)
CHECK_FLAGS = (
    option(
        "--phase",
        group=CHECKS,
        multiple=True,
        metavar="NAME",
        help="deployment, conformance, performance or all; default: all. Repeatable.",
        shell_complete=completion.phases,
    ),
    option(
        "--check",
        group=CHECKS,
        multiple=True,
        metavar="NAME",
        help="Only this check of those that the recipe selects; * and ? are allowed. Repeatable.",
        shell_complete=completion.checks,
    ),
    option(
        "--skip",
        group=CHECKS,
        multiple=True,
        metavar="NAME",
        help="Not this check; * and ? are allowed. Repeatable.",
        shell_complete=completion.checks,
    ),
    option(
        "--label",
        "-l",
        group=CHECKS,
        multiple=True,
        metavar="K=V",
        help="Only checks of this phase, requirement or lock; K!=V for all others. Repeatable.",
        shell_complete=completion.labels,
    ),
    option(
        "--depth",
        group=CHECKS,
        default="full",
        show_default=True,
        metavar="DEPTH",
        help="fast: look only, make nothing but Jobs and identities; full: make workloads, too.",
        shell_complete=completion.DEPTHS,
    ),
    switch(
        "--allow-unknown-checks",
        group=CHECKS,
        help="Skip checks that the catalog does not have; else they get no verdict (`other`).",
    ),
)
COURSE_FLAGS = (
    option(
        "--max-parallel",
        group=COURSE,
        type=click.IntRange(1, 64),
        default=8,
        show_default=True,
        metavar="N",
        help="Checks that run at once; 1 for one after another.",
    ),
    option(
        "--fail-fast",
        group=COURSE,
        is_flag=False,
        flag_value="phase",
        metavar="[phase|check]",
        help="Skip later phases after a failed one; with =check start no further check.",
        shell_complete=completion.FAIL_FAST,
    ),
    option(
        "--gate",
        group=COURSE,
        default="none",
        show_default=True,
        metavar="POLICY",
        help="costly: checks that hold a lock, need GPUs or measure performance start only when "
        "all cheaper ones before them went well.",
        shell_complete=completion.GATES,
    ),
    switch(
        "--no-wait",
        group=COURSE,
        help="Do not wait for locks that other runs hold, nor for GPUs in use.",
    ),
    option(
        "--wait-ready",
        group=COURSE,
        metavar="DURATION",
        help="Wait up to so long until nodes and workloads have settled, before any check starts.",
    ),
    option(
        "--timeout",
        group=COURSE,
        metavar="DURATION",
        help="How long the whole run may take, for example 90m; then it ends with 5.",
    ),
    option(
        "--startup-timeout",
        group=COURSE,
        default="5m",
        show_default=True,
        metavar="DURATION",
        help="How long a check's pod may take to start, beside the check's own budget.",
    ),
    option(
        "--executor",
        group=COURSE,
        default="job",
        show_default=True,
        metavar="NAME",
        help="Where checks run: job, in the cluster; process, on this machine with your own "
        "rights, those that only read.",
        shell_complete=completion.EXECUTORS,
    ),
)
POD_FLAGS = (
    option(
        "--namespace",
        "-n",
        group=PODS,
        default="aicr-validation",
        show_default=True,
        metavar="NAME",
        help="Where the Jobs run; it is made where it is missing.",
    ),
    option(
        "--node-selector",
        group=PODS,
        multiple=True,
        metavar="K=V",
        help="Label of the nodes for workloads that checks start. Repeatable.",
    ),
    option(
        "--toleration",
        group=PODS,
        multiple=True,
        metavar="K[=V]:EFFECT",
        help="Taint that workloads of checks tolerate. Repeatable.",
    ),
    option(
        "--image-pull-secret",
        group=PODS,
        multiple=True,
        metavar="NAME",
        help="Secret in the namespace of the run to pull images with. Repeatable.",
    ),
    switch(
        "--override-all-images",
        group=PODS,
        help="Let AICR_VALIDATOR_IMAGE_TAG and _REGISTRY rewrite images of others, too.",
    ),
    switch(
        "--resolve-digests",
        group=PODS,
        help="Ask registries once, and run exactly what tags mean then.",
    ),
    option(
        "--rbac",
        group=PODS,
        default="scoped",
        show_default=True,
        metavar="MODE",
        help="Rights of checks: scoped (each its own), cluster-admin, or existing.",
        shell_complete=completion.RIGHTS,
    ),
    option(
        "--validator-service-account",
        group=PODS,
        metavar="NAME",
        help="The account of --rbac existing, in the namespace of the run.",
    ),
    switch(
        "--trust-external",
        group=PODS,
        help="With --rbac cluster-admin: checks of --data get it, too.",
    ),
)
VERDICT_FLAGS = (
    option(
        "--fail-on",
        group=VERDICT,
        multiple=True,
        metavar="LIST",
        help="Verdicts that do not end with 0, of failed, other, incomplete and skipped; "
        "default: failed,other,incomplete.",
        shell_complete=completion.FAIL_ON,
    ),
    option(
        "--fail-on-error",
        group=VERDICT,
        type=bool,
        default=True,
        metavar="BOOL",
        help="false: only report; no verdict of a check changes the exit code.",
    ),
    option(
        "--min-coverage",
        group=VERDICT,
        type=click.FloatRange(0, 100),
        default=100.0,
        show_default=True,
        metavar="PERCENT",
        help="Share of nodes and devices that must have been looked at.",
    ),
    option(
        "--exit-code-compat",
        group=VERDICT,
        type=click.Choice(["aicr"]),
        help="End with the exit codes of NVIDIA AICR.",
    ),
)
LEFT_FLAGS = (
    switch(
        "--dry-run",
        group=LEFT,
        help="Show what the run would do, as plan does, and make nothing.",
    ),
    switch(
        "--no-cluster",
        group=LEFT,
        help="Check input and plan only, and report that; ask no cluster.",
    ),
    switch(
        "--detach",
        group=LEFT,
        help="Let the run go on by itself, and print its ID once it has begun.",
    ),
    option(
        "--resume",
        group=LEFT,
        metavar="RUN_ID",
        is_eager=True,
        callback=resume,
        help="Go on with a run that was cut short, as it was started; where its folder is gone, "
        "give its inputs again.",
        shell_complete=completion.kept,
    ),
    option(
        "--rerun-failed",
        group=LEFT,
        metavar="REPORT",
        is_eager=True,
        callback=rerun,
        help="Only the checks without a good verdict in a report; a file, or the ID of a run.",
        shell_complete=completion.reports,
    ),
    option(
        "--run-id",
        group=LEFT,
        metavar="ID",
        help="Name of the run: YYYYMMDD-HHMMSS- and 16 hex digits; default: one of now.",
    ),
    option(
        "--keep",
        group=LEFT,
        default="never",
        show_default=True,
        metavar="WHEN",
        help="Leave Jobs that are over: never, on-failure, always. Rights never stay.",
        shell_complete=completion.KEEP,
    ),
    switch("--no-cleanup", group=LEFT, help="The same as --keep always."),
    switch(
        "--delete-namespace",
        group=LEFT,
        help="Remove the namespace, if the run made it and it is empty.",
    ),
)
TOLD_FLAGS = (
    option(
        "--output",
        "-o",
        group=TOLD,
        multiple=True,
        metavar="[FORMAT=]WHERE",
        help="Report to write: ctrf, junit, html, md or events, as in html=report.html; without "
        "a format CTRF, to a file, cm://NAMESPACE/NAME or - for stdout. Repeatable.",
        shell_complete=completion.outputs,
    ),
    switch("--log-json", group=TOLD, help="Tell what happens as JSON lines on stderr."),
    option(
        "--log-level",
        group=TOLD,
        metavar="LEVEL",
        help="What is told: debug, info, warn or error, and what matters more; default: info.",
        shell_complete=completion.LOG_LEVELS,
    ),
    switch("--quiet", "-q", group=TOLD, help="The same as --log-level warn; comes before it."),
    switch("--verbose", "-v", group=TOLD, help="The same as --log-level debug; comes before it."),
    shared.colorless(group=TOLD),
    switch("--debug", group=TOLD, help="Let checks log more, and show the traces of errors."),
    option("--snapshot-mode", hidden=True),
)
FLAGS: tuple[Callable[[Command], Command], ...] = (
    *INPUT_FLAGS,
    *CHECK_FLAGS,
    *shared.ACCESS,
    *COURSE_FLAGS,
    *POD_FLAGS,
    *VERDICT_FLAGS,
    *LEFT_FLAGS,
    *TOLD_FLAGS,
)


def of_validate(command: Command) -> Command:
    """Give a command all of them."""
    for flag in reversed(FLAGS):
        command = flag(command)
    return command
