import gzip
import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import pytest

from helper import context as source
from helper import contract
from helper.context import Context, load_context
from helper.contract import ExitCode
from helper.deadline import Deadline
from helper.depth import Depth
from helper.documents import dump
from helper.evidence import Evidence
from helper.kube import Kube
from helper.models import Policy
from helper.placement import Toleration
from tests.fakes.clock import FakeClock
from tests.helper.launch import Content, lay_out, run_check

RECIPE = {
    "criteria": {"service": "eks", "accelerator": "h100"},
    "componentRefs": [{"name": "gpu-operator", "namespace": "gpu-operator"}],
    "gpuAllocationPolicy": "dra-resource-claim",
}
SNAPSHOT = {"kind": "Snapshot", "measurements": [{"type": "K8s"}]}
VALIDATION_FILE, SNAPSHOT_FILE = contract.VALIDATION_FILE, contract.SNAPSHOT_FILE


class Load(Protocol):
    def __call__(
        self, files: Mapping[str, Content] | None = None, env: Mapping[str, str] | None = None
    ) -> Context: ...


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    with ExitStack() as stack:

        def run(
            files: Mapping[str, Content] | None = None, env: Mapping[str, str] | None = None
        ) -> Context:
            given = {**lay_out(tmp_path, files), **(env or {})}
            deadline = Deadline.after(60, FakeClock())
            ctx = load_context(given, tmp_path, Evidence(io.StringIO()), deadline)
            stack.callback(ctx.kube.close)
            return ctx

        yield run


def test_nothing_mounted_is_an_empty_recipe(load: Load) -> None:
    ctx = load()
    assert ctx.recipe.is_empty
    assert ctx.recipe.gpu_allocation_policy is Policy.UNSPECIFIED
    assert (ctx.recipe.component_refs, ctx.recipe.component("gpu-operator")) == ([], None)
    assert ctx.snapshot.measurements == []
    assert (ctx.node_selector, ctx.tolerations) == (None, None)
    assert (ctx.namespace, ctx.run_id, ctx.image) == ("default", "", "")


def test_reads_what_is_mounted(load: Load) -> None:
    ctx = load({VALIDATION_FILE: RECIPE, SNAPSHOT_FILE: SNAPSHOT})
    assert ctx.recipe.criteria.accelerator == "h100"
    assert ctx.recipe.gpu_allocation_policy is Policy.DRA_CLAIM
    assert [item.type for item in ctx.snapshot.measurements] == ["K8s"]


@pytest.mark.parametrize(
    ("files", "env"),
    [
        pytest.param({VALIDATION_FILE: RECIPE}, {}, id="default-path"),
        pytest.param({"/in/v.yaml": RECIPE}, {contract.VALIDATION_PATH: "/in/v.yaml"}, id="named"),
        pytest.param({contract.RECIPE_FILE: RECIPE}, {}, id="older-path"),
        pytest.param({"/in/r": RECIPE}, {contract.RECIPE_PATH: "/in/r"}, id="older-path-named"),
        pytest.param(
            {VALIDATION_FILE: RECIPE, contract.RECIPE_FILE: {"criteria": {}}},
            {},
            id="validation-input-first",
        ),
        pytest.param({VALIDATION_FILE: RECIPE}, {contract.VALIDATION_PATH: " "}, id="blank-name"),
        pytest.param(
            {VALIDATION_FILE + ".gz": gzip.compress(dump(RECIPE).encode())}, {}, id="packed"
        ),
        pytest.param(
            {"/in/v.yaml.gz": gzip.compress(dump(RECIPE).encode())},
            {contract.VALIDATION_PATH: "/in/v.yaml"},
            id="packed-and-named",
        ),
        pytest.param({VALIDATION_FILE: b"\xef\xbb\xbf" + dump(RECIPE).encode()}, {}, id="bom"),
    ],
)
def test_finds_the_recipe(files: dict[str, Content], env: dict[str, str], load: Load) -> None:
    component = load(files, env).recipe.enabled("gpu-operator")
    assert component is not None
    assert component.namespace == "gpu-operator"


def test_a_recipe_stands_in_for_a_validation_input(load: Load) -> None:
    constraint = {"name": "Deployment.gpu-operator.version", "value": ">= 25.3"}
    recipe = {**RECIPE, "validation": {"deployment": {"constraints": [constraint]}}}
    found = load({contract.RECIPE_FILE: recipe}).recipe.constraint("deployment", constraint["name"])
    assert found is not None
    assert found.value == ">= 25.3"


