"""Finds secrets in text: by their form, by the name before them, by their randomness."""

import math
import re
from collections import Counter
from collections.abc import Callable
from re import Match

from orchestrator.capture.words import names_a_secret

MARK = "<redacted>"

# The words by which a summary counts what was taken out.
BLOCKS = "keys and certificates in PEM"
KNOWN_TOKENS = "tokens and keys of known forms"
USER_INFO = "credentials in URLs"
NAMED = "values behind a name such as password or token"
RANDOM = "long random strings"

_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
_PEM_IN_BASE64 = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=]+")
_TOKENS = re.compile(
    r"eyJ[\w-]{8,1024}\.[\w-]{8,}(?:\.[\w-]*)*"  # JSON web tokens
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"  # AWS
    r"|AIza[\w-]{35}|ya29\.[\w-]{20,}"  # Google
    r"|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{20,}"
    r"|xox[abeoprs]-[\w-]{10,}|https://hooks\.slack\.com/[\w/]+"
    r"|nvapi-[\w-]{20,}|hf_\w{20,}|sk-[\w-]{20,}|[rs]k_live_\w{16,}"
    r"|npm_\w{30,}|pypi-[\w-]{40,}|dckr_pat_[\w-]{20,}|hv[sb]\.[\w-]{20,}|AGE-SECRET-KEY-\w+"
)
# A digest after an @ belongs to an image, not to a server.
_USER_INFO = re.compile(r"(?<=://)(?:[^\s\"'<>/@]+|[^\s\"'<>/@:]+:[^\s\"'<>@]+)(?=@(?!sha256:))")
_HEADERS = re.compile(
    r"(?i)(\bbearer\s+|\bauthorization[\"']?\s*[:=]\s*[\"']?(?:[a-z]+\s+)?|\bcookie:\s*)"
    r"([\w.~+/=:;%-]{6,})"
)
_BASIC_FLAG = re.compile(r"((?:^|\s)(?:-u|--user)[\s=]+[\"']?)([^\s\"':]+:[^\s\"']+)")
_NAME = re.compile(r"([A-Za-z0-9_.-]{2,80})(?:\\?[\"'])?[ \t]*(?::=|=>|[:=])[ \t]*")
_VALUE = re.compile(r"(\\?[\"']|)((?<=\\\")[^\"\\]*|(?<=\")[^\"]*|(?<=')[^']*|[^\s\"',;&}\])]+)")
_SPACED_FLAG = re.compile(r"(?<!\S)(--?[A-Za-z][\w-]{1,60})([ \t]+)([^\s-]\S*)")
_HINT = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth|sig|sas|cookie|jwt|dsn|connectionstr")
_LONG = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_PLAIN = frozenset({"", "true", "false", "null", "none", "nil", MARK.lower()})

_BITS = 4.2  # of entropy a character; names, paths and hexadecimal digests stay below
_SLASHES = 3  # more of them make a path
_DIGITS = 3  # fewer are the versions in a name
_SHORTEST = 6


def scrub(
    text: str,
    found: Counter[str],
    is_harmless: Callable[[str, str], bool] = lambda _name, _value: False,
) -> str:
    """Replace what looks like a secret, and count it by kind.

    `is_harmless` may let the value behind a name such as `token` stay.
    """
    if len(text) < _SHORTEST:
        return text
    text = _replace(_PEM, text, BLOCKS, found)
    text = _replace(_PEM_IN_BASE64, text, BLOCKS, found)
    text = _replace(_TOKENS, text, KNOWN_TOKENS, found)
    if "@" in text:
        text = _replace(_USER_INFO, text, USER_INFO, found)
    if _HINT.search(text):
        text = _sub(_HEADERS, lambda match: match[1] + MARK, text, NAMED, found)
        text = _without_named_values(text, found, is_harmless)
        text = _sub(_SPACED_FLAG, _without_flag_value, text, NAMED, found)
    if "-u" in text:
        text = _sub(_BASIC_FLAG, lambda match: match[1] + MARK, text, NAMED, found)
    return _sub(_LONG, _unless_random, text, RANDOM, found)


def is_plain(value: str) -> bool:
    """Whether a value can be no secret, whatever its name says."""
    return value.strip("\"'\\").lower() in _PLAIN


def _replace(pattern: re.Pattern[str], text: str, kind: str, found: Counter[str]) -> str:
    return _sub(pattern, lambda _: MARK, text, kind, found)


def _sub(
    pattern: re.Pattern[str],
    change: Callable[[Match[str]], str],
    text: str,
    kind: str,
    found: Counter[str],
) -> str:
    def counted(match: Match[str]) -> str:
        changed = change(match)
        found[kind] += changed != match[0]
        return changed

    return pattern.sub(counted, text)


def _without_named_values(
    text: str, found: Counter[str], is_harmless: Callable[[str, str], bool]
) -> str:
    """Replace what stands behind a name; a value may itself be a name with a value."""
    parts: list[str] = []
    done = 0
    for name in _NAME.finditer(text):
        if name.start() < done or not names_a_secret(name[1]):
            continue
        value = _VALUE.match(text, name.end())
        if value and not is_plain(value[2]) and not is_harmless(name[1], value[2]):
            parts += [text[done : value.start(2)], MARK]
            done = value.end(2)
            found[NAMED] += 1
    return "".join(parts) + text[done:]


def _without_flag_value(match: Match[str]) -> str:
    flag, link, value = match.groups()
    return match[0] if is_plain(value) or not names_a_secret(flag) else f"{flag}{link}{MARK}"


def _unless_random(match: Match[str]) -> str:
    return MARK if is_random(match[0]) else match[0]


def is_random(text: str) -> bool:
    """Whether a long word has the letters of a generated key rather than those of a name."""
    digits = sum(map(str.isdecimal, text))
    if text.count("/") > _SLASHES or digits < _DIGITS or text in (text.lower(), text.upper()):
        return False
    size = len(text)
    bits = -sum(n / size * math.log2(n / size) for n in Counter(text).values())
    return bits >= _BITS
