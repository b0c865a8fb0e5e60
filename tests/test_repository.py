"""What must agree: checks, catalog, documents, images and pins."""

import re
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helper.check import Check
from helper.contract import CLEANUP_RESERVE_S
from helper.runner import check_names
from orchestrator import docs
from orchestrator.catalog import Catalog, Entry, parse
from orchestrator.exits import Exit
from tests.source import PACKAGES, PHASES, ROOT, dotted, imports, modules, tracked_files

CHECKS = [(phase, name) for phase in PHASES for name in check_names(f"images.{phase}")]
HOMES = r"/root/|/home/[a-z]|/Users/[A-Za-z]"
MINIMUM_WORK_S = 30.0
LONGEST_MODULE = 400


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return parse((ROOT / "catalog.yaml").read_bytes(), "catalog.yaml")


@pytest.mark.parametrize(("phase", "name"), CHECKS)
def test_a_public_module_of_a_phase_offers_the_check_of_its_name(phase: str, name: str) -> None:
    module = import_module(f"images.{phase}.{name.replace('-', '_')}")
    found = getattr(module, name.replace("-", "_"))

    assert isinstance(found, Check)
    assert found.name == name
    assert found.summary.endswith(".")


def test_catalog_and_checks_match_one_to_one(catalog: Catalog) -> None:
    available = [(entry.phase, entry.name) for entry in catalog.validators if entry.available]

    assert sorted(available) == sorted(CHECKS)


def test_each_entry_runs_its_own_check_in_the_image_of_its_phase(catalog: Catalog) -> None:
    for entry in catalog.validators:
        assert entry.image == f"ghcr.io/aicr-orch/validator-{entry.phase}:latest"
        assert entry.args == [entry.name]


def test_each_entry_proves_the_requirement_that_its_check_names(catalog: Catalog) -> None:
    for phase, name in CHECKS:
        module = import_module(f"images.{phase}.{name.replace('-', '_')}")
        check: Check = getattr(module, name.replace("-", "_"))

        assert (name, _entry(catalog, name).requirement) == (name, check.requirement)


def test_each_budget_covers_work_and_cleanup(catalog: Catalog) -> None:
    short = [
        entry.name
        for entry in catalog.validators
        if entry.timeout_s < MINIMUM_WORK_S + CLEANUP_RESERVE_S
    ]

    assert short == []


@pytest.mark.parametrize("name", [name for _, name in CHECKS])
def test_the_readme_lists_every_check(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "README.md").read_text()


def test_the_readme_lists_the_exit_codes_of_the_command() -> None:
    table = (ROOT / "README.md").read_text().split("Of the command:")[1].split("When several")[0]

    assert re.findall(r"^\| (\d+) \|", table, re.MULTILINE) == [str(int(code)) for code in Exit]


def test_the_page_of_checks_is_current(catalog: Catalog) -> None:
    assert (ROOT / "docs/checks.md").read_text() == docs.render(catalog), "run `make docs`"


def test_the_three_dockerfiles_differ_in_the_phase_only() -> None:
    texts = {
        (ROOT / "images" / phase / "Dockerfile").read_text().replace(phase, "PHASE")
        for phase in PHASES
    }

    assert len(texts) == 1


def test_the_images_have_what_checks_import_pinned_by_hash() -> None:
    pins = _pins("images/requirements.txt")
    project = _project()
    wanted = {
        canonicalize_name(Requirement(line).name)
        for line in project["dependencies"] + project["optional-dependencies"]["images"]
    }
    imported = {
        name.split(".")[0] for path in modules("helper", "images") for name in imports(path)
    }

    # The command line's own libraries are no part of an image, so no check may import them.
    assert wanted - pins.keys() == {"click", "jinja2", "rich"} - imported
    assert pins.keys() & {"aiohttp", "jinja2", "pytest"} == set()
    assert all("--hash=sha256:" in line for line in pins.values())


def test_the_pins_cover_what_the_project_asks_for() -> None:
    project = _project()
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + extras["images"] + extras["test"] + extras["dev"]
    pins = {**_pins("requirements/run.txt"), **_pins("requirements/test.txt")}
    pins |= _pins("requirements/dev.txt")

    for line in lines:
        asked = Requirement(line)
        if asked.name != project["name"]:
            pinned = Requirement(pins[canonicalize_name(asked.name)]).specifier
            assert asked.specifier.contains(str(pinned).removeprefix("==")), line


def test_images_and_tests_use_the_same_versions() -> None:
    tested = {**_pins("requirements/run.txt"), **_pins("requirements/test.txt")}

    for name, line in _pins("images/requirements.txt").items():
        assert line.split()[0] == tested[name]


def tied_to_a_place(path: Path) -> re.Pattern[str]:
    """What only exists on somebody's machine: homes, this checkout, and what lies outside of it."""
    depth = len(path.relative_to(ROOT).parents) - 1
    outside = rf"(?:\.\./){{{depth + 1},}}\w"
    here = rf"|{re.escape(str(ROOT))}/" if len(ROOT.parts) > 2 else ""  # `/app` means a container's
    return re.compile(f"{outside}|{HOMES}{here}")


def test_no_file_is_tied_to_one_place() -> None:
    tied = {
        str(path.relative_to(ROOT)): found
        for path in tracked_files()
        if path != Path(__file__)
        and (found := tied_to_a_place(path).findall(path.read_text(errors="ignore")))
    }

    assert tied == {}


def test_modules_are_short_enough_to_be_about_one_thing() -> None:
    lines = {dotted(path): path.read_text().count("\n") for path in modules(*PACKAGES, "tests")}

    assert {name: count for name, count in lines.items() if count > LONGEST_MODULE} == {}


def test_shell_scripts_are_valid_bash_and_executable() -> None:
    scripts = [
        path for path in tracked_files() if path.read_bytes().startswith(b"#!/usr/bin/env bash")
    ]

    assert scripts
    for script in scripts:
        subprocess.run(["bash", "-n", str(script)], check=True)
        assert script.stat().st_mode & 0o100, script


def _entry(catalog: Catalog, name: str) -> Entry:
    found = catalog.find(name)
    assert found, f"catalog.yaml has no {name}"
    return found


def _project() -> dict[str, Any]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return project


def _pins(file: str) -> dict[str, str]:
    """Give the line of each pinned distribution, continued lines joined."""
    text = (ROOT / file).read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {str(canonicalize_name(line.split("==")[0])): line for line in lines}
