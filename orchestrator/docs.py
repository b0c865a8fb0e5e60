"""The catalog as a page for people: docs/checks.md.

`python -m orchestrator.docs >docs/checks.md`; a test compares the two.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from helper.models import PHASES
from orchestrator.catalog import (
    Catalog,
    ComponentNamespace,
    Derive,
    Entry,
    Rule,
    Workloads,
    parse,
)
from orchestrator.check_heads import head_of
from orchestrator.gate import cost
from orchestrator.processes.runnable import objection

CATALOG = Path(__file__).with_name("catalog.yaml")
HEAD = """# Checks

Written by `make docs` from `catalog.yaml` and the heads of the checks' sources; change it there.
"""
HEADERS = ("check", "what it proves", "CNCF requirement", "budget", "cost", "at `--depth fast`")
AT_FAST = {
    Workloads.NONE: "the same",
    Workloads.PARTLY: "only looks",
    Workloads.ALWAYS: "left out",
}
LATER = " \\*"
NOTE = "\\* In the catalog, but not in this version: selecting it gives `other`, never a pass."
EACH = """## Each check

The same is printed by `aicr-orch explain CHECK`; it is written at the head of the check's source.
"""
LOCKS = """## Locks

Checks that hold the same lock never run at the same time; all others may. What only looks, at
`--depth fast` or as a process, disturbs nobody and holds none.
"""
NEEDS = """## GPUs

What must be free before a check's Job is made. GPUs of pods that end, or of other runs, are waited
for up to 2 min (not with `--no-wait`); without that prospect the check is `other` (`Blocked`) at
once. A check with locks keeps them until the pods and claims that it started are gone, for 1 min.
"""
RIGHTS = """## Rights

What each check may do in the cluster, and nothing beyond: every check runs under its own
ServiceAccount with exactly these rules, made just before it and removed after it. Checks that
only read [run without a Job](install.md#where-no-job-may-be-created), too: `--executor process`.
"""
DERIVED = {
    Derive.EXPECTED_RESOURCES: "get each expected resource of the recipe, by name",
    Derive.COMPONENT_NAMESPACES: "get the namespaces of the recipe's components, by name",
    Derive.HEALTH_CHECKS: "get and list what the components' health checks assert",
}


def render(catalog: Catalog) -> str:
    """Give the whole page."""
    parts = [HEAD, *(_phase(phase, catalog.of_phase(phase)) for phase in PHASES)]
    if not all(entry.available for entry in catalog.validators):
        parts.append(f"{NOTE}\n")
    parts += [EACH, *map(_check, catalog.validators)]
    parts += [LOCKS, _locks(catalog.validators), NEEDS, _needs(catalog.validators)]
    parts += [RIGHTS, _rights(catalog.validators)]
    return "\n".join(filter(None, parts))


def _phase(phase: str, entries: Sequence[Entry]) -> str:
    rows = [
        (
            f"`{entry.name}`{'' if entry.available else LATER}",
            entry.description,
            f"`{entry.requirement}`" if entry.requirement else "",
            f"{entry.timeout_s / 60:g} min",
            "costly" if cost(entry) else "",
            AT_FAST[entry.makes],
        )
        for entry in entries
    ]
    title = f"## {phase.capitalize()}\n\n"
    return title + _table(HEADERS, rows)


def _check(entry: Entry) -> str:
    """What a check says of itself; nothing for one that cannot run."""
    head = head_of(entry)
    if not (entry.available and head.sections):
        return ""
    told = [("Passes when", head.passes_when), *head.sections.items()]
    rows = [(name, words.replace("|", "\\|")) for name, words in told]
    return f"### {entry.name}\n\n{_table(('', ''), rows)}"


def _locks(entries: Iterable[Entry]) -> str:
    holders: dict[str, list[str]] = {}
    for entry in entries:
        for lock in entry.locks:
            holders.setdefault(lock, []).append(f"`{entry.name}`")
    rows = [(f"`{lock}`", ", ".join(names)) for lock, names in sorted(holders.items())]
    return _table(("lock", "held by"), rows)


def _needs(entries: Iterable[Entry]) -> str:
    rows = [
        (
            f"`{entry.name}`{'' if entry.available else LATER}",
            entry.needs.words,
            " or ".join(f"`{name}`" for name in entry.needs.for_constraints) or "always",
        )
        for entry in entries
        if entry.needs
    ]
    return _table(("check", "needs", "where the recipe has constraint"), rows)


def _rights(entries: Iterable[Entry]) -> str:
    rows = [
        (
            f"`{entry.name}`",
            "<br>".join(map(right, entry.rbac)) or "nothing",
            f"no: {why}" if (why := objection(entry)) else "yes",
        )
        for entry in entries
        if entry.available
    ]
    return _table(("check", "may", "runs as a process"), rows)


def right(rule: Rule) -> str:
    """Write one right as a sentence part: `list pods in the namespace of gpu-operator`."""
    if rule.derive:
        return DERIVED[rule.derive]
    groups = [group for group in rule.api_groups if group]
    what = ", ".join(f"{name}.{groups[0]}" if groups else name for name in rule.resources)
    named = f" {', '.join(rule.resource_names)}" if rule.resource_names else ""
    match rule.namespace:
        case None:
            where = "cluster-wide"
        case ComponentNamespace(component=component):
            where = f"in the namespace of {component}"
        case namespace:
            where = f"in {namespace}"
    return f"{' and '.join(_joined(rule.verbs))} {what}{named}, {where}"


def _joined(verbs: Sequence[str]) -> Iterator[str]:
    """Give `get, list` and `watch` of three verbs, so that they read as a sentence."""
    if verbs[:-1]:
        yield ", ".join(verbs[:-1])
    yield verbs[-1]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


if __name__ == "__main__":
    sys.stdout.write(render(parse(CATALOG.read_bytes(), CATALOG.name)))
