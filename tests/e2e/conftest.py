"""Everything in this folder runs against a real cluster, and only when asked for (`-m e2e`)."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helper.kube import Kube
from tests.e2e import real_cluster

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before `-m` is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def real_kube() -> Iterator[Kube]:
    kube = real_cluster.connect_to_real_cluster()
    yield kube
    kube.close()


@pytest.fixture(scope="session")
def run_id(real_kube: Kube) -> Iterator[str]:
    name = f"e2e-{secrets.token_hex(4)}"
    yield name
    real_cluster.wait_until_clean(real_kube, name)


@pytest.fixture
def namespace(real_kube: Kube, run_id: str) -> Iterator[str]:
    with real_cluster.temporary_namespace(real_kube, run_id) as name:
        yield name


@pytest.fixture
def image_of(real_kube: Kube) -> Callable[[str], str]:
    return lambda phase: real_cluster.built_image(real_kube, phase)
