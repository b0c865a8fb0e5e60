"""Where the command's settings and inputs come from, and what it says when one cannot be used."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from helper import documents
from orchestrator.commands.validate import validate
from orchestrator.config import PATHS
from orchestrator.exits import Exit
from orchestrator.flags import Flag
from orchestrator.replay import ReplayCluster
from tests.fakes.scripted_server import Answer, ScriptedServer
from tests.orchestrator.conftest import Command, Said
from tests.source import ROOT

EXAMPLE = ROOT / "examples/eks-h100-inference"
RECIPE = (EXAMPLE / "recipe.yaml").read_text()
SNAPSHOT = (EXAMPLE / "snapshot.yaml").read_text()
OFFLINE = ("validate", "--snapshot", str(EXAMPLE / "snapshot.yaml"), "--no-cluster")
REPLAYED = ("validate", "--replay", str(EXAMPLE), "--no-cluster")


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "ci.yaml"
    write_config(path, phases=["deployment"])
    return str(path)


def write_config(path: Path, **execution: Any) -> None:
    spec = {"validate": {"execution": execution}}
    header = {"apiVersion": "aicr.run/v1alpha2", "kind": "AICRConfig"}
    path.write_text(documents.dump({**header, "spec": spec}))


def phases(said: Said) -> set[str]:
    """The phases that a dry run would have run."""
    assert said.code == Exit.OK, said.err
    tests = json.loads(said.out)["results"]["tests"]
    return {phase for test in tests for phase in test["suite"]}


def test_the_configuration_file_gives_defaults(aicr: Command, config: str) -> None:
    assert phases(aicr(*REPLAYED, "--config", config)) == {"deployment"}


def test_a_variable_comes_before_the_configuration_file(
    aicr: Command, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_CONFIG", config)
    monkeypatch.setenv("AICR_PHASE", "conformance,performance")

    said = aicr(*REPLAYED)

    assert phases(said) == {"conformance", "performance"}
    assert f"AICR_PHASE overrules {config}: spec.validate.execution.phases" in said.err


def test_a_flag_comes_before_its_variable(
    aicr: Command, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AICR_PHASE", "conformance")

    said = aicr(*REPLAYED, "--config", config, "--phase", "performance")

    assert phases(said) == {"performance"}
    assert f"--phase overrules {config}" in said.err


def test_a_boolean_of_the_file_can_be_taken_back(aicr: Command, tmp_path: Path) -> None:
    path = tmp_path / "ci.yaml"
    write_config(path, noCluster=True)

    said = aicr("validate", "-r", "gone.yaml", "--config", str(path), "--no-cluster=false")

    assert "gone.yaml: no such file" in said.err
    assert "--no-cluster overrules" in said.err


@pytest.mark.parametrize(
    ("execution", "said"),
    [
        pytest.param({"timeout": "5"}, "execution.timeout: '5' is not a duration", id="timeout"),
        pytest.param({"maxParallel": 99}, "execution.maxParallel: 99 is not in", id="range"),
        pytest.param({"phases": ["all", "deployment"]}, "execution.phases all stands", id="phases"),
        pytest.param({"failOn": ["red"]}, "execution.failOn red: want some of", id="fail-on"),
    ],
)
def test_a_setting_is_named_by_file_and_field(
    aicr: Command, tmp_path: Path, execution: dict[str, Any], said: str
) -> None:
    path = tmp_path / "ci.yaml"
    write_config(path, **execution)

    found = aicr(*REPLAYED, "--config", str(path))

    assert found.code == Exit.USAGE
    assert f"{path}: spec.validate.{said}" in found.err


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("AICR_TIMEOUT", "5", "AICR_TIMEOUT: '5' is not a duration"),
        ("AICR_MAX_PARALLEL", "many", "AICR_MAX_PARALLEL: 'many' is not a valid integer"),
        ("AICR_NO_CLEANUP", "maybe", "AICR_NO_CLEANUP: 'maybe' is not a valid boolean"),
        ("AICR_TOLERATION", "gpu", "AICR_TOLERATION: toleration 'gpu': want"),
        ("AICR_FAIL_FAST", "job", "AICR_FAIL_FAST=job: want one of phase, check"),
        ("AICR_CONFIG", "gone.yaml", "config gone.yaml: no such file"),
        ("AICR_DATA", "gone", "--data gone: no such folder"),
    ],
)
def test_a_variable_is_named_as_such(
    aicr: Command, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)

    found = aicr(*REPLAYED)

    assert found.code == Exit.USAGE
    assert said in found.err
    assert "Traceback" not in found.err


def test_every_flag_has_a_variable_of_its_name() -> None:
    flags = [item for item in validate.params if isinstance(item, Flag)]

    assert flags == validate.params
    assert {flag.envvar for flag in flags} == {f"AICR_{str(flag.name).upper()}" for flag in flags}


def test_every_setting_of_the_configuration_file_is_that_of_a_flag() -> None:
    assert PATHS.keys() <= {item.name for item in validate.params}


def test_help_tells_of_variables(aicr: Command) -> None:
    assert "AICR_MAX_PARALLEL=4" in aicr("validate", "--help").out


@pytest.fixture
def web() -> Iterator[ScriptedServer]:
    with ScriptedServer([Answer(200, RECIPE.encode())]).running() as server:
        yield server


def test_a_recipe_from_a_url_leaves_no_trace_of_its_secrets(
    aicr: Command, web: ScriptedServer, tmp_path: Path
) -> None:
    url = f"{web.url.replace('://', '://me:secret@')}/recipe.yaml?token=secret"

    said = aicr(*OFFLINE, "-r", url, "--debug")

    assert said.code == Exit.OK, said.err
    environment = json.loads(said.out)["results"]["environment"]
    assert environment["extra"]["snapshot"] == "file snapshot.yaml"
    kept = [path.read_text() for path in (tmp_path / "state").rglob("*.json")]
    assert "secret" not in "".join([said.out, said.err, *kept])


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("{url}/r?token=secret", Exit.UNREACHABLE, id="server-error"),
        pytest.param("http://me:secret@127.0.0.1:1/r?token=secret", Exit.UNREACHABLE, id="refused"),
        pytest.param("https://me:secret@127.0.0.1:secret/r", Exit.USAGE, id="no-url"),
    ],
)
def test_not_even_a_trace_for_debugging_holds_a_secret(aicr: Command, url: str, code: Exit) -> None:
    with ScriptedServer([Answer(500)]).running() as server:
        said = aicr(*OFFLINE, "--debug", "-r", url.format(url=server.url))

    assert said.code == code
    assert "Traceback" in said.err
    assert "secret" not in said.err


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[ReplayCluster, str]]:
    """A cluster that holds recipe and snapshot, and its kubeconfig."""
    found = ReplayCluster.load(EXAMPLE)
    for name, text in (("recipe", RECIPE), ("snapshot", SNAPSHOT)):
        metadata = {"name": name, "namespace": "default"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        found.add({**body, "data": {"snapshot.yaml": text}})
    with found.serve() as server:
        path = tmp_path / "kubeconfig"
        server.write_kubeconfig(path)
        yield found, str(path)


def test_recipe_and_snapshot_are_read_from_the_cluster_of_the_run(
    aicr: Command, cluster: tuple[ReplayCluster, str]
) -> None:
    flags = ("-r", "cm://default/recipe", "-s", "cm://default/snapshot", "-k", cluster[1])

    said = aicr("validate", *flags, "--phase", "deployment")

    environment = json.loads(said.out)["results"]["environment"]
    assert said.code == Exit.OK, said.err
    assert environment["extra"]["snapshot"] == "cm://default/snapshot"


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param("cm://default/gone", id="missing"),
        pytest.param("cm://default/kube-root-ca.crt", id="not-a-recipe"),
    ],
)
def test_after_bad_input_nothing_was_created(
    aicr: Command, cluster: tuple[ReplayCluster, str], recipe: str
) -> None:
    said = aicr("validate", "-r", recipe, "-k", cluster[1])

    assert said.code == Exit.USAGE
    assert {request.method for request in cluster[0].requests} <= {"GET"}
    assert said.out == ""


def data_folder(folder: Path) -> str:
    path = folder / "data/validators/catalog.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "validators:\n- {name: mine, phase: deployment, image: registry.example/mine:v1}\n"
    )
    return str(folder / "data")


def test_a_check_of_ones_own_is_planned(aicr: Command, tmp_path: Path) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(RECIPE.replace("checks: [", "checks: [mine, ", 1))

    said = aicr(*OFFLINE, "-r", str(recipe), "--data", data_folder(tmp_path))

    tests = json.loads(said.out)["results"]["tests"]
    assert "mine" in {test["name"] for test in tests}
    assert {test["status"] for test in tests} == {"skipped"}


def test_images_and_rights_of_a_data_folder_are_listed(aicr: Command, tmp_path: Path) -> None:
    data = data_folder(tmp_path)

    assert "registry.example/mine:v1" in aicr("images", "list", "--data", data).out
    assert "22 checks" in aicr("catalog", "lint", "--data", data).out


def test_what_a_recipe_says_without_effect_is_told_before_the_run(
    aicr: Command, tmp_path: Path
) -> None:
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(f"{RECIPE}\nvalidaton: {{}}\n")

    said = aicr(*OFFLINE, "-r", str(recipe))

    assert "unknown key validaton, did you mean validation?" in said.err


@pytest.mark.parametrize("name", ["catalog", "config", "recipe", "replay"])
def test_schemas_are_printed(aicr: Command, name: str) -> None:
    assert json.loads(aicr("schema", name).out)["title"]


def test_a_cluster_that_is_not_asked_cannot_be_waited_for(aicr: Command) -> None:
    said = aicr(*REPLAYED, "--wait-ready", "1m")

    assert said.code == Exit.USAGE
    assert "--wait-ready: --no-cluster asks no cluster" in said.err


def test_a_replay_is_waited_for_as_a_cluster_is(
    aicr: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ctrf.json"
    monkeypatch.setenv("AICR_WAIT_READY", "1m")

    said = aicr("validate", "--replay", str(EXAMPLE), "--check", "dra-support", "-o", str(path))

    assert "the cluster has settled after" in said.err
    found = json.loads(path.read_text())["results"]["environment"]["extra"]["convergence"]
    assert (found["converged"], found["budgetSeconds"]) == (True, 60.0)
