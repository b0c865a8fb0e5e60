"""The recipe: read, checked, and turned into what checks find mounted."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from helper import documents
from helper.errors import InputError
from helper.models import PHASES, Snapshot, ValidationInput, problems
from orchestrator import policy
from orchestrator.errors import RecipeError, nearest

API_VERSION = "aicr.run/v1alpha2"
KIND = "RecipeResult"
BLOCKS = ("readiness", *PHASES)
BLOCK_KEYS = ("checks", "constraints", "timeout", "nodeSelection", "infrastructure")
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
    metadata = raw.get("metadata") if isinstance(raw.get("metadata"), dict) else {}
    version = str(documents.raw_text((metadata or {}).get("version") or ""))
    document = {
        "apiVersion": INPUT_API_VERSION,
        "kind": "ValidationInput",
        "metadata": {"version": version} if version else {},
        "componentRefs": raw.get("componentRefs") or [],
        "criteria": raw.get("criteria") or {},
        "constraints": raw.get("constraints") or [],
        "config": raw.get("validation") or {},
    }
    _check_phases(document["config"], source)
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
    warnings = (f"{source}: {decision.warning}",) if decision.warning else ()
    return Recipe(source, document, parsed, version, warnings)


def parse_snapshot(data: bytes | str, source: str) -> Snapshot:
    """Read a snapshot; RecipeError names file, field and problem."""
    try:
        raw = documents.load_mapping(data, source)
        _check_header(raw, source, "Snapshot")
        return Snapshot.model_validate(raw)
    except InputError as error:
        raise RecipeError(str(error)) from error
    except ValidationError as error:
        raise RecipeError(f"{source}: {problems(error)}") from error


def _check_phases(config: Any, source: str) -> None:
    """Refuse a misspelt phase or key: it would take checks away without a word."""
    if not isinstance(config, dict):
        return
    for phase, block in config.items():
        if phase not in BLOCKS:
            known = ", ".join(BLOCKS)
            hint = nearest(str(phase), BLOCKS)
            raise RecipeError(f"{source}: validation.{phase}: no phase, want one of {known}{hint}")
        for key in block if isinstance(block, dict) else ():
            if key not in BLOCK_KEYS:
                hint = nearest(str(key), BLOCK_KEYS)
                raise RecipeError(f"{source}: validation.{phase}.{key}: unknown key{hint}")


def _check_header(raw: dict[str, Any], source: str, kind: str) -> None:
    given = raw.get("apiVersion") or API_VERSION
    if given != API_VERSION:
        raise RecipeError(f"{source}: apiVersion is {given!r}, want {API_VERSION!r}; regenerate it")
    given = raw.get("kind") or kind
    if given != kind:
        raise RecipeError(f"{source}: kind is {given!r}, want {kind!r}")
