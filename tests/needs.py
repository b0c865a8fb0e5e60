"""What a test needs from outside: skipped with the reason where it is missing, failed in CI."""

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """Skip for want of something; CI has everything, so there its absence is a fault."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have this: {reason}")
    pytest.skip(reason)
