"""Which devices a pod's claims get on a node: the search that the scheduler's DRA plugin makes."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from orchestrator.replay.objects import Json, name_of, namespace_of
from orchestrator.replay.workloads import cel, nodefit
from orchestrator.replay.workloads.devices import DeviceId, Offer, in_use, reachable

_TRIES = 20_000  # combinations; a real scheduler stops after ten seconds


class ClaimError(Exception):
    """Why a claim cannot be allocated anywhere, in the scheduler's words."""


@dataclass(frozen=True, eq=False)  # each is one of its kind, however alike they are
class Wish:
    """One request of a claim, with what it selects by."""

    claim: str
    name: str  # with the alternative, if it is one of several: gpu/small
    count: int | None  # None: all that there are
    is_admin: bool
    selectors: Sequence[str]
    tolerations: Sequence[Json] = ()


Chosen = dict[Wish, tuple[Offer, ...]]


@dataclass
class Inventory:
    """The devices of a cluster at one moment, and the classes that select from them."""

    slices: Sequence[Json]
    classes: Mapping[str, Json]
    claims: Sequence[Json]
    used: set[DeviceId] = field(init=False)

    def __post_init__(self) -> None:
        self.used = in_use(self.claims)

    def check(self, claims: Sequence[Json]) -> None:
        """Refuse claims that no node can satisfy; raises ClaimError."""
        for claim in claims:
            for request in _requests(claim):
                for option in request.get("firstAvailable") or [request["exactly"]]:
                    name = option.get("deviceClassName", "")
                    if name not in self.classes:
                        words = f"request {request['name']}: device class {name} does not exist"
                        raise ClaimError(words)

    def allocate(self, claims: Sequence[Json], node: Json) -> list[Json] | None:
        """Give an allocation for each claim on a node, None without; raises ClaimError."""
        offers = reachable(self.slices, node)
        options = [_alternatives(claim, self.classes) for claim in claims]
        for wishes in itertools.product(*options):
            chosen = self._choose(claims, list(itertools.chain(*wishes)), offers)
            if chosen is not None:
                return [
                    _allocation(claim, own, chosen, node, self.classes)
                    for claim, own in zip(claims, wishes, strict=True)
                ]
        return None

    def _choose(
        self, claims: Sequence[Json], wishes: Sequence[Wish], offers: Sequence[Offer]
    ) -> Chosen | None:
        fitting = {wish: [o for o in offers if _fits(wish, o)] for wish in wishes}
        tries = itertools.count()

        def search(left: Sequence[Wish], taken: set[DeviceId], chosen: Chosen) -> Chosen | None:
            if not left:
                return dict(chosen) if _constraints_hold(claims, chosen) else None
            wish, rest = left[0], left[1:]
            for group in _groups(wish, fitting[wish], taken):
                if next(tries) > _TRIES:
                    return None
                own = set() if wish.is_admin else {offer.id for offer in group}
                found = search(rest, taken | own, {**chosen, wish: group})
                if found is not None:
                    return found
            return None

        return search(wishes, set(self.used), {})


def _groups(
    wish: Wish, offers: Sequence[Offer], taken: set[DeviceId]
) -> Iterator[tuple[Offer, ...]]:
    """Give the groups of devices that a request can have, the first ones first."""
    free = [offer for offer in offers if wish.is_admin or offer.id not in taken]
    if wish.count is not None:
        yield from itertools.combinations(free, wish.count)
    elif offers and len(free) == len(offers):
        yield tuple(free)


def _requests(claim: Json) -> list[Json]:
    return (claim["spec"].get("devices") or {}).get("requests") or []


def _alternatives(claim: Json, classes: Mapping[str, Json]) -> list[tuple[Wish, ...]]:
    """Give the ways in which a claim can be read: one for each choice of alternatives."""
    choices = []
    for request in _requests(claim):
        if "firstAvailable" in request:
            named = [(f"{request['name']}/{o['name']}", o) for o in request["firstAvailable"]]
        else:
            named = [(request["name"], request["exactly"])]
        choices.append([_wish(claim, name, option, classes) for name, option in named])
    return list(itertools.product(*choices))


def _wish(claim: Json, name: str, option: Json, classes: Mapping[str, Json]) -> Wish:
    own = classes[option["deviceClassName"]]["spec"].get("selectors") or []
    selectors = [*own, *(option.get("selectors") or [])]
    return Wish(
        claim=f"{namespace_of(claim)}/{name_of(claim)}",
        name=name,
        count=None if option.get("allocationMode") == "All" else option.get("count", 1),
        is_admin=bool(option.get("adminAccess")),
        selectors=tuple((s.get("cel") or {}).get("expression", "") for s in selectors),
        tolerations=option.get("tolerations") or (),
    )


def _fits(wish: Wish, offer: Offer) -> bool:
    for index, expression in enumerate(wish.selectors):
        try:
            if not cel.compiled(expression)(offer.seen):
                return False
        except cel.UnsupportedError as error:
            raise ClaimError(f"the replay cluster does not emulate {error}") from error
        except cel.EvaluationError as error:
            raise ClaimError(f"claim {wish.claim}: selector #{index}: {error}") from error
    if offer.trouble:
        raise ClaimError(f"the replay cluster does not emulate {offer.trouble}")
    return all(
        taint.get("effect") == "None" or nodefit.tolerated(taint, wish.tolerations)
        for taint in offer.taints
    )


def _constraints_hold(claims: Sequence[Json], chosen: Chosen) -> bool:
    for claim in claims:
        title = f"{namespace_of(claim)}/{name_of(claim)}"
        for constraint in (claim["spec"].get("devices") or {}).get("constraints") or []:
            meant = constraint.get("requests") or []
            values = [
                offer.values.get(constraint["matchAttribute"])
                for wish, group in chosen.items()
                if wish.claim == title and (not meant or wish.name.partition("/")[0] in meant)
                for offer in group
            ]
            if None in values or any(value != values[0] for value in values):
                return False
    return True


def _allocation(
    claim: Json, wishes: Sequence[Wish], chosen: Chosen, node: Json, classes: Mapping[str, Json]
) -> Json:
    results = []
    for wish in wishes:
        for offer in chosen[wish]:
            driver, pool, device = offer.id
            result = {"request": wish.name, "driver": driver, "pool": pool, "device": device}
            results.append({**result, **({"adminAccess": True} if wish.is_admin else {})})
    allocation: Json = {"devices": {"results": results}}
    if config := list(_config(claim, classes)):
        allocation["devices"]["config"] = config
    if any(offer.is_local for wish in wishes for offer in chosen[wish]):
        field = {"key": "metadata.name", "operator": "In", "values": [name_of(node)]}
        allocation["nodeSelector"] = {"nodeSelectorTerms": [{"matchFields": [field]}]}
    return allocation


def _config(claim: Json, classes: Mapping[str, Json]) -> Iterator[Json]:
    """Give the configuration that the driver gets, the class's before the claim's."""
    for request in _requests(claim):
        name = (request.get("exactly") or {}).get("deviceClassName", "")
        for entry in (classes.get(name) or {"spec": {}})["spec"].get("config") or []:
            yield {**entry, "source": "FromClass", "requests": [request["name"]]}
    for entry in (claim["spec"].get("devices") or {}).get("config") or []:
        yield {**entry, "source": "FromClaim"}
