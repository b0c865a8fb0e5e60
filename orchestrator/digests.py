"""`--resolve-digests`: a run's images pinned to what their tags mean when it begins."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from helper.errors import WebError
from orchestrator.errors import UsageError
from orchestrator.images import NEVER_PULLED, pull_policy
from orchestrator.plan import Plan
from orchestrator.registry import NoSuchTagError, Registries, read_credentials

PARALLEL = 8

Digest = Callable[[str], str]  # of an image by its tag; raises NoSuchTagError, WebError


@dataclass(frozen=True)
class Pins:
    """Images by tag and what they are pinned to; those that no registry vouches for are told."""

    pinned: Mapping[str, str]
    warnings: tuple[str, ...] = ()

    def of(self, image: str) -> str:
        """The image with its digest, or as it is."""
        return self.pinned.get(image, image)

    def policy(self, image: str, before: str) -> str:
        """When kubelet pulls it then."""
        return pull_policy(self.of(image)) if image in self.pinned else before


def operators(env: Mapping[str, str]) -> Digest:
    """Ask registries as the operator's `docker pull` would."""
    credentials = read_credentials(env, lambda path: Path(path).read_bytes(), env.get("HOME", ""))
    return Registries(credentials).digest


def resolve(images: Iterable[str], digest: Digest) -> Pins:
    """Ask for each image once; UsageError names every tag that does not exist."""
    asked = sorted({image for image in images if is_movable(image)})
    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(lambda image: _ask(image, digest), asked))
    missing = [str(answer) for answer in answers if isinstance(answer, NoSuchTagError)]
    if missing:
        raise UsageError(f"--resolve-digests: {'; '.join(missing)}")
    found = dict(zip(asked, answers, strict=True))
    return Pins(
        {image: f"{image}@{answer}" for image, answer in found.items() if isinstance(answer, str)},
        tuple(
            f"image {image} keeps its tag: its registry: {answer}"
            for image, answer in found.items()
            if isinstance(answer, WebError)
        ),
    )


def pin(plan: Plan, digest: Digest) -> Plan:
    """Give the plan with pinned images; what could not be pinned becomes a warning."""
    pins = resolve((planned.image for planned in plan.checks if not planned.refusal), digest)
    phases = tuple(
        replace(
            phase,
            checks=tuple(
                replace(
                    planned,
                    image=pins.of(planned.image),
                    pull_policy=pins.policy(planned.image, planned.pull_policy),
                )
                for planned in phase.checks
            ),
        )
        for phase in plan.phases
    )
    return replace(plan, phases=phases, warnings=(*plan.warnings, *pins.warnings))


def is_movable(image: str) -> bool:
    """Whether an image is named by a tag that a registry resolves."""
    return bool(image) and "@" not in image and not image.startswith(NEVER_PULLED)


def _ask(image: str, digest: Digest) -> str | WebError | NoSuchTagError:
    try:
        return digest(image)
    except (WebError, NoSuchTagError) as error:
        return error
