"""`images list`: the images that a run would use, for mirrors and allow-lists."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.catalog import Catalog, Entry
from orchestrator.digests import Pins
from orchestrator.images import ImageRules, chosen
from orchestrator.recipe import Recipe


@dataclass(frozen=True)
class Used:
    """One image as Jobs name it, and the checks that run in it."""

    image: str
    pull_policy: str
    checks: tuple[str, ...]


def used(
    catalog: Catalog, recipe: Recipe | None, phases: Iterable[str], rules: ImageRules
) -> Sequence[Used]:
    """The images of the checks that a recipe selects, or of all that are available."""
    checks: dict[tuple[str, str], list[str]] = {}
    for phase in phases:
        for entry in catalog.of_phase(phase):
            if entry.available and _is_selected(entry, recipe):
                checks.setdefault(chosen(entry.image, rules), []).append(entry.name)
    return [Used(image, policy, tuple(names)) for (image, policy), names in checks.items()]


def pinned(images: Sequence[Used], pins: Pins) -> Sequence[Used]:
    """The same images with their digests."""
    return [
        replace(
            item, image=pins.of(item.image), pull_policy=pins.policy(item.image, item.pull_policy)
        )
        for item in images
    ]


def lines(images: Sequence[Used]) -> str:
    """One reference a line, each once."""
    return "".join(f"{image}\n" for image in dict.fromkeys(item.image for item in images))


def as_json(images: Sequence[Used]) -> str:
    """The same with pull policy and checks."""
    found = [
        {"image": item.image, "pullPolicy": item.pull_policy, "checks": list(item.checks)}
        for item in images
    ]
    return json.dumps(found, indent=2) + "\n"


def _is_selected(entry: Entry, recipe: Recipe | None) -> bool:
    if recipe is None:
        return True
    config = recipe.input.config.get(entry.phase)
    return config is not None and entry.name in config.checks
