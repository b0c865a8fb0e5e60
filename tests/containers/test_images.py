"""The built images, each tried by `docker run` the way a cluster would: locked down, no network."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import docker
import pytest
from docker.errors import ImageNotFound

from helper.contract import ExitCode
from helper.runner import check_names
from tests.needs import missing

pytestmark = pytest.mark.docker


@dataclass(frozen=True)
class Ended:
    code: int
    output: str


class Image:
    """One image on the engine."""

    def __init__(self, engine: docker.DockerClient, phase: str) -> None:
        self.phase = phase
        self._engine = engine
        try:
            self.config = engine.images.get(f"validator-{phase}:latest").attrs["Config"]
        except ImageNotFound:
            missing(f"no image validator-{phase}; `make images` builds it")

    def run(self, *argv: str, entrypoint: str | None = None) -> Ended:
        container = self._engine.containers.create(
            f"validator-{self.phase}:latest",
            list(argv),
            entrypoint=entrypoint,
            network_mode="none",
            read_only=True,
            tmpfs={"/tmp": ""},  # noqa: S108 - the container's own
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
        )
        try:
            container.start()
            code = container.wait()["StatusCode"]
            return Ended(code, container.logs().decode())
        finally:
            container.remove(force=True)

    def python(self, code: str) -> str:
        ended = self.run("-c", code, entrypoint="python3")
        assert ended.code == 0, ended.output
        return ended.output.strip()


@pytest.fixture(scope="module")
def engine() -> Iterator[docker.DockerClient]:
    if not engine_answers():
        missing("no Docker engine answers; start one, or `.ci/cluster/engine up`")
    client = docker.from_env()
    yield client
    client.close()


def engine_answers() -> bool:
    # Asked by the command: the library leaves a socket open when it finds no engine.
    return subprocess.run(["docker", "version"], capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["deployment", "conformance", "performance"])
def image(request: pytest.FixtureRequest, engine: docker.DockerClient) -> Image:
    return Image(engine, request.param)


def test_names_its_checks_when_asked_for_another(image: Image) -> None:
    ended = image.run("no-such-check")

    assert ended.code == ExitCode.FAIL
    assert "unknown check: no-such-check" in ended.output
    assert all(name in ended.output for name in check_names(f"images.{image.phase}"))


def test_says_that_it_finds_no_cluster(image: Image) -> None:
    for name in check_names(f"images.{image.phase}"):
        ended = image.run(name)

        assert ended.code == ExitCode.FAIL
        assert "no cluster to talk to" in ended.output


def test_runs_without_privileges(image: Image) -> None:
    assert image.python("import os; print(os.getuid(), os.getgid(), os.getcwd())") == (
        "65532 65532 /app"
    )


def test_carries_nothing_that_checks_do_not_need(image: Image) -> None:
    unwanted = ("pip", "setuptools", "aiohttp", "kubernetes.aio", "orchestrator", "tests", "pytest")
    code = f"from importlib.util import find_spec; print([m for m in {unwanted} if find_spec(m)])"

    assert image.python(code) == "[]"


def test_has_the_byte_code_of_all_that_a_check_imports(image: Image) -> None:
    code = (
        "import helper.runner, kubernetes.client, kubernetes.config, os, sys\n"
        "specs = [vars(module).get('__spec__') for module in sys.modules.values()]\n"
        "print([s.name for s in specs if s and s.cached and not os.path.exists(s.cached)])"
    )

    assert image.python(code) == "[]"


def test_tells_its_version_and_commit(image: Image) -> None:
    labels = image.config["Labels"]

    assert labels["org.opencontainers.image.title"] == f"validator-{image.phase}"
    assert labels["org.opencontainers.image.version"]
    assert len(labels["org.opencontainers.image.revision"]) == len("0" * 40)
