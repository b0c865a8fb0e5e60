"""Everything that a check may use, built once from environment and mounted files."""

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from helper import contract, documents
from helper.credentials import Credentials
from helper.deadline import Deadline
from helper.depth import Depth, parse_depth
from helper.errors import InputError
from helper.evidence import Evidence
from helper.kube import Kube, connect
from helper.models import Document, Snapshot, ValidationInput, problems
from helper.placement import Toleration, parse_selector, parse_tolerations

MAX_INPUT_BYTES = 16 * 1024 * 1024  # an unpacked snapshot; a ConfigMap itself is below 1 MiB

Model = TypeVar("Model", bound=Document)


@dataclass(frozen=True)
class Context:
    """What a check receives; its environment, clock and cluster are only here."""

    kube: Kube
    recipe: ValidationInput
    snapshot: Snapshot
    evidence: Evidence = field(repr=False)
    deadline: Deadline
    namespace: str
    run_id: str
    image: str  # what this check runs as; load and probe pods use it too
    node_selector: dict[str, str] | None  # None: the check's own choice
    tolerations: list[Toleration] | None  # None: the check's own choice
    env: Mapping[str, str]  # the knobs that the catalog sets
    depth: Depth = Depth.FULL  # fast: nothing may be made


def load_context(
    env: Mapping[str, str], root: Path, evidence: Evidence, deadline: Deadline
) -> Context:
    """Read inputs and connect; InputError names the file or variable that is no use."""
    given = {key: value for key, value in env.items() if value.strip()}
    validation = _read_input(
        given,
        root,
        (contract.VALIDATION_PATH, contract.VALIDATION_FILE),
        (contract.RECIPE_PATH, contract.RECIPE_FILE),
    )
    snapshot = _read_input(given, root, (contract.SNAPSHOT_PATH, contract.SNAPSHOT_FILE))
    selector, tolerations = given.get(contract.NODE_SELECTOR), given.get(contract.TOLERATIONS)
    return Context(
        kube=connect(
            Credentials.discover(given, root=root),
            given,
            forbidden_grace_s=contract.FRESH_BINDING_S,
            clock=deadline.clock,
        ),
        recipe=_parse(ValidationInput, _as_validation_input(validation), "validation input"),
        snapshot=_parse(Snapshot, snapshot, "snapshot"),
        evidence=evidence,
        deadline=deadline,
        namespace=_namespace(given, root),
        run_id=given.get(contract.RUN_ID, ""),
        image=given.get(contract.IMAGE, ""),
        node_selector=parse_selector(selector) if selector else None,
        tolerations=parse_tolerations(tolerations) if tolerations else None,
        env=given,
        depth=parse_depth(given.get(contract.DEPTH, "")),
    )


def _read_input(env: Mapping[str, str], root: Path, *places: tuple[str, str]) -> dict[str, Any]:
    """Read the first of some documents; empty only when nobody said that there is one."""
    for variable, default in places:
        named = env.get(variable)
        path = root / (named or default).lstrip("/")
        packed = path.with_name(path.name + ".gz")
        if path.is_file():
            return documents.load_mapping(_bytes(path), str(path), MAX_INPUT_BYTES)
        if packed.is_file():
            return documents.load_mapping(_unpack(packed), str(packed), MAX_INPUT_BYTES)
        if named:
            raise InputError(f"{variable} names {named}: no such file")
    return {}


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) as file:
            return file.read(MAX_INPUT_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: no gzip file: {error}") from error


def _as_validation_input(document: dict[str, Any]) -> dict[str, Any]:
    """Accept a recipe, mounted by older orchestrators, in place of a validation input."""
    if "config" not in document and isinstance(document.get("validation"), dict):
        return {**document, "config": document["validation"]}
    return document


def _parse(model: type[Model], document: dict[str, Any], what: str) -> Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputError(f"{what}: {problems(error)}") from error


def _namespace(env: Mapping[str, str], root: Path) -> str:
    file = root / contract.SERVICE_ACCOUNT_DIR.lstrip("/") / "namespace"
    own = file.read_text().strip() if file.is_file() else ""
    return own or env.get(contract.NAMESPACE, "default")
