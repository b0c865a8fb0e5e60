"""From a request to its answer: who asks, may he, and which part of the API replies."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from helper.kinds import Resource
from orchestrator.replay import access
from orchestrator.replay.access import Action, User
from orchestrator.replay.api import (
    options,
    podlogs,
    reading,
    removing,
    replies,
    reviews,
    scaling,
    watching,
    writing,
)
from orchestrator.replay.api.answer import Answer, Hangup, Stream, refusal
from orchestrator.replay.api.call import Call
from orchestrator.replay.api.documents import Documents
from orchestrator.replay.api.request import Request, Target, action_of, in_json, target_of
from orchestrator.replay.faults import Fault, Recorded
from orchestrator.replay.mirror import is_mirror
from orchestrator.replay.state import State
from orchestrator.replay.statuses import (
    ApiError,
    forbidden,
    method_not_allowed,
    not_emulated,
    resource_not_found,
    status_body,
    unauthorized,
)
from orchestrator.replay.tokens import ANONYMOUS

Reply = Answer | Stream | Hangup

_RECORDED = 100_000  # requests that are remembered


class Api:
    """Answers the requests to one cluster."""

    def __init__(self, state: State, address: str, stopping: Callable[[], bool]) -> None:
        self.state = state
        self.documents = Documents(state, address)
        self.stopping = stopping
        self._streams_ended = 0

    def end_streams(self) -> None:
        """Let every stream that goes on now end properly; new ones are not concerned."""
        self._streams_ended += 1

    def answer(self, request: Request) -> Reply:
        """Answer a request and record it."""
        target = target_of(request.path)
        action = action_of(request, target)
        user: User | None = None
        reply: Reply
        try:
            user = self._authenticate(request)
            fault = self.state.faults.take(action, user.name)
            reply = _faulty(fault) or self._judged(request, target, action, user)
            if fault and fault.cut_after_s is not None and isinstance(reply, Stream):
                reply = replace(reply, parts=_cut(reply.parts, fault.cut_after_s))
        except ApiError as error:
            reply = refusal(error)
        if len(self.state.requests) >= _RECORDED:
            del self.state.requests[: _RECORDED // 2]
        self.state.requests.append(
            Recorded(
                method=request.method,
                path=request.path,
                query=request.raw_query,
                user=user.name if user else "",
                status=reply.status,
                action=action,
            )
        )
        return reply

    def _authenticate(self, request: Request) -> User:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return ANONYMOUS
        user = self.state.tokens.holder(token.strip()) if scheme.lower() == "bearer" else None
        if user is None:
            raise unauthorized()
        impersonated = request.headers.get("impersonate-user")
        return self._impersonated(user, impersonated, request) if impersonated else user

    def _impersonated(self, user: User, name: str, request: Request) -> User:
        wanted = access.user_named(name)
        account = wanted.account
        if account:
            action = Action(
                "impersonate", "", "serviceaccounts", namespace=account[0], name=account[1]
            )
        else:
            action = Action("impersonate", "", "users", name=name)
        self._authorize(user, action)
        given = request.headers.get("impersonate-group")
        if not given:
            return wanted
        groups = given.split(", ")
        for group in groups:
            self._authorize(user, Action("impersonate", "", "groups", name=group))
        return User(name, (*groups, access.AUTHENTICATED))

    def _judged(self, request: Request, target: Target | None, action: Action, user: User) -> Reply:
        self._authorize(user, action)
        if action.subresource != "log":  # a log can be asked for in part
            recorded = replies.recorded(self.state.replies, request)
            if recorded is not None:
                return recorded
        if target is None or not target.plural:
            return self.documents.answer(request, target)
        kind = self.state.kinds.find(target.group, target.version, target.plural)
        if kind is None:
            raise self.documents.unserved(target)
        if not kind.resource.namespaced and target.namespace == target.name:
            target = replace(target, namespace="")  # /namespaces/NAME names an object, not a place
        call = Call(self.state, kind, target, in_json(request), user, self._stopping())
        _check_scope(call, action)
        options.check(request, action)
        unknown = self.state.gaps.refusal(
            kind.resource, action, request.query.get("labelSelector", "")
        )
        if unknown is not None:
            raise unknown
        return _handler(call, action)(call)

    def _authorize(self, user: User, action: Action) -> None:
        verdict = self.state.access.judge(user, action)
        if verdict.allowed:
            return
        why = access.refusal(user, action, verdict.reason)
        if action.path:
            raise ApiError(403, status_body(403, "Forbidden", f"forbidden: {why}", {}))
        raise forbidden(Resource(action.group, "", action.resource, ""), action.name, why)

    def _stopping(self) -> Callable[[], bool]:
        """Give the test by which a stream that begins now finds out that it is to end."""
        before = self._streams_ended
        return lambda: self.stopping() or self._streams_ended != before


Handler = Callable[[Call], Answer | Stream]

_OF_COLLECTIONS: dict[str, Handler] = {
    "create": writing.create,
    "deletecollection": removing.delete_collection,
    "list": reading.list_objects,
    "watch": watching.watch,
}
_OF_OBJECTS: dict[str, Handler] = {
    "delete": removing.delete,
    "get": reading.get,
    "patch": writing.patch,
    "update": writing.update,
    "watch": watching.watch,
}
_OF_SUBRESOURCES: dict[tuple[str, str], Handler] = {
    ("log", "get"): podlogs.pod_log,
    ("scale", "get"): scaling.read,
    ("scale", "patch"): scaling.write,
    ("scale", "update"): scaling.write,
    ("status", "get"): reading.get,
    ("status", "patch"): writing.patch,
    ("status", "update"): writing.update,
    ("token", "create"): reviews.token_request,
}


def _handler(call: Call, action: Action) -> Handler:
    """Give the function that answers; raises ApiError 404, 405 or 501."""
    subresource = call.target.subresource
    if subresource:
        if subresource not in call.kind.subresources:
            raise resource_not_found()
        if subresource == "proxy":
            return replies.unrecorded_proxy
        handler = _OF_SUBRESOURCES.get((subresource, action.verb))
        if handler is None and subresource in ("scale", "status"):
            raise method_not_allowed()
        if handler is None:
            raise not_emulated(call.request.title)
        return handler
    if action.verb not in call.kind.verbs:
        raise method_not_allowed()
    if call.kind.is_review:
        return reviews.review
    if is_mirror(call.resource) and action.verb not in ("get", "list", "watch"):
        raise not_emulated(call.request.title, "write events as core/v1")
    table = _OF_OBJECTS if call.target.name else _OF_COLLECTIONS
    if action.verb not in table:
        raise method_not_allowed()
    return table[action.verb]


def _faulty(fault: Fault | None) -> Reply | None:
    """Give the answer that a fault makes; None when the request is to go on."""
    if fault is None:
        return None
    time.sleep(fault.delay_s)
    if fault.drop:
        return Hangup()
    error = fault.error()
    return refusal(error) if error else None


def _cut(parts: Iterator[bytes], after_s: float) -> Iterator[bytes]:
    """Pass a stream on and break it off when its time is over."""
    end = time.monotonic() + after_s
    for part in parts:
        if time.monotonic() >= end:
            raise ConnectionResetError
        yield part


def _check_scope(call: Call, action: Action) -> None:
    """Refuse paths that name a namespace too much or too little; raises ApiError 404, 405."""
    inside, namespaced = bool(call.target.namespace), call.resource.namespaced
    if inside and not namespaced:
        raise resource_not_found()
    if namespaced and not inside and (call.target.name or action.verb not in ("list", "watch")):
        raise resource_not_found() if call.target.name else method_not_allowed()
