"""`plan`: what a run would do, in which order, with which rights, and for how long."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from helper.depth import Depth
from helper.findings import printable
from helper.quantity import format_duration
from orchestrator import manifests, readiness, tables
from orchestrator.estimate import Estimate, Seconds, estimate
from orchestrator.gate import Gate, cost_in_plan
from orchestrator.history import Key, Taken
from orchestrator.manifests import Json, RunContext
from orchestrator.options import Options
from orchestrator.plan import Plan, PlannedCheck
from orchestrator.readiness import Finding
from orchestrator.recipe import Recipe
from orchestrator.rights import Grants

HEAD = ("CHECK", "PHASE", "BEGINS", "TAKES", "BUDGET", "LOCKS", "NEEDS", "RIGHTS")
INDENT = 10  # of words behind their names

FAST = "fast: no check makes anything; they may only read"
NAMED = 2  # namespaces in a cell of the table; more are counted


@dataclass(frozen=True)
class Preview:
    """A run that is not begun: the plan, what holds it back, and its course."""

    recipe: Recipe
    plan: Plan
    options: Options
    findings: Sequence[Finding] | None  # of the readiness gate; None: nothing was asked
    history: Mapping[Key, Taken]

    @property
    def usual(self) -> Estimate:
        """The course if each check takes what it took before, or else its whole budget."""
        return self._played(self.seconds)

    @property
    def longest(self) -> Estimate:
        """The course if each check takes its whole budget."""
        return self._played(lambda check: check.timeout_s)

    def _played(self, seconds: Seconds) -> Estimate:
        settings = self.options.settings
        return estimate(self.plan, seconds, settings.max_parallel, settings.gate)

    def seconds(self, check: PlannedCheck) -> float:
        """How long a check will probably take."""
        known = self.history.get((check.phase, check.name))
        return min(known.seconds, check.timeout_s) if known else check.timeout_s

    def known(self) -> tuple[int, int]:
        """Of how many checks that will run the time is known, and how many will run."""
        running = [check for check in self.plan.checks if not check.refusal]
        return sum((c.phase, c.name) in self.history for c in running), len(running)


def document(preview: Preview) -> dict[str, Any]:
    """The preview as data."""
    usual, settings, options = preview.usual, preview.options.settings, preview.options
    findings = None if preview.findings is None else [_finding(item) for item in preview.findings]
    return {
        "recipe": preview.recipe.source,
        "namespace": preview.plan.namespace,
        "settings": {
            "maxParallel": settings.max_parallel,
            "failFast": settings.fail_fast,
            "gate": str(settings.gate),
            "depth": str(options.reached),
            "failOn": list(settings.fail_on),
            "timeoutSeconds": settings.timeout_s,
            "minCoverage": settings.min_coverage,
            "rbac": options.rights.mode,
            "executor": options.executor.name,
        },
        "readiness": findings,
        "checks": [_check(preview, usual, check) for check in preview.plan.checks],
        "images": images(preview.plan),
        "estimate": {
            "seconds": round(usual.total_s, 1),
            "atMostSeconds": round(preview.longest.total_s, 1),
            "checksWithHistory": preview.known()[0],
            "criticalPath": [slot.check for slot in usual.critical_path],
        },
    }


def text(preview: Preview, columns: int = 0) -> str:
    """The preview for people."""
    usual = preview.usual
    rows = [_cells(preview, usual, item) for item in preview.plan.checks]
    lines = [
        line
        for name, words in _told(preview, usual)
        for line in tables.named(name, words, columns, INDENT)
    ]
    return tables.table(HEAD, rows, columns) + "".join(f"{line}\n" for line in ["", *lines])


def _told(preview: Preview, usual: Estimate) -> Iterator[tuple[str, str]]:
    """What holds for the run as a whole, by name."""
    critical = " → ".join(slot.check for slot in usual.critical_path)
    yield "checks", _count(preview)
    yield "time", _time(preview, usual)
    yield "critical", critical or "nothing runs"
    yield "at once", f"at most {preview.options.settings.max_parallel}; phases one after another"
    yield "ready", _readiness(preview)
    yield "gate", _gate(preview)
    if preview.options.reached is Depth.FAST:
        yield "depth", FAST
    for image in images(preview.plan):
        yield "image", printable(image)


def objects(preview: Preview, context: RunContext, snapshot: str) -> Iterator[Json]:
    """All that the run would create, in this order, as far as it is known before."""
    yield _placed(manifests.run_record(context, {"recipe": preview.recipe.source}), context)
    for kind, content in (("validation", preview.recipe.text), ("snapshot", snapshot)):
        yield _placed(manifests.data_config_map(context, kind, content), context)
    for check in preview.plan.checks:
        if not check.refusal:
            yield from (body for _, body in manifests.identity(context, check))
            yield manifests.job(context, check)


def _placed(body: Json, context: RunContext) -> Json:
    """An object with its namespace, as `kubectl` needs it."""
    return {**body, "metadata": {**body["metadata"], "namespace": context.namespace}}


def images(plan: Plan) -> list[str]:
    """The images of the checks that will run."""
    return sorted({check.image for check in plan.checks if not check.refusal} - {""})


def rights_in_short(grants: Grants) -> str:
    """How many rules hold where: `2 cluster-wide, 1 in gpu-operator`."""
    local = grants.by_namespace
    if grants.account or grants.cluster_role:
        return f"those of {grants.account or grants.cluster_role}"
    places = [(len(grants.cluster), "cluster-wide")] if grants.cluster else []
    if len(local) > NAMED:
        places.append((sum(map(len, local.values())), f"in {len(local)} namespaces"))
    else:
        places += [(len(rules), f"in {name}") for name, rules in local.items()]
    return ", ".join(f"{count} {place}" for count, place in places) or "none"


def _check(preview: Preview, usual: Estimate, check: PlannedCheck) -> dict[str, Any]:
    slot = usual.of(check.phase, check.name)
    known = preview.history.get((check.phase, check.name))
    return {
        "name": check.name,
        "phase": check.phase,
        "runs": not check.refusal,
        "reason": check.refusal,
        "skip": str(check.skip or ""),
        "cost": cost_in_plan(check),
        "image": check.image,
        "pullPolicy": check.pull_policy,
        "locks": sorted(check.locks),
        "needs": check.needs.model_dump(by_alias=True) if check.needs else None,
        "budgetSeconds": check.timeout_s,
        "beginsSeconds": round(slot.begins_s, 1) if slot else None,
        "seconds": round(preview.seconds(check), 1) if slot else None,
        "earlierRuns": known.runs if known and slot else 0,
        "rights": {
            "cluster": list(check.grants.cluster),
            "namespaces": {key: list(rules) for key, rules in check.grants.by_namespace.items()},
            "clusterRole": check.grants.cluster_role,
            "serviceAccount": check.grants.account,
        },
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {"constraint": finding.constraint.name, "stops": finding.stops, "words": str(finding)}


def _cells(preview: Preview, usual: Estimate, check: PlannedCheck) -> tuple[str, ...]:
    slot = usual.of(check.phase, check.name)
    if slot is None:
        return (check.name, check.phase, "never", *"----", f"none: {check.refusal}")
    is_known = (check.phase, check.name) in preview.history
    return (
        check.name,
        check.phase,
        f"+{_rounded(slot.begins_s)}",
        _rounded(slot.ends_s - slot.begins_s) if is_known else "unknown",
        format_duration(check.timeout_s),
        ",".join(sorted(check.locks)) or "-",
        check.needs.brief if check.needs else "-",
        rights_in_short(check.grants),
    )


def _count(preview: Preview) -> str:
    running = sum(not check.refusal for check in preview.plan.checks)
    total = len(preview.plan.checks)
    where = f"in {printable(preview.plan.namespace)}"
    if preview.options.executor.is_local:
        where = "as processes of this machine, with your own rights"
    return f"{running} of {total} run, {where}"


def _time(preview: Preview, usual: Estimate) -> str:
    """How long, and on what grounds."""
    known, running = preview.known()
    beside = "" if preview.options.executor.is_local else ", beside the pods' start"
    bound = f"at most {_rounded(preview.longest.total_s)} by budgets{beside}"
    if not known:
        return f"{bound}; no earlier run on this machine says more"
    rest = "" if known == running else ", the others by budget"
    grounds = f"medians of earlier runs for {known} of {running} checks{rest}"
    return f"about {_rounded(usual.total_s)} ({grounds}); {bound}"


def _gate(preview: Preview) -> str:
    """Which checks wait for cheaper ones."""
    if preview.options.settings.gate is Gate.NONE:
        return "none; with --gate costly, costly checks wait for cheaper ones to be well"
    told = [
        f"{check.name} ({cost_in_plan(check)})"
        for check in preview.plan.checks
        if not check.refusal and cost_in_plan(check)
    ]
    return f"after all that is cheaper went well: {', '.join(told) or 'no check'}"


def _readiness(preview: Preview) -> str:
    count = len(readiness.gate(preview.recipe.input, None))
    if not count:
        return "the recipe has no readiness constraint"
    if preview.findings is None:
        return f"constraints not looked at: {count}; give --snapshot or --ask-cluster"
    stopping = [item for item in preview.findings if item.stops]
    if not stopping:
        return f"{count} of {count} readiness constraints hold"
    told = "".join(f"\n{printable(str(item))}" for item in stopping)
    return f"{len(stopping)} of {count} readiness constraints stop the run:{told}"


def _rounded(seconds: float) -> str:
    return format_duration(round(seconds, 1 if seconds < 10 else 0))  # noqa: PLR2004 - one digit
