"""Takes out of an object what must not leave its cluster.

What is dropped whatever it holds: data of Secrets, values of ConfigMaps, literals of environments,
copies of applied configurations, CA bundles. Everywhere else: what looks like a secret.
"""

import json
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Collection
from typing import Any

from orchestrator.capture.pseudonyms import Pseudonyms
from orchestrator.capture.text import KNOWN_TOKENS, MARK, NAMED, is_plain, scrub
from orchestrator.capture.words import names_a_secret

Json = dict[str, Any]

SECRETS = "data of Secrets"
CONFIG_MAPS = "values of ConfigMaps"
ENVIRONMENTS = "literals of environments"
APPLIED = "copies of applied configurations"
BUNDLES = "certificate bundles"
DESCRIPTIONS = "descriptions in definitions of kinds"
MANAGED = "lists of field managers"

ROOT_CA = "kube-root-ca.crt"
_BUNDLE = b64encode(MARK.encode()).decode()  # stays what it was for readers: not empty, base64
_APPLIED = re.compile(r"last-applied|kapp\.k14s\.io/original|rio\.cattle\.io/applied")
_ENVIRONMENT = re.compile(r"(?i)(?:.*env|.*envs|.*environment|.*env(?:ironment)?_?var(?:iable)?s?)")
_DROPPED = ("managedFields", "selfLink", "resourceVersion")
_NAMES = frozenset({"apiVersion", "kind", "name", "namespace", "uid", "image", "imageID"})
_DATA = ("data", "stringData", "binaryData", "encryptedData")
_SEALED = frozenset({"encryptedData", "stringData"})
_LABELS = frozenset({"labels", "matchLabels", "nodeSelector"})
_SHORT = 200  # texts up to this length are remembered: most of them come back
_REMEMBERED = 20_000


