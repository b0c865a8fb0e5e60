"""Which build of this program runs."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """The version of this program; `dev` in a checkout that is not installed."""
    try:
        return installed("aicr-orch")
    except PackageNotFoundError:
        return "dev"
