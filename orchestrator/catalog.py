"""The catalog: which checks there are, what each may do, and for how long.

The format is the reference's; `available`, `requirement`, `locks`, `needs`, `workloads`, `retries`,
`patience` and `rbac` are ours.
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from helper import contract, documents
from helper.documents import Text
from helper.errors import InputError
from helper.models import PHASES
from helper.quantity import format_duration, parse_duration, parse_quantity
from orchestrator.errors import CatalogError, nearest, shown
from orchestrator.fields import MAX_PROBLEMS, rest

FILE = Path(__file__).with_name("catalog.yaml")
API_VERSION = "validator.nvidia.com/v1alpha1"
KIND = "ValidatorCatalog"
MAX_TIMEOUT_S = 75 * 60  # the reference's cap for a whole library run
MAX_RETRIES = 2
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
MAX_NAME = 49  # a Job name has 63 characters: `aicr-`, the name, `-` and eight hex digits

READING = frozenset({"get", "list", "watch"})
# A GET on these runs commands, or reaches what does.
COMMANDING = frozenset({"pods/attach", "pods/exec", "pods/portforward", "nodes/proxy"})

Phase = Literal["deployment", "conformance", "performance"]


class Strict(BaseModel):
    """A part of a file that is ours: unknown keys are errors."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel
    )


class Derive(StrEnum):
    """Rules that only the recipe knows."""

    EXPECTED_RESOURCES = "expectedResources"
    COMPONENT_NAMESPACES = "componentNamespaces"  # and those of expected resources
    HEALTH_CHECKS = "healthChecks"


class Workloads(StrEnum):
    """Whether a check makes workloads of its own, or anything else that others could notice."""

    NONE = "none"
    PARTLY = "partly"  # it has a half that only looks, and does that half at `--depth fast`
    ALWAYS = "always"  # it cannot judge without


class ComponentNamespace(Strict):
    """The namespace that the recipe gives a component."""

    component: Text


class Rule(Strict):
    """One right of a check; without a namespace it holds in the whole cluster."""

    api_groups: list[Text] = Field(default_factory=lambda: [""])
    resources: list[Text] = Field(default_factory=list)
    verbs: list[Text] = Field(default_factory=list)
    resource_names: list[Text] = Field(default_factory=list)
    namespace: Text | ComponentNamespace | None = None
    derive: Derive | None = None

    @property
    def writes(self) -> bool:
        """Whether it allows more than to look."""
        return bool(set(self.verbs) - READING or set(self.resources) & COMMANDING)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.derive and self.model_fields_set != {"derive"}:
            raise ValueError("derive stands alone: the recipe gives the rest")
        if not self.derive and not (self.resources and self.verbs):
            raise ValueError("resources and verbs must not be empty")
        if any("*" in item for item in (*self.api_groups, *self.resources, *self.verbs)):
            raise ValueError("no wildcards: name each group, resource and verb")
        return self


class EnvVar(Strict):
    """A literal variable of the check's container."""

    name: Text
    value: Text = ""

    @field_validator("name")
    @classmethod
    def _not_ours(cls, name: str) -> str:
        if name in contract.ENGINE_ENV:
            raise ValueError(f"{name} is set by the engine")
        return name


class Resources(Strict):
    """What the check's container asks for."""

    cpu: Text
    memory: Text

    @field_validator("cpu", "memory")
    @classmethod
    def _quantity(cls, value: str) -> str:
        if parse_quantity(value) <= 0:
            raise ValueError("must be above zero")
        return value


class DependencyAffinity(Strict):
    """Run the check near the pods of a component."""

    component_ref: Text = Field(min_length=1)
    pod_label_selector: dict[str, Text] = Field(min_length=1)
    requirement: Literal["preferred", "required"] = "preferred"
    topology_key: Text = "kubernetes.io/hostname"


def _seconds(value: Any) -> float:
    if not isinstance(value, str):
        raise ValueError("want a duration with its unit, for example 5m")  # noqa: TRY004
    seconds = parse_duration(value)
    if not 1 <= seconds < MAX_TIMEOUT_S:
        raise ValueError(f"{value} is no budget, want at least 1s and less than 75m")
    return seconds


Budget = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "description": "as Go writes durations: 5m, 1h30m"}),
]


class Patience(Strict):
    """How long the check's pod may be without a node, and without its image."""

    scheduling: Budget | None = None
    image_pull: Budget | None = None


class Needs(Strict):
    """GPUs that must be free when the check begins."""

    gpus: Annotated[int, Field(ge=1)] | Literal["all"] = Field(
        default=1, description="free GPUs on each of the nodes; all: nobody uses any of a node's"
    )
    nodes: int = Field(default=1, ge=1, description="nodes that must have as many")
    for_constraints: list[Text] = Field(
        default_factory=list,
        description="needed only where the recipe's phase has one of these constraints",
    )

    @property
    def words(self) -> str:
        """What is needed, as part of a sentence: `8 free GPUs on each of 2 nodes`."""
        where = f"each of {self.nodes} nodes" if self.nodes > 1 else "one node"
        if self.gpus == "all":
            return f"all GPUs of {where} free"
        return f"{self.gpus} free GPU{'s' if self.gpus > 1 else ''} on {where}"

    @property
    def brief(self) -> str:
        """The same for a cell of a table: `8 GPUs on 2 nodes`."""
        count = "1 GPU" if self.gpus == 1 else f"{self.gpus} GPUs"
        return f"{count} on {self.nodes} nodes" if self.nodes > 1 else count

    def are_asked_for(self, constraints: Iterable[str]) -> bool:
        """Whether a phase with these constraints lets the check come so far as to need them."""
        return not self.for_constraints or not set(constraints).isdisjoint(self.for_constraints)


