"""What a folder says of itself: the server it was, what it served, what is missing."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from helper.kinds import CRDS
from helper.models import PHASES
from orchestrator.capture.reading import Outcome
from orchestrator.capture.selection import Selection
from orchestrator.capture.survey import Kind, Survey
from orchestrator.replay.models import API_VERSION, ClusterFile, Gap, Image, RecordedKind

CAPTURE_FILE = "capture.yaml"
IMAGES = "ghcr.io/aicr-orch/validator-"
_UNKNOWN_VERSION = "v0.0.0"
_VERSION = re.compile(r"v\d+\.\d+\.\d+")
_USUAL_VERBS = frozenset(
    {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
)


def cluster_file(
    found: Survey, selection: Selection, outcomes: Sequence[Outcome], namespaces: Sequence[str]
) -> ClusterFile:
    """Describe a cluster so that it can be served as it was."""
    complete = {outcome.kind.resource for outcome in outcomes if not outcome.gaps}
    defined = CRDS.title in {resource.title for resource in complete}
    kinds = [kind for kind in found.kinds if not (kind.is_custom and defined)]
    unknown = [_undiscovered(api_version) for api_version in found.problems]
    gaps = [*selection.gaps, *unknown, *(gap for outcome in outcomes for gap in outcome.gaps)]
    return ClusterFile(
        api_version=API_VERSION,
        kind="ReplayCluster",
        server_version=found.server_version
        if _VERSION.match(found.server_version)
        else _UNKNOWN_VERSION,
        images=[_image(phase) for phase in PHASES],
        kinds=sorted(map(_recorded, kinds), key=lambda kind: (kind.api_version, kind.plural)),
        namespaces=sorted(namespaces),
        gaps=sorted(gaps, key=_order),
    )


def without_defaults(document: BaseModel) -> dict[str, Any]:
    """A document of ours as it is written down: what says nothing new is left out."""
    head = {"apiVersion": API_VERSION, "kind": getattr(document, "kind", "")}
    return {**head, **document.model_dump(by_alias=True, mode="json", exclude_defaults=True)}


def _undiscovered(api_version: str) -> Gap:
    """The gap of a group whose kinds the server did not tell."""
    group, _, version = api_version.rpartition("/")
    reason = "the server did not say which kinds it has"
    return Gap(resource=f"*.{group}", version=version, reason=reason)


def _image(phase: str) -> Image:
    """The image of a phase, whose checks a replay runs as processes of this machine."""
    return Image(name=f"{IMAGES}{phase}", command=["python", "-m", f"images.{phase}"])


def _recorded(kind: Kind) -> RecordedKind:
    usual = kind.verbs == _USUAL_VERBS
    return kind.record.model_copy(update={"verbs": []}) if usual else kind.record


def _order(gap: Gap) -> tuple[str, str, str]:
    return gap.resource, gap.version, gap.namespace
