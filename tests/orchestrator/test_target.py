import json
from pathlib import Path

import pytest

from helper.served import ServerVersion
from orchestrator.errors import UsageError
from orchestrator.exits import Exit
from orchestrator.replay import ReplayCluster
from orchestrator.target import Target
from tests.fakes.scripted_server import kubeconfig
from tests.orchestrator.conftest import Command

EXAMPLE = ("--replay", "examples/eks-h100-inference")
NOBODY = {"replay": "", "kubeconfig": "", "context": ""}


def test_the_cluster_is_asked_in_the_name_of_another(aicr: Command) -> None:
    said = aicr("doctor", *EXAMPLE, "--no-images", "--as", "jane", "-o", "json")

    rights = [item for item in json.loads(said.out)["findings"] if item["about"] == "rights"]
    assert said.code == Exit.FAILED
    assert [item["level"] for item in rights] == ["fail"]


def test_groups_count_too(aicr: Command) -> None:
    groups = ("--as-group", "dev", "--as-group", "system:masters")

    said = aicr("doctor", *EXAMPLE, "--no-images", "--as", "jane", *groups, "-o", "json")

    rights = [item for item in json.loads(said.out)["findings"] if item["about"] == "rights"]
    assert (said.code, [item["level"] for item in rights]) == (Exit.OK, ["ok"])


def test_somebody_may_have_a_name_in_any_script(aicr: Command) -> None:
    said = aicr("doctor", *EXAMPLE, "--no-images", "--as", "zoë ✓", "--as-group", "运维")

    assert said.code == Exit.FAILED
    assert "zoë ✓" in said.out


def test_a_run_of_somebody_without_rights_stops_before_it_begins(aicr: Command) -> None:
    said = aicr("validate", *EXAMPLE, "--as", "jane", "-o", "/dev/null")

    assert said.code == Exit.PERMISSION
    assert ", as jane" in said.err.splitlines()[0]
    assert "rights are missing" in said.err


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param({"as_group": ["dev"]}, "--as-group: groups of whom?", id="groups-of-nobody"),
        pytest.param({"as": "jane\nroot"}, r"--as jane\nroot: want a name", id="two-lines"),
        pytest.param({"as": "jane", "as_group": ["\x00"]}, r"--as-group \x00: ", id="control"),
        pytest.param({"request_timeout": "0s"}, "--request-timeout 0s: want more", id="no-time"),
        pytest.param({"request_timeout": "soon"}, "--request-timeout: ", id="no-duration"),
    ],
)
def test_wrong_access_is_refused(given: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Target.of({**NOBODY, **given})

    assert words in str(caught.value)


def test_an_answer_may_take_as_long_as_is_said() -> None:
    assert Target.of(NOBODY).request_timeout_s == 10.0
    assert Target.of({**NOBODY, "request_timeout": "1m"}).request_timeout_s == 60.0


@pytest.mark.parametrize(
    ("identity", "is_replay", "known_by"),
    [
        pytest.param({"uid": "12-34", "server": "https://there"}, False, "12-34", id="uid"),
        pytest.param({"server": "https://there"}, False, "https://there", id="not-allowed-to-ask"),
        pytest.param({"uid": "12-34", "server": "http://here:1"}, True, "http://here:1", id="copy"),
    ],
)
def test_a_cluster_is_known_again_by_its_own_uid(
    identity: dict[str, str], is_replay: bool, known_by: str
) -> None:
    served = ServerVersion("v1.36.2", is_replay=is_replay)

    assert Target(context="one").cluster_id(identity, served) == known_by


@pytest.mark.parametrize(
    "command", [("snapshot",), ("gc", "--dry-run"), ("status",), ("capture", "-o", "made")]
)
def test_whom_the_cluster_does_not_know_lacks_rights(
    aicr: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = tmp_path / "kubeconfig"
    with ReplayCluster(objects=[]).serve() as server:
        path.write_text(json.dumps(kubeconfig(server.url)))  # with a token of another cluster

        said = aicr(*command, "-k", str(path))

    assert said.code == Exit.PERMISSION
    assert said.err.endswith(
        "401 Unauthorized: the server does not know these credentials, which may have expired\n"
    )
