"""What a run tells of itself when it begins, for whoever finds it without a report."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helper.resource import part
from helper.served import ServerVersion
from orchestrator.version import version

if TYPE_CHECKING:
    from orchestrator.options import Options
    from orchestrator.preparation import Prepared

CLUSTER_ID = "clusterID"

About = Mapping[str, str]  # as it stands in the run's folder and in its ConfigMap


def told(
    options: "Options",
    prepared: "Prepared",
    served: ServerVersion,
    where: str,
    cluster_id: str = "",
) -> About:
    """Which inputs, against what, and the checks that are planned.

    `where` names the cluster for people, `cluster_id` tells it from any other.
    """
    given = prepared.recipe
    criteria = given.input.criteria
    found = {
        "runID": options.run_id,
        "recipe": given.source,
        "recipeVersion": given.version,
        "target": "-".join(filter(None, (criteria.service, criteria.accelerator, criteria.intent))),
        "version": version(),
        "server": served.name,
        "cluster": "replay" if options.target.is_replayed(served) else "live",
        "where": where,
        CLUSTER_ID: cluster_id,
        "executor": options.executor.name,
        "depth": str(options.reached),
        "planned": json.dumps(
            {phase.phase: [item.name for item in phase.checks] for phase in prepared.plan.phases}
        ),
    }
    return {key: value for key, value in found.items() if value}


def read(record: Any) -> About:
    """What stands in the ConfigMap of a run."""
    return {str(key): str(value) for key, value in part(record, "data").items()}


def recipe_name(about: About) -> str:
    """The recipe in short."""
    return Path(about.get("recipe", "")).name


def planned(about: About) -> Mapping[str, Sequence[str]]:
    """The checks of each phase in their order; empty for a run that does not tell."""
    try:
        found: Any = json.loads(about.get("planned", "{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {
        str(phase): [str(name) for name in names]
        for phase, names in found.items()
        if isinstance(names, list)
    }
