"""A CTRF document as values: what every report shows of it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from orchestrator.outcome import BESIDE_CHECKS, GRAVITY, READINESS, PhaseStatus
from orchestrator.reports import text

# By gravity: the order in which people read.
STATUSES = ("failed", "other", "pending", "skipped", "passed")
PHASE_STATUSES = (*map(str, GRAVITY), str(PhaseStatus.NOT_SELECTED))
ITEM_WORDS = {"failed": "failed", "other": "not judged", "passed": "passed"}
SECONDS = ("prepare", "wait", "start", "pull", "run", "collect", "clean")


@dataclass(frozen=True)
class Coverage:
    """How much a test looked at, of how much."""

    seen: int
    total: int
    unit: str
    left_out: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether everything was looked at, and there was something."""
        return 0 < self.total <= self.seen


@dataclass(frozen=True)
class Measured:
    """A measured value against what was wanted."""

    name: str
    value: str
    unit: str = ""
    threshold: str = ""
    passed: bool | None = None
    margin: str = ""  # how far inside the threshold, in percent of it


@dataclass(frozen=True)
class Item:
    """One thing of several that a test looked at, such as a node."""

    name: str
    kind: str
    status: str  # passed, failed, or other for one that could not be judged
    message: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """One of its values; empty when it has none of that name."""
        return dict(self.values).get(name, "")


@dataclass(frozen=True)
class Attempt:
    """An attempt that another one followed."""

    number: int
    status: str
    message: str


@dataclass(frozen=True)
class Case:
    """One test."""

    name: str
    phase: str
    status: str
    message: str = ""
    raw_status: str = ""
    duration_s: float = 0.0
    began: float | None = None  # when it was asked for, in seconds since 1970
    seconds: Mapping[str, float] | None = None  # where its time went
    evidence: tuple[str, ...] = ()
    log: tuple[str, ...] = ()
    description: str = ""
    requirement: str = ""
    skip: str = ""
    proof: str = ""  # how it knows what it says
    coverage: Coverage | None = None
    measured: tuple[Measured, ...] = ()
    items: tuple[Item, ...] = ()  # what is unwell first
    attempts: tuple[Attempt, ...] = ()
    diagnostics: str = ""  # where files about it are
    facts: tuple[tuple[str, str], ...] = ()  # what ran where, and what else is told

    @property
    def is_beside(self) -> bool:
        """Whether it is told beside the checks of a run that could not go on."""
        return self.phase in BESIDE_CHECKS

    @property
    def place(self) -> str:
        """Phase and name."""
        return f"{self.phase}/{self.name}" if self.phase else self.name

    @cached_property
    def results(self) -> tuple[str, ...]:
        """What it said that it observed."""
        prefix = "RESULT: "
        return tuple(line.removeprefix(prefix) for line in self.evidence if line.startswith(prefix))

    @property
    def items_in_short(self) -> str:
        """What its items came to: `2 nodes: 1 failed, 1 passed`."""
        kinds = {item.kind for item in self.items}
        kind = kinds.pop() if len(kinds) == 1 else ""
        counts = Counter(item.status for item in self.items)
        shown = ", ".join(f"{counts[key]} {ITEM_WORDS[key]}" for key in STATUSES if counts[key])
        return f"{text.counted(len(self.items), kind or 'item')}: {shown}"

    @cached_property
    def item_columns(self) -> tuple[str, ...]:
        """The values that some of its items have."""
        return tuple(dict.fromkeys(name for item in self.items for name, _ in item.values))

    @property
    def in_short(self) -> str:
        """The one line that says most: the reason, or what was observed."""
        if self.message:
            return text.first_line(self.message)
        return self.results[-1] if self.results else ""


@dataclass(frozen=True)
class Phase:
    """The tests of one phase."""

    name: str
    status: str
    cases: tuple[Case, ...] = ()

    def count(self, status: str) -> int:
        """How many tests ended so."""
        return sum(case.status == status for case in self.cases)


@dataclass(frozen=True)
class Report:
    """A whole document."""

    tool: str
    version: str
    run_id: str
    phases: tuple[Phase, ...]
    started: float | None  # seconds since 1970
    stopped: float | None
    is_replay: bool = False
    is_fast: bool = False  # it looked only, and made no workload
    is_local: bool = False  # checks ran on the caller's machine
    is_complete: bool = True
    failure: str = ""  # why the run could not go on
    unsettled: str = ""  # what was still moving in the cluster when the checks began
    exit_code: str = ""
    gpu_inventory: Mapping[str, int] = field(default_factory=dict)  # nodes with GPUs, GPUs by name
    about: tuple[tuple[str, str], ...] = ()  # what was tested, for people
    images: tuple[str, ...] = ()
    leftovers: tuple[str, ...] = ()
    left: str = ""  # what the last look for left objects found, in words
    resumed: str = ""  # which part of it was done before the last, in words
    overhead: str = ""  # what the run took beyond its checks, in words

    @cached_property
    def cases(self) -> tuple[Case, ...]:
        """All tests in the document's order."""
        return tuple(case for phase in self.phases for case in phase.cases)

    @cached_property
    def checks(self) -> tuple[Case, ...]:
        """The tests alone, without what a run that could not go on tells beside them."""
        return tuple(case for case in self.cases if not (self.failure and case.is_beside))

    def told(self, cases: Iterable[Case]) -> str:
        """How many there are of what: `5 checks, 4 constraints`."""
        kinds = Counter(
            "constraint" if self.failure and case.phase == READINESS else "check" for case in cases
        )
        return ", ".join(text.counted(kinds[kind], kind) for kind in sorted(kinds))

    @cached_property
    def by_gravity(self) -> tuple[Case, ...]:
        """All tests, failures first."""
        return tuple(sorted(self.cases, key=lambda case: STATUSES.index(case.status)))

    @property
    def took_s(self) -> float | None:
        """How long the run took."""
        if self.started is None or self.stopped is None:
            return None
        return max(0.0, self.stopped - self.started)

    def count(self, status: str) -> int:
        """How many tests ended so."""
        return sum(phase.count(status) for phase in self.phases)
