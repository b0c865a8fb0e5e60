"""Whether a run goes on: its process where that can be seen, else what the cluster shows of it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from helper.kinds import CONFIG_MAPS, JOBS, LEASES
from helper.resource import is_being_deleted, name, number, text
from orchestrator import owner
from orchestrator.errors import UsageError
from orchestrator.leases import DURATION_S
from orchestrator.manifests import record_name
from orchestrator.owner import Process
from orchestrator.rundir import RunDir
from orchestrator.sweep import Found, place

# Whose a run is, in the data of the ConfigMap that stands for it.
PROCESS, MACHINE = "process", "machine"
# A run makes something at least so often, unless a Job of it works or a Lease of it is renewed.
QUIET_S = 120.0
RENEWAL_S = 2.0 * DURATION_S  # clocks of machines differ


def sign_of_life(run_id: str, objects: Found, env: Mapping[str, str], now: datetime) -> str:
    """What says that a run goes on, in words; empty when nothing does."""
    folder = RunDir.of_run(run_id, env).path
    mine = owner.holder(folder)
    try:
        if owner.lives(folder):
            return f"process {mine.pid} on {mine.host} has it" if mine else "a process here has it"
    except UsageError as error:
        return str(error)
    told, machine = _owner(run_id, objects)
    is_ours = bool(machine) and machine == owner.machine()
    died_here = bool(is_ours and told and told.is_here and not told.is_alive)
    if died_here or (mine and mine.is_here and told in (None, mine)):
        return ""  # whatever still works for it in the cluster, nobody waits for that
    return in_cluster(run_id, objects, now)


def myself() -> Mapping[str, str]:
    """What a run tells of whose it is."""
    return {PROCESS: str(Process.here()), MACHINE: owner.machine()}


def in_cluster(run_id: str, objects: Found, now: datetime) -> str:
    """What the objects of a run show of a process that works, wherever that is."""
    for resource, body in objects:
        if resource is JOBS and number(body, "status", "active") and not is_being_deleted(body):
            return f"Job {place(body)} is active"
        if resource is LEASES and text(body, "spec", "holderIdentity") == run_id:
            ago_s = _ago_s(text(body, "spec", "renewTime"), now)
            if ago_s is not None and ago_s < RENEWAL_S:
                return f"Lease {place(body)} was renewed {max(0, round(ago_s))} s ago"
    return _latest(objects, now)


def _latest(objects: Found, now: datetime) -> str:
    """What was made so lately that more will come."""
    ages = [
        (ago_s, f"{resource.kind} {place(body)} was made {max(0, round(ago_s))} s ago")
        for resource, body in objects
        if (ago_s := _ago_s(text(body, "metadata", "creationTimestamp"), now)) is not None
    ]
    ago_s, words = min(ages, default=(QUIET_S, ""))
    return words if ago_s < QUIET_S else ""


def _owner(run_id: str, objects: Found) -> tuple[Process | None, str]:
    """The process that a run names as its own, and its machine; None for one that tells none."""
    for resource, body in objects:
        if resource is CONFIG_MAPS and name(body) == record_name(run_id):
            return Process.parse(text(body, "data", PROCESS)), text(body, "data", MACHINE)
    return None, ""


def _ago_s(moment: str, now: datetime) -> float | None:
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (now - found.replace(tzinfo=found.tzinfo or UTC)).total_seconds()
