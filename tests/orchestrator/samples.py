"""Good values that tests of the engine's pure modules change in one place."""

from typing import Any

from helper.models import ValidationInput
from helper.placement import Toleration
from orchestrator.catalog import Catalog
from orchestrator.images import ImageRules
from orchestrator.manifests import RunContext
from orchestrator.outcome import Outcome, PhaseResult, Split, Status
from orchestrator.plan import Placement, Plan, PlannedCheck, build

Json = dict[str, Any]

RUN_ID = "20260102-030405-0123456789abcdef"
NAMESPACE = "aicr-validation"
OWNER = {"apiVersion": "v1", "kind": "ConfigMap", "name": f"aicr-run-{RUN_ID}", "uid": "u-1"}
IMAGE = "ghcr.io/aicr-orch/validator-conformance"


def entry(name: str = "alpha", **changes: Any) -> Json:
    """A catalog entry as its file has it."""
    return {
        "name": name,
        "phase": "conformance",
        "image": f"{IMAGE}:v1",
        "args": [name],
        **changes,
    }


def recipe(*checks: str, phase: str = "conformance", **changes: Any) -> ValidationInput:
    """A validation input that selects checks of one phase."""
    return ValidationInput.model_validate({"config": {phase: {"checks": list(checks)}}, **changes})


def component(name: str = "gpu-operator", **changes: Any) -> Json:
    """An enabled component of a recipe."""
    return {"name": name, "namespace": name, **changes}


def plan(*entries: Json, given: ValidationInput | None = None, **changes: Any) -> Plan:
    """A plan of these entries, all of them selected, with object names that tell the check."""
    catalog = Catalog.model_validate({"validators": list(entries)})
    return build(
        catalog,
        given or recipe(*(item["name"] for item in entries)),
        changes.pop("phases", ["conformance"]),
        run_id=RUN_ID,
        namespace=NAMESPACE,
        rules=changes.pop("rules", ImageRules()),
        rights=changes.pop("rights", None),
        name_object=lambda check: f"aicr-{check}-00000000",
    )


def planned(given: ValidationInput | None = None, **changes: Any) -> PlannedCheck:
    """One planned check; changes are those of its catalog entry."""
    one = entry(**changes)
    if given is not None:
        given = given.model_copy(update={"config": recipe(one["name"]).config})
    return plan(one, given=given).checks[0]


def context(**changes: Any) -> RunContext:
    """What the Jobs of a run share."""
    return RunContext(RUN_ID, NAMESPACE, "v1.2.3", **changes)


def full_context() -> RunContext:
    """A run with every option set."""
    return context(
        commit="abc1234",
        image_registry="registry.example/team",
        image_tag="v9",
        debug=True,
        placement=Placement(
            pull_secrets=("pull",),
            node_selector={"pool": "gpu", "arch": "amd64"},
            tolerations=(Toleration(), Toleration("gpu", "yes", "NoSchedule")),
        ),
        taint_keys=("nvidia.com/gpu",),
        owner=OWNER,
    )


def full_check() -> PlannedCheck:
    """A check with rights of every kind."""
    one = entry(
        "operator-health",
        phase="deployment",
        timeout="2m",
        env=[{"name": "KNOB", "value": "1"}],
        rbac=[
            {"resources": ["nodes"], "verbs": ["list"]},
            {"resources": ["pods"], "verbs": ["list"], "namespace": {"component": "gpu-operator"}},
            {"resources": ["pods/log"], "verbs": ["get"], "namespace": NAMESPACE},
        ],
        dependencyAffinity=[
            {"componentRef": "gpu-operator", "podLabelSelector": {"app": "gpu-operator"}}
        ],
    )
    given = recipe("operator-health", phase="deployment", componentRefs=[component()])
    return plan(one, given=given, phases=["deployment"]).checks[0]


def outcome(check: str = "alpha", status: Status = Status.PASSED, **changes: Any) -> Outcome:
    """The outcome of a check that ran for a second."""
    return Outcome(
        check, changes.pop("phase", "conformance"), status, **{"split": Split(run_s=1.0), **changes}
    )


def phase(*outcomes: Outcome, name: str = "conformance", **changes: Any) -> PhaseResult:
    """A phase with these outcomes."""
    return PhaseResult(name, outcomes, **changes)
