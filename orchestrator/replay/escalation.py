"""Nobody grants what he does not hold: the API server's check on roles and bindings."""

from collections.abc import Iterable, Iterator

from orchestrator.replay.access import User
from orchestrator.replay.objects import Json


def missing_rights(held: Iterable[Json], wanted: Iterable[Json]) -> list[str]:
    """Describe the wanted rights that are not held, as the API server writes them."""
    held = list(held)
    missing = [
        part
        for rule in wanted
        for part in _parts(rule)
        if not any(_covers(owned, part) for owned in held)
    ]
    return sorted({_description(rule) for rule in _compact(missing)})


def refusal(user: User, missing: Iterable[str]) -> str:
    """Compose the sentence of the 403."""
    groups = " ".join(f'"{group}"' for group in user.groups)
    return (
        f'user "{user.name}" (groups=[{groups}]) is attempting to grant RBAC permissions '
        "not currently held:\n" + "\n".join(missing)
    )


def _parts(rule: Json) -> Iterator[Json]:
    """Break a rule down to single verbs, groups, resources and names."""
    for verb in rule.get("verbs") or []:
        for group in rule.get("apiGroups") or []:
            for resource in rule.get("resources") or []:
                part = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
                names = rule.get("resourceNames") or []
                yield from ({**part, "resourceNames": [name]} for name in names)
                if not names:
                    yield part
        for url in rule.get("nonResourceURLs") or []:
            yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(owned: Json, part: Json) -> bool:
    if not _holds(owned.get("verbs"), part["verbs"][0]):
        return False
    if "nonResourceURLs" in part:
        return _covers_url(owned.get("nonResourceURLs") or [], part["nonResourceURLs"][0])
    resource = part["resources"][0]
    owned_resources = owned.get("resources") or []
    _, slash, subresource = resource.partition("/")
    if not _holds(owned_resources, resource) and not (
        slash and f"*/{subresource}" in owned_resources
    ):
        return False
    owned_names = owned.get("resourceNames") or []
    names = part.get("resourceNames") or []
    if owned_names and not (names and names[0] in owned_names):
        return False
    return _holds(owned.get("apiGroups"), part["apiGroups"][0])


def _holds(owned: Iterable[str] | None, wanted: str) -> bool:
    owned = owned or ()
    return "*" in owned or wanted in owned


def _covers_url(owned: Iterable[str], wanted: str) -> bool:
    return any(o in ("*", wanted) or (o.endswith("*") and wanted.startswith(o[:-1])) for o in owned)


def _compact(parts: Iterable[Json]) -> Iterator[Json]:
    """Join rules that differ in their verbs only."""
    joined: dict[tuple[str, ...], Json] = {}
    for part in parts:
        if "nonResourceURLs" in part:
            yield part
            continue
        key = (*part["apiGroups"], *part["resources"], *part.get("resourceNames", ["\0"]))
        verbs = [*joined[key]["verbs"], *part["verbs"]] if key in joined else part["verbs"]
        joined[key] = {**part, "verbs": verbs}
    yield from joined.values()


def _description(rule: Json) -> str:
    fields = ("apiGroups", "resources", "nonResourceURLs", "resourceNames", "verbs")
    titles = {"apiGroups": "APIGroups", "nonResourceURLs": "NonResourceURLs"}
    parts = []
    for field in fields:
        if values := rule.get(field):
            title = titles.get(field) or field[0].upper() + field[1:]
            parts.append(f"{title}:[{' '.join(f'{chr(34)}{value}{chr(34)}' for value in values)}]")
    return "{" + ", ".join(parts) + "}"
