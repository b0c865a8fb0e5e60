"""Which build of this program runs."""

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
