"""What the cluster knew of a check that did not pass, as files by name.

Without secrets: a pod's status holds what a check wrote as its reason, events what others write.
What could not be read is said in the place of what it would have been.
"""

from collections.abc import Mapping

from helper.errors import CannotTell
from helper.kinds import NODES
from helper.resource import Json, name, part, text
from orchestrator.diagnostics import inner, words
from orchestrator.diagnostics.glance import Glance, events, unread
from orchestrator.diagnostics.owners import Owners
from orchestrator.outcome import Outcome
from orchestrator.plan import PlannedCheck
from orchestrator.verdict import Sighting


def log_of(outcome: Outcome) -> Mapping[str, str]:
    """A file with all that is kept of what a check printed."""
    return {"log.txt": words.log("\n".join((*outcome.stdout, *outcome.stderr))) or "no log\n"}


def collect(
    glance: Glance, seen: Sighting, planned: PlannedCheck, run_id: str, namespace: str
) -> Mapping[str, str]:
    """Job, pod, their owners, node and events, and what the check has made itself."""
    pod = seen.pod or {}
    node_name = text(pod, "spec", "nodeName")
    subjects = [planned.object_name, *([name(pod)] if pod else [])]
    owners = Owners(glance, [seen.job] if seen.job else [])
    return {
        "job.yaml": words.yaml(seen.job) if seen.job else "never seen\n",
        "pod.yaml": words.yaml(pod) if pod else "never seen\n",
        "owners.txt": _owners(owners, pod or seen.job),
        "events.txt": events(glance, subjects, namespace),
        "node.yaml": _node(glance, node_name) if node_name else "the pod was never on a node\n",
        **inner.files(glance, owners, planned, run_id, namespace),
    }


def _owners(owners: Owners, item: Json | None) -> str:
    """An object and its owners, one a line."""
    if not item:
        return "never seen\n"
    lines = [words.title(item), *(f"owned by {link}" for link in owners.of(item))]
    return words.log("\n".join(lines))


def _node(glance: Glance, node_name: str) -> str:
    """The node, without the list of images that it holds."""
    try:
        found = glance.find(NODES, node_name)
    except CannotTell as error:
        return f"{unread(f'node {node_name}', error)}\n"
    if found is None:
        return f"node {node_name} does not exist any more\n"
    status = {key: value for key, value in part(found, "status").items() if key != "images"}
    return words.yaml({**found, "status": status})
