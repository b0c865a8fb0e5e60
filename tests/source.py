"""The project's own files, as tests look at them."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("orchestrator", "helper", "images")
PHASES = ("deployment", "conformance", "performance")


def tracked_files() -> list[Path]:
    """All files that belong to the project, those not yet committed included."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules(*packages: str) -> list[Path]:
    """All modules of some packages."""
    return sorted(file for package in packages for file in (ROOT / package).rglob("*.py"))


def dotted(path: Path) -> str:
    """Give a module's name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, *, with_types: bool = False) -> set[str]:
    """Names that a module imports; those under TYPE_CHECKING only when asked for."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if with_types else _at_run_time(tree)
    return {name for node in nodes for name in _names(node)}


def _at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
            yield from _at_run_time(child)


def _names(node: ast.AST) -> Iterator[str]:
    """Give `package.module` for each thing imported; `from a import b` may name module a.b."""
    match node:
        case ast.Import(names=names):
            yield from (alias.name for alias in names)
        case ast.ImportFrom(module=str(module), names=names):
            yield module
            yield from (f"{module}.{alias.name}" for alias in names)
