"""A run against a replay cluster in a few words: entries, scripted pods, and what came of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from helper import contract
from helper.credentials import Credentials
from helper.deadline import SYSTEM_CLOCK, Clock
from helper.kinds import PODS
from helper.kube import Kube, connect
from helper.models import ValidationInput
from orchestrator import plan
from orchestrator.catalog import Catalog
from orchestrator.earlier import Results
from orchestrator.events import Event
from orchestrator.execution import Execution
from orchestrator.executor import Executor
from orchestrator.forwarding import Forwarded
from orchestrator.images import ImageRules
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome
from orchestrator.replay import PodOutcome, ReplayCluster
from orchestrator.replay.objects import now
from orchestrator.replay.workloads import podstatus
from orchestrator.replay.workloads.podstatus import Ended
from orchestrator.result import RunResult
from orchestrator.rights import Rights
from orchestrator.settings import RunSettings
from orchestrator.turn import Diagnose

Json = dict[str, Any]

RUN_ID = "20260102-030405-0123456789abcdef"
NAMESPACE = "aicr-validation"
IMAGE = "ghcr.io/aicr-orch/validator-test"


def entry(name: str, phase: str = "conformance", **changes: Any) -> Json:
    """One catalog entry, available and without rights."""
    return {"name": name, "phase": phase, "image": f"{IMAGE}:v1", "args": [name], **changes}


def node(name: str = "node-1", **changes: Any) -> Json:
    """A Ready node with room for everything."""
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": changes.pop("spec", {}),
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            **changes,
        },
    }


def gpu_node(name: str = "node-1", gpus: int = 8, **changes: Any) -> Json:
    """The same with GPUs that a device plugin offers."""
    made = node(name, **changes)
    made["status"]["allocatable"] = {**made["status"]["allocatable"], "nvidia.com/gpu": str(gpus)}
    return made


def script(check: str, **outcome: Any) -> PodOutcome:
    """What becomes of a check's pod; by default it passes at once."""
    given = {"exitCode": 0, **outcome} if "waiting" not in outcome else outcome
    return PodOutcome.model_validate(
        {"match": {"labels": {"aicr.run/check": check}}, "outcome": given}
    )


@dataclass
class Finished:
    """What came of a run, and what it left."""

    result: RunResult
    events: list[Event]
    kept: list[Outcome]
    cluster: ReplayCluster
    diagnosed: dict[str, Mapping[str, str]] = field(default_factory=dict)  # files by check

    def outcome(self, check: str) -> Outcome:
        """The outcome of one check."""
        found = [o for phase in self.result.phases for o in phase.outcomes if o.check == check]
        assert len(found) == 1, f"{len(found)} outcomes of {check}"
        return found[0]

    def told(self, kind: type[Event]) -> list[Any]:
        """The events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]


@dataclass
class Engine:
    """A replay cluster and how to run checks in it."""

    entries: Sequence[Json]
    pods: Sequence[PodOutcome] = ()
    objects: Sequence[Json] = field(default_factory=lambda: [node()])
    recipe: Mapping[str, Any] = field(default_factory=dict)
    settings: RunSettings = field(default_factory=RunSettings)
    images: Mapping[str, Sequence[str]] = field(default_factory=dict)
    selected: Sequence[tuple[str, str]] | None = None  # phase and check; default: all entries
    cluster: ReplayCluster | None = None
    kube: Kube | None = None  # to `cluster`, where somebody else serves it already
    run_id: str = RUN_ID
    rights: Rights = field(default_factory=Rights)
    timeouts: Mapping[str, str] = field(default_factory=dict)  # of phases
    forwarded: Forwarded = field(default_factory=Forwarded)
    node_selector: dict[str, str] | None = None  # of the operator
    executor: Executor | None = None  # default: Jobs
    clock: Clock = SYSTEM_CLOCK
    keep: Callable[[Outcome], None] = lambda _: None  # besides noting what is kept
    diagnose: Diagnose = lambda _outcome, _files: None  # likewise
    earlier: Results | None = None  # of the run from before it was cut short
    record: Mapping[str, str] = field(default_factory=dict)  # what the run tells of itself

    def plan(self) -> plan.Plan:
        """The plan of the run."""
        chosen = self.selected or [(item["phase"], item["name"]) for item in self.entries]
        config: Json = {}
        for phase, name in chosen:
            config.setdefault(phase, {"checks": []})["checks"].append(name)
        for phase, timeout in self.timeouts.items():
            config[phase]["timeout"] = timeout
        recipe = ValidationInput.model_validate({**self.recipe, "config": config})
        return plan.build(
            Catalog.model_validate({"validators": list(self.entries)}),
            recipe,
            plan.parse_phases([]),
            run_id=self.run_id,
            namespace=NAMESPACE,
            rules=ImageRules(),
            rights=self.rights,
        )

    def run(
        self, during: Callable[[Execution, ReplayCluster, Event], None] = lambda *_: None
    ) -> Finished:
        """Execute the run; `during` is called with each event."""
        cluster = self.cluster or ReplayCluster(
            objects=list(self.objects), images=dict(self.images), outcomes=list(self.pods)
        )
        events: list[Event] = []
        kept: list[Outcome] = []
        diagnosed: dict[str, Mapping[str, str]] = {}
        with nullcontext(self.kube) if self.kube else served(cluster) as kube:

            def keep(outcome: Outcome) -> None:
                self.keep(outcome)
                kept.append(outcome)

            def diagnose(outcome: Outcome, files: Mapping[str, str]) -> None:
                self.diagnose(outcome, files)
                diagnosed[outcome.check] = {**diagnosed.get(outcome.check, {}), **files}

            def emit(event: Event) -> None:
                events.append(event)
                during(run, cluster, event)

            run = Execution(
                self.plan(),
                kube,
                RunContext(
                    self.run_id,
                    NAMESPACE,
                    "v0.0.0-test",
                    forwarded=self.forwarded,
                    placement=plan.Placement(node_selector=self.node_selector),
                ),
                settings=self.settings,
                executor=self.executor,
                keep=keep,
                diagnose=diagnose,
                emit=emit,
                earlier=self.earlier,
                clock=self.clock,
            )
            result = run.execute(self.record, {"validation": "{}\n", "snapshot": "{}\n"})
        return Finished(result, events, kept, cluster, diagnosed)


@contextmanager
def served(cluster: ReplayCluster, clock: Clock = SYSTEM_CLOCK) -> Iterator[Kube]:
    """Serve a cluster and connect to it as its administrator."""
    with TemporaryDirectory() as folder, cluster.serve() as server:
        path = Path(folder, "kubeconfig")
        server.write_kubeconfig(path)
        kube = connect(Credentials(str(path)), {}, patience_s=2.0, clock=clock)
        try:
            yield kube
        finally:
            kube.close()


def let_pass(cluster: ReplayCluster, check: str) -> None:
    """End the pod of a check that runs and has no exit code in its script."""
    wanted = {contract.LABEL_CHECK: check}
    (pod,) = (
        obj
        for obj in everything(cluster)
        if obj["kind"] == PODS.kind and wanted.items() <= obj["metadata"]["labels"].items()
    )
    (container,) = pod["status"]["containerStatuses"]
    ended = Ended(0, container["state"]["running"]["startedAt"], now())
    cluster.store.update(
        PODS,
        pod["metadata"]["namespace"],
        pod["metadata"]["name"],
        lambda pod: podstatus.final(podstatus.terminated(pod, container["name"], ended)),
    )


def everything(cluster: ReplayCluster) -> list[Json]:
    """All objects of a cluster."""
    return [obj for _, obj in cluster.store.everything()]
