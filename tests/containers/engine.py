"""The Docker engine and the built images, run the way a cluster runs them: locked down."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import docker
from docker.errors import ImageNotFound
from docker.models.containers import Container

from helper.runner import check_names
from tests.needs import missing

PHASES = ("deployment", "conformance", "performance")
RANDOM_UID = 1_000_650_000  # as platforms choose that give each namespace its own
MEMORY = "512m"
LONGEST_S = 120


@dataclass(frozen=True)
class Ended:
    """How a container ended: what `docker run` would return and print."""

    code: int
    out: str
    log: str


@dataclass(frozen=True)
class Image:
    """One image on the engine."""

    engine: docker.DockerClient
    phase: str

    @property
    def tag(self) -> str:
        """The name that `make images` gives it."""
        return f"validator-{self.phase}:latest"

    @property
    def checks(self) -> list[str]:
        """The checks that it must hold."""
        return check_names(f"images.{self.phase}")

    @cached_property
    def attrs(self) -> dict[str, Any]:
        """What the engine knows of it."""
        try:
            found: dict[str, Any] = self.engine.images.get(self.tag).attrs
        except ImageNotFound:
            missing(f"no image {self.tag}; `make images` builds it")
        return found

    def run(self, *argv: str, **options: Any) -> Ended:
        """Run it to its end."""
        with self.started(*argv, **options) as container:
            return ended(container)

    @contextmanager
    def started(
        self,
        *argv: str,
        env: Mapping[str, str] | None = None,
        mounts: Mapping[Path, str] | None = None,
        **options: Any,
    ) -> Iterator[Container]:
        """Start it; mounts are files of this machine and where it has them."""
        settings = {
            "network_mode": "none",
            "mem_limit": MEMORY,
            "environment": dict(env or {}),
            "volumes": {
                str(path): {"bind": target, "mode": "rw"} for path, target in (mounts or {}).items()
            },
            **options,
        }
        container = self.engine.containers.create(
            self.attrs["Id"],
            list(argv),
            read_only=True,
            tmpfs={"/tmp": ""},  # noqa: S108 - the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            **settings,
        )
        try:
            container.start()
            yield container
        finally:
            container.remove(force=True)

    def python(self, code: str) -> str:
        """Run a program in it, as nobody but a test does."""
        found = self.run("-c", code, entrypoint="python3")
        assert found.code == 0, found.log
        return found.out.strip()


def ended(container: Container) -> Ended:
    """Wait until a container has ended."""
    code = container.wait(timeout=LONGEST_S)["StatusCode"]
    out = container.logs(stdout=True, stderr=False).decode()
    return Ended(code, out, container.logs(stdout=False, stderr=True).decode())


@contextmanager
def connected() -> Iterator[docker.DockerClient]:
    """Connect to the engine of DOCKER_HOST."""
    # Asked by the command: the library leaves a socket open when it finds no engine.
    asked = subprocess.run(["docker", "version"], capture_output=True, check=False)
    if asked.returncode:
        missing("no Docker engine answers; start one, or `.ci/cluster/engine up`")
    client = docker.from_env()
    try:
        yield client
    finally:
        client.close()
