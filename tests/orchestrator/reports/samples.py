"""A small document in which every kind of result occurs; tests change one thing in it."""

from typing import Any

from orchestrator.reports import reading
from orchestrator.reports.document import Report

Json = dict[str, Any]

START = 1767322245000  # 2026-01-02T02:50:45Z
SCRIPT = "<script>alert(1)</script>"


def case(name: str = "alpha", status: str = "passed", at_s: float = 0, **changes: Any) -> Json:
    """A test that waited half a second and ran for two."""
    extra = {
        "created": START + round(at_s * 1000),
        "seconds": {"wait": 0.5, "run": 2.0, "collect": 0.1},
        **changes.pop("extra", {}),
    }
    return {
        "name": name,
        "status": status,
        "duration": 2000,
        "suite": ["conformance"],
        "start": START + round(at_s * 1000) + 500,
        "stop": START + round(at_s * 1000) + 2500,
        **changes,
        "extra": extra,
    }


FAILED = case(
    "bandwidth",
    "failed",
    2.6,
    suite=["performance"],
    message="412 GB/s (want >= 450)\nslowest pair: a, b",
    stdout=["RESULT: 412 GB/s", "--- Pairs ---", "Equivalent: nccl-tests", "", "a  b  412"],
    stderr=["time=1 level=INFO x"],
    extra={
        "locks": ["gpu"],
        "coverage": {"seen": 7, "total": 8, "unit": "GPUs", "leftOut": ["gpu-8"]},
        "measured": [
            {"name": "bus", "value": 412, "unit": "GB/s", "threshold": ">= 450", "passed": False}
        ],
    },
)
NO_VERDICT = case(
    "gang",
    "other",
    message="image cannot be pulled",
    rawStatus="ImagePullBackOff",
    retries=1,
    retryAttempts=[{"attempt": 1, "status": "other", "message": "evicted"}],
)
SKIPPED = case("mig", "skipped", message="not in the recipe", extra={"skip": "not-applicable"})
PASSED = case(
    "alpha",
    stdout=["RESULT: 4 devices on 2 nodes"],
    extra={"requirement": "dra_support", "coverage": {"seen": 2, "total": 2, "unit": "nodes"}},
)


def document(*tests: Json, **environment: Any) -> Json:
    """A report of these tests; `environment` is what the run found out."""
    statuses = [test.get("status") for test in tests]
    names = ("passed", "failed", "skipped", "pending", "other")
    return {
        "reportFormat": "CTRF",
        "specVersion": "0.0.1",
        "runId": "20260102-025045-0123456789abcdef",
        "results": {
            "tool": {"name": "aicr-orch", "version": "1.2.3"},
            "summary": {
                "tests": len(tests),
                **{name: statuses.count(name) for name in names},
                "start": START,
                "stop": START + 6000,
            },
            "tests": list(tests),
            "environment": {"appName": "recipe.yaml", "extra": environment},
        },
    }


def report(*tests: Json, **environment: Any) -> Report:
    """The same as a value."""
    return reading.parse(document(*tests, **environment))


def full() -> Report:
    """One result of each kind, the best first."""
    return report(PASSED, SKIPPED, NO_VERDICT, FAILED, cluster="live", serverVersion="v1.36.2")