def failure(tmp_path: Path, files: Mapping[str, Content], env: Mapping[str, str]) -> str:
    outcome = run_check(tmp_path, "passes", files=files, env=env)
    assert (outcome.code, outcome.stdout) == (ExitCode.FAIL, "")
    assert "Traceback" not in outcome.stderr
    return outcome.message.replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        pytest.param(contract.VALIDATION_PATH, "/in/v", "names /in/v: no such file", id="input"),
        pytest.param(contract.RECIPE_PATH, "/in/r", "names /in/r: no such file", id="older-input"),
        pytest.param(contract.SNAPSHOT_PATH, "/in/s", "names /in/s: no such file", id="snapshot"),
        pytest.param(contract.SNAPSHOT_PATH, "/dev", "names /dev: no such file", id="folder"),
        pytest.param(contract.NODE_SELECTOR, "gpu", "node selector 'gpu'", id="selector"),
        pytest.param(contract.TOLERATIONS, "gpu", "toleration 'gpu'", id="toleration"),
        pytest.param(contract.DEPTH, "deep", "want fast or full", id="depth"),
        pytest.param("KUBECONFIG", "/in/k", "kubeconfig /in/k: no such file", id="kubeconfig"),
        pytest.param("KUBECONFIG", "", "no cluster to talk to: ", id="no-cluster"),
    ],
)
def test_a_variable_that_is_no_use_fails_the_check(
    variable: str, value: str, says: str, tmp_path: Path
) -> None:
    message = failure(tmp_path, {}, {variable: value})
    assert message.startswith("failed to load context: ")
    assert says in message


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        pytest.param(VALIDATION_FILE, "a: [", "line 2, column 1", id="no-yaml"),
        pytest.param(VALIDATION_FILE, "", "empty; want one mapping", id="empty"),
        pytest.param(VALIDATION_FILE, "- a", "holds a list; want one mapping", id="list"),
        pytest.param(VALIDATION_FILE, b"\xff", "no UTF-8 text at byte 0", id="binary"),
        pytest.param(
            VALIDATION_FILE + ".gz", "plain", "no gzip file: Not a gzipped file", id="not-packed"
        ),
        pytest.param(
            VALIDATION_FILE + ".gz", gzip.compress(b"a: b")[:15], "no gzip file: ", id="packed-cut"
        ),
        pytest.param(
            VALIDATION_FILE + ".gz",
            gzip.compress(b"", mtime=0)[:10] + b"\xff" * 9,
            "no gzip file: Error -3",
            id="packed-and-damaged",
        ),
        pytest.param(SNAPSHOT_FILE, "a: 1\na: 2", "key 'a' appears twice", id="snapshot"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_check(
    file: str, content: Content, says: str, tmp_path: Path
) -> None:
    message = failure(tmp_path, {file: content}, {})
    assert message.startswith(f"failed to load context: {file}: ")
    assert says in message


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        pytest.param(
            VALIDATION_FILE,
            {"componentRefs": "gpu-operator"},
            "validation input: componentRefs: Input should be a valid list",
            id="components-no-list",
        ),
        pytest.param(
            VALIDATION_FILE,
            {"componentRefs": [{"version": "1"}]},
            "validation input: componentRefs.0.name: Field required",
            id="component-without-name",
        ),
        pytest.param(
            VALIDATION_FILE,
            {"gpuAllocationPolicy": "dra"},
            "validation input: gpuAllocationPolicy: Input should be ",
            id="unknown-policy",
        ),
        pytest.param(
            VALIDATION_FILE,
            {"criteria": {"nodes": "many"}},
            "validation input: criteria.nodes: Input should be a valid integer",
            id="nodes-no-number",
        ),
        pytest.param(
            SNAPSHOT_FILE,
            {"measurements": {}},
            "snapshot: measurements: Input should be a valid list",
            id="measurements-no-list",
        ),
    ],
)
def test_a_wrong_type_is_named_in_one_line(
    file: str, content: Content, says: str, tmp_path: Path
) -> None:
    message = failure(tmp_path, {file: content}, {})
    assert message.startswith(f"failed to load context: {says}")
    assert "\n" not in message


def test_a_small_file_that_unpacks_into_a_huge_one_is_refused(tmp_path: Path) -> None:
    bomb = gzip.compress(b"#" * (source.MAX_INPUT_BYTES + 5000))
    assert f"more than the {source.MAX_INPUT_BYTES}" in failure(
        tmp_path, {SNAPSHOT_FILE + ".gz": bomb}, {}
    )


@pytest.mark.parametrize(
    ("own", "variable", "namespace"),
    [
        pytest.param("aicr-validation\n", "other", "aicr-validation", id="of-the-service-account"),
        pytest.param("", "other", "other", id="empty-file"),
        pytest.param(None, "other", "other", id="of-the-environment"),
        pytest.param(None, "", "default", id="neither"),
    ],
)
def test_knows_its_namespace(own: str | None, variable: str, namespace: str, load: Load) -> None:
    files = {} if own is None else {f"{contract.SERVICE_ACCOUNT_DIR}/namespace": own}
    assert load(files, {contract.NAMESPACE: variable}).namespace == namespace


def test_placement_that_is_given_replaces_the_check_s_own_choice(load: Load) -> None:
    ctx = load(env={contract.NODE_SELECTOR: "pool=gpu", contract.TOLERATIONS: "gpu:NoSchedule"})
    assert ctx.node_selector == {"pool": "gpu"}
    assert ctx.tolerations == [Toleration("gpu", "", "NoSchedule")]


def test_a_check_knows_how_deep_the_run_goes(load: Load) -> None:
    assert load().depth is Depth.FULL
    assert load(env={"AICR_DEPTH": "fast"}).depth is Depth.FAST


def test_the_environment_is_passed_on_without_empty_values(load: Load) -> None:
    ctx = load(env={"KNOB": "1", "EMPTY": "", "BLANK": " ", contract.RUN_ID: "r1"})
    assert ctx.env["KNOB"] == "1"
    assert {"EMPTY", "BLANK"}.isdisjoint(ctx.env)
    assert ctx.run_id == "r1"


def test_a_context_shows_no_evidence_when_it_is_printed(load: Load) -> None:
    assert "evidence" not in repr(load())


def test_the_cluster_is_the_one_of_the_environment(load: Load) -> None:
    ctx: Any = load()
    assert isinstance(ctx.kube, Kube)
    assert ctx.kube.server == "http://127.0.0.1:1"
