"""A run that goes on where its folder is not: what the cluster still has of how it began."""

import base64
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from helper import contract
from helper.kinds import CONFIG_MAPS, JOBS, LEASES
from helper.kube import Kube
from helper.resource import Json, name, part, text
from orchestrator import pulse
from orchestrator.errors import MissingError, UsageError
from orchestrator.manifests import data_name, record_name
from orchestrator.recipe import Recipe, parse_snapshot
from orchestrator.snapshot import Source
from orchestrator.sweep import find_objects

SNAPSHOT = "snapshot"  # where it was from, in the data of the ConfigMap that stands for the run


@dataclass(frozen=True)
class Wanted:
    """The run that is to go on, with the inputs that were given for it."""

    run_id: str
    namespace: str
    recipe: Recipe
    snapshot: Source | None


def take(kube: Kube, wanted: Wanted, env: Mapping[str, str]) -> Source | None:
    """The snapshot that the run goes on with; StopError when it cannot, or is still at work."""
    run_id, home = wanted.run_id, wanted.namespace
    places = [(kind, home) for kind in (JOBS, CONFIG_MAPS, LEASES)]
    objects = find_objects(kube, f"{contract.LABEL_RUN_ID}={run_id}", places)
    maps = {name(body): body for kind, body in objects if kind is CONFIG_MAPS}
    record = maps.get(record_name(run_id))
    if record is None:
        raise MissingError(
            f"--resume {run_id}: neither this machine nor namespace {home} has anything of it; "
            "give the --namespace that it had, or leave out --resume to begin anew"
        )
    sign = pulse.sign_of_life(run_id, objects, env, datetime.now(UTC))
    if sign:
        raise UsageError(
            f"--resume {run_id}: this run may still go on elsewhere ({sign}); end it with "
            f"aicr-orch cancel {run_id}, or, where you know that its process is gone, wait for the "
            f"end of its Jobs, or kubectl delete jobs -n {home} -l {contract.LABEL_RUN_ID}={run_id}"
        )
    before = _mounted(maps.get(data_name("validation", run_id)), "validation")
    if before and before != wanted.recipe.text:
        raise UsageError(
            f"--resume {run_id}: {wanted.recipe.source} is not the recipe that this run was "
            "started with; give that one, or leave out --resume to begin anew"
        )
    return wanted.snapshot or _snapshot(maps.get(data_name("snapshot", run_id)), record)


def _snapshot(config_map: Json | None, record: Json) -> Source | None:
    """The snapshot that the run was held against; None for one that cannot be read any more."""
    found = _mounted(config_map, "snapshot")
    if not found:
        return None
    origin = text(record, "data", SNAPSHOT) or "as it was when the run began"
    return Source(found, parse_snapshot(found, "the snapshot in the cluster"), origin)


def _mounted(config_map: Json | None, kind: str) -> str:
    """A document that checks found mounted; empty when it is not there whole."""
    packed = part(config_map, "binaryData").get(f"{kind}.yaml.gz")
    if not packed:
        return text(config_map or {}, "data", f"{kind}.yaml")
    try:
        return gzip.decompress(base64.b64decode(str(packed))).decode()
    except (OSError, EOFError, ValueError):
        return ""