class Entry(Strict):
    """One check as the catalog declares it."""

    name: Text
    phase: Phase
    description: Text = ""
    image: Text = Field(min_length=1)
    timeout: Budget = Field(
        default=contract.DEFAULT_CHECK_TIMEOUT_S,
        json_schema_extra={"default": format_duration(contract.DEFAULT_CHECK_TIMEOUT_S)},
    )
    args: list[Text] = Field(default_factory=list)
    env: list[EnvVar] = Field(default_factory=list)
    resources: Resources | None = None
    dependency_affinity: list[DependencyAffinity] = Field(default_factory=list)
    available: bool = True
    requirement: Text = ""
    locks: list[Text] = Field(default_factory=list)
    needs: Needs | None = None
    workloads: Workloads | None = None
    retries: int = Field(default=0, ge=0, le=MAX_RETRIES)
    patience: Patience = Field(default_factory=Patience)
    rbac: list[Rule] = Field(default_factory=list)
    _is_external: bool = PrivateAttr(default=False)

    @field_validator("name")
    @classmethod
    def _is_object_name(cls, name: str) -> str:
        if not NAME.fullmatch(name) or len(name) > MAX_NAME:
            raise ValueError(f"want lower-case letters, digits and dashes, at most {MAX_NAME}")
        return name

    @property
    def timeout_s(self) -> float:
        """The check's budget in seconds."""
        return self.timeout

    @property
    def makes(self) -> Workloads:
        """Whether it makes workloads; one that does not say, and may write, always does."""
        if self.workloads is not None:
            return self.workloads
        return Workloads.ALWAYS if any(rule.writes for rule in self.rbac) else Workloads.NONE

    @property
    def is_external(self) -> bool:
        """Whether the check did not come with this program."""
        return self._is_external

    def as_external(self) -> Self:
        """This check, as one that somebody else wrote."""
        entry = self.model_copy()
        entry._is_external = True  # noqa: SLF001 - its own kind's
        return entry


class Metadata(Strict):
    """Name and version of a catalog."""

    name: Text = ""
    version: Text = ""


class Catalog(Strict):
    """All checks, in the order in which reports list them."""

    api_version: Text = ""
    kind: Text = ""
    metadata: Metadata | None = None
    validators: list[Entry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        for given, wanted, field in (
            (self.api_version, API_VERSION, "apiVersion"),
            (self.kind, KIND, "kind"),
        ):
            if given != wanted and (given or self.metadata):
                raise ValueError(f"{field} is {given!r}, want {wanted!r}")
        names = [entry.name for entry in self.validators]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"more than one entry is named {', '.join(twice)}")
        return self

    def of_phase(self, phase: str) -> list[Entry]:
        """The entries of one phase."""
        return [entry for entry in self.validators if entry.phase == phase]

    def find(self, name: str) -> Entry | None:
        """The entry of that name."""
        return next((entry for entry in self.validators if entry.name == name), None)


def built_in() -> Catalog:
    """The catalog that comes with this program."""
    return parse(FILE.read_bytes(), FILE.name)


def parse(data: bytes | str, source: str) -> Catalog:
    """Read a catalog; CatalogError lists the problems by entry and field."""
    try:
        document = documents.load_mapping(data, source)
        return Catalog.model_validate(document)
    except InputError as error:
        raise CatalogError(str(error)) from error
    except ValidationError as error:
        found = error.errors(include_url=False)
        lines = [_problem(document, item) for item in found[:MAX_PROBLEMS]]
        raise CatalogError(f"{source}: {'; '.join(lines)}{rest(found)}") from error


def _problem(document: dict[str, Any], item: Any) -> str:
    """Write `entry NAME, field path: problem`, with the nearest known key for a misspelt one."""
    path = list(item["loc"])
    where = ""
    if path[:1] == ["validators"] and len(path) > 1 and isinstance(path[1], int):
        entry = document["validators"][path[1]]
        name = entry.get("name") if isinstance(entry, dict) else None
        where = f"entry {name or '#' + str(path[1])}, "
        path = path[2:]
    # Where a text or a mapping may stand, pydantic puts what it tried into the path.
    steps = [str(step) for step in path if not str(step).startswith(("function-", "Component"))]
    field = ".".join(steps) or "catalog"
    problem = item["msg"].removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        problem = f"unknown key{nearest(str(path[-1]), _keys())}"
    if "phase" in field and item["type"] == "literal_error":
        problem = f"{shown(item['input'])} is no phase, want one of {', '.join(PHASES)}"
        problem += nearest(str(item["input"]), PHASES)
    return f"{where}{field}: {problem}"


def _keys() -> Sequence[str]:
    models: list[type[BaseModel]] = [
        Catalog,
        Metadata,
        Entry,
        EnvVar,
        Resources,
        DependencyAffinity,
        Patience,
        Needs,
        Rule,
        ComponentNamespace,
    ]
    return [field.alias or name for model in models for name, field in model.model_fields.items()]
