"""What the workflows may do: everything pinned, and only a push to main or a release publishes."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.source import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
GUARD = "!github.event.repository.fork"
PUBLISHING = {("ci.yml", "publish"), ("release.yml", "release")}


def jobs() -> Sequence[Any]:
    return [
        pytest.param(file.name, name, job, id=f"{file.stem}-{name}")
        for file in WORKFLOWS
        for name, job in yaml.safe_load(file.read_text())["jobs"].items()
    ]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_action_is_pinned_by_commit_and_named_by_version(file: Path) -> None:
    used = [line.strip() for line in file.read_text().splitlines() if "uses:" in line]

    assert [line for line in used if not PINNED.search(line)] == []


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_nothing_is_allowed_that_no_job_asks_for(file: Path) -> None:
    assert yaml.safe_load(file.read_text())["permissions"] == {}


@pytest.mark.parametrize(("file", "name", "job"), jobs())
def test_only_what_cannot_run_for_a_fork_or_a_pull_request_may_write(
    file: str, name: str, job: dict[str, Any]
) -> None:
    writes = "write" in job["permissions"].values()

    assert writes == ((file, name) in PUBLISHING)
    assert "secrets." not in str(job) or writes
    if writes:
        assert GUARD in job["if"]
        assert file == "release.yml" or "github.event_name == 'push'" in job["if"]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_every_job_has_an_end(file: Path) -> None:
    for job in yaml.safe_load(file.read_text())["jobs"].values():
        assert 0 < job["timeout-minutes"] <= 60


def test_documents_alone_publish_nothing_and_keep_no_pull_request_waiting() -> None:
    ci = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    events = ci[True]  # YAML 1.1 reads `on` so

    assert events["push"]["paths-ignore"] == ["docs/**", "**.md"]
    assert events["pull_request"] is None


def test_the_pipelines_that_the_guide_shows_can_be_read() -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/ci.md").read_text(), re.DOTALL)

    github, gitlab = map(yaml.safe_load, shown)

    assert all({"uses", "run"} & step.keys() for step in github["jobs"]["validate"]["steps"])
    assert any(line.startswith("aicr-orch validate ") for line in gitlab["validate"]["script"])
