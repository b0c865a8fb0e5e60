"""What kubelet says about images that it cannot run, and from where it takes last words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.replay.objects import Json
from orchestrator.replay.workloads.events import Note

_REFERENCE = re.compile(r"[a-z0-9./:_-]+(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]+)?")
_FALLBACK_BYTES = 2048  # FallbackToLogsOnError: the smaller of 2048 bytes and 80 lines
_FALLBACK_LINES = 80


@dataclass(frozen=True)
class Refusal:
    """The waiting state of a container without a usable image, and the one that follows."""

    reason: str
    message: str
    notes: Sequence[Note] = ()
    then: "Refusal | None" = None


def refusal(image: str, pull_policy: str) -> Refusal:
    """Give what happens with an image that the replay cluster does not know."""
    if not _REFERENCE.fullmatch(image):
        message = (
            f'Failed to apply default image tag "{image}": couldn\'t parse image name "{image}": '
            "invalid reference format"
        )
        return _noted("InvalidImageName", message, "InspectFailed")
    if pull_policy == "Never":
        message = f'Container image "{image}" is not present with pull policy of Never'
        return _noted("ErrImageNeverPull", message, "ErrImageNeverPull")
    return pull_failure(image, "the replay cluster knows no command for it (cluster.yaml, images)")


def pull_failure(image: str, why: str) -> Refusal:
    """Give what happens with an image that cannot be pulled."""
    start = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}"'
    problem = f"{start}: {why}"
    back_off = f'Back-off pulling image "{image}"'
    return Refusal(
        "ErrImagePull",
        problem,
        notes=(
            Note("Pulling", f'Pulling image "{image}"'),
            Note("Failed", f'Failed to pull image "{image}": {problem}', warning=True),
            Note("Failed", "Error: ErrImagePull", warning=True),
            Note("BackOff", back_off),
            Note("Failed", "Error: ImagePullBackOff", warning=True),
        ),
        then=Refusal("ImagePullBackOff", f"{back_off}: ErrImagePull: {problem}"),
    )


def _noted(reason: str, message: str, event: str) -> Refusal:
    notes = (
        Note(event, message, warning=True),
        Note("Failed", f"Error: {reason}", warning=True),
    )
    return Refusal(reason, message, notes)


def fallback_message(container: Json, log: Path) -> str:
    """Give the end of the log of a failed container that asked for that."""
    if container.get("terminationMessagePolicy") != "FallbackToLogsOnError":
        return ""
    text = log.read_bytes()[-_FALLBACK_BYTES:].decode(errors="replace")
    return "".join(text.splitlines(keepends=True)[-_FALLBACK_LINES:])
