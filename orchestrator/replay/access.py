"""Who may do what: RBAC as a pure judgement over the roles and bindings that it is given."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from helper import kinds
from helper.kinds import Resource
from orchestrator.replay.objects import Json, name_of, namespace_of

MASTERS = "system:masters"  # the group that RBAC never refuses
AUTHENTICATED = "system:authenticated"
UNAUTHENTICATED = "system:unauthenticated"
_ACCOUNT_PREFIX = "system:serviceaccount:"

List = Callable[[Resource, str], list[Json]]
Find = Callable[[Resource, str, str], Json | None]


@dataclass(frozen=True)
class User:
    """Somebody who asks."""

    name: str
    groups: tuple[str, ...] = (AUTHENTICATED,)

    @property
    def is_master(self) -> bool:
        """Whether every request is allowed."""
        return MASTERS in self.groups

    @property
    def account(self) -> tuple[str, str] | None:
        """Namespace and name of the ServiceAccount that this is, if it is one."""
        if not self.name.startswith(_ACCOUNT_PREFIX):
            return None
        namespace, _, name = self.name.removeprefix(_ACCOUNT_PREFIX).partition(":")
        return namespace, name


def service_account(namespace: str, name: str) -> User:
    """Give the user that a ServiceAccount is."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", AUTHENTICATED)
    return User(f"{_ACCOUNT_PREFIX}{namespace}:{name}", groups)


def user_named(name: str) -> User:
    """Give the user of a name; a ServiceAccount comes with its groups."""
    account = User(name).account
    return service_account(*account) if account else User(name)


@dataclass(frozen=True)
class Action:
    """What somebody wants to do; `path` is set for requests outside the resource tree."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""

    @property
    def title(self) -> str:
        """The resource with its subresource, as rules write it."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


@dataclass(frozen=True)
class Verdict:
    """Whether RBAC allows an action, and which binding does, or what went wrong."""

    allowed: bool
    reason: str = ""


@dataclass(frozen=True)
class Grant:
    """A role's rules, given to somebody by a binding."""

    rules: list[Json]
    reason: str
    error: str = ""


class Access:
    """Answers from the roles and bindings of a store."""

    def __init__(self, list_objects: List, find_object: Find) -> None:
        self._list = list_objects
        self._find = find_object

    def judge(self, user: User, action: Action) -> Verdict:
        """Decide one action."""
        if user.is_master:
            return Verdict(allowed=True)
        errors = []
        for grant in self.grants(user, action.namespace):
            if any(rule_allows(rule, action) for rule in grant.rules):
                return Verdict(allowed=True, reason=grant.reason)
            if grant.error:
                errors.append(grant.error)
        return Verdict(allowed=False, reason=_as_list(errors))

    def grants(self, user: User, namespace: str) -> Iterator[Grant]:
        """Give what a user holds cluster-wide, and in a namespace if one is given."""
        for binding in self._list(kinds.CLUSTER_ROLE_BINDINGS, ""):
            if subject := _subject_of(binding, user):
                yield self._grant(binding, subject)
        for binding in self._list(kinds.ROLE_BINDINGS, namespace) if namespace else ():
            if subject := _subject_of(binding, user):
                yield self._grant(binding, subject)

    def rules_of(self, role_ref: Json, namespace: str) -> list[Json] | None:
        """Give the rules of the role that a binding names; None when it does not exist."""
        if role_ref.get("kind") == "ClusterRole":
            role = self._find(kinds.CLUSTER_ROLES, "", role_ref["name"])
        else:
            role = self._find(kinds.ROLES, namespace, role_ref["name"])
        return None if role is None else role.get("rules") or []

    def held(self, user: User, namespace: str) -> list[Json]:
        """Give all rules that a user holds."""
        return [rule for grant in self.grants(user, namespace) for rule in grant.rules]

    def _grant(self, binding: Json, subject: str) -> Grant:
        role_ref = binding["roleRef"]
        namespace = namespace_of(binding)
        place = f"{name_of(binding)}/{namespace}" if namespace else name_of(binding)
        kind = role_ref.get("kind", "")
        reason = (
            f'RBAC: allowed by {binding["kind"]} "{place}" of {kind} "{role_ref["name"]}" '
            f"to {subject}"
        )
        rules = self.rules_of(role_ref, namespace)
        if rules is None:
            missing = f'{kind.lower()}.rbac.authorization.k8s.io "{role_ref["name"]}" not found'
            return Grant([], reason, missing)
        return Grant(rules, reason)


def _subject_of(binding: Json, user: User) -> str:
    """Describe the subject of a binding that this user is; empty when none."""
    for subject in binding.get("subjects") or []:
        kind, name = subject.get("kind"), subject.get("name", "")
        if kind == "User" and name == user.name:
            return f'User "{name}"'
        if kind == "Group" and name in user.groups:
            return f'Group "{name}"'
        namespace = subject.get("namespace") or namespace_of(binding)
        if kind == "ServiceAccount" and user.account == (namespace, name):
            return f'ServiceAccount "{name}/{namespace}"'
    return ""


def rule_allows(rule: Json, action: Action) -> bool:
    """Whether one policy rule covers an action."""
    if not _in(rule.get("verbs"), action.verb):
        return False
    if action.path:
        return any(_path_matches(p, action.path) for p in rule.get("nonResourceURLs") or [])
    resources = rule.get("resources") or []
    subresource = f"*/{action.subresource}"
    if not _in(resources, action.title) and not (action.subresource and subresource in resources):
        return False
    names = rule.get("resourceNames") or []
    return _in(rule.get("apiGroups"), action.group) and (not names or action.name in names)


def _in(values: Iterable[str] | None, wanted: str) -> bool:
    values = values or ()
    return "*" in values or wanted in values


def _path_matches(pattern: str, path: str) -> bool:
    return pattern == path or (pattern.endswith("*") and path.startswith(pattern[:-1]))


def _as_list(errors: list[str]) -> str:
    """Write errors as Go's aggregate does."""
    if not errors:
        return ""
    return "RBAC: " + (errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


def refusal(user: User, action: Action, reason: str = "") -> str:
    """Compose the sentence of a 403, without the resource's title."""
    suffix = f": {reason}" if reason else ""
    if action.path:
        return f'User "{user.name}" cannot {action.verb} path "{action.path}"{suffix}'
    where = f'in the namespace "{action.namespace}"' if action.namespace else "at the cluster scope"
    return (
        f'User "{user.name}" cannot {action.verb} resource "{action.title}" '
        f'in API group "{action.group}" {where}{suffix}'
    )
