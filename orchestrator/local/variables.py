"""References to variables in arguments and values, as kubelet reads them."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def expanded(text: str, env: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by known variables, as kubelet does."""

    def one(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        return env.get(match[1], match[0])

    return _VARIABLE.sub(one, text)
