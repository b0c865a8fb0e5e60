"""What the built images are made of, and what they leave out."""

import re

import pytest

from tests.containers.engine import Image

pytestmark = pytest.mark.docker

UNWANTED = (
    *("pip", "setuptools", "ensurepip", "aiohttp", "kubernetes.aio", "kubernetes.client.api"),
    *("orchestrator", "tests", "pytest"),
)
PACKAGE_MANAGERS = ("pip", "pip3", "wheel", "uv", "conda")


def test_runs_without_privileges(image: Image) -> None:
    assert image.attrs["Config"]["User"] == "65532:65532"
    assert image.python("import os; print(os.getuid(), os.getgid(), os.getcwd())") == (
        "65532 65532 /app"
    )


def test_carries_nothing_that_checks_do_not_need(image: Image) -> None:
    code = (
        "from importlib.util import find_spec\n"
        "from shutil import which\n"
        f"print([m for m in {UNWANTED} if find_spec(m)])\n"
        f"print([p for p in {PACKAGE_MANAGERS} if which(p)])"
    )

    assert image.python(code) == "[]\n[]"


def test_carries_no_packages_but_those_of_its_own_environment(image: Image) -> None:
    code = (
        "import os\n"
        "places = [top for root in ('/usr', '/opt', '/app', '/var') for top, _, _ in os.walk(root)"
        " if os.path.basename(top) in ('site-packages', 'dist-packages')]\n"
        "assert places, os.listdir('/opt')\n"
        "print({place: found for place in places if (found := os.listdir(place))}.keys())"
    )

    assert re.fullmatch(
        r"dict_keys\(\['/opt/venv/lib/python3\.\d+/site-packages'\]\)", image.python(code)
    )


def test_carries_no_tests_of_its_packages(image: Image) -> None:
    code = (
        "from pathlib import Path\n"
        "found = [p for top in ('/opt/venv', '/app') for p in Path(top).rglob('*')]\n"
        "assert len(found) > 100, found\n"
        "print([str(p) for p in found if p.name in ('tests', 'conftest.py')"
        " or p.name.startswith('test_')])"
    )

    assert image.python(code) == "[]"


def test_holds_the_checks_of_its_phase_and_of_no_other(image: Image) -> None:
    code = (
        "import images\n"
        "from pkgutil import iter_modules\n"
        "print(*[m.name for m in iter_modules(images.__path__)])\n"
    )

    assert image.python(code) == image.phase


def test_has_the_byte_code_of_all_that_a_check_imports(image: Image) -> None:
    code = (
        "import importlib, os, sys\n"
        "import helper.runner, kubernetes.client, kubernetes.config\n"
        f"for name in {image.checks}:\n"
        f"    importlib.import_module('images.{image.phase}.' + name.replace('-', '_'))\n"
        "specs = [vars(module).get('__spec__') for module in sys.modules.values()]\n"
        "print([s.name for s in specs if s and s.cached and not os.path.exists(s.cached)])"
    )

    assert image.python(code) == "[]"


def test_needs_no_file_system_that_it_can_write_to(image: Image) -> None:
    code = (
        "import os\n"
        "def writable(top):\n"
        "    return [top for top, _, _ in os.walk(top) if os.access(top, os.W_OK)]\n"
        "print([w for top in ('/app', '/opt', '/usr', '/etc', '/home') for w in writable(top)])"
    )

    assert image.python(code) == "[]"
    assert image.attrs["Config"].get("Volumes") in (None, {})


def test_tells_its_version_commit_and_source(image: Image) -> None:
    labels = image.attrs["Config"]["Labels"]

    assert labels["org.opencontainers.image.title"] == f"validator-{image.phase}"
    assert re.match(r"\d+\.\d+\.\d+", labels["org.opencontainers.image.version"])
    # What was built with changes on top of a commit says so, and `make push` refuses it.
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?", labels["org.opencontainers.image.revision"])
    assert labels["org.opencontainers.image.source"].startswith("https://")


def test_is_named_by_its_commit_as_the_catalog_names_it(image: Image) -> None:
    commit = image.attrs["Config"]["Labels"]["org.opencontainers.image.revision"][:40]

    assert f"ghcr.io/aicr-orch/validator-{image.phase}:sha-{commit}" in image.attrs["RepoTags"]


def test_shares_all_layers_but_those_of_its_phase_with_the_others(image: Image) -> None:
    other = Image(image.engine, "deployment" if image.phase != "deployment" else "conformance")
    ours, theirs = image.attrs["RootFS"]["Layers"], other.attrs["RootFS"]["Layers"]
    shared = sum(mine == their for mine, their in zip(ours, theirs, strict=True))

    # The phase's modules, and the byte code of them.
    assert len(ours) - shared <= 2
