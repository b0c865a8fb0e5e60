"""Every test here is about one built image and needs a Docker engine."""

from collections.abc import Iterator

import docker
import pytest

from tests.containers.engine import PHASES, Image, connected


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    with connected() as client:
        yield client


@pytest.fixture(params=PHASES)
def image(request: pytest.FixtureRequest, engine: docker.DockerClient) -> Image:
    return Image(engine, request.param)
