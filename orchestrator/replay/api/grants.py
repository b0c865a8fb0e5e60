"""The checks that RBAC objects pass beyond being allowed to write them."""

from orchestrator.replay import escalation
from orchestrator.replay.access import Action
from orchestrator.replay.access import refusal as access_refusal
from orchestrator.replay.api.call import Call
from orchestrator.replay.objects import Json, name_of, namespace_of
from orchestrator.replay.statuses import forbidden, not_found

_ROLES = frozenset({"Role", "ClusterRole"})
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


def check(call: Call, new: Json, old: Json | None) -> None:
    """Refuse a role or binding that grants more than the user holds; raises ApiError 403, 404."""
    kind = call.resource.kind
    if call.user.is_master or kind not in _ROLES | _BINDINGS:
        return
    if old is not None and all(new.get(f) == old.get(f) for f in ("rules", "roleRef", "subjects")):
        return
    if kind in _ROLES:
        if not _may_escalate(call, new):
            _check_rules(call, new, new.get("rules") or [])
        return
    if _may_bind(call, new):
        return
    rules = call.state.access.rules_of(new["roleRef"], namespace_of(new))
    if rules is None:
        # A real server names the kind of the binding with the name of the role.
        raise not_found(call.resource, new["roleRef"]["name"])
    _check_rules(call, new, rules)


def check_create(call: Call) -> None:
    """Refuse an apply that would create, for those who may only patch."""
    target = call.target
    action = Action("create", target.group, target.plural, namespace=target.namespace)
    verdict = call.state.access.judge(call.user, action)
    if not verdict.allowed:
        why = access_refusal(call.user, action, verdict.reason)
        raise forbidden(call.resource, target.name, why)


def _check_rules(call: Call, obj: Json, rules: list[Json]) -> None:
    held = call.state.access.held(call.user, namespace_of(obj))
    missing = escalation.missing_rights(held, rules)
    if missing:
        raise forbidden(call.resource, name_of(obj), escalation.refusal(call.user, missing))


def _may_escalate(call: Call, role: Json) -> bool:
    return _may(call, "escalate", call.resource.plural, namespace_of(role), name_of(role))


def _may_bind(call: Call, binding: Json) -> bool:
    role_ref = binding["roleRef"]
    plural = "clusterroles" if role_ref["kind"] == "ClusterRole" else "roles"
    return _may(call, "bind", plural, namespace_of(binding), role_ref["name"])


def _may(call: Call, verb: str, plural: str, namespace: str, name: str) -> bool:
    action = Action(verb, call.resource.group, plural, namespace=namespace, name=name)
    return call.state.access.judge(call.user, action).allowed
