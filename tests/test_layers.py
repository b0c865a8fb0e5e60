"""Who may import whom: orchestrator and images meet in files and processes only."""

from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.source import PACKAGES, PHASES, ROOT, dotted, imports, modules

ALLOWED = {
    "orchestrator": {"orchestrator", "helper"},
    "helper": {"helper"},
    **{f"images.{phase}": {f"images.{phase}", "helper"} for phase in PHASES},
}
# The only modules that may import a library of these.
VENDORS = {
    "kubernetes": {"helper.kube"},
    "urllib3": {"helper.tls", "helper.transport"},
    "requests": {"helper.web"},
    "pynvml": {"helper.nvml"},
    "jinja2": {"orchestrator.reports.html"},
    "click": {
        "orchestrator.cli",
        "orchestrator.completion",
        "orchestrator.flags",
        "orchestrator.validate_flags",
        *(
            f"orchestrator.commands.{name}"
            for name in (
                "checks",
                "cluster",
                "given",
                "inputs",
                "program",
                "recording",
                "reports",
                "runs",
                "shared",
                "validate",
            )
        ),
    },
}
# Modules that do I/O. All other modules of helper are pure: values in, values out.
EDGES = {
    "helper.context",
    "helper.credentials",
    "helper.kube",
    "helper.nvml",
    "helper.pods",
    "helper.runner",
    "helper.tls",
    "helper.transport",
    "helper.web",
}
IO = {"http", "os", "pathlib", "signal", "socket", "subprocess", "sys", "threading"}

EVERY_MODULE = {dotted(path): path for path in modules(*PACKAGES)}


def owner(module: str) -> str:
    """Give the part of the picture that a module belongs to."""
    return next((part for part in ALLOWED if f"{module}.".startswith(f"{part}.")), "")


def test_modules_import_only_from_their_layer_and_below() -> None:
    wrong = {
        module: crossing
        for module, path in EVERY_MODULE.items()
        if (crossing := _ours(path) - ALLOWED.get(owner(module), set()))
    }

    assert wrong == {}


def _ours(path: Path) -> set[str]:
    """Give the parts of the picture that a module imports, for its types included."""
    found = imports(path, with_types=True)
    return {owner(name) for name in found if name.split(".")[0] in PACKAGES}


def test_vendor_libraries_stay_in_their_module() -> None:
    strays = {
        (module, library)
        for module, path in EVERY_MODULE.items()
        for library in VENDORS.keys() & {name.split(".")[0] for name in imports(path)}
        if module not in VENDORS[library]
    }

    assert strays == set()


def test_pure_modules_import_nothing_that_does_io() -> None:
    helpers = {module: imports(path) for module, path in EVERY_MODULE.items() if "helper" in module}
    impure = {
        module: names
        for module, found in helpers.items()
        if module not in EDGES and (names := found & (EDGES | IO))
    }

    assert impure == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_plain_package_names_are_ours_alone(package: str) -> None:
    assert set(packages_distributions().get(package, [])) <= {"aicr-orch"}
    assert (ROOT / package / "__init__.py").is_file()
