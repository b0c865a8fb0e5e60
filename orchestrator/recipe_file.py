"""The models of a recipe file. Others write it: most unknown keys are taken and told."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    field_validator,
    model_validator,
)

from helper.documents import Text
from helper.models import Document
from helper.quantity import parse_duration
from orchestrator.errors import shown
from orchestrator.fields import check_labels

RESERVED = "deployer"  # the reference's name for its own component


def _severity(value: Any) -> Any:
    return value or "error"


Severity = Annotated[Literal["error", "warning"], BeforeValidator(_severity)]


class Part(Document):
    """A part of the file; a key without a value is not there."""

    model_config = ConfigDict(extra="allow", populate_by_name=False)


class Constraint(Part):
    """A named expression that must hold."""

    name: Text
    value: Text
    severity: Severity = "error"
    remediation: Text = ""
    unit: Text = ""


class ExpectedResource(Part):
    """An object that a component must have created."""

    kind: Text
    name: Text
    namespace: Text = ""


class Component(Part):
    """One component, and where it comes from."""

    name: Text
    type: Text = ""
    namespace: Text = ""
    chart: Text = ""
    source: Text = ""
    version: Text = ""
    tag: Text = ""
    path: Text = ""
    values_file: Text = ""
    overrides: dict[str, Any] = Field(default_factory=dict)
    dependency_refs: list[Text] = Field(default_factory=list)
    manifest_files: list[Text] = Field(default_factory=list)
    pre_manifest_files: list[Text] = Field(default_factory=list)
    patches: list[Any] = Field(default_factory=list)
    cleanup: StrictBool = False
    expected_resources: list[ExpectedResource] = Field(default_factory=list)
    health_check_asserts: Text = ""
    health_check_skip: StrictBool = False

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name == RESERVED:
            raise ValueError(f"{RESERVED} is a reserved name")
        return name

    @property
    def enabled(self) -> bool:
        """Only the boolean false in `overrides.enabled` disables a component."""
        return self.overrides.get("enabled") is not False


class Criteria(Part):
    """What the recipe was made for."""

    service: Text = ""
    accelerator: Text = ""
    intent: Text = ""
    os: Text = ""
    platform: Text = ""
    nodes: int = Field(default=0, ge=0)


class NodeSelection(Part):
    """Nodes that the workloads of a phase are for."""

    selector: dict[str, Text] = Field(default_factory=dict)
    max_nodes: int | None = None
    exclude_nodes: list[Text] = Field(default_factory=list)

    @field_validator("selector")
    @classmethod
    def _is_made_of_labels(cls, selector: dict[str, str]) -> dict[str, str]:
        check_labels(selector)
        return selector


class Strict(Part):
    """A part in which a misspelt key would take checks away without a word."""

    model_config = ConfigDict(extra="forbid")


class Phase(Strict):
    """What the recipe says of one phase."""

    timeout: Text = ""
    constraints: list[Constraint] = Field(default_factory=list)
    checks: list[Text] = Field(default_factory=list)
    node_selection: NodeSelection | None = None
    infrastructure: Text = ""

    @field_validator("timeout")
    @classmethod
    def _is_a_duration(cls, timeout: str) -> str:
        if timeout and parse_duration(timeout) < 0:
            raise ValueError(f"is {timeout}, want 0 or more")
        return timeout

    @field_validator("constraints")
    @classmethod
    def _each_name_once(cls, constraints: list[Constraint]) -> list[Constraint]:
        _no_name_twice(constraints)
        return constraints


class Validation(Strict):
    """The phases; readiness only has constraints."""

    readiness: Phase | None = None
    deployment: Phase | None = None
    conformance: Phase | None = None
    performance: Phase | None = None


class Metadata(Part):
    """How the recipe came about."""

    version: Text = ""
    applied_overlays: list[Text] = Field(default_factory=list)
    excluded_overlays: list[Any] = Field(default_factory=list)  # names in older files
    constraint_warnings: list[Any] = Field(default_factory=list)


class RecipeFile(Part):
    """The whole file."""

    api_version: Literal["aicr.run/v1alpha2", ""] = ""
    kind: Literal["RecipeResult", ""] = ""
    metadata: Metadata | None = None
    criteria: Criteria | None = None
    constraints: list[Constraint] = Field(default_factory=list)
    component_refs: list[Component] = Field(default_factory=list)
    deployment_order: list[Text] = Field(default_factory=list)
    validation: Validation | None = None

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        _no_name_twice(self.constraints, "constraints: ")
        _no_name_twice(self.component_refs, "componentRefs: ")
        return self


def _no_name_twice(items: Iterable[Constraint | Component], where: str = "") -> None:
    """Two of one name would contradict each other, and one of them would silently win."""
    seen: set[str] = set()
    for item in items:
        if item.name in seen:
            raise ValueError(f"{where}{shown(item.name)} appears twice")
        seen.add(item.name)
