"""Checks without the runner: against a replay cluster, but without patience for errors."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helper import contract
from helper.check import Check
from helper.context import Context
from helper.credentials import Credentials
from helper.deadline import Deadline
from helper.depth import parse_depth
from helper.evidence import Evidence
from helper.kube import connect
from helper.models import Snapshot, ValidationInput
from helper.placement import parse_selector, parse_tolerations
from orchestrator.replay import ReplayCluster
from orchestrator.replay.faults import Fault

Json = dict[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a check raised, or None, and what it recorded before."""

    error: Exception | None
    evidence: str
    requests: list[str] = field(default_factory=list)  # paths, in order

    @property
    def message(self) -> str:
        return str(self.error or "")


Judge = Callable[..., Outcome]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Run a check's function; unlike the runner, an error answer is not asked for again."""

    def run(
        check: Check,
        objects: Sequence[Json],
        recipe: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
        selector: str = "",
        tolerations: str = "",
    ) -> Outcome:
        cluster = ReplayCluster(objects=objects)
        cluster.faults.extend(faults)
        out = io.StringIO()
        with cluster.serve() as server:
            kubeconfig = server.write_kubeconfig(tmp_path / "kubeconfig")
            context = Context(
                kube=connect(Credentials(str(kubeconfig)), {}, patience_s=0.0),
                recipe=ValidationInput.model_validate(dict(recipe or {})),
                snapshot=Snapshot(),
                evidence=Evidence(out),
                deadline=Deadline.after(30),
                namespace="aicr-validation",
                run_id="20260101-000000-0123456789abcdef",
                image="",
                node_selector=parse_selector(selector) if selector else None,
                tolerations=parse_tolerations(tolerations) if tolerations else None,
                env=dict(env or {}),
                depth=parse_depth((env or {}).get(contract.DEPTH, "")),
            )
            error: Exception | None = None
            try:
                check.run(context)
            except Exception as raised:
                error = raised
            finally:
                context.kube.close()
        return Outcome(error, out.getvalue(), [item.path for item in cluster.requests])

    return run
