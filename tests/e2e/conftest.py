"""Everything in this folder runs against a real cluster, and only when asked for (`-m e2e`)."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helper.kube import Kube
from tests.e2e import real_cluster, rows
from tests.e2e.apply_example import applied
from tests.example import read_objects

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before `-m` is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_ours(item):
            item.add_marker(pytest.mark.e2e)
    # The example takes half a minute to come and go, so it comes once, and after all else.
    items.sort(key=lambda item: "example" in getattr(item, "fixturenames", ()) and is_ours(item))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if rows.MEASURED:
        terminalreporter.section("until a check had its result: since its last sign, in all")
    for line in rows.MEASURED:
        terminalreporter.write_line(line)


def is_ours(item: pytest.Item) -> bool:
    return HERE in item.path.parents


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


@pytest.fixture(scope="session")
def acting(real_kube: Kube) -> str:
    """The image that ends as its arguments say."""
    return real_cluster.built_image(real_kube, "e2e-act")


@pytest.fixture
def own_node(real_kube: Kube) -> Path:
    """Where the processes of our own node keep their state; other clusters are not ours to harm."""
    home = Path(os.environ["KUBECONFIG"]).parent
    if not (home / "pid/kube-apiserver").is_file():
        pytest.skip(f"{real_kube.server} was not started by .ci/cluster/up")
    return home


@pytest.fixture(scope="session")
def example(real_kube: Kube) -> Iterator[Kube]:
    """The real cluster with the example on it."""
    with applied(real_kube, read_objects()):
        yield real_kube
