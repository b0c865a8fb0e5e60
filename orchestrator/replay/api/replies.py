"""Recorded answers: proxy requests, aggregated APIs, whatever objects cannot answer."""

import json
from collections.abc import Iterable
from typing import NoReturn

from helper import kinds
from orchestrator.replay.api.answer import JSON, TEXT, Answer
from orchestrator.replay.api.call import Call
from orchestrator.replay.api.request import Request
from orchestrator.replay.models import Reply
from orchestrator.replay.statuses import not_emulated, not_found, unavailable

_WITH_SCHEME = 3  # scheme:name:port


def recorded(replies: Iterable[Reply], request: Request) -> Answer | None:
    """Give the recorded answer to a request; the one that names most of its query wins."""
    found = [reply for reply in replies if _matches(reply, request)]
    if not found:
        return None
    response = max(found, key=lambda reply: len(reply.request.query)).response
    if response.document is not None:
        content_type = response.content_type or JSON
        return Answer(response.status, json.dumps(response.document), content_type)
    return Answer(response.status, response.body, response.content_type or TEXT)


def _matches(reply: Reply, request: Request) -> bool:
    wanted = reply.request
    return (
        wanted.method == request.method
        and wanted.path == request.path
        and all(request.query.get(key) == value for key, value in wanted.query.items())
    )


def unrecorded_proxy(call: Call) -> NoReturn:
    """Refuse a proxy request without a recorded answer; raises ApiError 404 or 501."""
    parts = call.target.name.split(":")  # [scheme:]name[:port]
    name = parts[1] if len(parts) == _WITH_SCHEME else parts[0]
    obj = call.store.find(call.resource, call.target.namespace, name)
    if obj is None:
        raise not_found(call.resource, name)
    if call.resource == kinds.SERVICES and parts[-1] != name:
        ports = (obj.get("spec") or {}).get("ports") or []
        if all(parts[-1] not in (str(port.get("port")), port.get("name")) for port in ports):
            raise unavailable(f'no service port {parts[-1]} found for service "{name}"')
    raise not_emulated(call.request.title, "no answer was recorded (replies/*.yaml)")
