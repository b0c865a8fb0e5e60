"""Do the pods exist near which a check is to run? Told before it waits for a node in vain."""

import json
from collections.abc import Iterator

from helper.errors import CannotTell
from helper.kinds import PODS
from helper.kube import Kube
from orchestrator.plan import Near, PlannedCheck

LOOK_S = 5.0  # a scheduler will find out anyway


def absent(kube: Kube, planned: PlannedCheck) -> Iterator[str]:
    """Give a warning for each group of pods that is not there or cannot be looked for."""
    quick = kube.patient(LOOK_S)
    for near in planned.near:
        selector = ",".join(
            f"{key}={value}" for key, value in sorted(near.affinity.pod_label_selector.items())
        )
        why = _absence(quick, near, selector)
        if why:
            wanted = "must" if near.affinity.requirement == "required" else "is to"
            where = f"pods {selector} in {near.namespace}"
            yield f"it {wanted} run near {where}, {why}"


def _absence(kube: Kube, near: Near, selector: str) -> str:
    """Why these pods are no help to the scheduler; empty when there are some."""
    query = {"labelSelector": selector, "limit": "1"}
    try:
        answer = json.loads(kube.request("GET", PODS.path(near.namespace), query))
    except (CannotTell, ValueError) as error:
        return f"which cannot be looked for: {error}"
    return "" if answer.get("items") else "but there is none"
