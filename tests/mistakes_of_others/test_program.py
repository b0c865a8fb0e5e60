"""Two places that say the same thing differently: images, kubeconfigs, documents."""

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from orchestrator import cli
from orchestrator.exits import Exit
from tests.mistakes_of_others.conftest import Json, MakePlace, Run
from tests.orchestrator.conftest import Command
from tests.source import ROOT, dotted, imports, modules

OWN = "quay.io/team/check:v3"
CALL = re.compile(r"(?:^|[`$(;|&] *)aicr-orch +([a-z][^`#;|&)\n]*)", re.MULTILINE)
SHOWN = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def images_of(pods: list[Json]) -> dict[str, str]:
    """The image of each check's container, with the policy it is pulled by."""
    containers = [pod["spec"]["containers"][0] for pod in pods]
    return {item["image"]: item["imagePullPolicy"] for item in containers}


# The tag was built in two places, differently: AICR#654. The list for mirrors lacked images of
# one's own: AICR#2687, sonobuoy#1028.
@pytest.mark.parametrize("mirror", ["", "mirror.example:5000/gpu"])
def test_the_list_of_images_is_what_pods_run(
    run: Run,
    place: MakePlace,
    aicr: Command,
    monkeypatch: pytest.MonkeyPatch,
    mirror: str,
) -> None:
    monkeypatch.setenv("AICR_VALIDATOR_IMAGE_REGISTRY", mirror)
    monkeypatch.setenv("AICR_VALIDATOR_IMAGE_TAG", "v9" if mirror else "")
    where = place({"alpha": {}, "beta": {}}, entries={"beta": {"image": OWN}})

    listed = aicr("images", "list", *where.inputs).out.splitlines()
    ran = run(where, "--keep", "always")

    assert ran.code == Exit.OK, ran.said
    assert sorted(listed) == sorted(images_of(ran.of_kind("Pod")))
    assert any(line.startswith(mirror) for line in listed)


# An old image of a tag that had moved was used: AICR#1177.
def test_a_tag_that_moves_is_pulled_each_time_and_a_digest_never_again(run: Run) -> None:
    digest = f"quay.io/team/check@sha256:{'0' * 64}"
    images = {"alpha": {"image": "quay.io/team/check:latest"}, "beta": {"image": digest}}

    ran = run({"alpha": {}, "beta": {}}, "--keep", "always", entries=images)

    assert images_of(ran.of_kind("Pod")) == {
        "quay.io/team/check:latest": "Always",
        digest: "IfNotPresent",
    }


# One part of a program asked the cluster that was named, another one the default: AICR#1787.
@pytest.mark.parametrize(
    "command",
    [
        ["validate"],
        ["doctor", "--no-images"],
        ["status"],
        ["gc", "--dry-run"],
        ["snapshot"],
        ["capture", "-o", "recorded"],
    ],
    ids=lambda command: command[0],
)
def test_every_command_asks_the_cluster_that_is_named_and_no_other(
    place: MakePlace,
    aicr: Command,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    command: list[str],
) -> None:
    where = place({"alpha": {}})
    other = tmp_path / "another"
    other.write_text(
        (tmp_path / "kubeconfig").read_text().replace(where.server.url, "http://[::1]:9")
    )
    monkeypatch.setenv("KUBECONFIG", str(other))
    monkeypatch.chdir(tmp_path)
    inputs = where.inputs if command == ["validate"] else ()

    said = aicr(*command, *inputs, "--kubeconfig", str(tmp_path / "kubeconfig"))

    assert said.code in (Exit.OK, Exit.INCONCLUSIVE), said.err  # its node names no system
    assert where.cluster.requests
    assert "[::1]:9" not in said.err + said.out


# A check installed packages while it ran: AICR#1413.
def test_no_check_starts_a_program_or_installs_anything() -> None:
    starting = {"subprocess", "pip", "ensurepip", "pty", "multiprocessing", "runpy"}
    found = {dotted(path): imports(path) & starting for path in modules("helper", "images")}

    assert {module: names for module, names in found.items() if names} == {}


# Documents named flags and commands that the program did not have.
def test_every_flag_in_the_documents_exists() -> None:
    calls = [call.strip() for page in SHOWN for call in CALL.findall(page.read_text())]

    assert len(calls) > 40
    assert [problem for call in calls if (problem := unknown(call))] == []


def unknown(call: str) -> str:
    """What the program does not know in a call that a document shows."""
    command: click.Command = cli.app
    for word in shlex.split(call.replace("'", "").replace('"', "")):
        if isinstance(command, click.Group) and not word.startswith("-"):
            if word not in command.commands:
                return f"{call}: no command {word}"
            command = command.commands[word]
        elif word.startswith("-") and word.strip("-"):
            flag = word.split("=")[0]
            options: set[Any] = {name for item in command.params for name in item.opts}
            options |= {name for item in command.params for name in item.secondary_opts}
            if flag not in options | {"-h", "--help"}:
                return f"{call}: no flag {flag}"
    return ""
