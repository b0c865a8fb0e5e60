import subprocess
from dataclasses import replace

import pytest

from orchestrator.images import ImageRules, chosen, pull_policy, resolve
from tests.source import ROOT

X = "ghcr.io/aicr-orch/x"
IN_FOLDER = "ghcr.io/aicr-orch/aicr-validators/x"
LOCAL = "localhost:5001/aicr-validators/x"
HEX41 = "a" * 41
RELEASE = ImageRules(version="0.11.1")
DEV = ImageRules(version="dev", commit="abc1234")


@pytest.mark.parametrize(
    ("image", "rules", "resolved"),
    [
        pytest.param(f"{X}:latest", RELEASE, f"{X}:v0.11.1", id="release-gets-its-v"),
        pytest.param(f"{X}:latest", ImageRules("v0.11.1"), f"{X}:v0.11.1", id="release-with-v"),
        pytest.param(
            f"{X}:latest",
            ImageRules("v1.0.0-rc1", "abc1234"),
            f"{X}:v1.0.0-rc1",
            id="pre-release-beats-commit",
        ),
        pytest.param(
            f"{X}:latest",
            ImageRules("1.0.0rc1", "abc1234"),
            f"{X}:v1.0.0-rc1",
            id="pre-release-of-a-wheel",
        ),
        pytest.param(
            f"{X}:latest", ImageRules("1.0.0b2"), f"{X}:v1.0.0-beta2", id="beta-of-a-wheel"
        ),
        pytest.param(
            f"{X}:latest", ImageRules("1.0.0a1"), f"{X}:v1.0.0-alpha1", id="alpha-of-a-wheel"
        ),
        *(
            pytest.param(
                f"{X}:latest", replace(DEV, version=version), f"{X}:sha-abc1234", id=version
            )
            for version in (
                *("1.0.0.dev0", "1.0.0rc1.dev3", "1.0.0rc1.post1", "1.0.0rc1+local"),
                *("1.0rc1", "1!1.0.0rc1", "1.0.0.post1"),
            )
        ),
        pytest.param(
            f"{X}:latest", replace(DEV, version="v0.11.1-next"), f"{X}:sha-abc1234", id="next"
        ),
        pytest.param(
            f"{X}:latest",
            replace(DEV, version="v0.0.0-12-gabc1234"),
            f"{X}:sha-abc1234",
            id="described-commit",
        ),
        pytest.param(f"{X}:latest", DEV, f"{X}:sha-abc1234", id="dev"),
        pytest.param(
            f"{X}:latest", replace(DEV, commit="ABC1234"), f"{X}:sha-abc1234", id="upper-case"
        ),
        pytest.param(
            f"{X}:latest", replace(DEV, commit="a" * 40), f"{X}:sha-{'a' * 40}", id="40-digits"
        ),
        pytest.param(f"{X}:latest", replace(DEV, commit="abc12"), f"{X}:latest", id="5-digits"),
        pytest.param(f"{X}:latest", replace(DEV, commit="xyz1234"), f"{X}:latest", id="not-hex"),
        pytest.param(f"{X}:latest", replace(DEV, commit=HEX41), f"{X}:latest", id="41-digits"),
        pytest.param(f"{X}:latest", replace(DEV, commit="unknown"), f"{X}:latest", id="unknown"),
        pytest.param(f"{X}:latest", ImageRules(), f"{X}:latest", id="nothing-known"),
        pytest.param(f"{X}:v1.2.3", ImageRules("v0.11.1"), f"{X}:v1.2.3", id="explicit-tag-stays"),
        pytest.param(
            f"{X}:v1.2.3", ImageRules("v0.11.1", tag="latest"), f"{X}:latest", id="tag-override"
        ),
        pytest.param(X, ImageRules(tag="latest"), f"{X}:latest", id="tag-override-without-a-tag"),
        pytest.param(
            f"{IN_FOLDER}:latest",
            ImageRules("dev", registry="localhost:5001"),
            f"{LOCAL}:latest",
            id="registry-override-drops-two-segments",
        ),
        pytest.param(
            f"{LOCAL}:sha-abc1234",
            ImageRules(tag="latest", override_all=True),
            f"{LOCAL}:latest",
            id="port-is-no-tag",
        ),
        pytest.param(
            "localhost:5001/x",
            ImageRules(tag="v1", override_all=True),
            "localhost:5001/x:v1",
            id="port-without-a-tag",
        ),
        pytest.param(
            f"{X}@sha256:0f", ImageRules(tag="latest"), f"{X}@sha256:0f", id="digest-stays"
        ),
        pytest.param(
            f"{X}:v1@sha256:0f",
            ImageRules(tag="latest"),
            f"{X}:v1@sha256:0f",
            id="tag-with-digest-stays",
        ),
        pytest.param(
            f"{IN_FOLDER}@sha256:0f",
            ImageRules(tag="latest", registry="localhost:5001"),
            f"{LOCAL}@sha256:0f",
            id="registry-override-of-a-digest",
        ),
        pytest.param(
            "docker.io/x:v1",
            ImageRules(registry="r.example", override_all=True),
            "r.example/x:v1",
            id="two-segments",
        ),
        pytest.param(
            "x:v1", ImageRules(registry="r.example", override_all=True), "x:v1", id="one-segment"
        ),
        pytest.param(
            f"{IN_FOLDER}:latest",
            ImageRules("1.0.0", tag="v9", registry="r.example"),
            "r.example/aicr-validators/x:v9",
            id="both-overrides-beat-the-release",
        ),
    ],
)
def test_resolves_a_reference(image: str, rules: ImageRules, resolved: str) -> None:
    assert resolve(image, rules) == resolved


