"""Pin what pyproject.toml allows: requirements/*.txt for a checkout, images/requirements.txt.

The files are complete, so pip installs them with --no-deps and need not resolve anything. One
resolution feeds all of them: the images run the versions that the tests ran.
"""

import json
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
COMMAND_ONLY = {"click", "jinja2", "rich"}  # no check imports them
NEVER_USED = {"aiohttp", "aiohttp-retry"}  # only kubernetes.aio imports them, and we never do
PYTHONS = ("3.11", "3.12", "3.13")  # of the base images that people use
PLATFORMS = ("x86_64", "aarch64")
NOTE = "# Written by `make lock`. Complete: install with `pip install --no-deps -r`.\n"

Report = list[dict[str, Any]]


def main() -> None:
    """Write all files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras: dict[str, list[str]] = project["optional-dependencies"]
    everything = [*project["dependencies"], *extras["images"], *extras["test"], *extras["dev"]]
    tree = Tree(resolve([item for item in everything if not item.startswith(project["name"])]))

    done: set[str] = set()
    for name, roots in {
        "run": project["dependencies"],
        "test": extras["images"] + extras["test"],
        "dev": extras["dev"],
    }.items():
        names = tree.closure(roots) - done
        write(ROOT / "requirements" / f"{name}.txt", tree.pins(names))
        done |= names

    of_images = [
        root for root in project["dependencies"] if Requirement(root).name not in COMMAND_ONLY
    ]
    pins = tree.pins(tree.closure([*of_images, *extras["images"]]))
    write(ROOT / "images" / "requirements.txt", with_hashes(pins))


class Tree:
    """Resolved distributions and what each of them requires."""

    def __init__(self, report: Report) -> None:
        found = [item["metadata"] for item in report]
        self.versions = {canonical(each): str(each["version"]) for each in found}
        self.requires = {canonical(each): list(each.get("requires_dist", [])) for each in found}

    def closure(self, roots: Iterable[str]) -> set[str]:
        """Names of everything that the roots need to run."""
        todo = [Requirement(root) for root in roots]
        seen: set[str] = set()
        while todo:
            name = str(canonicalize_name(todo.pop().name))
            if name in self.versions and name not in seen | NEVER_USED:
                seen.add(name)
                todo += wanted(self.requires[name])
        return seen

    def pins(self, names: Iterable[str]) -> list[str]:
        """Give `name==version` lines."""
        return [f"{name}=={self.versions[name]}" for name in sorted(names)]


def canonical(metadata: dict[str, Any]) -> str:
    """Give a distribution's name as pins write it."""
    return str(canonicalize_name(metadata["name"]))


def wanted(requires: Iterable[str]) -> Iterator[Requirement]:
    """Keep requirements that hold here, without those of extras."""
    for line in requires:
        requirement = Requirement(line)
        if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
            yield requirement


def with_hashes(pins: list[str]) -> list[str]:
    """Give each pin the hashes of its wheels for every Python and platform of the images."""
    hashes: dict[str, set[str]] = {pin: set() for pin in pins}
    for python in PYTHONS:
        for platform in PLATFORMS:
            tags = [f"--platform=manylinux_{glibc}_{platform}" for glibc in ("2_17", "2_28")]
            options = ["--no-deps", "--only-binary=:all:", f"--python-version={python}", *tags]
            for item in resolve(pins, *options, "--target=unused"):
                metadata = item["metadata"]
                pin = f"{canonical(metadata)}=={metadata['version']}"
                hashes[pin].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
    return [
        " \\\n    ".join([pin, *(f"--hash=sha256:{digest}" for digest in sorted(hashes[pin]))])
        for pin in pins
    ]


def resolve(requirements: list[str], *options: str) -> Report:
    """Ask pip which files it would install."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed"]
        command += ["--quiet", "--report", report.name, *options, *requirements]
        subprocess.run(command, check=True)
        found: Report = json.loads(Path(report.name).read_text())["install"]
        return found


def write(path: Path, lines: list[str]) -> None:
    """Write one file."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(NOTE + "".join(f"{line}\n" for line in lines))
    sys.stderr.write(f"{path.relative_to(ROOT)}: {len(lines)} pins\n")


if __name__ == "__main__":
    main()
