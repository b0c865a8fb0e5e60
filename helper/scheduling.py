"""Which nodes a pod template or a ResourceSlice reaches: selectors, affinity, taints."""

from collections.abc import Iterable, Sequence

from helper.nodes import Node, Taint
from helper.resource import Json, items, part, text

KEEPS_PODS_OFF = frozenset({"NoSchedule", "NoExecute"})
# https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations
DAEMON_TOLERATES = frozenset(
    f"node.kubernetes.io/{name}"
    for name in (
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
        "network-unavailable",
    )
)


def targets(daemon_set: Json, node: Node) -> bool:
    """Whether a DaemonSet wants a pod on a node, dead or alive."""
    return selects(daemon_set, node) and not refused_taints(daemon_set, node)


def selects(daemon_set: Json, node: Node) -> bool:
    """Whether a DaemonSet's selector and affinity fit a node."""
    return not unmatched_labels(daemon_set, node) and _affinity_fits(daemon_set, node)


def obstacle(daemon_set: Json, node: Node) -> str:
    """What keeps a DaemonSet's pods off a node; empty when nothing does."""
    for key, wanted in unmatched_labels(daemon_set, node).items():
        there = f"has {node.labels[key]!r}" if key in node.labels else "has no such label"
        return f"its node selector wants {key}={wanted}, the node {there}"
    if not _affinity_fits(daemon_set, node):
        return "its node affinity leaves the node out"
    taints = refused_taints(daemon_set, node)
    return f"it does not tolerate taint {taints[0].key}:{taints[0].effect}" if taints else ""


def unmatched_labels(daemon_set: Json, node: Node) -> dict[str, str]:
    """The labels of a DaemonSet's node selector that a node does not have."""
    wanted = part(daemon_set, "spec", "template", "spec", "nodeSelector")
    return {key: str(value) for key, value in wanted.items() if node.labels.get(key) != str(value)}


def refused_taints(daemon_set: Json, node: Node) -> list[Taint]:
    """The taints that keep a DaemonSet's pods off a node."""
    mine = [taint for taint in node.taints if taint.key not in DAEMON_TOLERATES]
    return untolerated(mine, items(daemon_set, "spec", "template", "spec", "tolerations"))


def selector_text(workload: Json) -> str:
    """The label selector of a workload's pods, as a list request wants it."""
    selector = part(workload, "spec", "selector")
    labels = part(selector, "matchLabels")
    terms = [f"{key}={value}" for key, value in sorted(labels.items())]
    for item in items(selector, "matchExpressions"):
        key, values = text(item, "key"), ",".join(_values(item))
        forms = {
            "In": f"{key} in ({values})",
            "NotIn": f"{key} notin ({values})",
            "Exists": key,
            "DoesNotExist": f"!{key}",
        }
        terms.append(forms.get(text(item, "operator"), ""))
    return ",".join(filter(None, terms))


def matches_terms(node_selector: Json, node: Node) -> bool:
    """Whether a NodeSelector, a list of alternatives, admits a node."""
    return any(_term_matches(term, node) for term in items(node_selector, "nodeSelectorTerms"))


def untolerated(taints: Iterable[Taint], tolerations: Sequence[Json]) -> list[Taint]:
    """The taints that keep a pod with these tolerations off a node."""
    return [
        taint
        for taint in taints
        if taint.effect in KEEPS_PODS_OFF
        and not any(_tolerates(toleration, taint) for toleration in tolerations)
    ]


def pinned_node(pod: Json) -> str:
    """The node that a pod runs on or, while it waits, the only one it may run on.

    The DaemonSet controller pins its pods by node affinity on `metadata.name`.
    """
    if node_name := text(pod, "spec", "nodeName"):
        return node_name
    path = ("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    for term in items(part(pod, "spec", *path), "nodeSelectorTerms"):
        for field in items(term, "matchFields"):
            values = _values(field)
            if field.get("key") == "metadata.name" and len(values) == 1:
                return values[0]
    return ""


def _affinity_fits(daemon_set: Json, node: Node) -> bool:
    affinity = part(daemon_set, "spec", "template", "spec", "affinity", "nodeAffinity")
    required = part(affinity, "requiredDuringSchedulingIgnoredDuringExecution")
    return not required or matches_terms(required, node)


def _term_matches(term: Json, node: Node) -> bool:
    expressions, fields = items(term, "matchExpressions"), items(term, "matchFields")
    if not expressions and not fields:
        return False  # as the API documents: an empty term matches nothing
    by_field = {"metadata.name": node.name}
    return all(_holds(item, node.labels.get(str(item.get("key")))) for item in expressions) and all(
        _holds(item, by_field.get(str(item.get("key")))) for item in fields
    )


def _holds(requirement: Json, actual: str | None) -> bool:
    operator, values = text(requirement, "operator"), _values(requirement)
    if operator in ("Gt", "Lt"):
        return _compares(operator, actual, values)
    answers = {
        "In": actual in values,
        "NotIn": actual not in values,  # an absent key included
        "Exists": actual is not None,
        "DoesNotExist": actual is None,
    }
    return answers.get(operator, False)


def _compares(operator: str, actual: str | None, values: Sequence[str]) -> bool:
    try:
        number, limit = int(actual or ""), int(values[0])
    except (ValueError, IndexError):
        return False
    return number > limit if operator == "Gt" else number < limit


def _tolerates(toleration: Json, taint: Taint) -> bool:
    effect, key = text(toleration, "effect"), text(toleration, "key")
    if effect and effect != taint.effect:
        return False
    if text(toleration, "operator") == "Exists":
        return key in ("", taint.key)
    return key == taint.key and text(toleration, "value") == taint.value


def _values(requirement: Json) -> list[str]:
    values = requirement.get("values")
    return [str(value) for value in values] if isinstance(values, list) else []
