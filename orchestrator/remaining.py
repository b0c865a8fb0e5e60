"""How long a run will still take, by what its checks took before."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from helper.quantity import format_duration
from orchestrator.estimate import estimate
from orchestrator.gate import Gate
from orchestrator.history import Key, Taken
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.reports.text import counted

SOON_S = 1.0


@dataclass(frozen=True)
class Remaining:
    """The time until the last check of a plan ends, as far as anybody can know it."""

    plan: Plan
    usual: Mapping[Key, Taken]  # of earlier runs
    max_parallel: int
    gate: Gate = Gate.NONE

    def words(self, done: Collection[Key], elapsed_s: Mapping[Key, float]) -> str:
        """The time that is left, in words; `elapsed_s` is of the checks that run now.

        Where no earlier run tells, the budgets bound it.
        """
        open_ = [item for item in self.plan.checks if not item.refusal and _key(item) not in done]
        known = [item for item in open_ if _key(item) in self.usual]
        if not open_:
            return ""
        if not known:
            return f"at most {_rounded(self._left_s(open_, elapsed_s))} left, by budgets"
        left_s = self._left_s(known, elapsed_s)
        words = f"about {_rounded(left_s)} left" if left_s >= SOON_S else "longer than usual"
        new = len(open_) - len(known)
        return f"{words}, beside {counted(new, 'check')} never timed here" if new else words

    def _left_s(self, open_: Collection[PlannedCheck], elapsed_s: Mapping[Key, float]) -> float:
        """Play the rest of the run."""

        def seconds(check: PlannedCheck) -> float:
            known = self.usual.get(_key(check))
            whole = min(known.seconds, check.timeout_s) if known else check.timeout_s
            return max(0.0, whole - elapsed_s.get(_key(check), 0.0))

        names = {_key(item) for item in open_}
        phases = tuple(
            replace(phase, checks=tuple(item for item in phase.checks if _key(item) in names))
            for phase in self.plan.phases
        )
        rest = replace(self.plan, phases=phases)
        return estimate(rest, seconds, self.max_parallel, self.gate).total_s


def _key(check: PlannedCheck) -> Key:
    return check.phase, check.name


def _rounded(seconds: float) -> str:
    """As exact as an estimate is: `7s`, `1m20s`, `12m`."""
    step = 1 if seconds < 20 else 10 if seconds < 600 else 60  # noqa: PLR2004  (as the examples above)
    words = format_duration(max(1, round(seconds / step)) * step)
    return words.removesuffix("0s") if words.endswith("m0s") else words
