"""Names that say that a secret stands behind them: of fields, flags and variables."""

import re
from functools import lru_cache

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SECRET = _words(
    "password passwd passphrase passcode pwd pass secret token credential credentials creds "
    "apikey accesskey secretkey privatekey authtoken htpasswd dockerconfigjson jwt sas "
    "signature sig"
)
# Together with a last word `key`.
_KEYS = _words(
    "access account api auth client encryption license private registry secret shared sign "
    "signing storage"
)
_WHOLE = _words("auth authorization connectionstring cookie dsn")
# What ends like this only points at a secret, or says something about it.
_ABOUT = _words(
    "audience audiences class count dir directory enabled endpoint expiration expiry file files "
    "format header id issuer kind length limit limits manager mode mount name names namespace "
    "path paths policy prefix projection provider ref reference references refs request requests "
    "review reviews seconds selector size store suffix template timeout ttl type uri url version "
    "volume webhook"
)
_BOTH_WAYS = frozenset({"pull", "tls"})  # pullSecret, tlsSecret: the name of a Secret


@lru_cache(maxsize=4096)
def names_a_secret(name: str) -> bool:
    """Whether a field, flag or variable of this name holds a secret itself."""
    parts = [part.lower() for part in _PARTS.findall(name)]
    if not parts or parts[-1] in _ABOUT:
        return False
    if "".join(parts) in _WHOLE:
        return True
    if "secret" in parts and _BOTH_WAYS.intersection(parts):
        return False
    if _SECRET.intersection(parts):
        return True
    return parts[-1] == "key" and not _KEYS.isdisjoint(parts[:-1])
