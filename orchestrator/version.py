"""Which build of this program runs, and on what."""

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path

from helper import contract

HERE = Path(__file__).parent


def version() -> str:
    """The version of this program; `dev` in a checkout that is not installed."""
    try:
        return installed("aicr-orch")
    except PackageNotFoundError:
        return "dev"


def commit(env: Mapping[str, str], folder: Path = HERE) -> str:
    """The commit that was built; empty when nobody knows, as in a checkout.

    `setup.py` writes it into what it builds from a tree that has no other changes.
    """
    try:
        built = (folder / "COMMIT").read_text().strip()
    except OSError:
        built = ""
    return env.get(contract.CLI_COMMIT, "").strip() or built


def components(env: Mapping[str, str]) -> dict[str, str]:
    """What a report of a fault should name; a commit is known where the build has told it."""
    return {
        "version": version(),
        "commit": commit(env) or "unknown",
        "python": platform.python_version(),
        "kubernetesClient": installed("kubernetes"),
        "platform": f"{platform.system().lower()}/{platform.machine()}",
    }


def lines(found: Mapping[str, str]) -> str:
    """The same for people."""
    return (
        f"aicr-orch {found['version']} (commit {found['commit']})\n"
        f"Python {found['python']}, Kubernetes client {found['kubernetesClient']}, "
        f"{found['platform']}\n"
    )
