"""The documents that a check finds mounted: validation input and snapshot.

Others write them, so unknown keys are ignored; what we use is typed.
"""

from enum import StrEnum
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from helper.documents import Text

PHASES = ("deployment", "conformance", "performance")  # in the order in which they run


class Policy(StrEnum):
    """How GPUs are handed to pods, as the recipe decides it."""

    DEVICE_PLUGIN = "device-plugin-extended-resource"
    DRA_CLAIM = "dra-resource-claim"
    DRA_EXTENDED = "dra-extended-resource"
    UNSPECIFIED = "unspecified"


class Document(BaseModel):
    """A part of a document that somebody else writes."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, populate_by_name=True, alias_generator=to_camel
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """Read `key:` without a value as if the key were not there."""
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value


class ExpectedResource(Document):
    """An object that a component must have created."""

    kind: Text
    name: Text
    namespace: Text = ""


class ComponentRef(Document):
    """One component of a recipe."""

    name: Text
    namespace: Text = ""
    chart: Text = ""
    version: Text = ""
    type: Text = ""
    overrides: dict[str, Any] = Field(default_factory=dict)
    expected_resources: list[ExpectedResource] = Field(default_factory=list)
    health_check_skip: bool = False

    @property
    def enabled(self) -> bool:
        """Only the boolean false in `overrides.enabled` disables a component."""
        return self.overrides.get("enabled") is not False


class Constraint(Document):
    """A named expression that must hold."""

    name: Text
    value: Text
    severity: Text = "error"
    remediation: Text = ""
    unit: Text = ""


class NodeSelection(Document):
    """Nodes that the workloads of a phase are for."""

    selector: dict[str, Text] = Field(default_factory=dict)


class PhaseConfig(Document):
    """What the recipe says of one phase."""

    checks: list[Text] = Field(default_factory=list)
    constraints: list[Constraint] = Field(default_factory=list)
    timeout: Text = ""
    node_selection: NodeSelection = NodeSelection()


class Criteria(Document):
    """What the recipe was made for."""

    service: Text = ""
    accelerator: Text = ""
    intent: Text = ""
    os: Text = ""
    platform: Text = ""
    nodes: int = 0


class ValidationInput(Document):
    """The recipe as a check sees it; all of it optional, for checks started by hand."""

    component_refs: list[ComponentRef] = Field(default_factory=list)
    criteria: Criteria = Criteria()
    constraints: list[Constraint] = Field(default_factory=list)
    config: dict[str, PhaseConfig] = Field(default_factory=dict)
    gpu_allocation_policy: Policy = Policy.UNSPECIFIED

    @field_validator("gpu_allocation_policy", mode="before")
    @classmethod
    def _empty_is_unspecified(cls, value: Any) -> Any:
        return Policy.UNSPECIFIED if value == "" else value

    @field_validator("config", mode="before")
    @classmethod
    def _null_phase_is_empty(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: {} if phase is None else phase for key, phase in value.items()}
        return value

    @property
    def is_empty(self) -> bool:
        """Whether there is no recipe: nothing is in or out of scope then."""
        return not self.model_fields_set

    def component(self, name: str) -> ComponentRef | None:
        """The component of that name, enabled or not."""
        return next((ref for ref in self.component_refs if ref.name == name), None)

    def enabled(self, *names: str) -> ComponentRef | None:
        """The first of these components that is enabled."""
        found = (self.component(name) for name in names)
        return next((ref for ref in found if ref and ref.enabled), None)

    def constraint(self, phase: str, name: str) -> Constraint | None:
        """A phase's constraint by its exact name."""
        of_phase = self.config.get(phase, PhaseConfig()).constraints
        return next((item for item in of_phase if item.name == name), None)


class Subtype(Document):
    """One group of readings."""

    subtype: str
    data: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any] = Field(default_factory=dict)
    items: list[dict[str, Any]] = Field(default_factory=list)


class Measurement(Document):
    """All readings of one type: K8s, GPU, OS, SystemD, NodeTopology or NetworkTopology."""

    type: str
    subtypes: list[Subtype] = Field(default_factory=list)


class Snapshot(Document):
    """What was measured of a cluster."""

    api_version: str = ""
    kind: str = ""
    metadata: dict[str, Any] = Field(default_factory=dict)
    measurements: list[Measurement] = Field(default_factory=list)


def problems(error: ValidationError) -> str:
    """Fold pydantic's many lines into `path: problem; path: problem`."""
    found = []
    for item in error.errors(include_url=False, include_input=False):
        path = ".".join(str(step) for step in item["loc"]) or "document"
        found.append(f"{path}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(found[:5]) + (f"; and {len(found) - 5} more" if len(found) > 5 else "")  # noqa: PLR2004
