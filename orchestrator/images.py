"""Which image a check runs as: tag and registry rules, and when to pull."""

import re
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

RELEASE = re.compile(r"v?\d+\.\d+\.\d+(-[A-Za-z0-9.]+)?")
PRE_RELEASES = {"a": "alpha", "b": "beta", "rc": "rc"}  # as Python packages and as tags say it
COMMIT = re.compile(r"[0-9a-f]{7,40}")
BUILT_IN = "ghcr.io/aicr-orch/"  # images of this program; their tags are its versions
LATEST = ":latest"
NEVER_PULLED = ("ko.local/", "kind.local/")  # registries that exist only on nodes
REGISTRY_PARTS = 3  # registry, organisation, the rest


@dataclass(frozen=True)
class ImageRules:
    """What decides about tags: the build of this program, and the operator's overrides."""

    version: str = ""
    commit: str = ""
    tag: str = ""  # AICR_VALIDATOR_IMAGE_TAG
    registry: str = ""  # AICR_VALIDATOR_IMAGE_REGISTRY
    override_all: bool = False  # images of others as well, as the reference does

    def cover(self, image: str) -> bool:
        """Whether a catalog's image may be rewritten at all."""
        return self.override_all or image.startswith(BUILT_IN)


def resolve(image: str, rules: ImageRules) -> str:
    """Give the reference that a Job uses for a catalog's image; images of others stay as written.

    What somebody else builds has no tag of our version, and may not be in our mirror.
    """
    if not rules.cover(image):
        return image
    commit = rules.commit.lower()
    if image.endswith(LATEST):
        if tag := release_tag(rules.version):
            image = f"{image.removesuffix(LATEST)}:{tag}"
        elif COMMIT.fullmatch(commit):
            image = image.removesuffix(LATEST) + ":sha-" + commit
    if rules.tag and "@" not in image:
        head, slash, last = image.rpartition("/")
        image = f"{head}{slash}{last.split(':')[0]}:{rules.tag}"
    if rules.registry:
        parts = image.split("/", REGISTRY_PARTS - 1)
        if len(parts) > 1:
            image = f"{rules.registry}/{parts[-1]}"
    return image


def release_tag(version: str) -> str:
    """The tag of a release's images; empty for a version that is none.

    A wheel of 1.0.0-rc1 says that it is 1.0.0rc1, since packages are versioned by PEP 440.
    """
    if RELEASE.fullmatch(version):
        return "" if version.endswith("-next") else "v" + version.removeprefix("v")
    try:
        found = Version(version)
    except InvalidVersion:
        return ""
    if found.pre is None or found.public != f"{found.base_version}{found.pre[0]}{found.pre[1]}":
        return ""
    tag = f"v{found.base_version}-{PRE_RELEASES[found.pre[0]]}{found.pre[1]}"
    return tag if RELEASE.fullmatch(tag.removeprefix("v")) and not found.local else ""


def chosen(image: str, rules: ImageRules) -> tuple[str, str]:
    """The reference that a Job uses for a catalog's image, and when kubelet pulls it."""
    resolved = resolve(image, rules)
    return resolved, pull_policy(resolved, rules.tag if rules.cover(image) else "")


def pull_policy(image: str, tag_override: str = "") -> str:
    """When kubelet pulls an image; the first rule that applies."""
    if image.startswith(NEVER_PULLED):
        return "Never"
    if "@" in image:
        return "IfNotPresent"
    return "Always" if tag_override or image.endswith(LATEST) else "IfNotPresent"
