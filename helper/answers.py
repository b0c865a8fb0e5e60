"""What an API server's answer must hold before it is believed.

Proxies, gateways and broken aggregated servers answer 200 with something else.
"""

from typing import Any

from helper.errors import Unreachable
from helper.resource import Json, name

ADVICE = "look whether something between here and the API server answers in its place"


def items_of(answer: Json, what: str) -> list[Json]:
    """The objects of one page of a list; null is an empty one."""
    found: Any = answer.get("items", "none at all")
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise Unreachable("list", what, message=f"the answer is no list of objects; {ADVICE}")
    return found


def next_page(answer: Json, before: str, what: str) -> str:
    """The token of the next page; empty after the last one."""
    meta = answer.get("metadata")
    token = str(meta.get("continue") or "") if isinstance(meta, dict) else ""
    if token and token == before:
        raise Unreachable("list", what, message="the server gives the same page again and again")
    return token


def asked_for(answer: Json, wanted: str, what: str) -> Json:
    """The object, if it is the one of that name."""
    if name(answer) != wanted:
        seen = f"of kind {answer.get('kind') or 'unknown'} named {name(answer) or 'nothing'}"
        raise Unreachable("get", what, message=f"the answer is another object, {seen}; {ADVICE}")
    return answer
