"""What a run needs of the cluster: a namespace, room for its pods, GPUs, nothing in the way."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from helper.errors import Forbidden
from helper.kinds import NAMESPACES, NODES, PODS, RESOURCE_QUOTAS
from helper.kube import Kube
from helper.nodes import GPU, Node, gpu_nodes, judged, left_out, parse_node
from helper.quantity import parse_quantity
from helper.resource import Json, is_being_deleted, items, labels, part, text
from orchestrator import capacity, sweep
from orchestrator.doctor.finding import Finding, fail, ok, warn
from orchestrator.manifests import LIMITS, REQUESTS
from orchestrator.reports.text import counted

ENFORCE = "pod-security.kubernetes.io/enforce"
OLD = timedelta(hours=24)  # as `gc` takes it
SHOWN = 5
WANTED = {
    "pods": "1",
    "count/jobs.batch": "1",
    "requests.cpu": REQUESTS["cpu"],
    "cpu": REQUESTS["cpu"],
    "requests.memory": REQUESTS["memory"],
    "memory": REQUESTS["memory"],
    "limits.cpu": LIMITS["cpu"],
    "limits.memory": LIMITS["memory"],
}


def look_at_namespace(kube: Kube, name: str) -> Iterator[Finding]:
    """Judge the namespace that Jobs would run in."""
    found = kube.find(NAMESPACES, name)
    if found is None:
        yield ok("namespace", f"{name} does not exist yet; a run makes it")
        return
    if is_being_deleted(found):
        advice = f"see kubectl get namespace {name} -o yaml, or choose another with --namespace"
        yield fail("namespace", f"{name} is being deleted", advice)
        return
    level = labels(found).get(ENFORCE, "not enforced")
    yield ok("namespace", f"{name} exists, pod security: {level}")
    yield quota(kube.list(RESOURCE_QUOTAS, name))


def quota(quotas: Iterable[Json]) -> Finding:
    """Whether one check's pod fits into what quotas leave."""
    short = [
        f"{key}: {used} of {hard} used"
        for item in quotas
        for key, hard in part(item, "status", "hard").items()
        if key in WANTED
        and _quantity(used := text(item, "status", "used", key) or "0") + _quantity(WANTED[key])
        > _quantity(hard)
    ]
    if not short:
        return ok("quota", "leaves room for a check")
    return fail(
        "quota", f"leaves no room for a check: {', '.join(short)}", "raise it, or free some"
    )


def look_at_nodes(kube: Kube, at_once: int) -> Iterator[Finding]:
    """Judge nodes: room for the pods of checks, if there will be any, and who offers GPUs."""
    nodes, pods = kube.list(NODES), kube.list(PODS)
    parsed = [parse_node(item) for item in nodes]
    yield from left_out_nodes(parsed)
    if at_once:
        yield room(nodes, pods, {node.name for node in judged(parsed)}, at_once)
    rooms = capacity.look(kube).rooms
    yield gpus(gpu_nodes(parsed, frozenset(item.node for item in rooms)), rooms)


def left_out_nodes(nodes: Sequence[Node]) -> Iterator[Finding]:
    """Name the nodes that no check can judge."""
    named = left_out(nodes)
    if named:
        told = ", ".join(f"{name} ({why})" for name, why in list(named.items())[:SHOWN])
        more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
        advice = "checks will not look at them, and their phases end as incomplete"
        yield warn("nodes", f"cannot be judged: {told}{more}", advice)


