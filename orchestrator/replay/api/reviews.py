"""Requests that ask about rights and identities instead of objects."""

import json
from collections.abc import Callable

from orchestrator.replay.access import Action, User
from orchestrator.replay.api.answer import Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.objects import Json, now
from orchestrator.replay.statuses import bad_request, not_found

_TOKEN_LIFE_S = 3600


def review(call: Call) -> Answer:
    """Answer a create of a review."""
    document = _document(call)
    document.setdefault("metadata", {})
    spec = document.setdefault("spec", {})
    document["status"] = _REVIEWS[call.target.plural](call, spec)
    return Answer(201, document)


def token_request(call: Call) -> Answer:
    """Answer a create of serviceaccounts/token."""
    if call.find() is None:
        raise not_found(call.resource, call.target.name)
    document = _document(call)
    life_s = (document.get("spec") or {}).get("expirationSeconds") or _TOKEN_LIFE_S
    token = call.state.tokens.mint_for_account(call.target.namespace, call.target.name)
    document["status"] = {"token": token, "expirationTimestamp": now(life_s)}
    return Answer(201, document)


def _document(call: Call) -> Json:
    try:
        document = json.loads(call.request.body or b"{}")
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error
    if not isinstance(document, dict):
        raise bad_request("the object provided is not an object")
    return document


def _self_access(call: Call, spec: Json) -> Json:
    return _judged(call, call.user, spec)


def _access(call: Call, spec: Json) -> Json:
    if call.target.namespace:
        spec.setdefault("resourceAttributes", {}).setdefault("namespace", call.target.namespace)
    return _judged(call, User(spec.get("user") or "", tuple(spec.get("groups") or ())), spec)


def _judged(call: Call, user: User, spec: Json) -> Json:
    verdict = call.state.access.judge(user, _asked(spec))
    status: Json = {"allowed": verdict.allowed}
    if verdict.reason:
        status["reason"] = verdict.reason
        if not verdict.allowed:
            status["evaluationError"] = verdict.reason.removeprefix("RBAC: ")
    return status


def _asked(spec: Json) -> Action:
    if "nonResourceAttributes" in spec:
        asked = spec["nonResourceAttributes"]
        return Action(asked.get("verb", ""), path=asked.get("path", ""))
    asked = spec.get("resourceAttributes") or {}
    return Action(
        verb=asked.get("verb", ""),
        group=asked.get("group", ""),
        resource=asked.get("resource", ""),
        subresource=asked.get("subresource", ""),
        namespace=asked.get("namespace", ""),
        name=asked.get("name", ""),
    )


def _rules(call: Call, spec: Json) -> Json:
    held = call.state.access.held(call.user, spec.get("namespace") or "")
    return {
        "resourceRules": [rule for rule in held if rule.get("resources")],
        "nonResourceRules": [rule for rule in held if rule.get("nonResourceURLs")],
        "incomplete": False,
    }


def _who_am_i(call: Call, _: Json) -> Json:
    return {"userInfo": _described(call.user)}


def _token(call: Call, spec: Json) -> Json:
    holder = call.state.tokens.holder(spec.get("token") or "")
    if holder is None:
        return {"user": {}, "error": "invalid bearer token"}
    return {"authenticated": True, "user": _described(holder)}


def _described(user: User) -> Json:
    return {"username": user.name, "groups": list(user.groups)}


_REVIEWS: dict[str, Callable[[Call, Json], Json]] = {
    "selfsubjectaccessreviews": _self_access,
    "subjectaccessreviews": _access,
    "localsubjectaccessreviews": _access,
    "selfsubjectrulesreviews": _rules,
    "selfsubjectreviews": _who_am_i,
    "tokenreviews": _token,
}
