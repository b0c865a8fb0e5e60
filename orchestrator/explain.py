"""`explain CHECK`: what a check looks at, when it fails or skips, and what it may do.

From the catalog and from the head of the check's own source; nothing is written here twice.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from helper import contract
from helper.findings import printable
from helper.quantity import format_duration
from orchestrator import listing, tables
from orchestrator.catalog import Entry, Needs, Workloads
from orchestrator.check_heads import head_of
from orchestrator.images import ImageRules, chosen
from orchestrator.plan import NOT_BUILT
from orchestrator.processes import runnable

PAGE = "docs/checks.md"
INDENT, WIDTH = 13, 100  # of words behind their names; of lines where a terminal is no narrower
WORKLOADS = {
    Workloads.NONE: "none, it only looks",
    Workloads.PARTLY: "some of its own; at --depth fast none, it only looks then and holds no lock",
    Workloads.ALWAYS: "always some of its own, so that --depth fast leaves it out",
}


def by_hand(entry: Entry, image: str) -> str:
    """How to run the check without an orchestrator."""
    arguments = " ".join(map(shlex.quote, entry.args))
    return (
        'docker run --rm --network host --user "$(id -u)" '
        '-v "$KUBECONFIG:/kubeconfig:ro" -e KUBECONFIG=/kubeconfig '
        f'-v "$PWD/recipe.yaml:{contract.RECIPE_FILE}:ro" {shlex.quote(image)} {arguments}'
    ).rstrip()


def document(entry: Entry, rules: ImageRules) -> dict[str, Any]:
    """All that is known of a check, as data."""
    image, pull_policy = chosen(entry.image, rules)
    head = head_of(entry)
    return {
        **listing.describe(entry),
        "image": image,
        "pullPolicy": pull_policy,
        "summary": head.passes_when,
        "about": {_key(name): words for name, words in head.sections.items()},
        "notAsProcess": runnable.objection(entry),
        "byHand": by_hand(entry, image),
        "page": PAGE,
    }


def text(found: Mapping[str, Any], columns: int = 0) -> str:
    """The same for people."""
    width = min(columns or WIDTH, WIDTH)
    title = f"{found['name']} ({found['phase']}): {found['description']}"
    lines = tables.named("", title, columns)
    if not found["available"]:
        lines.append(f"Not to be run: {NOT_BUILT}.")
    lines.append("")
    for name, values in _told(found):
        for number, value in enumerate(values):
            lines += _lines("" if number else name, value, width)
    return "".join(f"{printable(line)}\n" for line in lines)


def _told(found: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[str]]]:
    if found["summary"]:
        yield "Passes when", [found["summary"]]
    for name, words in found["about"].items():
        yield _title(name), [words]
    if found["requirement"] and "requirement" not in found["about"]:
        yield "Requirement", [found["requirement"]]
    yield "Budget", [format_duration(found["budgetSeconds"])]
    yield "Locks", [", ".join(found["locks"]) or "none, it runs beside any other check"]
    yield "Cost", [f"costly: {found['cost']}" if found["cost"] else "cheap: it holds nothing"]
    yield "Workloads", [WORKLOADS[found["workloads"]]]
    if needs := found["needs"]:
        yield "Needs", [_needed(Needs.model_validate(needs))]
    yield "May", found["rights"] or ["nothing in the cluster"]
    yield "Image", [f"{found['image']} (pulled: {found['pullPolicy']})"]
    if found["available"]:
        yield "As process", [_as_process(found["notAsProcess"])]
    yield "By hand", [found["byHand"]]
    yield "More", [found["page"]]


def _as_process(objection: str) -> str:
    return f"no: {objection}" if objection else "yes, with --executor process, at --depth fast"


def _needed(needs: Needs) -> str:
    names = " or ".join(needs.for_constraints)
    return needs.words + (f", where the recipe has constraint {names}" if names else "")


def _lines(name: str, value: str, width: int) -> list[str]:
    """A name and its words; a command stays whole, to be copied."""
    return tables.named(name, value, 0 if value.startswith("docker ") else width, INDENT)


def _key(name: str) -> str:
    first, *rest = name.split()
    return first.lower() + "".join(map(str.capitalize, rest))


def _title(key: str) -> str:
    return re.sub(r"(?<=[a-z])([A-Z])", lambda match: f" {match[1].lower()}", key).capitalize()