def room(nodes: Iterable[Json], pods: Sequence[Json], names: set[str], at_once: int) -> Finding:
    """Whether as many checks fit at once as would run."""
    requested: dict[str, list[Json]] = {}
    for pod in pods:
        if text(pod, "status", "phase") not in ("Succeeded", "Failed"):
            requested.setdefault(text(pod, "spec", "nodeName"), []).append(pod)
    fits = sum(
        _fits(node, requested.get(text(node, "metadata", "name"), []))
        for node in nodes
        if text(node, "metadata", "name") in names
    )
    each = f"{REQUESTS['cpu']} and {REQUESTS['memory']} each"
    if not fits:
        return fail("room", f"no node has room for a check ({each})", "free some, or add a node")
    if fits < at_once:
        words = f"for {fits} checks at once ({each}), {at_once} would run"
        return warn("room", words, "the others wait; or use --max-parallel")
    return ok("room", f"for {at_once} checks at once and more ({each})")


def _fits(node: Json, pods: Sequence[Json]) -> int:
    free = part(node, "status", "allocatable")
    taken = {key: sum(_requests(pod, key) for pod in pods) for key in REQUESTS}
    places = [_quantity(free.get("pods", 0)) - len(pods)]
    for key, wanted in REQUESTS.items():
        places.append((_quantity(free.get(key, 0)) - taken[key]) // _quantity(wanted))
    return max(0, int(min(places)))


def _requests(pod: Json, key: str) -> float:
    given = (part(item, "resources", "requests") for item in items(pod, "spec", "containers"))
    return sum(_quantity(requests.get(key, 0)) for requests in given)


def gpus(nodes: Sequence[Node], rooms: Sequence[capacity.Room]) -> Finding:
    """Whether there are GPUs, and whether somebody hands them out."""
    if not nodes:
        words = "no node has an NVIDIA GPU, as far as labels, resources and slices tell"
        return warn("GPUs", words, "checks of GPUs will skip; is the GPU operator installed?")
    if not rooms:
        words = f"{len(nodes)} GPU nodes, and neither a device plugin nor a DRA driver offers GPUs"
        return warn("GPUs", words, "see `aicr-orch validate --check gpu-operator-health`")
    by_plugin = any(node.devices.get(GPU) for node in nodes)
    total, free = sum(item.total for item in rooms), sum(item.free for item in rooms)
    how = "device plugin" if by_plugin else "DRA"
    words = f"{free} of {total} free on {_which(nodes, rooms)}, offered by {how}"
    unhealthy = sum(node.gpus_installed - node.gpus for node in judged(nodes))
    if unhealthy:
        advice = "see `aicr-orch validate --check gpu-operator-health`"
        return warn("GPUs", f"{words}; {unhealthy} more not allocatable", advice)
    return ok("GPUs", words)


def _which(nodes: Sequence[Node], rooms: Sequence[capacity.Room]) -> str:
    """How many GPU nodes offer GPUs, and why the others do not."""
    offering = {item.node for item in rooms}
    missing = Counter(_why(node) for node in nodes if node.name not in offering)
    if not missing:
        return counted(len(nodes), "GPU node")
    why = ", ".join(f"{count} {reason}" for reason, count in sorted(missing.items()))
    return f"{len(offering)} of {counted(len(nodes), 'GPU node')} ({why})"


def _why(node: Node) -> str:
    """Why a GPU node offers none, in a word or two."""
    reason = node.left_out.split(":")[0].split(" (")[0]
    return {"NotReady": "not ready", "": "offering none"}.get(reason, reason)


def look_at_leftovers(kube: Kube) -> Finding:
    """Name runs that left something in the cluster."""
    try:
        found = sweep.runs(kube)
    except Forbidden as error:
        return warn("leftovers", f"cannot be looked for: {error}", "")
    old = [run for run in found if sweep.began(run) < datetime.now(UTC) - OLD]
    if old:
        count = sum(len(found[run]) for run in old)
        words = f"{count} objects of {len(old)} runs from more than a day ago"
        return warn("leftovers", words, "aicr-orch gc removes them; with --dry-run it lists them")
    recent = f"; {len(found)} runs of today have objects" if found else ""
    return ok("leftovers", f"none from before today{recent}")


def _quantity(value: object) -> float:
    try:
        return float(parse_quantity(str(value)))
    except (ValueError, ArithmeticError):
        return 0.0
