"""The executor for places where no Job may be created."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from helper.deadline import Deadline
from helper.kube import Kube
from orchestrator.earlier import Results
from orchestrator.executor import Ground
from orchestrator.manifests import RunContext
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.processes import rights, runnable
from orchestrator.processes.attempt import Bounds
from orchestrator.processes.room import command_of
from orchestrator.processes.site import ProcessSite


def installed(planned: PlannedCheck) -> Sequence[str]:
    """The program of a check that this program holds itself; InputError when it does not."""
    image, arguments = (planned.entry.image, planned.entry.args) if planned.entry else ("", [])
    return command_of(runnable.PACKAGES.get(image, "images.none"), arguments)


class Processes:
    """Runs checks that only read as processes of this machine, with the caller's rights."""

    name = "process"
    is_local = True

    def __init__(
        self,
        env: Mapping[str, str] = os.environ,
        command: Callable[[PlannedCheck], Sequence[str]] = installed,
        bounds: Bounds | None = None,
    ) -> None:
        """`env` is the caller's, for proxies and programs that give credentials."""
        self._env = env
        self._command = command
        self._bounds = bounds or Bounds()

    def restrict(self, plan: Plan) -> Plan:
        """Refuse what does not only read, and what is not installed here."""
        return runnable.restrict(plan)

    def admit(self, kube: Kube, plan: Plan, context: RunContext) -> Plan:  # noqa: ARG002  (nothing is made)
        """Skip the checks that the caller's rights are not enough for."""
        return rights.admit(kube, plan)

    def caller_rules(self, plan: Plan) -> Sequence[dict[str, Any]]:
        """All that the checks do, and nothing else."""
        return rights.rules(plan)

    def found_before(self, kube: Kube, plan: Plan) -> Results:  # noqa: ARG002  (not in a cluster)
        """None; all results are in the run's folder."""
        return {}

    def sweep(self, kube: Kube, plan: Plan, deadline: Deadline) -> Sequence[str]:  # noqa: ARG002  (no cluster)
        """Nothing to remove; the folder of a killed run goes with it."""
        return ()

    def open(self, ground: Ground) -> ProcessSite:
        """A folder on this machine."""
        return ProcessSite(ground, self._env, self._command, self._bounds)
