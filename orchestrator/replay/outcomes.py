"""Which scripted outcome a pod has."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from orchestrator.replay.models import Outcome, PodMatch, PodOutcome
from orchestrator.replay.objects import Json, labels_of, name_of, namespace_of


def repository(image: str) -> str:
    """Give an image reference without tag and digest."""
    image = image.partition("@")[0]
    head, slash, last = image.rpartition("/")
    return head + slash + last.partition(":")[0]


def command_for(images: Mapping[str, Sequence[str]], image: str) -> list[str] | None:
    """Give the local command of a known image, None for an unknown one."""
    command = images.get(repository(image))
    return None if command is None else list(command)


def outcome_for(outcomes: Sequence[PodOutcome], pod: Json) -> Outcome | None:
    """Give the first scripted outcome that matches a pod."""
    return next((item.outcome for item in outcomes if _matches(item.match, pod)), None)


def _matches(match: PodMatch, pod: Json) -> bool:
    labels = labels_of(pod)
    containers = (pod.get("spec") or {}).get("containers") or []
    images = {repository(container.get("image", "")) for container in containers}
    return (
        match.namespace in ("", namespace_of(pod))
        and (not match.name or fnmatchcase(name_of(pod), match.name))
        and all(labels.get(key) == value for key, value in match.labels.items())
        and (not match.image or repository(match.image) in images)
    )
