"""Everything in this folder runs against a real cluster, and only when asked for (`-m e2e`)."""

import os
import secrets
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from helper.kube import Kube
from tests.e2e import real_cluster, rows, turns
from tests.e2e.apply_example import applied
from tests.e2e.leftovers import abandoned, listable
from tests.example import read_objects
from tests.needs import missing

HERE = Path(__file__).parent
MEASURED = "rows"  # under which a process of several hands over what it measured
LEFT: list[str] = []  # in the cluster, when all tests are over
LONGEST_FIRST = (
    "the whole cluster",
    "tests/contract/test_namespaces.py",  # before hundreds of namespaces wait for their end
    "tests/e2e/test_side_by_side.py",
    "tests/e2e/test_outcomes.py",
    "tests/e2e/test_stopping.py",
)


@pytest.hookimpl(wrapper=True)  # marks come before `-m` is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None]:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.e2e)
    yield
    items.sort(key=_place)  # pytest has an order of its own, by what sessions are shared


def _place(item: pytest.Item) -> tuple[int, int, bool]:
    """The order of tests: long lanes first, those that must be alone last."""
    if not item.get_closest_marker("e2e"):
        return 0, 0, False
    name = turns.lane(item.nodeid)
    place = LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)
    # The example takes half a minute to come and go, so it comes once, and after all else.
    return 1 + turns.is_alone(item), place, "example" in getattr(item, "fixturenames", ())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> turns.Lanes | None:
    return turns.Lanes(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    rows.MEASURED.extend(getattr(node, "workeroutput", {}).get(MEASURED, []))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):  # a process of several, which has no terminal
        session.config.workeroutput[MEASURED] = rows.MEASURED
    elif _used_the_cluster(session.config):
        LEFT.extend(_left_in_the_cluster())
        if LEFT:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _left_in_the_cluster() -> list[str]:
    with turns.cluster_held(alone=True):
        try:
            kube = real_cluster.connect_to_real_cluster()
        except pytest.skip.Exception:  # as its tests were
            return []
        with closing(kube):
            return abandoned(kube, listable(kube))


def _used_the_cluster(config: pytest.Config) -> bool:
    """Whether a test ran that needs the cluster."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    told = (reporter.getreports(word) for word in ("passed", "failed")) if reporter else ()
    return any("e2e" in report.keywords for reports in told for report in reports)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if LEFT:
        terminalreporter.section("left in the cluster, by these tests or earlier ones")
    for line in LEFT:
        terminalreporter.write_line(line)
    if rows.MEASURED:
        terminalreporter.section("until a check had its result: since its last sign, in all")
    for line in sorted(rows.MEASURED):
        terminalreporter.write_line(line)


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
        reason = f"{real_kube.server} was not started by .ci/cluster/up"
        # CI on kind is content with what can be tried there.
        pytest.skip(reason) if real_cluster.is_kind(real_kube) else missing(reason)
    return home


@pytest.fixture(scope="session")
def example(real_kube: Kube) -> Iterator[Kube]:
    """The real cluster with the example on it."""
    with applied(real_kube, read_objects()):
        yield real_kube
