"""What the operator asked for, checked and complete before anything is opened."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from helper import contract
from helper.depth import Depth
from helper.errors import InputError
from helper.placement import parse_selector, parse_tolerations
from helper.web import public_name
from orchestrator import durations, executors, resumption
from orchestrator.catalog import NAME
from orchestrator.errors import UsageError, nearest
from orchestrator.executor import Executor
from orchestrator.gate import Gate
from orchestrator.images import ImageRules
from orchestrator.inputs import CONFIG_MAP, scheme_of
from orchestrator.jobs import Jobs
from orchestrator.levels import Level
from orchestrator.levels import parse as parse_level
from orchestrator.manifests import STARTUP_TIMEOUT_S
from orchestrator.outcome import DEFAULT_FAIL_ON, FAIL_ON
from orchestrator.plan import RUN_ID_FORM, Placement, new_run_id, parse_phases, parse_run_id
from orchestrator.report_map import ReportMap
from orchestrator.reports.formats import STDOUT, Output, parse_all
from orchestrator.rights import CLUSTER_ADMIN, EXISTING, MODES, SCOPED, Rights
from orchestrator.selection import Selection
from orchestrator.settings import Keep, RunSettings
from orchestrator.target import Target
from orchestrator.verdict import PATIENCE_S, Stage
from orchestrator.version import commit

Choice = TypeVar("Choice", bound=StrEnum)
FAIL_FAST = ("phase", "check")
MAX_NAMESPACE = 63


@dataclass(frozen=True)
class Options:
    """One `validate`, as a value."""

    recipe: str
    snapshot: str
    data: str  # a folder that is laid over the built-in catalog, or empty
    target: Target
    outputs: tuple[Output, ...]  # the reports that are asked for, and where they go
    namespace: str
    phases: tuple[str, ...]
    run_id: str
    rules: ImageRules
    placement: Placement
    settings: RunSettings
    debug: bool
    no_cluster: bool = False
    asked_phases: bool = False  # by name, not all of them by default
    selection: Selection = field(default_factory=Selection)  # of what the recipe selects
    allow_unknown: bool = False  # names of checks that the catalog lacks
    resolve_digests: bool = False
    startup_timeout_s: float = STARTUP_TIMEOUT_S
    exit_codes: str = ""  # whose numbers the command ends with; empty: its own
    log_json: bool = False
    log_level: Level = Level.INFO
    rights: Rights = field(default_factory=Rights)
    depth: Depth = Depth.FULL
    executor: Executor = field(default_factory=Jobs)
    resumes: bool = False  # a run that was cut short
    detach: bool = False  # in a process of its own
    flags: Mapping[str, object] = field(default_factory=dict)  # that all this is from

    @property
    def reached(self) -> Depth:
        """How deep checks go; what runs as a process makes nothing."""
        return Depth.FAST if self.executor.is_local else self.depth


def build(flags: Mapping[str, object], env: Mapping[str, str], version: str) -> Options:
    """Check flags against each other; UsageError names the flag and what it allows."""
    target = Target.of(flags)
    recipe, snapshot = (str(flags[key] or "") for key in ("recipe", "snapshot"))
    check_snapshot_mode(flags)
    if target.replay:
        recipe = recipe or str(target.recorded("recipe.yaml"))
        # The snapshot beside a cluster says nothing of what a defect made of it.
        beside = Path(target.replay, "snapshot.yaml")
        snapshot = snapshot or (str(beside) if beside.is_file() else "")
    _check_offline(flags, recipe, snapshot)
    if not recipe and flags["resume"]:
        raise resumption.untold(str(flags["resume"]), env)
    if not recipe:
        raise UsageError("--recipe is missing; give a recipe file, or --replay with an example")
    run_id = str(flags["run_id"] or flags["resume"] or "") or new_run_id()
    if flags["resume"] and run_id != flags["resume"]:
        raise UsageError(f"--run-id {run_id} is not the run of --resume {flags['resume']}")
    if not parse_run_id(run_id):
        raise UsageError(f"--run-id {run_id}: {RUN_ID_FORM}")
    executor = executors.named(str(flags["executor"]), env)
    if executor.is_local:
        _check_local(flags)
    startup_s = durations.seconds(flags, "startup_timeout") or STARTUP_TIMEOUT_S
    return Options(
        recipe=recipe,
        snapshot=snapshot,
        data=str(flags["data"] or ""),
        target=target,
        outputs=_outputs(flags, target),
        namespace=_namespace(str(flags["namespace"])),
        phases=parse_phases(_items(flags["phase"])),
        run_id=run_id,
        rules=image_rules(flags, env, version),
        placement=_placement(flags),
        settings=_settings(flags, startup_s),
        debug=bool(flags["debug"]),
        no_cluster=bool(flags["no_cluster"]),
        asked_phases=set(_items(flags["phase"])) not in (set(), {"all"}),
        selection=_selection(flags, env),
        allow_unknown=bool(flags["allow_unknown_checks"]),
        resolve_digests=bool(flags["resolve_digests"]),
        startup_timeout_s=startup_s,
        exit_codes=str(flags["exit_code_compat"] or ""),
        log_json=bool(flags["log_json"]),
        log_level=_log_level(flags),
        rights=_rights(flags),
        depth=_depth(flags),
        executor=executor,
        resumes=bool(flags["resume"]),
        detach=_detach(flags),
        flags=flags,
    )


def _check_offline(flags: Mapping[str, object], recipe: str, snapshot: str) -> None:
    """Refuse with --no-cluster what only a cluster can give."""
    if not flags["no_cluster"]:
        return
    if flags["resume"]:
        raise UsageError("--resume: --no-cluster runs nothing; leave one of them out")
    if flags["wait_ready"]:
        raise UsageError("--wait-ready: --no-cluster asks no cluster; leave one of them out")
    if not snapshot:
        raise UsageError("--no-cluster takes everything from files; give --snapshot as well")
    for flag, location in (("--recipe", recipe), ("--snapshot", snapshot)):
        if scheme_of(location) == CONFIG_MAP:
            raise UsageError(f"{flag} {location}: --no-cluster asks no cluster; give a file or URL")


def _check_local(flags: Mapping[str, object]) -> None:
    """Refuse with --executor process what is about Jobs, or would write to the cluster."""
    asked = {
        f"--rbac {flags['rbac']}": flags["rbac"] != SCOPED,
        f"--keep {_keep(flags)}": _keep(flags) is not Keep.NEVER,
        "--delete-namespace": flags["delete_namespace"],
        "--resolve-digests": flags["resolve_digests"],
    }
    if flags.get("as"):
        raise UsageError(
            "--as: checks of --executor process use the credentials of the kubeconfig in their own "
            "name; leave one of the two out"
        )
    found = next((flag for flag, is_asked in asked.items() if is_asked), "")
    if found:
        raise UsageError(f"{found} is about Jobs, and --executor process makes none; leave it out")


def _outputs(flags: Mapping[str, object], target: Target) -> tuple[Output, ...]:
    """Where reports go; a ConfigMap only where there is a cluster that outlives the run."""
    given = flags["output"]
    outputs = parse_all(given if isinstance(given, (list, tuple)) else [])
    for output in outputs:
        scheme = scheme_of(output.place)
        if scheme == CONFIG_MAP:
            _check_in_cluster(output.place, flags, target)
        elif scheme:
            raise UsageError(
                f"--output {public_name(output.place)}: a report goes to a file, to "
                "cm://NAMESPACE/NAME, or to stdout (-)"
            )
    return outputs


def _detach(flags: Mapping[str, object]) -> bool:
    """Whether the run goes on by itself; UsageError for what it could not do then."""
    if not flags["detach"]:
        return False
    if flags["no_cluster"]:
        raise UsageError("--detach has no meaning with --no-cluster, which ends at once")
    given = flags["output"]
    for output in parse_all(given if isinstance(given, (list, tuple)) else []):
        if output.place == STDOUT:
            raise UsageError(f"--output {output}: with --detach nobody reads stdout; give a file")
    return True


def _check_in_cluster(location: str, flags: Mapping[str, object], target: Target) -> None:
    wanted = ReportMap.parse(location)
    if flags["no_cluster"]:
        raise UsageError(f"--output {location}: --no-cluster asks no cluster; give a file")
    if flags["executor"] == executors.PROCESS:
        raise UsageError(f"--output {location}: --executor process makes nothing; give a file")
    if target.replay:
        raise UsageError(f"--output {location}: a replay ends with its run; give a file")
    if flags["delete_namespace"] and wanted.namespace == str(flags["namespace"]):
        raise UsageError(f"--output {location}: --delete-namespace would take it away again")


def image_rules(flags: Mapping[str, object], env: Mapping[str, str], version: str) -> ImageRules:
    """What rewrites images: this build, the operator's variables, and whose images they touch."""
    return ImageRules(
        version=version,
        commit=commit(env),
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


def _selection(flags: Mapping[str, object], env: Mapping[str, str]) -> Selection:
    found = Selection.of(*(_items(flags[key]) for key in ("check", "skip", "label")))
    report = str(flags["rerun_failed"] or "")
    if not report or list(found.checks) != resumption.flags_of_failed(report, env)["check"]:
        return found
    return replace(found, rerun=resumption.settled(report, env))


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


def _rights(flags: Mapping[str, object]) -> Rights:
    mode = str(flags["rbac"])
    account = str(flags["validator_service_account"] or "")
    trusts = bool(flags["trust_external"])
    if mode not in MODES:
        raise UsageError(f"--rbac {mode}: want one of {', '.join(MODES)}{nearest(mode, MODES)}")
    if (mode == EXISTING) != bool(account):
        raise UsageError("--rbac existing and --validator-service-account NAME need each other")
    if account and not NAME.fullmatch(account):
        raise UsageError(f"--validator-service-account {account!r}: is no name of an account")
    if trusts and mode != CLUSTER_ADMIN:
        raise UsageError("--trust-external has no meaning without --rbac cluster-admin")
    return Rights(mode, account, trusts)


def _depth(flags: Mapping[str, object]) -> Depth:
    given = _one_of(Depth, flags, "depth")
    if given is Depth.FAST and flags["rbac"] == CLUSTER_ADMIN:
        raise UsageError(
            "--depth fast and --rbac cluster-admin contradict each other: "
            "checks that may do anything are not kept from it; take --rbac scoped"
        )
    return given


def _log_level(flags: Mapping[str, object]) -> Level:
    if flags["quiet"] and flags["verbose"]:
        raise UsageError("--quiet and --verbose contradict each other; leave one of them out")
    if flags["quiet"] or flags["verbose"]:
        return Level.WARN if flags["quiet"] else Level.DEBUG
    default = Level.DEBUG if flags["debug"] else Level.INFO
    return parse_level(str(flags["log_level"])) if flags["log_level"] else default


def _settings(flags: Mapping[str, object], startup_s: float) -> RunSettings:
    fail_fast = str(flags["fail_fast"] or "")
    fail_fast = {"true": "phase", "false": ""}.get(fail_fast, fail_fast)
    if fail_fast and fail_fast not in FAIL_FAST:
        raise UsageError(f"--fail-fast={fail_fast}: want one of {', '.join(FAIL_FAST)}")
    fail_on = tuple(_items(flags["fail_on"])) or DEFAULT_FAIL_ON
    unknown = [item for item in fail_on if item not in FAIL_ON]
    if unknown:
        raise UsageError(f"--fail-on {unknown[0]}: want some of {', '.join(FAIL_ON)}")
    if flags["delete_namespace"] and _keep(flags) is Keep.ALWAYS:
        raise UsageError("--delete-namespace and --keep always contradict each other")
    min_coverage = float(str(flags["min_coverage"]))
    if not 0 <= min_coverage <= 100:  # noqa: PLR2004 - false for NaN, too
        raise UsageError(f"--min-coverage {min_coverage:g}: want a percentage from 0 to 100")
    return RunSettings(
        max_parallel=int(str(flags["max_parallel"])),
        fail_fast=fail_fast,
        gate=_one_of(Gate, flags, "gate"),
        keep=_keep(flags),
        wait_for_locks=not flags["no_wait"],
        wait_ready_s=durations.seconds(flags, "wait_ready") or 0.0,
        min_coverage=min_coverage / 100,
        fail_on=fail_on if flags["fail_on_error"] else (),
        timeout_s=durations.seconds(flags, "timeout"),
        delete_namespace=bool(flags["delete_namespace"]),
        patience_s={**PATIENCE_S, Stage.CREATED: startup_s, Stage.STARTING: startup_s},
    )


def _keep(flags: Mapping[str, object]) -> Keep:
    given = _one_of(Keep, flags, "keep")
    return Keep.ALWAYS if flags["no_cleanup"] else given


def _one_of(kind: type[Choice], flags: Mapping[str, object], name: str) -> Choice:
    """A flag's value, which is one of a few words."""
    given = str(flags[name])
    try:
        return kind(given)
    except ValueError:
        want = f"want one of {', '.join(kind)}{nearest(given, kind)}"
        raise UsageError(f"--{name} {shlex.quote(given)}: {want}") from None


def _items(value: object) -> list[str]:
    """A repeatable flag's values, each of which may hold several separated by commas."""
    given: Sequence[object] = value if isinstance(value, (list, tuple)) else ()
    return [part.strip() for item in given for part in str(item).split(",") if part.strip()]
