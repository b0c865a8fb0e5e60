"""Checks as local processes: from outside of the cluster, which is only read.

For places where no Job may be created. Nothing is made in the cluster, so a run proves less: each
check has the rights of the run's caller, not of an account of its own, and sees the cluster
through its API alone.
"""

from orchestrator.processes.executor import Processes

__all__ = ["Processes"]
