"""What single checks get from the operator's own shell: three knobs, and a token as a Secret.

A catalog cannot set any of these: they say what the operator wants, or what is only theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from helper import contract
from orchestrator.errors import UsageError
from orchestrator.plan import Plan, PlannedCheck

TOKEN_CHECK = "inference-perf"  # noqa: S105 - it downloads gated models
TOKEN_KEY = "token"  # noqa: S105 - in the Secret
KNOBS = {
    contract.REQUIRE_SCOPED_GATEWAY: "inference-gateway",
    contract.NCCL_FABRIC: "nccl-all-reduce-bw-net",
    contract.INFERENCE_PERF_NO_CLEANUP: "inference-perf",
}
GO_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
MAX_CHARS = 4096  # tokens have some forty; a Secret would hold 1 MiB


@dataclass(frozen=True)
class Forwarded:
    """Variables for checks; the token never stands in a text made of this."""

    knobs: Mapping[str, str] = field(default_factory=dict)
    token: str = field(default="", repr=False)

    def variables(self, check: str) -> dict[str, str]:
        """The knobs of one check."""
        return {name: value for name, value in self.knobs.items() if KNOBS[name] == check}


def forwarded(env: Mapping[str, str], plan: Plan) -> Forwarded:
    """Take from the environment what the planned checks get; UsageError for a broken token."""
    knobs = {name: env.get(name, "") for name in KNOBS}
    if knobs[contract.INFERENCE_PERF_NO_CLEANUP] in GO_TRUE:
        knobs[contract.INFERENCE_PERF_NO_CLEANUP] = "1"
    else:
        knobs[contract.INFERENCE_PERF_NO_CLEANUP] = ""
    given = {name: value for name, value in knobs.items() if value}
    return Forwarded(given, _token(env) if wants_token(plan) else "")


def wants_token(plan: Plan) -> bool:
    """Whether a check that gets the token will run."""
    return any(gets_token(planned) for planned in plan.checks)


def gets_token(planned: PlannedCheck) -> bool:
    """Whether this check gets the token when there is one."""
    return planned.name == TOKEN_CHECK and not planned.refusal


def _token(env: Mapping[str, str]) -> str:
    token = env.get(contract.HF_TOKEN, "").strip()  # files that tokens are read from end in \n
    if len(token) > MAX_CHARS:
        raise UsageError(f"{contract.HF_TOKEN}: has {len(token)} characters, want {MAX_CHARS}")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise UsageError(f"{contract.HF_TOKEN}: has characters that no token has")
    return token
