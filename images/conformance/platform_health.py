"""Platform: the namespaces and objects that the recipe's components must have are there and well.

Reads         the namespaces of enabled components and of their expected resources; each expected
              resource; nodes, when an expected DaemonSet misses pods
Creates       nothing
Fails when    a namespace or an expected resource is missing, ending or not healthy, or may not be
              looked at
Skips when    no recipe is mounted, or it names neither a namespace nor an expected resource
What to do    kubectl describe the object that the message names; one that is missing everywhere is
              perhaps wrong in the recipe, or its component was never installed

Waits only for objects whose own status says that they are on their way, a rollout for example.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from helper.check import Skip, SkipCode, check
from helper.context import Context
from helper.daemon_sets import DESIRED, misses_pods
from helper.depth import Proof
from helper.errors import CannotTell, NotFound
from helper.evidence import Evidence
from helper.findings import Problem, failure, fold
from helper.health import count
from helper.kinds import NODES, SECRETS, builtin_by_kind
from helper.kube import Kube
from helper.models import ComponentRef
from helper.nodes import Node, parse_node
from helper.resource import Json
from helper.workloads import health_of

PARALLEL = 8  # requests at a time; an API server grants one client far more


@check()
def platform_health(ctx: Context) -> None:
    """Namespaces and expected resources of all enabled components are healthy."""
    if ctx.recipe.is_empty:
        raise Skip("no recipe is mounted: nothing to verify", SkipCode.PRECONDITION)
    enabled = [ref for ref in ctx.recipe.component_refs if ref.enabled]
    wanted = expected_objects(enabled)
    if not wanted:
        raise Skip("recipe names no namespace and no expected resource of an enabled component")

    seen = look_at(ctx.kube, wanted, ctx.deadline.clock.wall())
    rows = [Row(**vars(item.wanted), observed=item.observed) for item in seen]
    spaces = [row for row in rows if row.kind == "Namespace"]
    ctx.evidence.table("Namespaces", spaces, shell="kubectl get namespaces")
    others = [row for row in rows if row not in spaces]
    ctx.evidence.table("Expected resources", others, shell="kubectl get KIND -n NAMESPACE NAME")
    cover(ctx.evidence, seen)

    problems = [item.problem for item in seen if item.problem]
    if any(item.is_defect for item in seen):
        raise failure(problems, len(seen), "objects")
    if problems:
        raise CannotTell(fold(problems, len(seen), "objects"))
    gaps = sum(item.is_unseen for item in seen)
    ctx.evidence.result(f"{len(seen) - gaps} of {len(seen)} objects healthy{by_pod(seen)}")
    ctx.evidence.proof(Proof.OBSERVED)


@dataclass(frozen=True)
class Wanted:
    """An object that must be there and well."""

    kind: str
    namespace: str
    name: str
    component: str

    @property
    def title(self) -> str:
        """As messages name it: `Deployment gpu-operator/gpu-operator`."""
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


@dataclass(frozen=True)
class Row:
    """An object as evidence shows it."""

    kind: str
    namespace: str
    name: str
    component: str
    observed: str


@dataclass(frozen=True)
class Seen:
    """What became of one wanted object."""

    wanted: Wanted
    observed: str
    problem: Problem | None = None
    is_defect: bool = False  # False with a problem: it could not be looked at
    is_unseen: bool = False  # it could not be looked at, or has nothing to show
    left_out: Mapping[str, str] = field(default_factory=dict)  # nodes, of a DaemonSet
    weight: int = 1  # of a DaemonSet the pods that it is to have


def by_pod(seen: Sequence[Seen]) -> str:
    """Why coverage counts more than there are objects: `; 2 DaemonSets count by pod: 9 + 8`."""
    sets = [item.weight for item in seen if item.wanted.kind == "DaemonSet"]
    if not sets:
        return ""
    which = "1 DaemonSet counts" if len(sets) == 1 else f"{len(sets)} DaemonSets count"
    return f"; {which} by pod: {len(seen) - len(sets)} + {sum(sets)}"


def cover(evidence: Evidence, seen: Sequence[Seen]) -> None:
    """State what was looked at; a DaemonSet counts once for each pod that it is to have.

    So a dead node weighs what it is, however many DaemonSets have a pod on it.
    """
    total = sum(item.weight for item in seen)
    unseen = sum(item.weight if item.is_unseen else len(item.left_out) for item in seen)
    gaps = {item.wanted.title: item.observed for item in seen if item.is_unseen}
    for node, why in sorted({pair for item in seen for pair in item.left_out.items()}):
        missed = sum(node in item.left_out for item in seen)
        gaps[node] = f"{why}; DaemonSets not judged there: {missed}"
    evidence.coverage(max(0, total - unseen), total, "objects and DaemonSet pods", gaps)


def expected_objects(components: Iterable[ComponentRef]) -> list[Wanted]:
    """Namespaces first, then expected resources, each once, in the recipe's order."""
    namespaces: dict[str, Wanted] = {}
    objects: dict[tuple[str, str, str], Wanted] = {}
    for ref in components:
        places = [ref.namespace]
        for expected in ref.expected_resources:
            if expected.kind == "Namespace":
                places.append(expected.name)
                continue
            resource = builtin_by_kind(expected.kind)
            is_namespaced = resource is None or resource.namespaced
            place = (expected.namespace or ref.namespace) if is_namespaced else ""
            key = (expected.kind, place, expected.name)
            objects.setdefault(key, Wanted(*key, component=ref.name))
            places.append(place)
        for place in filter(None, places):
            namespaces.setdefault(place, Wanted("Namespace", "", place, ref.name))
    return [*namespaces.values(), *objects.values()]


