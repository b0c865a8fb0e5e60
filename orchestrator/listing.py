"""`list`: the checks of the catalog, or those that a recipe selects."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from helper.models import PhaseConfig
from helper.quantity import format_duration
from orchestrator import docs, tables
from orchestrator.catalog import Catalog, Entry, Needs, Workloads
from orchestrator.gate import cost
from orchestrator.plan import needs_of
from orchestrator.recipe import Recipe
from orchestrator.selection import Label, labels_of

HEAD = (
    *("CHECK", "PHASE", "READY", "BUDGET", "COST", "FAST"),
    *("LOCKS", "NEEDS", "MAY", "REQUIREMENT", "PROVES"),
)
READING = frozenset({"get", "list", "watch"})
# What a check does at `--depth fast`.
AT_FAST = {Workloads.NONE: "yes", Workloads.PARTLY: "partly", Workloads.ALWAYS: "no"}
NOT_KNOWN = "the recipe selects it, the catalog does not have it"

Row = Mapping[str, Any]


def rows(
    catalog: Catalog, recipe: Recipe | None, phases: Iterable[str], labels: Iterable[Label] = ()
) -> Sequence[Row]:
    """One row a check, in the order of reports; names that the catalog lacks come last."""
    wanted = list(labels)
    found: list[Row] = []
    for phase in phases:
        config = recipe.input.config.get(phase) if recipe else None
        selected = set(config.checks) if config else set()
        entries = catalog.of_phase(phase)
        if recipe:
            entries = [entry for entry in entries if entry.name in selected]
        chosen = [item for item in entries if all(x.holds(labels_of(item)) for x in wanted)]
        found += [_of_recipe(entry, config) if config else describe(entry) for entry in chosen]
        unknown = selected - {entry.name for entry in entries}
        found += [_unknown(name, phase) for name in sorted(unknown) if not wanted]
    return found


def describe(entry: Entry) -> Row:
    """What the catalog says of a check, as data."""
    needs = entry.needs.model_dump(by_alias=True) if entry.needs else None
    return {
        "name": entry.name,
        "phase": entry.phase,
        "available": entry.available,
        "external": entry.is_external,
        "budgetSeconds": entry.timeout_s,
        "locks": list(entry.locks),
        "cost": cost(entry),
        "workloads": str(entry.makes),
        "requirement": entry.requirement,
        "needs": needs,
        "rights": [docs.right(rule) for rule in entry.rbac],
        "writes": any(not READING.issuperset(rule.verbs) for rule in entry.rbac if not rule.derive),
        "retries": entry.retries,
        "image": entry.image,
        "description": entry.description,
    }


def _of_recipe(entry: Entry, config: PhaseConfig) -> Row:
    """What a run of the recipe makes of a check."""
    needs = needs_of(entry, config)
    return {**describe(entry), "needs": needs.model_dump(by_alias=True) if needs else None}


def text(found: Iterable[Row], columns: int = 0) -> str:
    """The rows for people."""
    return tables.table(HEAD, [_cells(row) for row in found], columns)


def needed(needs: Mapping[str, Any] | None) -> str:
    """What a check must find free, in short."""
    return Needs.model_validate(needs).brief if needs else ""


def _unknown(name: str, phase: str) -> Row:
    return {"name": name, "phase": phase, "available": False, "description": NOT_KNOWN}


def _cells(row: Row) -> tuple[str, ...]:
    budget = row.get("budgetSeconds")
    return (
        row["name"],
        row["phase"],
        "yes" if row["available"] else "no",
        format_duration(budget) if budget else "-",
        _cost(row),
        AT_FAST[row["workloads"]] if "workloads" in row else "-",
        ",".join(row.get("locks", [])) or "-",
        needed(row.get("needs")) or "-",
        "write" if row.get("writes") else "read" if row.get("rights") else "-",
        row.get("requirement") or "-",
        row["description"],
    )


def _cost(row: Row) -> str:
    if "cost" not in row:
        return "-"
    return "costly" if row["cost"] else "cheap"
