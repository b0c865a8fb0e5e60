"""Takes what looks like a secret out of what a check said, before anybody sees or keeps it."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from orchestrator.capture.text import MARK, is_plain, scrub
from orchestrator.capture.words import names_a_secret

BEGIN, END = "-----BEGIN ", "-----END "
ENCODED = re.compile(r"[A-Za-z0-9+/=\\]*")
# What stands behind `token:` in a sentence, such as `expired` or `0.5 s`, is worth reading.
NEVER_SHOWN = re.compile(r"(?i)pass|pwd")
SHORT, LONG = 8, 20


def line(text: str) -> str:
    """One line without secrets."""
    return scrub(text, Counter(), _is_harmless)


def lines(given: Iterable[str]) -> list[str]:
    """Lines without secrets; a key in PEM form leaves one mark."""
    found: list[str] = []
    is_inside = False
    for item in given:
        if is_inside and END not in item and ENCODED.fullmatch(item.strip()):
            continue
        if is_inside:
            is_inside = False
            if END in item:
                continue
        begin = item.find(BEGIN)
        is_inside = begin >= 0 and END not in item
        found.append(f"{item[:begin]}{MARK}" if is_inside else line(item))
    return found


def value(given: Any, key: str = "") -> Any:
    """A fact without secrets: what a key names as one goes whatever it looks like.

    A variable of a container has its name in a field of its own.
    """
    if isinstance(given, dict):
        named = {"value": given["name"]} if isinstance(given.get("name"), str) else {}
        return {name: value(item, named.get(name, str(name))) for name, item in given.items()}
    if isinstance(given, list):
        return [value(item, key) for item in given]
    if not isinstance(given, str):
        return given
    if names_a_secret(key) and not is_plain(given):
        return MARK
    return line(given)


def count(before: Iterable[str], after: Iterable[str]) -> int:
    """How many lines were changed, or left out."""
    kept = Counter(after)
    return sum((Counter(before) - kept).values())


def _is_harmless(name: str, text: str) -> bool:
    if NEVER_SHOWN.search(name) or len(text) >= LONG:
        return False
    is_number = text.replace(".", "", 1).isdecimal()
    return is_number or len(text) < SHORT or not any(map(str.isdecimal, text))