def look_at(kube: Kube, wanted: Sequence[Wanted], now: float) -> list[Seen]:
    """Read all objects, several at a time, and judge them."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        spaces = [item for item in wanted if item.kind == "Namespace"]
        answers = dict(zip(spaces, pool.map(partial(fetch, kube), spaces), strict=True))
        missing = {item.name for item in spaces if isinstance(answers[item], NotFound)}
        others = [item for item in wanted if item not in answers and item.namespace not in missing]
        answers |= dict(zip(others, pool.map(partial(fetch, kube), others), strict=True))
    nodes = read_nodes(kube, answers)
    return [judge(item, answers.get(item), nodes, now) for item in wanted]


def fetch(kube: Kube, wanted: Wanted) -> Json | CannotTell:
    """Read one object; an error is an answer like any other."""
    resource = builtin_by_kind(wanted.kind)
    if resource is None:
        return CannotTell(f"kind {wanted.kind} is unknown to this version")
    try:
        read = kube.get_metadata if resource is SECRETS else kube.get
        return read(resource, wanted.name, wanted.namespace or None)
    except CannotTell as error:
        return error


def read_nodes(
    kube: Kube, answers: Mapping[Wanted, Json | CannotTell]
) -> Sequence[Node] | CannotTell:
    """All nodes, if a DaemonSet misses pods: they may be those of nodes that are down."""
    sets = [answer for item, answer in answers.items() if item.kind == "DaemonSet"]
    if not any(misses_pods(item) for item in sets if not isinstance(item, CannotTell)):
        return []
    try:
        return [parse_node(item) for item in kube.list(NODES)]
    except CannotTell as error:
        return error


def judge(
    wanted: Wanted,
    answer: Json | CannotTell | None,
    nodes: Sequence[Node] | CannotTell,
    now: float,
) -> Seen:
    """Judge one object; no answer means that its namespace is missing."""
    of = f"{wanted.title} (component {wanted.component})"
    if answer is None or isinstance(answer, NotFound):
        why = "" if answer else f", and neither is its namespace {wanted.namespace}"
        problem = Problem(f"{of} not found{why}; install the component, or correct the recipe")
        return Seen(wanted, "not found", problem, is_defect=True)
    if isinstance(answer, CannotTell):
        return _unseen(wanted, f"{of}: {answer}", answer)
    if isinstance(nodes, CannotTell):
        if wanted.kind == "DaemonSet" and misses_pods(answer):
            words = f"{of} misses pods, and whether their nodes are down is unknown: {nodes}"
            return _unseen(wanted, words, nodes)
        nodes = []
    health = health_of(wanted.kind, answer, nodes, now)
    weight = max(1, count(answer, DESIRED)) if wanted.kind == "DaemonSet" else 1
    looked = Seen(wanted, health.observed, left_out=health.left_out, weight=weight)
    if health.ready:
        return replace(looked, is_unseen=health.is_empty)
    namespace_flag = f" -n {wanted.namespace}" if wanted.namespace else ""
    see = f"kubectl describe {wanted.kind.lower()}{namespace_flag} {wanted.name}"
    words = f"{of}: {health.observed} (want it healthy); see {see}"
    return replace(looked, problem=Problem(words, health.may_settle), is_defect=True)


def _unseen(wanted: Wanted, words: str, why: CannotTell) -> Seen:
    return Seen(wanted, f"cannot tell: {why}", Problem(words), is_unseen=True)
