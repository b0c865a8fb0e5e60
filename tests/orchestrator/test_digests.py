import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helper.errors import WebError
from orchestrator import digests
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.registry import NoSuchTagError
from tests.fakes.registry import Registry, digest_of
from tests.orchestrator.conftest import Command
from tests.orchestrator.samples import entry, plan
from tests.source import ROOT

EXAMPLE = str(ROOT / "examples/eks-h100-inference")
DIGEST = f"sha256:{'0' * 64}"
OURS = "ghcr.io/aicr-orch/validator-conformance:v1"


def digest(image: str) -> str:
    if "gone" in image:
        raise NoSuchTagError(f"{image} is gone")
    if "silent" in image:
        raise WebError("connection refused")
    return DIGEST


def test_every_planned_image_is_pinned_and_pulled_once() -> None:
    given = plan(entry("alpha"), entry("beta", image="ghcr.io/acme/x:latest"))
    found = digests.pin(given, digest)

    assert [item.image for item in found.checks] == [
        f"{OURS}@{DIGEST}",
        f"ghcr.io/acme/x:latest@{DIGEST}",
    ]
    assert {item.pull_policy for item in found.checks} == {"IfNotPresent"}
    assert found.warnings == ()


def test_each_image_is_asked_for_once() -> None:
    asked: list[str] = []

    def count(image: str) -> str:
        asked.append(image)
        return DIGEST

    digests.pin(plan(entry("alpha"), entry("beta")), count)

    assert asked == [OURS]


@pytest.mark.parametrize(
    "image", [f"ghcr.io/acme/x@{DIGEST}", "ko.local/x:v1", "kind.local/x", f"x:v1@{DIGEST}"]
)
def test_what_no_registry_can_move_is_not_asked_for(image: str) -> None:
    found = digests.pin(plan(entry("alpha", image=image)), lambda _: pytest.fail("was asked"))

    assert found.checks[0].image == image


def test_a_check_that_cannot_run_needs_no_image() -> None:
    given = plan(entry("alpha", available=False, image="gone:v1"))

    assert digests.pin(given, digest).checks[0].image == "gone:v1"


def test_a_registry_without_an_answer_is_a_warning_and_the_tag_stays() -> None:
    found = digests.pin(plan(entry("alpha"), entry("beta", image="silent/x:latest")), digest)

    silent = found.checks[1]
    assert (silent.image, silent.pull_policy) == ("silent/x:latest", "Always")
    assert found.warnings == (
        "image silent/x:latest keeps its tag: its registry: connection refused",
    )


def test_all_tags_that_do_not_exist_are_named() -> None:
    given = plan(entry("alpha", image="gone/x:v1"), entry("beta", image="gone/y:v1"), entry("c"))

    with pytest.raises(UsageError) as caught:
        digests.pin(given, digest)

    said = "--resolve-digests: gone/x:v1 is gone; gone/y:v1 is gone"
    assert str(caught.value) == said


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Registry, str]]:
    """A registry, and a data folder with a check whose image it holds."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Registry({"team/x:v1": b"{}"}).running() as server:
        path = tmp_path / "data/validators/catalog.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(
            f"validators:\n- {{name: mine, phase: deployment, image: '{server.host}/team/x:v1'}}\n"
        )
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text("kind: RecipeResult\nvalidation: {deployment: {checks: [mine]}}\n")
        yield server, str(tmp_path)


def test_the_command_pins_and_records_what_it_runs(
    aicr: Command, data: tuple[Registry, str]
) -> None:
    server, folder = data
    flags = ("-r", f"{folder}/recipe.yaml", "--data", f"{folder}/data", "--resolve-digests")
    pinned = f"{server.host}/team/x:v1@{digest_of(b'{}')}"

    ran = aicr("validate", "--replay", EXAMPLE, "--no-cluster", *flags)
    listed = aicr("images", "list", *flags)

    assert ran.code == Exit.OK, ran.err
    assert json.loads(ran.out)["results"]["environment"]["extra"]["images"] == [pinned]
    assert listed.out == f"{pinned}\n"


def test_the_command_names_a_tag_that_does_not_exist_before_anything_is_made(
    aicr: Command, data: tuple[Registry, str]
) -> None:
    server, folder = data
    server.manifests.clear()
    flags = ("-r", f"{folder}/recipe.yaml", "--data", f"{folder}/data", "--resolve-digests")

    said = aicr("validate", "--replay", EXAMPLE, *flags)

    assert said.code == Exit.USAGE
    assert f"--resolve-digests: {server.host} has no team/x with the tag v1" in said.err
    assert "run 2" not in said.err
