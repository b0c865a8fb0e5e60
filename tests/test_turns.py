"""Tests of several processes share one cluster, and one that must be alone has it alone."""

import fcntl
from pathlib import Path

import pytest

from tests.e2e.turns import cluster_held


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.touch()
    monkeypatch.setenv("KUBECONFIG", str(path))
    return path


def is_free(path: Path, kind: int) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_tests_that_harm_nobody_hold_it_together(kubeconfig: Path) -> None:
    with cluster_held(alone=False), cluster_held(alone=False):
        assert is_free(kubeconfig, fcntl.LOCK_SH)
        assert not is_free(kubeconfig, fcntl.LOCK_EX)


def test_nobody_comes_in_beside_a_test_that_must_be_alone(kubeconfig: Path) -> None:
    with cluster_held(alone=True):
        assert not is_free(kubeconfig, fcntl.LOCK_SH)

    assert is_free(kubeconfig, fcntl.LOCK_EX)


def test_without_a_cluster_nothing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)

    with cluster_held(alone=True), cluster_held(alone=True):
        pass
