"""What a run needs of the machine that starts it."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from helper.credentials import Credentials, current_context
from helper.errors import InputError
from orchestrator import rundir
from orchestrator.doctor.finding import Finding, fail, ok, warn
from orchestrator.errors import UsageError
from orchestrator.target import Target

IN_POD = "KUBERNETES_SERVICE_HOST"  # set in every container of a cluster


def look(target: Target, env: Mapping[str, str]) -> Iterator[Finding]:
    """Judge the folder of results, and which cluster is meant."""
    yield _state_folder(env)
    yield _cluster(target, env)


def _state_folder(env: Mapping[str, str]) -> Finding:
    try:
        folder = rundir.RunDir.of_run("x", env).path.parent
    except UsageError as error:
        return fail("results", str(error), "set XDG_STATE_HOME to a folder of yours")
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ok("results", f"are kept in {folder}")
    advice = "make it writable, or set XDG_STATE_HOME to a folder that is"
    return warn(
        "results", f"{there} cannot be written: a killed run would lose its results", advice
    )


def _account(env: Mapping[str, str]) -> Finding:
    """What stands in for a kubeconfig: the account of a pod, whose cluster its variables name."""
    if env.get(IN_POD):
        return ok("kubeconfig", "not needed: the account of the pod that this runs in")
    words = "none: no --kubeconfig, no KUBECONFIG, no ~/.kube/config, and this is no pod"
    return fail("kubeconfig", words, "give one of them, or --replay to look at a recorded cluster")


def _cluster(target: Target, env: Mapping[str, str]) -> Finding:
    """Where access to the cluster comes from, as `kubectl` would find it."""
    if target.replay:
        return ok("kubeconfig", f"not needed: {target.replay} is served here")
    found = Credentials.discover(env, target.kubeconfig, target.context)
    if not found.kubeconfig:
        return _account(env)
    named = "--kubeconfig" if target.kubeconfig else "KUBECONFIG"
    if not target.kubeconfig and not env.get("KUBECONFIG", "").strip():
        named = "~/.kube/config"
    missing = [item for item in found.kubeconfig.split(":") if item and not Path(item).is_file()]
    if missing and len(missing) == len(found.kubeconfig.split(":")):
        return fail("kubeconfig", f"{missing[0]}: no such file", f"{named} names it; correct that")
    try:
        context = target.context or current_context(found.kubeconfig)
    except (InputError, OSError) as error:
        return fail("kubeconfig", str(error), f"{named} names it; kubectl config get-contexts")
    gone = f"; {', '.join(missing)} does not exist" if missing else ""
    acting = f", as {target.user}" if target.user else ""
    return ok("kubeconfig", f"{found.kubeconfig} ({named}), context {context}{acting}{gone}")
