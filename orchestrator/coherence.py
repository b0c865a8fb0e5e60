"""Whether the components of a recipe can be what they say: a chart, manifests or a Kustomization.

The rules are the reference's, which refuses such recipes when it deploys them.
"""

from collections.abc import Iterable, Mapping, Sequence

from orchestrator.errors import nearest, shown
from orchestrator.recipe_file import Component

TYPES = ("Helm", "Kustomize")


def incoherent(components: Iterable[Component]) -> Sequence[str]:
    """One problem for each enabled component that has one, sorted by name."""
    found = ((item.name, _problem(item)) for item in components if item.enabled)
    return sorted(f"{name}: {problem}" for name, problem in found if problem)


def _problem(item: Component) -> str:
    """The first problem of a component; empty for none."""
    if item.patches:
        return "has patches, which nothing applies"
    if not item.type:  # the reference asks its registry, which a complete recipe does not need
        return ""
    kind = {name.lower(): name for name in TYPES}.get(item.type.lower())
    if kind == "Helm":
        return _helm(item)
    if kind == "Kustomize":
        return _kustomize(item)
    return f"type {shown(item.type)}, want {' or '.join(TYPES)}{nearest(item.type, TYPES)}"


def _helm(item: Component) -> str:
    texts = {"chart": item.chart, "source": item.source, "version": item.version}
    padded = [key for key, text in texts.items() if text != text.strip()]
    return _first(
        {
            "Helm with tag or path, which are for Kustomize": item.tag or item.path,
            f"Helm with blanks around {', '.join(padded)}": padded,
            "Helm with version v, which is none": item.version == "v",
            "Helm with source but without version": item.source and not item.version,
            "Helm with chart but without source": item.chart and not item.source,
            "Helm without source, chart or manifestFiles": not (
                item.source or item.chart or item.manifest_files
            ),
        }
    )


def _kustomize(item: Component) -> str:
    return _first(
        {
            "Kustomize without path": not item.path,
            "Kustomize with tag but without source": item.tag and not item.source,
            "Kustomize with manifestFiles, which are for Helm": item.manifest_files,
        }
    )


def _first(problems: Mapping[str, object]) -> str:
    """The first problem that there is, in the reference's order; empty for none."""
    return next((problem for problem, is_there in problems.items() if is_there), "")
