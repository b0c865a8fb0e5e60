"""The executors by name."""

from collections.abc import Mapping

from orchestrator.errors import UsageError, nearest
from orchestrator.executor import Executor
from orchestrator.jobs import Jobs
from orchestrator.processes import Processes

JOB, PROCESS = Jobs.name, Processes.name
NAMES = (JOB, PROCESS)


def named(name: str, env: Mapping[str, str]) -> Executor:
    """The executor of that name; UsageError when there is none."""
    if name == JOB:
        return Jobs()
    if name == PROCESS:
        return Processes(env)
    raise UsageError(f"--executor {name}: want one of {', '.join(NAMES)}{nearest(name, NAMES)}")
