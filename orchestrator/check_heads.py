"""What the source of a check says at its head: when it passes, and sections like `Skips when`."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.catalog import Entry

SOURCES = Path(__file__).parents[1] / "images"
SECTION = re.compile(r"([A-Z][a-z]+(?: [a-z]+){0,2}) {2,}(\S.*)")
# What an operator asks of every check.
ASKED = ("Reads", "Creates", "Fails when", "Skips when", "What to do")


@dataclass(frozen=True)
class Head:
    """The words of one check about itself; empty for checks of others."""

    passes_when: str = ""
    sections: Mapping[str, str] = field(default_factory=dict)


def head_of(entry: Entry) -> Head:
    """Read a check's own words from its source."""
    if entry.is_external:
        return Head()
    function = entry.name.replace("-", "_")
    try:
        path = SOURCES / entry.phase / f"{function}.py"
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return Head()
    _, _, rest = (ast.get_docstring(tree) or "").partition("\n")
    own = [
        ast.get_docstring(node) or ""
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    return Head("".join(own).partition("\n")[0], _sections(rest))


def _sections(text: str) -> Mapping[str, str]:
    """Lines such as `Reads         nodes`, with those that continue them."""
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        match = SECTION.fullmatch(line)
        if match:
            key, found[match[1]] = match[1], match[2]
        elif key and line.startswith("  "):
            found[key] += f" {line.strip()}"
        else:
            key = ""
    return found
