"""A run on the real cluster in a few words: entries whose image ends as it is told."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from helper import contract
from helper.kinds import PODS
from helper.kube import Kube
from helper.models import ValidationInput
from helper.resource import Json
from orchestrator import plan
from orchestrator.catalog import Catalog
from orchestrator.events import Event
from orchestrator.execution import Execution
from orchestrator.images import ImageRules
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome
from orchestrator.plan import Placement
from orchestrator.result import RunResult
from orchestrator.settings import RunSettings
from tests.e2e.leftovers import left_behind
from tests.e2e.times import Stopwatch, Times

PHASE = "conformance"
PATIENCE_S = 8.0  # of a command's connection; tests ask for longer


@dataclass
class RealRun:
    """What to run, and where; entries are those of a catalog."""

    kube: Kube
    namespace: str
    entries: Sequence[Json]
    settings: RunSettings = field(default_factory=RunSettings)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    run_id: str = field(default_factory=plan.new_run_id)
    placement: Placement = field(default_factory=Placement)
    auditor: Kube | None = None  # looks for what is left in place of `kube`

    def plan(self) -> plan.Plan:
        """The plan of the run: all entries."""
        config: Json = {}
        for item in self.entries:
            config.setdefault(item["phase"], {"checks": []})["checks"].append(item["name"])
        return plan.build(
            Catalog.model_validate({"validators": list(self.entries)}),
            ValidationInput.model_validate({**self.recipe, "config": config}),
            plan.parse_phases([]),
            run_id=self.run_id,
            namespace=self.namespace,
            rules=ImageRules(),
        )

    def execute(self, during: Callable[[Event], None] = lambda _: None) -> "Finished":
        """Execute the run; `during` hears each event, and the check waits until it has."""
        watch = Stopwatch()

        def emit(event: Event) -> None:
            watch.hear(event)
            during(event)

        run = Execution(
            self.plan(),
            self.kube.patient(PATIENCE_S),
            RunContext(self.run_id, self.namespace, "v0.0.0-e2e", placement=self.placement),
            settings=self.settings,
            emit=emit,
        )
        result = run.execute({}, {"validation": "{}\n", "snapshot": "{}\n"})
        left = left_behind(self.auditor or self.kube, self.run_id)
        return Finished(result, left, watch.times)


@dataclass(frozen=True)
class Finished:
    """What came of a run, and what it left."""

    result: RunResult
    left: list[str]
    times: Mapping[str, Times]  # by check

    def outcome(self, check: str) -> Outcome:
        """The outcome of one check."""
        found = [o for phase in self.result.phases for o in phase.outcomes if o.check == check]
        assert len(found) == 1, f"{len(found)} outcomes of {check}"
        return found[0]


def entry(check: str, image: str, *args: str, **changes: Any) -> Json:
    """One catalog entry without rights."""
    return {"name": check, "phase": PHASE, "image": image, "args": list(args), **changes}


def pod_of(kube: Kube, namespace: str, check: str) -> Json:
    """The one pod of a check."""
    (found,) = kube.list(PODS, namespace, labels=f"{contract.LABEL_CHECK}={check}")
    return found
