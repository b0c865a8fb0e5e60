"""What admission says to new objects: pod security and quota, as refusals and as warnings."""

from collections.abc import Iterator

from helper.kinds import NAMESPACES, PODS, Resource
from orchestrator.replay import podsecurity, quota
from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of
from orchestrator.replay.statuses import Cause, forbidden
from orchestrator.replay.store import Store

_LABEL = "pod-security.kubernetes.io/"
_MODES = ("enforce", "audit", "warn")
_LEVELS = (podsecurity.PRIVILEGED, podsecurity.BASELINE, podsecurity.RESTRICTED)
_TEMPLATED = frozenset({"DaemonSet", "Deployment", "Job", "ReplicaSet", "StatefulSet"})


def check(store: Store, resource: Resource, obj: Json) -> None:
    """Refuse an object that pod security or a quota forbids; raises ApiError 403."""
    if not resource.namespaced:
        return
    if resource == PODS:
        level, title = _policy(store, namespace_of(obj), "enforce")
        found = podsecurity.violations(level, obj.get("spec") or {})
        if found:
            listed = ", ".join(map(str, found))
            raise forbidden(resource, name_of(obj), f'violates PodSecurity "{title}": {listed}')
    refusal = quota.refusal(store, resource, obj)
    if refusal is not None:
        raise refusal


def warnings(store: Store, resource: Resource, obj: Json) -> list[str]:
    """Give what the caller is told about a pod, or the template of one, that is let in."""
    spec = obj.get("spec") or {}
    if resource.kind in _TEMPLATED:
        spec = (spec.get("template") or {}).get("spec") or {}
    elif resource != PODS:
        return []
    level, title = _policy(store, namespace_of(obj), "warn")
    found = podsecurity.violations(level, spec)
    return [f'would violate PodSecurity "{title}": {", ".join(map(str, found))}'] if found else []


def namespace_warnings(store: Store, old: Json, new: Json) -> list[str]:
    """Give what the caller is told about pods that a namespace's new level would not let in."""
    name = name_of(new)
    level, title = _level_of(labels_of(new), "enforce")
    if _level_of(labels_of(old), "enforce") == (level, title):
        return []
    bad: dict[str, list[str]] = {}
    for pod in store.objects(PODS, name):
        found = podsecurity.violations(level, pod.get("spec") or {})
        if found:
            reasons = ", ".join(violation.reason for violation in found)
            bad.setdefault(reasons, []).append(name_of(pod))
    if not bad:
        return []
    head = (
        f'existing pods in namespace "{name}" violate the new PodSecurity enforce level "{title}"'
    )
    return [head, *sorted(f"{_some(pods)}: {reasons}" for reasons, pods in bad.items())]


def namespace_causes(namespace: Json) -> Iterator[Cause]:
    """Give what is wrong with the pod-security labels of a namespace."""
    for mode in _MODES:
        level = labels_of(namespace).get(f"{_LABEL}{mode}")
        if level is not None and level not in _LEVELS:
            why = f'Invalid value: "{level}": must be one of {", ".join(_LEVELS)}'
            yield Cause(f"metadata.labels[{_LABEL}{mode}]", why)
        version = labels_of(namespace).get(f"{_LABEL}{mode}-version", "latest")
        if version != "latest" and not version.removeprefix("v1.").isdecimal():
            why = f'Invalid value: "{version}": must be "latest" or "v1.x"'
            yield Cause(f"metadata.labels[{_LABEL}{mode}-version]", why)


def _policy(store: Store, namespace: str, mode: str) -> tuple[str, str]:
    home = store.find(NAMESPACES, "", namespace)
    return _level_of(labels_of(home or {}), mode)


def _level_of(labels: dict[str, str], mode: str) -> tuple[str, str]:
    """Give a level, and how messages name it; what is enforced is warned about, too."""
    if f"{_LABEL}{mode}" not in labels and mode != "enforce":
        mode = "enforce"
    level = labels.get(f"{_LABEL}{mode}", podsecurity.PRIVILEGED)
    return level, f"{level}:{labels.get(f'{_LABEL}{mode}-version', 'latest')}"


def _some(pods: list[str]) -> str:
    others = len(pods) - 1
    if not others:
        return pods[0]
    return f"{min(pods)} (and {others} other pod{'s' if others > 1 else ''})"
