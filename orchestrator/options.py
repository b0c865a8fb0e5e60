"""What the operator asked for, checked and complete before anything is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helper import contract
from helper.errors import InputError
from helper.placement import parse_selector, parse_tolerations
from helper.quantity import parse_duration
from helper.web import public_name
from orchestrator.catalog import NAME
from orchestrator.errors import UsageError
from orchestrator.images import ImageRules
from orchestrator.inputs import CONFIG_MAP, scheme_of
from orchestrator.outcome import DEFAULT_FAIL_ON, FAIL_ON
from orchestrator.plan import RUN_ID, Placement, new_run_id, parse_phases
from orchestrator.run import RunSettings
from orchestrator.target import Target

FAIL_FAST = ("phase", "check")
MAX_NAMESPACE = 63


@dataclass(frozen=True)
class Options:
    """One `validate`, as a value."""

    recipe: str
    snapshot: str
    data: str  # a folder that is laid over the built-in catalog, or empty
    target: Target
    output: str  # a file, `-` for stdout, or empty
    namespace: str
    phases: tuple[str, ...]
    run_id: str
    rules: ImageRules
    placement: Placement
    settings: RunSettings
    debug: bool
    no_cluster: bool = False


def build(flags: Mapping[str, object], env: Mapping[str, str], version: str) -> Options:
    """Check flags against each other; UsageError names the flag and what it allows."""
    target = Target.of(flags)
    recipe, snapshot = (str(flags[key] or "") for key in ("recipe", "snapshot"))
    check_snapshot_mode(flags)
    if target.replay:
        recipe = recipe or str(Path(target.replay, "recipe.yaml"))
        beside = Path(target.replay, "snapshot.yaml")
        snapshot = snapshot or (str(beside) if beside.is_file() else "")
    _check_offline(flags, recipe, snapshot)
    if not recipe:
        raise UsageError("--recipe is missing; give a recipe file, or --replay with an example")
    run_id = str(flags["run_id"] or "") or new_run_id()
    if not RUN_ID.fullmatch(run_id):
        raise UsageError(f"--run-id {run_id}: want YYYYMMDD-HHMMSS and 16 hex digits")
    return Options(
        recipe=recipe,
        snapshot=snapshot,
        data=str(flags["data"] or ""),
        target=target,
        output=_output(str(flags["output"] or "")),
        namespace=_namespace(str(flags["namespace"])),
        phases=parse_phases(_items(flags["phase"])),
        run_id=run_id,
        rules=image_rules(flags, env, version),
        placement=_placement(flags),
        settings=_settings(flags),
        debug=bool(flags["debug"]),
        no_cluster=bool(flags["no_cluster"]),
    )


def _check_offline(flags: Mapping[str, object], recipe: str, snapshot: str) -> None:
    """Refuse with --no-cluster what only a cluster can give."""
    if not flags["no_cluster"]:
        return
    if not snapshot:
        raise UsageError("--no-cluster takes everything from files; give --snapshot as well")
    for flag, location in (("--recipe", recipe), ("--snapshot", snapshot)):
        if scheme_of(location) == CONFIG_MAP:
            raise UsageError(f"{flag} {location}: --no-cluster asks no cluster; give a file or URL")


def _output(location: str) -> str:
    if scheme_of(location):
        raise UsageError(
            f"--output {public_name(location)}: a report goes to a file in this version; "
            "give a file, or - for stdout"
        )
    return location


def image_rules(flags: Mapping[str, object], env: Mapping[str, str], version: str) -> ImageRules:
    """What rewrites images: this build, the operator's variables, and whose images they touch."""
    return ImageRules(
        version=version,
        commit=env.get(contract.CLI_COMMIT, ""),
        tag=env.get(contract.IMAGE_TAG, ""),
        registry=env.get(contract.IMAGE_REGISTRY, ""),
        override_all=bool(flags["override_all_images"]),
    )


def check_snapshot_mode(flags: Mapping[str, object]) -> None:
    """Refuse the agent, which the format knows and this version does not have."""
    mode = str(flags["snapshot_mode"] or "api")
    if mode == "agent":
        raise UsageError("--snapshot-mode=agent is not in this version; leave it out")
    if mode != "api":
        raise UsageError(f"--snapshot-mode={mode}: want api")


def _namespace(name: str) -> str:
    if not NAME.fullmatch(name) or len(name) > MAX_NAMESPACE:
        allowed = f"lower-case letters, digits and dashes, at most {MAX_NAMESPACE}"
        raise UsageError(f"--namespace {name!r}: want {allowed}")
    return name


def _placement(flags: Mapping[str, object]) -> Placement:
    selector, tolerations = _items(flags["node_selector"]), _items(flags["toleration"])
    flag = "--node-selector"
    try:
        pairs = parse_selector(",".join(selector)) if selector else None
        flag = "--toleration"
        tolerated = tuple(parse_tolerations(",".join(tolerations))) if tolerations else None
    except InputError as error:
        raise UsageError(f"{flag}: {error}") from error
    return Placement(tuple(_items(flags["image_pull_secret"])), pairs, tolerated)


def _settings(flags: Mapping[str, object]) -> RunSettings:
    fail_fast = str(flags["fail_fast"] or "")
    fail_fast = {"true": "phase", "false": ""}.get(fail_fast, fail_fast)
    if fail_fast and fail_fast not in FAIL_FAST:
        raise UsageError(f"--fail-fast={fail_fast}: want one of {', '.join(FAIL_FAST)}")
    fail_on = tuple(_items(flags["fail_on"])) or DEFAULT_FAIL_ON
    unknown = [item for item in fail_on if item not in FAIL_ON]
    if unknown:
        raise UsageError(f"--fail-on {unknown[0]}: want some of {', '.join(FAIL_ON)}")
    timeout = str(flags["timeout"] or "")
    try:
        timeout_s = parse_duration(timeout) if timeout else None
    except ValueError as error:
        raise UsageError(f"--timeout: {error}") from error
    if timeout_s is not None and timeout_s <= 0:
        raise UsageError(f"--timeout {timeout}: want more than 0")
    min_coverage = float(str(flags["min_coverage"]))
    if not 0 <= min_coverage <= 100:  # noqa: PLR2004 - false for NaN, too
        raise UsageError(f"--min-coverage {min_coverage:g}: want a percentage from 0 to 100")
    return RunSettings(
        max_parallel=int(str(flags["max_parallel"])),
        fail_fast=fail_fast,
        keep=bool(flags["no_cleanup"]),
        wait_for_locks=not flags["no_wait"],
        min_coverage=min_coverage / 100,
        fail_on=fail_on if flags["fail_on_error"] else (),
        timeout_s=timeout_s,
    )


def _items(value: object) -> list[str]:
    """A repeatable flag's values, each of which may hold several separated by commas."""
    given: Sequence[object] = value if isinstance(value, (list, tuple)) else ()
    return [part.strip() for item in given for part in str(item).split(",") if part.strip()]
