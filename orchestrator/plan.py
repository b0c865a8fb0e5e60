"""From catalog, recipe and options to the ordered checks of a run, without any I/O."""

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from helper import contract
from helper.check import SkipCode
from helper.depth import Depth
from helper.models import PHASES, PhaseConfig, ValidationInput
from helper.placement import Toleration
from helper.quantity import parse_duration
from orchestrator.catalog import Catalog, DependencyAffinity, Entry, Needs
from orchestrator.errors import RecipeError, UsageError, nearest
from orchestrator.images import ImageRules, chosen
from orchestrator.rights import Grants, Rights, grants

RUN_ID = re.compile(r"([0-9]{8}-[0-9]{6})-[0-9a-f]{16}")
RUN_ID_FORM = "want YYYYMMDD-HHMMSS, a time that there is, and 16 hex digits"
NOT_BUILT = "not implemented in this version"


@dataclass(frozen=True)
class Near:
    """Run near the pods of a component."""

    namespace: str
    affinity: DependencyAffinity


@dataclass(frozen=True)
class PlannedCheck:
    """One check of a run, with everything that its Job needs."""

    name: str
    phase: str
    object_name: str  # of its Job and of its identity; unique in time
    image: str = ""
    pull_policy: str = ""
    entry: Entry | None = None
    grants: Grants = field(default_factory=Grants)
    near: tuple[Near, ...] = ()
    node_selector: Mapping[str, str] = field(default_factory=dict)  # of the recipe, for workloads
    needs: Needs | None = None  # None: no GPU, or the recipe asks nothing of it
    refusal: str = ""  # why it cannot run at all; then no object is ever made for it
    skip: SkipCode | None = None  # it is skipped with this for its refusal; None: no verdict
    depth: Depth = Depth.FULL

    @property
    def timeout_s(self) -> float:
        """The check's own budget in seconds."""
        return self.entry.timeout_s if self.entry else 0.0

    @property
    def locks(self) -> frozenset[str]:
        """What it must have for itself while it runs; who only reads disturbs nobody."""
        if self.entry is None or self.refusal or self.depth is Depth.FAST:
            return frozenset()
        return frozenset(self.entry.locks)

    def left_out(self, why: str, code: SkipCode) -> Self:
        """This check as one that is skipped: without image and rights, no object is made for it."""
        return replace(
            self,
            image="",
            pull_policy="",
            grants=Grants(),
            near=(),
            needs=None,
            refusal=why,
            skip=code,
        )


@dataclass(frozen=True)
class PhasePlan:
    """The checks of one phase in catalog order."""

    phase: str
    checks: tuple[PlannedCheck, ...] = ()
    timeout_s: float = 0.0  # bound for the phase as a whole; 0 for none


@dataclass(frozen=True)
class Plan:
    """A run before it starts."""

    run_id: str
    namespace: str
    phases: tuple[PhasePlan, ...]
    warnings: tuple[str, ...] = ()

    @property
    def checks(self) -> Sequence[PlannedCheck]:
        """All checks of all phases."""
        return [planned for phase in self.phases for planned in phase.checks]


@dataclass(frozen=True)
class Placement:
    """What the operator says about where and how pods run."""

    pull_secrets: tuple[str, ...] = ()
    node_selector: dict[str, str] | None = None  # for workloads of checks, never for checks
    tolerations: tuple[Toleration, ...] | None = None  # likewise