OVERRIDES = ImageRules("1.0.0", tag="v9", registry="r.example")


@pytest.mark.parametrize(
    "image",
    [
        "ghcr.io/acme/x:latest",
        "ghcr.io/aicr-orchard/x:latest",
        "registry.example/ghcr.io/aicr-orch/x:latest",
        "localhost:5001/x",
        "x:v1",
        "",
    ],
)
def test_an_image_of_others_is_rewritten_on_request_only(image: str) -> None:
    assert resolve(image, OVERRIDES) == image
    assert not OVERRIDES.cover(image)
    assert replace(OVERRIDES, override_all=True).cover(image)


def test_on_request_an_image_of_others_is_rewritten_as_the_reference_does() -> None:
    rules = replace(OVERRIDES, override_all=True)

    assert resolve("ghcr.io/acme/x:latest", rules) == "r.example/x:v9"


@pytest.mark.parametrize(
    ("image", "rules", "choice"),
    [
        pytest.param(f"{X}:v1", ImageRules(tag="v9"), (f"{X}:v9", "Always"), id="overridden"),
        pytest.param(
            "ghcr.io/acme/x:v1",
            ImageRules(tag="v9"),
            ("ghcr.io/acme/x:v1", "IfNotPresent"),
            id="not-overridden",
        ),
        pytest.param(f"{X}:latest", RELEASE, (f"{X}:v0.11.1", "IfNotPresent"), id="released"),
    ],
)
def test_the_override_decides_about_pulling_only_where_it_applies(
    image: str, rules: ImageRules, choice: tuple[str, str]
) -> None:
    assert chosen(image, rules) == choice


@pytest.mark.parametrize(
    ("image", "tag_override", "policy"),
    [
        pytest.param("ko.local/x:v1", "", "Never", id="ko"),
        pytest.param("kind.local/x:latest", "latest", "Never", id="kind-beats-override-and-latest"),
        pytest.param("ko.local/x@sha256:0f", "", "Never", id="ko-beats-digest"),
        pytest.param("ko.localhost:5000/x:v1", "", "IfNotPresent", id="only-looks-like-ko"),
        pytest.param(f"{X}@sha256:0f", "latest", "IfNotPresent", id="digest-beats-override"),
        pytest.param(f"{X}:v1", "v1", "Always", id="tag-override"),
        pytest.param(f"{X}:latest", "", "Always", id="latest"),
        pytest.param(f"{X}:v1", "", "IfNotPresent", id="fixed-tag"),
        pytest.param(X, "", "IfNotPresent", id="no-tag"),
    ],
)
def test_first_rule_that_matches_gives_the_pull_policy(
    image: str, tag_override: str, policy: str
) -> None:
    assert pull_policy(image, tag_override) == policy


def test_a_mirror_made_as_documented_has_what_is_asked_for() -> None:
    images = [f"{X}:v1", f"{IN_FOLDER}:v1", "quay.io/a/b/c:1", "localhost:5000/x:1"]
    rules = ImageRules(registry="mirror.example.com/gpu", override_all=True)
    text = (ROOT / "docs/airgap.md").read_text()
    loop = text[text.index("for image in") : text.index("done\n") + len("done\n")]
    programs = f'aicr-orch() {{ echo {" ".join(images)}; }}; skopeo() {{ echo "${{@: -1}}"; }}\n'

    run = ["bash", "-euc", programs + loop]
    copied = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()

    assert copied == [f"docker://{resolve(image, rules)}" for image in images]
