"""Gives what is built the commit that it was built from; pyproject.toml has all the rest."""

import subprocess
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

ROOT = Path(__file__).resolve().parent
PLACE = "orchestrator/COMMIT"  # git ignores it; a source distribution has it already


def commit() -> str:
    """The commit of this checkout; empty where files differ from it, or nobody knows."""
    if not (ROOT / ".git").exists():
        return ""
    try:
        return "" if git("status", "--porcelain") else git("rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return ""


def git(*words: str) -> str:
    """What git says."""
    asked = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return asked.stdout.strip()


def write(found: str, folder: Path) -> None:
    """Write the commit down, where there is one."""
    if found:
        (folder / PLACE).write_text(found + "\n")


class BuildWithCommit(build_py):
    """What a wheel is made of."""

    def run(self) -> None:
        """Build; the commit of an earlier build in this folder is forgotten."""
        built = Path(self.build_lib)
        (built / PLACE).unlink(missing_ok=True)
        super().run()
        if not self.editable_mode:
            write(commit(), built)


class SourcesWithCommit(sdist):
    """What a source distribution is made of."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Add the commit: what is unpacked is no checkout."""
        found = commit()  # before this tree grows inside the checkout
        super().make_release_tree(base_dir, files)
        write(found, Path(base_dir))


setup(cmdclass={"build_py": BuildWithCommit, "sdist": SourcesWithCommit})
