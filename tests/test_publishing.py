"""What the workflows do to a registry, whose client is a script here that writes down calls."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.source import ROOT

COMMIT = "c" * 40
PHASES = ("deployment", "conformance", "performance")
# Says that an image is there from the call on that FOUND_AT names.
DOCKER = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$*" in
*inspect*) [ "$(grep -c inspect "$CALLS")" -ge "$FOUND_AT" ] ;;
esac
"""
PROGRAMS = {"docker": DOCKER, "gh": "#!/bin/sh\necho $LATER\n"}
PROGRAMS |= dict.fromkeys(("make", "sleep"), "#!/bin/sh\n")


class Registry:
    """A folder with the programs, and the calls that reached the registry."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in PROGRAMS.items():
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)

    def run(
        self, file: str, job: str, step: int, *, found_at: int = 1, later: int = 0, tag: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        """Run the script of a step as a runner does."""
        workflow = yaml.safe_load((ROOT / ".github/workflows" / file).read_text())
        env = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "CALLS": str(self.folder / "calls"),
            "FOUND_AT": str(found_at),
            "LATER": str(later),
            "REGISTRY": "r",
            "GITHUB_SHA": COMMIT,
            "GITHUB_REF_NAME": tag,
        }
        return subprocess.run(
            ["bash", "-e", "-c", workflow["jobs"][job]["steps"][step]["run"]],
            cwd=self.folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )

    def called(self, words: str) -> Sequence[str]:
        """The calls of docker with such words, without them."""
        lines = (self.folder / "calls").read_text().splitlines()
        return [line.partition(words)[2].strip() for line in lines if words in line]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def test_a_commit_is_published_for_both_machines_and_becomes_edge(registry: Registry) -> None:
    registry.run("ci.yml", "publish", -1, found_at=99)

    image, tag = "r/validator-deployment", f"sha-{COMMIT}"
    assert registry.called("create --tag")[:2] == [
        f"{image}:{tag} {image}:{tag}-amd64 {image}:{tag}-arm64",
        f"{image}:edge {image}:{tag}",
    ]


def test_what_is_published_stays_when_a_job_runs_again(registry: Registry) -> None:
    registry.run("ci.yml", "publish", -1)

    moved = [call.split()[0] for call in registry.called("create --tag")]
    assert moved == [f"r/validator-{phase}:edge" for phase in PHASES]


def test_an_older_commit_does_not_take_edge_back(registry: Registry) -> None:
    registry.run("ci.yml", "publish", -1, found_at=99, later=3)

    moved = [call.split()[0] for call in registry.called("create --tag")]
    assert moved == [f"r/validator-{phase}:sha-{COMMIT}" for phase in PHASES]


@pytest.mark.parametrize(("tag", "code"), [("v1.2.0", 0), ("v1.2.1", 1), ("v1.2.0-rc1", 1)])
def test_a_tag_that_is_not_the_version_is_no_release(
    registry: Registry, tag: str, code: int
) -> None:
    (registry.folder / "pyproject.toml").write_text('[project]\nversion = "1.2.0" # so\n')
    done = registry.run("release.yml", "release", 1, tag=tag)

    assert done.returncode == code, done
    assert ("pyproject.toml at that commit says 1.2.0" in done.stdout) == bool(code)


def test_a_release_waits_until_ci_has_published_its_commit(registry: Registry) -> None:
    done = registry.run("release.yml", "release", 2, found_at=7)

    assert done.returncode == 0, done
    assert len(registry.called("inspect")) == 7 - 1 + len(PHASES)


def test_a_release_does_not_wait_for_ever(registry: Registry) -> None:
    done = registry.run("release.yml", "release", 2, found_at=9999)

    assert done.returncode == 1
    assert f"no r/validator-deployment:sha-{COMMIT}; did CI pass" in done.stdout


@pytest.mark.parametrize(
    ("tag", "given"), [("v1.2.0", ["v1.2.0", "latest"]), ("v1.2.0-rc1", ["v1.2.0-rc1"])]
)
def test_only_a_stable_release_becomes_latest(
    registry: Registry, tag: str, given: list[str]
) -> None:
    registry.run("release.yml", "release", 3, tag=tag)

    assert registry.called("create --tag") == [
        f"r/validator-{phase}:{name} r/validator-{phase}:sha-{COMMIT}"
        for phase in PHASES
        for name in given
    ]
