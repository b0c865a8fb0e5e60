"""What a request asks for, read from its method and path."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.replay import protobuf
from orchestrator.replay.access import Action
from orchestrator.replay.api.answer import JSON
from orchestrator.replay.selectors import field_value

_VERBS = {
    "GET": "get",
    "HEAD": "get",
    "POST": "create",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})


@dataclass(frozen=True)
class Request:
    """One HTTP request."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    raw_query: str = ""

    @property
    def title(self) -> str:
        """The request as one line, for messages."""
        query = f"?{self.raw_query}" if self.raw_query else ""
        return f"{self.method} {self.path}{query}"

    @property
    def is_dry_run(self) -> bool:
        """Whether nothing may be kept."""
        return "dryRun" in self.query

    @property
    def is_watch(self) -> bool:
        """Whether the answer is to be a stream of changes."""
        return self.query.get("watch", "").lower() in ("1", "true")

    @property
    def content_type(self) -> str:
        """The body's media type without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def manager(self) -> str:
        """Who owns the fields that this request sets."""
        agent = self.headers.get("user-agent", "").partition("/")[0]
        return self.query.get("fieldManager") or agent or "unknown"


@dataclass(frozen=True)
class Target:
    """The place in the resource tree that a path names."""

    group: str
    version: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""  # what follows `proxy`, with its slash


def target_of(path: str) -> Target | None:
    """Understand a path; None for one outside the resource tree."""
    parts = path.strip("/").split("/")
    if parts[0] == "api" and len(parts) > 1:
        group, version, parts = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) > 2:  # noqa: PLR2004  (group and version)
        group, version, parts = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if len(parts) > 1 and parts[0] == "namespaces":
        below = parts[2] if len(parts) > 2 else ""  # noqa: PLR2004  (beyond the name)
        namespace = parts[1]
        if below and below not in _NAMESPACE_SUBRESOURCES:
            parts = parts[2:]
    plural, name, subresource, *rest = [*parts, "", "", ""][: max(3, len(parts))]
    tail = "/" + "/".join(rest) if rest else ""
    return Target(group, version, plural, namespace, name, subresource, tail)


def in_json(request: Request) -> Request:
    """Give a request with its body in JSON; raises ApiError 400 or 501."""
    if request.content_type != protobuf.MEDIA or not request.body:
        return request
    body = json.dumps(protobuf.decode(request.body)).encode()
    return replace(request, body=body, headers={**request.headers, "content-type": JSON})


def action_of(request: Request, target: Target | None) -> Action:
    """Give what is to be judged: the verb and its object."""
    if target is None or not target.plural:
        return Action(request.method.lower(), path=request.path)
    verb = _VERBS.get(request.method, request.method.lower())
    name = target.name
    if verb in ("get", "delete") and not name:
        verb = "list" if verb == "get" else "deletecollection"
        # A selector for one name lets rules with resourceNames apply.
        name = field_value(request.query.get("fieldSelector", ""), "metadata.name")
    if request.is_watch and verb in ("get", "list") and not target.subresource:
        verb = "watch"
    return Action(verb, target.group, target.plural, target.subresource, target.namespace, name)
