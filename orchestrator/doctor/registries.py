"""Are the images there? Asked from here, which says little about what nodes can pull."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from helper.errors import WebError
from orchestrator.digests import Digest, is_movable
from orchestrator.doctor.finding import Finding, ok, warn
from orchestrator.registry import NoSuchTagError

PARALLEL = 8


def look(images: Iterable[str], digest: Digest) -> Sequence[Finding]:
    """Ask for each image once."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(lambda image: _look(image, digest), sorted(set(images))))


def _look(image: str, digest: Digest) -> Finding:
    if not is_movable(image):
        return ok("image", f"{image} is pinned, or never pulled")
    try:
        digest(image)
    except NoSuchTagError as error:
        advice = "build and push it, or set AICR_VALIDATOR_IMAGE_REGISTRY and _TAG"
        return warn("image", str(error), advice)
    except WebError as error:
        advice = "asked from this machine; nodes may have it, or another way to its registry"
        return warn("image", f"{image}: {error}", advice)
    return ok("image", f"{image} is in its registry")
