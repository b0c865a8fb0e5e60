"""The recipe: read, checked, and turned into what checks find mounted."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from helper import documents
from helper.errors import InputError
from helper.models import Snapshot, ValidationInput, problems
from orchestrator import fields, policy
from orchestrator.coherence import incoherent
from orchestrator.components import placed
from orchestrator.errors import RecipeError, nearest, shown
from orchestrator.recipe_file import Phase, RecipeFile, Validation

MAX_NOTES = 20  # unknown keys that are told one by one
MAX_SLIPS = 8
OTHER_KINDS = {
    "RecipeMetadata": "an overlay; resolve it to a complete recipe first, with `aicr recipe`",
    "RecipeMixin": "a part of recipes; resolve a complete one first, with `aicr recipe`",
}
# Keys that tell what a document without a header is.
SIGNS = {"Snapshot": "measurements", "RecipeResult": "componentRefs"}
API_VERSION = "aicr.run/v1alpha2"
KIND = "RecipeResult"
INPUT_API_VERSION = "validator.nvidia.com/v1alpha1"


@dataclass(frozen=True)
class Recipe:
    """A recipe and the validation input made of it."""

    source: str
    document: dict[str, Any]  # the validation input as it is mounted
    input: ValidationInput
    version: str
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The mounted document; equal recipes give equal bytes."""
        return documents.dump(self.document)


def parse(data: bytes | str, source: str) -> Recipe:
    """Read a hydrated recipe; RecipeError names file, field and problem."""
    try:
        raw = documents.load_mapping(data, source)
    except InputError as error:
        raise RecipeError(str(error)) from error
    _check_header(raw, source, KIND)
    file = _read(raw, source)
    version = file.metadata.version if file.metadata else ""
    components, added = placed(raw.get("componentRefs") or [])
    document = {
        "apiVersion": INPUT_API_VERSION,
        "kind": "ValidationInput",
        "metadata": {"version": version} if version else {},
        "componentRefs": components,
        "criteria": raw.get("criteria") or {},
        "constraints": raw.get("constraints") or [],
        "config": raw.get("validation") or {},
    }
    try:
        parsed = ValidationInput.model_validate(document)
        decision = policy.decide(parsed)
    except ValidationError as error:
        where = problems(error).replace("config.", "validation.")
        raise RecipeError(f"{source}: {where}") from error
    except RecipeError as error:
        raise RecipeError(f"{source}: {error}") from error
    document["gpuAllocationPolicy"] = str(decision.policy)
    parsed = parsed.model_copy(update={"gpu_allocation_policy": decision.policy})
    notes = [*_notes(file), *added, *([decision.warning] if decision.warning else [])]
    return Recipe(source, document, parsed, version, tuple(f"{source}: {note}" for note in notes))


def _read(raw: dict[str, Any], source: str) -> RecipeFile:
    try:
        file = RecipeFile.model_validate(raw)
    except ValidationError as error:
        raise RecipeError(f"{source}: {fields.problems(error, RecipeFile)}") from error
    slips = [str(key) for key in fields.unknown(file) if key.is_slip]
    if slips:
        raise RecipeError(f"{source}: unknown key {'; unknown key '.join(slips[:MAX_SLIPS])}")
    wrong = incoherent(file.component_refs)
    if wrong:
        raise RecipeError(f"{source}: recipe has incoherent component ref(s): {'; '.join(wrong)}")
    return file


def _notes(file: RecipeFile) -> Iterator[str]:
    """What the recipe says without effect."""
    unknown = fields.unknown(file)
    for key in unknown[:MAX_NOTES]:
        yield f"unknown key {key}, is ignored"
    if len(unknown) > MAX_NOTES:
        yield f"{len(unknown) - MAX_NOTES} more unknown keys are ignored"
    if not file.component_refs:
        yield "componentRefs is empty, so that checks of components have nothing to judge"
    for item in file.component_refs:
        enabled = item.overrides.get("enabled")
        if enabled is not None and not isinstance(enabled, bool):
            given = f"component {item.name}: overrides.enabled is {shown(enabled)}"
            yield f"{given}, want true or false; it counts as enabled"
    ignored = list(_ignored(file.validation)) if file.validation else []
    if ignored:
        yield f"{', '.join(ignored)} ignored by this version"


def _ignored(validation: Validation) -> Iterator[str]:
    """Known keys of phases that nothing acts upon."""
    for name, field in Validation.model_fields.items():
        phase: Phase | None = getattr(validation, name)
        if phase is None:
            continue
        nodes = phase.node_selection
        told: dict[str, object] = {
            "infrastructure": phase.infrastructure,
            "nodeSelection.maxNodes": nodes and nodes.max_nodes,
            "nodeSelection.excludeNodes": nodes and nodes.exclude_nodes,
        }
        if name == "readiness":  # it is held against the snapshot and starts nothing
            told |= {
                "timeout": phase.timeout,
                "checks": phase.checks,
                "nodeSelection.selector": nodes and nodes.selector,
            }
        yield from (f"validation.{field.alias}.{key}" for key, value in told.items() if value)


def parse_snapshot(data: bytes | str, source: str) -> Snapshot:
    """Read a snapshot; RecipeError names file, field and problem."""
    try:
        raw = documents.load_mapping(data, source)
        _check_header(raw, source, "Snapshot")
        if raw.get("measurements") is None:
            raise RecipeError(f"{source}: measurements is missing, it is what a snapshot holds")
        return Snapshot.model_validate(raw)
    except InputError as error:
        raise RecipeError(str(error)) from error
    except ValidationError as error:
        raise RecipeError(f"{source}: {problems(error)}") from error


def _check_header(raw: dict[str, Any], source: str, kind: str) -> None:
    given = raw.get("apiVersion") or API_VERSION
    if given != API_VERSION:
        raise RecipeError(
            f"{source}: apiVersion is {shown(given)}, want {API_VERSION!r}; regenerate it"
        )
    given = raw.get("kind") or kind
    if given != kind:
        what = OTHER_KINDS.get(str(given))
        hint = f", {what}" if what and kind == KIND else nearest(str(given), [kind])
        raise RecipeError(f"{source}: kind is {shown(given)}, want {kind!r}{hint}")
    for other, sign in SIGNS.items():
        if other != kind and sign in raw and raw.get(SIGNS[kind]) is None:
            raise RecipeError(f"{source}: has {sign}; this looks like a {other}, want a {kind}")
