"""ResourceQuota: what a namespace uses, and what a new object would use beyond its share."""

from collections.abc import Iterable
from decimal import Decimal

from helper.kinds import PODS, Resource
from orchestrator.replay.objects import Json, name_of, namespace_of
from orchestrator.replay.quantities import Amounts, listed, parsed, pod_amounts, total, written
from orchestrator.replay.statuses import ApiError, forbidden
from orchestrator.replay.store import Store

QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota")
_SCOPES = frozenset({"BestEffort", "NotBestEffort", "Terminating", "NotTerminating"})
# Kinds that are counted under their plain name, too; all others as count/PLURAL[.GROUP] only.
_PLAIN = frozenset(
    [
        "configmaps",
        "persistentvolumeclaims",
        "replicationcontrollers",
        "resourcequotas",
        "secrets",
        "services",
    ]
)
_COMPUTE = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)


def refusal(store: Store, resource: Resource, obj: Json) -> ApiError | None:
    """Give the 403 for a new object that a quota of its namespace has no room for."""
    asked = usage_of(resource, obj)
    for quota in store.objects(QUOTAS, namespace_of(obj)):
        hard = parsed((quota.get("spec") or {}).get("hard"))
        concerned = sorted(name for name in hard if name in asked)
        if not _matches(quota, resource, obj):
            continue
        if resource == PODS and (missing := _unspecified(obj, hard)):
            why = f"failed quota: {name_of(quota)}: must specify {missing}"
            return forbidden(resource, name_of(obj), why)
        used = used_of(store, quota)
        over = [name for name in concerned if asked[name] and used[name] + asked[name] > hard[name]]
        if over:
            parts = [("requested", asked), ("used", used), ("limited", hard)]
            lines = [f"{title}: {listed(amounts, over)}" for title, amounts in parts]
            why = f"exceeded quota: {name_of(quota)}, {', '.join(lines)}"
            return forbidden(resource, name_of(obj), why)
    return None


def status_of(store: Store, quota: Json) -> Json:
    """Give the status that a quota is to have."""
    hard, used = (quota.get("spec") or {}).get("hard") or {}, used_of(store, quota)
    return {"hard": hard, "used": {name: written(name, used[name]) for name in hard}}


def used_of(store: Store, quota: Json) -> Amounts:
    """Give how much of each limited resource the objects of a quota's namespace use."""
    names = parsed((quota.get("spec") or {}).get("hard"))
    found = total(
        usage_of(Resource(key.group, "", key.plural, ""), obj)
        for key, obj in store.inside(namespace_of(quota))
        if _matches(quota, Resource(key.group, "", key.plural, ""), obj)
    )
    return {name: found.get(name, Decimal(0)) for name in names}


def unemulated_scopes(quota: Json) -> list[str]:
    """Name the scopes of a quota that are not understood here."""
    spec = quota.get("spec") or {}
    wanted = [*(spec.get("scopes") or []), *(["scopeSelector"] if "scopeSelector" in spec else [])]
    return [scope for scope in wanted if scope not in _SCOPES]


def usage_of(resource: Resource, obj: Json) -> Amounts:
    """Give what an object counts as, by the names that quotas use."""
    found = {f"count/{resource.title}": Decimal(1)}
    if resource.group:
        return found
    spec = obj.get("spec") or {}
    if resource.plural == PODS.plural:
        found |= _pod_usage(obj)
    elif resource.plural in _PLAIN:
        found[resource.plural] = Decimal(1)
    if resource.plural == "persistentvolumeclaims":
        requests = parsed((spec.get("resources") or {}).get("requests"))
        found |= {f"requests.{name}": amount for name, amount in requests.items()}
    if resource.plural == "services":
        found["services.loadbalancers"] = Decimal(spec.get("type") == "LoadBalancer")
        ports = [port for port in spec.get("ports") or [] if port.get("nodePort")]
        found["services.nodeports"] = Decimal(len(ports))
    return found


def _pod_usage(pod: Json) -> Amounts:
    if (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
        return {}
    requests = pod_amounts(pod.get("spec") or {}, "requests")
    limits = pod_amounts(pod.get("spec") or {}, "limits")
    found = {"pods": Decimal(1), **requests}
    found |= {f"requests.{name}": amount for name, amount in requests.items()}
    return found | {f"limits.{name}": amount for name, amount in limits.items()}


def _unspecified(pod: Json, hard: Iterable[str]) -> str:
    """Say which containers leave out what a quota wants all of them to name."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]
    missing = []
    for name in sorted(_COMPUTE & set(hard)):
        field, _, resource = name.rpartition(".")
        silent = [
            container["name"]
            for container in containers
            if resource not in ((container.get("resources") or {}).get(field or "requests") or {})
        ]
        if silent:
            missing.append(f"{name} for: {','.join(sorted(silent))}")
    return "; ".join(missing)


def _matches(quota: Json, resource: Resource, obj: Json) -> bool:
    """Whether a quota's scopes take an object in; a quota without scopes takes all."""
    scopes = set((quota.get("spec") or {}).get("scopes") or ())
    if not scopes:
        return True
    if resource.title != PODS.title:
        return False
    best_effort = (obj.get("status") or {}).get("qosClass") == "BestEffort"
    ends = (obj.get("spec") or {}).get("activeDeadlineSeconds") is not None
    has = {
        "BestEffort" if best_effort else "NotBestEffort",
        "Terminating" if ends else "NotTerminating",
    }
    return scopes <= has