class Redactor:
    """Redacts the objects of one cluster, and counts what it took out."""

    def __init__(
        self, kept_config_maps: Collection[str] = (), pseudonyms: Pseudonyms | None = None
    ) -> None:
        """Take the ConfigMaps, as NAMESPACE/NAME, whose values stay if they look harmless."""
        self.found: Counter[str] = Counter()
        self._pseudonyms = pseudonyms
        self._kept = frozenset(kept_config_maps)
        self._known: dict[str, tuple[str, Counter[str]]] = {}

    def object(self, obj: Json) -> Json:
        """Redact an object; the one that was given is not to be used any more."""
        metadata = obj.get("metadata")
        if not isinstance(metadata, dict):
            metadata = obj["metadata"] = {}
        self.found[MANAGED] += "managedFields" in metadata
        for field in _DROPPED:
            metadata.pop(field, None)
        title = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
        clean: Json = self._renamed(self._mapping(obj, keeps_data=title in self._kept))
        return clean

    def text(self, text: str) -> str:
        """Redact and rename free text."""
        return self.name(self._scrubbed(text))

    def name(self, text: str) -> str:
        """Rename in what is no free text, such as a path."""
        return self._pseudonyms.text(text) if self._pseudonyms else text

    def _renamed(self, value: Any) -> Any:
        return self._pseudonyms.value("", value) if self._pseudonyms else value

    def _scrubbed(self, text: str) -> str:
        if len(text) > _SHORT:
            return scrub(text, self.found)
        if text not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            counts: Counter[str] = Counter()
            self._known[text] = scrub(text, counts), counts
        clean, counts = self._known[text]
        if counts:
            self.found += counts
        return clean

    def document(self, text: str) -> str:
        """Redact an answer: inside, if it is JSON, else as text."""
        try:
            parsed = json.loads(text)
        except ValueError:
            return self.text(text)
        clean = self._renamed(self._value("", parsed))
        return text if clean == parsed else json.dumps(clean)

    def _mapping(self, value: Json, *, keeps_data: bool = False) -> Json:
        """Redact a mapping; wherever one is a Secret or ConfigMap, its data goes."""
        kind = value.get("kind")
        if isinstance(kind, str) and kind.endswith("Secret"):
            self._drop_data(value)
        elif kind == "ConfigMap" and not keeps_data:
            self._empty_data(value)
        elif "openAPIV3Schema" in value:
            self._shorten(value)
            return value  # what fields may hold, not what they hold
        return {key: self._value(key, item) for key, item in value.items()}

    def _value(self, key: str, value: Any) -> Any:
        if isinstance(value, str):
            return self._string(key, value)
        if isinstance(value, list):
            is_environment = _ENVIRONMENT.fullmatch(key)
            return [*map(self._variable, value)] if is_environment else self._items(key, value)
        if isinstance(value, dict):
            return self._named_mapping(key, value)
        return value

    def _named_mapping(self, key: str, value: Json) -> Json:
        """Redact a mapping whose key says what it holds."""
        if key == "annotations":
            return self._annotations(value)
        if key in _LABELS:
            return {name: self._label(text) for name, text in value.items()}
        if key in _SEALED:
            self.found[SECRETS] += len(value)
            return dict.fromkeys(value, MARK)
        if _ENVIRONMENT.fullmatch(key):
            return {name: self._literal(item, name) for name, item in value.items()}
        return self._mapping(value)

    def _string(self, key: str, value: str) -> str:
        if key in _NAMES:
            return value
        if key == "caBundle" and value:
            self.found[BUNDLES] += 1
            return _BUNDLE
        if names_a_secret(key) and not is_plain(value):
            self.found[NAMED] += 1
            return MARK
        return self._scrubbed(value)

    def _items(self, key: str, values: list[Any]) -> list[Any]:
        """Redact a list; a flag for a secret makes its neighbour one."""
        result: list[Any] = []
        flag = ""
        for value in values:
            if isinstance(value, str) and _belongs_to(flag, value):
                self.found[NAMED] += 1
                result.append(MARK)
            elif isinstance(value, str) and names_a_secret(key):
                result.append(self._string(key, value))
            else:
                result.append(self._value("", value))
            flag = value if isinstance(value, str) else ""
        return result

    def _variable(self, item: Any) -> Any:
        """Redact a name and a value; a text such as NAME=VALUE keeps its name."""
        if isinstance(item, dict) and "name" in item and "value" in item:
            value = self._literal(item["value"], str(item["name"]))
            return {**self._mapping({**item, "value": ""}), "value": value}
        if isinstance(item, str) and "=" in item:
            name, _, value = item.partition("=")
            return f"{name}={self._literal(value, name)}"
        return self._value("", item)

    def _literal(self, value: Any, name: str) -> Any:
        if isinstance(value, dict | list):
            return self._value(name, value)
        if value in ("", None):
            return value
        self.found[ENVIRONMENTS] += 1
        return MARK

    def _label(self, text: Any) -> Any:
        """Redact a label only for what no label is by chance: selectors must go on matching."""
        if not isinstance(text, str):
            return self._value("", text)
        counts: Counter[str] = Counter()
        clean = scrub(text, counts)
        if not counts[KNOWN_TOKENS]:
            return text
        self.found += counts
        return clean

    def _annotations(self, annotations: Json) -> Json:
        result: Json = {}
        for key, value in annotations.items():
            parsed = _parsed(value)
            if _APPLIED.search(key) or _is_object(parsed):
                self.found[APPLIED] += 1
            elif isinstance(parsed, dict | list):
                clean = self._value("", parsed)
                result[key] = value if clean == parsed else json.dumps(clean)
            else:
                result[key] = self._value(key.rpartition("/")[2], value)
        return result

    def _drop_data(self, value: Json) -> None:
        for field in _DATA:
            dropped = value.pop(field, None)
            self.found[SECRETS] += len(dropped) if isinstance(dropped, dict) else bool(dropped)

    def _empty_data(self, value: Json) -> None:
        is_root_ca = (value.get("metadata") or {}).get("name") == ROOT_CA
        for field in _DATA:
            data = value.get(field)
            if isinstance(data, dict):
                self.found[CONFIG_MAPS] += len(data)
                # Clients that get this bundle mounted would refuse anything but one, or nothing.
                value[field] = dict.fromkeys(data, "" if is_root_ca else MARK)
            elif data:
                value[field] = MARK

    def _shorten(self, schema: Any) -> None:
        """Take the prose out of a definition: it is most of its size, and anybody's words."""
        if isinstance(schema, dict):
            if isinstance(schema.get("description"), str):
                del schema["description"]
                self.found[DESCRIPTIONS] += 1
            for value in schema.values():
                self._shorten(value)
        elif isinstance(schema, list):
            for value in schema:
                self._shorten(value)


def _belongs_to(flag: str, word: str) -> bool:
    """Whether a word of a command line is the secret that the one before it asks for."""
    if not flag.startswith("-") or "=" in flag or " " in flag or word.startswith("--"):
        return False
    return names_a_secret(flag) or (flag in ("-u", "--user") and ":" in word)


def _parsed(value: Any) -> Any:
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return None
    try:
        return json.loads(value)
    except ValueError:
        return None


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and "kind" in value and bool({"spec", "data"} & value.keys())
