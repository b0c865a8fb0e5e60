"""The way to a mirror: what is pushed is found by its tag, pinned by digest, and pulled by that."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence

import docker
import pytest

from helper import contract
from orchestrator.exits import Exit
from tests.containers import registry
from tests.containers.engine import PHASES, Image
from tests.e2e.real_cluster import commit
from tests.source import ROOT

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def mirror(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A mirror to which `make push` has given the images."""
    for phase in PHASES:
        assert Image(engine, phase).attrs
    with registry.served(tmp_path_factory.mktemp("registry")) as host:
        place = f"{host}/gpu"
        pushed = subprocess.run(
            [ROOT / ".ci/images", "push"],
            env={**os.environ, "REGISTRY": place},
            capture_output=True,
            text=True,
            check=False,
        )
        if "commit, then" in pushed.stderr:
            pytest.skip(pushed.stderr.strip())
        assert pushed.returncode == 0, pushed.stderr
        yield place
        for phase in PHASES:
            engine.images.remove(f"{place}/validator-{phase}:sha-{commit()}")


def aicr(place: str, *arguments: str, tag: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command of this commit with a mirror."""
    env = {
        **os.environ,
        contract.CLI_COMMIT: commit(),
        contract.IMAGE_REGISTRY: place,
        contract.IMAGE_TAG: tag,
    }
    command = [sys.executable, "-m", "orchestrator", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def listed(place: str) -> Sequence[str]:
    """All images as a run would name them, pinned."""
    done = aicr(place, "images", "list", "--resolve-digests")
    assert done.returncode == Exit.OK, done.stderr
    return done.stdout.split()


def test_a_run_would_use_what_was_pushed_for_its_commit(mirror: str) -> None:
    assert [image.partition("@sha256:")[0] for image in listed(mirror)] == [
        f"{mirror}/validator-{phase}:sha-{commit()}" for phase in PHASES
    ]


def test_what_is_pinned_is_what_was_pushed(mirror: str, engine: docker.DockerClient) -> None:
    for pinned, phase in zip(listed(mirror), PHASES, strict=True):
        name, _, digest = pinned.partition("@")
        pulled = engine.images.pull(name.rpartition(":")[0], digest)
        assert pulled.id == Image(engine, phase).attrs["Id"]


def test_a_tag_that_the_mirror_lacks_is_named_before_anything_runs(mirror: str) -> None:
    done = aicr(mirror, "images", "list", "--resolve-digests", tag="v9.9.9")

    assert done.returncode == Exit.USAGE
    assert "has no gpu/validator-deployment with the tag v9.9.9" in done.stderr
