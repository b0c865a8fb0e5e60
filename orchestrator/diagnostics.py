"""What the cluster knew of a check that did not pass, read before it is cleaned away.

Without secrets: a pod's status holds what a check wrote as its reason, events what others write.
"""

from collections.abc import Iterable, Mapping, Sequence

from helper import documents
from helper.errors import CannotTell
from helper.resource import Json, name, part, text
from orchestrator import redaction
from orchestrator.cluster_events import moment
from orchestrator.outcome import Outcome, Status
from orchestrator.verdict import Sighting
from orchestrator.workspace import Workspace

NEVER_KEPT = "managedFields"  # long, and about who wrote what
UNWELL = (Status.FAILED, Status.OTHER)


def is_worth_it(outcome: Outcome) -> bool:
    """Whether anybody will ask what was going on."""
    return outcome.status in UNWELL


def collect(workspace: Workspace, seen: Sighting, object_name: str) -> Mapping[str, str]:
    """Files by name: Job, pod, the pod's node, and the events of Job and pod.

    What could not be read is said in the place of what it would have been.
    """
    pod = seen.pod or {}
    node_name = text(pod, "spec", "nodeName")
    subjects = [object_name, *([name(pod)] if pod else [])]
    return {
        "job.yaml": _yaml([seen.job] if seen.job else []),
        "pod.yaml": _yaml([pod] if pod else []),
        "events.txt": _events(workspace, subjects),
        "node.yaml": _node(workspace, node_name) if node_name else "the pod was never on a node\n",
    }


def _events(workspace: Workspace, subjects: Iterable[str]) -> str:
    try:
        found = workspace.events(subjects)
    except CannotTell as error:
        return f"events cannot be read: {error}\n"
    lines = [
        f"{moment(event)}  {text(event, 'type')}  "
        f"{text(event, 'involvedObject', 'kind')}/{text(event, 'involvedObject', 'name')}  "
        f"{text(event, 'reason')}: {text(event, 'message')}"
        for event in found
    ]
    clean = redaction.lines("\n".join(lines).split("\n"))
    return "".join(f"{line}\n" for line in clean if line) or "no events\n"


def _node(workspace: Workspace, node_name: str) -> str:
    """The node, without the list of images that it holds."""
    try:
        found = workspace.node(node_name)
    except CannotTell as error:
        return f"node {node_name} cannot be read: {error}\n"
    if found is None:
        return f"node {node_name} does not exist any more\n"
    status = {key: value for key, value in part(found, "status").items() if key != "images"}
    return _yaml([{**found, "status": status}])


def _yaml(objects: Sequence[Json]) -> str:
    if not objects:
        return "never seen\n"
    plain = [{**item, "metadata": _meta(item)} for item in objects]
    return "---\n".join(documents.dump(redaction.value(item)) for item in plain)


def _meta(item: Json) -> Json:
    return {key: value for key, value in part(item, "metadata").items() if key != NEVER_KEPT}
