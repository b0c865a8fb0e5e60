"""Other names for machines and addresses: the same one everywhere in a capture."""

import ipaddress
import re
from collections.abc import Iterable
from hashlib import blake2b
from re import Match
from typing import Any

from orchestrator.capture.text import MARK

_IDS = frozenset({"machineID", "systemUUID", "bootID"})
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:])")
_SHORTEST = 4
# By version of IP how many bytes are free, and the first byte of addresses for private use.
_PRIVATE = {4: (3, b"\x0a"), 6: (15, b"\xfd")}
_TELLING = re.compile(r"[0-9.-]")  # others are words that may stand for anything


class Pseudonyms:
    """Renames machines; `salt` makes addresses of one capture strange to another."""

    def __init__(self, nodes: Iterable[str], salt: bytes) -> None:
        self._salt = salt
        self._names: dict[str, str] = {}
        self.kept: list[str] = []  # names that cannot be told from other words
        for number, name in enumerate(sorted(set(nodes)), 1):
            if not _TELLING.search(name) or len(name) < _SHORTEST:
                self.kept.append(name)
                continue
            for form in {name, name.partition(".")[0]}:
                self._names.setdefault(form, f"node-{number:04}")
        pattern = _any_of(self._names)
        self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{pattern})(?![A-Za-z0-9])")

    def value(self, key: str, value: Any) -> Any:
        """Rename in all texts of a JSON value, and in the keys of mappings by machine."""
        if isinstance(value, dict):
            return {self.text(name): self.value(name, item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(key, item) for item in value]
        if not isinstance(value, str):
            return value
        if key in _IDS:
            return MARK
        if key == "providerID":
            return f"{value.partition(':')[0]}://{MARK}"
        return value if key == "kind" or "version" in key.lower() else self.text(value)

    def text(self, text: str) -> str:
        """Rename in a text."""
        if self._names:
            text = self._pattern.sub(lambda match: self._names[match[0]], text)
        if "." in text:
            text = _IPV4.sub(self._address, text)
        return _IPV6.sub(self._address, text) if ":" in text else text

    def _address(self, match: Match[str]) -> str:
        try:
            address = ipaddress.ip_address(match[0])
        except ValueError:
            return match[0]
        if address.is_loopback or address.is_unspecified or address.is_multicast:
            return match[0]
        size, prefix = _PRIVATE[address.version]
        digest = blake2b(address.packed, key=self._salt, digest_size=size).digest()
        return str(ipaddress.ip_address(prefix + digest))


def _any_of(words: Iterable[str]) -> str:
    """A pattern of many words that is as quick as one of few: what they share is tried once."""
    tree: dict[str, Any] = {}
    for word in words:
        branch = tree
        for letter in word:
            branch = branch.setdefault(letter, {})
        branch[""] = {}
    return _pattern(tree)


def _pattern(tree: dict[str, Any]) -> str:
    letters = [re.escape(letter) + _pattern(rest) for letter, rest in tree.items() if letter]
    if not letters:
        return ""
    joined = f"(?:{'|'.join(letters)})" if len(letters) > 1 or "" in tree else letters[0]
    return f"{joined}?" if "" in tree else joined