def parse_run_id(text: str) -> datetime | None:
    """When the run of this name began; None for what is no name of a run."""
    match = RUN_ID.fullmatch(text)
    if not match:
        return None
    try:
        return datetime.strptime(match[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:  # the 32nd of December
        return None


def new_run_id(now: datetime | None = None) -> str:
    """A name for a run: when it began (UTC), and 64 random bits."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(8)}"


def new_object_name(check: str) -> str:
    """A name for a check's Job and identity."""
    return f"{contract.OBJECT_PREFIX}{check}-{secrets.token_hex(4)}"


def parse_phases(names: Iterable[str]) -> tuple[str, ...]:
    """Read the phase selection; listed phases keep the order given, `all` the canonical one."""
    given = list(dict.fromkeys(names))
    for name in given:
        if name not in (*PHASES, "all"):
            known = ", ".join((*PHASES, "all"))
            raise UsageError(f"--phase {name}: want one of {known}{nearest(name, PHASES)}")
    if "all" in given and len(given) > 1:
        raise UsageError("--phase all stands alone; leave out the other phases")
    return PHASES if not given or given == ["all"] else tuple(given)


def build(
    catalog: Catalog,
    recipe: ValidationInput,
    phases: Iterable[str] = PHASES,
    *,
    run_id: str = "",
    namespace: str = contract.DEFAULT_NAMESPACE,
    rules: ImageRules | None = None,
    rights: Rights | None = None,
    allow_unknown: bool = False,
    name_object: Callable[[str], str] = new_object_name,
) -> Plan:
    """Plan the checks that the recipe selects in these phases; without a run ID it gets one."""
    rules = rules or ImageRules()
    warnings: list[str] = []

    def plan_phase(phase: str) -> Iterable[PlannedCheck]:
        config = recipe.config.get(phase)
        selected = set(config.checks) if config else set()
        entries = [entry for entry in catalog.of_phase(phase) if entry.name in selected]
        for entry in entries:
            near, unresolved = _near(entry, recipe)
            warnings.extend(unresolved)
            allowed = grants(entry, recipe, rights)
            name = name_object(entry.name)
            yield _planned(entry, recipe, rules, allowed=allowed, object_name=name, near=near)
        for name in sorted(selected - {entry.name for entry in entries}):
            why = _unknown(catalog, phase, name)
            skip = SkipCode.UNKNOWN_CHECK if allow_unknown else None
            yield PlannedCheck(name, phase, "", refusal=why, skip=skip)

    planned = tuple(
        PhasePlan(phase, tuple(plan_phase(phase)), _timeout_s(recipe, phase)) for phase in phases
    )
    return Plan(run_id or new_run_id(), namespace, planned, tuple(warnings))


def _timeout_s(recipe: ValidationInput, phase: str) -> float:
    """The bound that the recipe sets for a phase, 0 for none; ValueError for no duration."""
    config = recipe.config.get(phase)
    return parse_duration(config.timeout) if config and config.timeout else 0.0


def _planned(
    entry: Entry,
    recipe: ValidationInput,
    rules: ImageRules,
    *,
    allowed: Grants,
    object_name: str,
    near: tuple[Near, ...],
) -> PlannedCheck:
    image, pulled = chosen(entry.image, rules)
    phase = recipe.config[entry.phase]
    return PlannedCheck(
        name=entry.name,
        phase=entry.phase,
        object_name=object_name,
        image=image,
        pull_policy=pulled,
        entry=entry,
        grants=allowed,
        near=near,
        node_selector=phase.node_selection.selector,
        needs=needs_of(entry, phase),
        refusal="" if entry.available else NOT_BUILT,
    )


def needs_of(entry: Entry, phase: PhaseConfig) -> Needs | None:
    """The GPUs that a check will use; none where it will not come so far."""
    asked = [constraint.name for constraint in phase.constraints]
    wanted = entry.needs if entry.available else None
    return wanted if wanted and wanted.are_asked_for(asked) else None


def _unknown(catalog: Catalog, phase: str, name: str) -> str:
    elsewhere = catalog.find(name)
    if elsewhere:
        return (
            f"the recipe selects {name} in phase {phase}, the catalog has it in {elsewhere.phase}"
        )
    hint = nearest(name, [entry.name for entry in catalog.of_phase(phase)])
    return f"the recipe selects {name} in phase {phase}, the catalog has no such check{hint}"


def _near(entry: Entry, recipe: ValidationInput) -> tuple[tuple[Near, ...], list[str]]:
    """Resolve dependency affinities, with a warning for each that cannot be.

    An unresolved required one stops the run.
    """
    near: list[Near] = []
    unresolved: list[str] = []
    for affinity in entry.dependency_affinity:
        ref = recipe.component(affinity.component_ref)
        if ref and ref.enabled and ref.namespace:
            near.append(Near(ref.namespace, affinity))
            continue
        why = "is not in the recipe"
        if ref:
            why = "has no namespace" if ref.enabled else "is disabled"
        text = f"check {entry.name} runs near component {affinity.component_ref}, which {why}"
        if affinity.requirement == "required":
            raise RecipeError(text)
        unresolved.append(f"{text}; it runs anywhere")
    return tuple(near), unresolved
