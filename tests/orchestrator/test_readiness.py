from typing import Any

import pytest

from helper import documents
from helper.constraint import ConstraintError
from helper.models import Snapshot, ValidationInput
from orchestrator.errors import ReadinessError
from orchestrator.readiness import Finding, Result, canonical, extract, gate, require
from tests.orchestrator.samples import Json

# Parsed from text, since numbers keep the text that they were written with.
SNAPSHOT = """
measurements:
- type: K8s
  subtypes:
  - subtype: server
    data: {version: v1.34.2-eks-b3126f4, empty: "", nothing: null}
  - subtype: server
    data: {version: v0.0.0, second: "yes"}
- type: OS
  subtypes:
  - subtype: release
    data: {ID: ubuntu, VERSION_ID: 24.10}
  - subtype: sysctl
    data: {/proc/sys/kernel/osrelease: 6.8.0-1028-aws, "a[0].b": bracket}
- type: SystemD
  subtypes:
  - subtype: containerd
    data: {service.ActiveState: shorter}
  - subtype: containerd.service
    data: {ActiveState: active}
- type: GPU
  subtypes:
  - subtype: hardware
    data: {gpu-count: 8, driver-loaded: true, memory: 4.194304e+06, ratio: 0.5}
    context: {model: h100}
- type: NetworkTopology
  subtypes:
  - subtype: pfs
    items:
    - {data: {rail: 3, rdmaDevice: mlx5_3}, context: {pci: "0000:01:00.0"}}
    - {data: {rail: 4, rdmaDevice: mlx5_4, rate: null}, context: {rate: "400", rail: "3"}}
    - {data: {rail: 4, rdmaDevice: mlx5_5}}
- type: K8s
  subtypes:
  - subtype: node
    data: {provider: eks}
"""


def snapshot() -> Snapshot:
    return Snapshot.model_validate(documents.load_mapping(SNAPSHOT, "snapshot.yaml"))


def constraint(name: str = "K8s.server.version", value: str = ">= 1.34", **changes: str) -> Json:
    return {"name": name, "value": value, **changes}


def judge(*constraints: Json, block: list[Json] | None = None) -> list[Finding]:
    config = {"readiness": {"constraints": block}} if block is not None else {}
    recipe = ValidationInput.model_validate({"constraints": constraints, "config": config})
    return list(gate(recipe, snapshot()))


@pytest.mark.parametrize(
    ("path", "reading"),
    [
        pytest.param("K8s.server.version", "v1.34.2-eks-b3126f4", id="plain"),
        pytest.param("K8s.server.empty", "", id="empty-text"),
        pytest.param("OS.sysctl./proc/sys/kernel/osrelease", "6.8.0-1028-aws", id="slashes"),
        pytest.param("OS.sysctl.a[0].b", "bracket", id="brackets-after-the-first-dot"),
        pytest.param("OS.release.VERSION_ID", "24.10", id="number-as-it-was-written"),
        pytest.param("GPU.hardware.gpu-count", "8", id="whole-number"),
        pytest.param("GPU.hardware.ratio", "0.5", id="fraction"),
        pytest.param("GPU.hardware.memory", "4194304", id="no-exponent"),
        pytest.param("GPU.hardware.driver-loaded", "true", id="boolean"),
        pytest.param('SystemD["containerd.service"].ActiveState', "active", id="quoted-subtype"),
        pytest.param("SystemD.containerd.service.ActiveState", "active", id="longest-subtype"),
        pytest.param("NetworkTopology.pfs[0].rdmaDevice", "mlx5_3", id="index"),
        pytest.param("NetworkTopology.pfs[rail=3].rdmaDevice", "mlx5_3", id="data-before-context"),
        pytest.param("NetworkTopology.pfs[pci=0000:01:00.0].rail", "3", id="by-context"),
        pytest.param("NetworkTopology.pfs[1].rate", "400", id="context-for-what-data-lacks"),
    ],
)
def test_a_path_names_a_reading(path: str, reading: str) -> None:
    assert extract(snapshot(), path) == reading


TYPES = "does not begin with one of K8s, GPU, OS, SystemD, NodeTopology, NetworkTopology"
FORMS = 'want TYPE.SUBTYPE.KEY, TYPE.SUBTYPE[SELECTOR].KEY or TYPE["SUBTYPE"].KEY'
INDEX = "the selector is neither an index nor key=value"
PAIR = "the selector wants a key and a value"


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("", TYPES, id="empty"),
        pytest.param("k8s.server.version", TYPES, id="type-in-lower-case"),
        pytest.param("Deployment.gpu-operator.version", TYPES, id="path-of-a-phase"),
        pytest.param(".server.version", TYPES, id="no-type"),
        pytest.param("K8s", FORMS, id="no-dot"),
        pytest.param("K8s.", FORMS, id="only-a-dot"),
        pytest.param("K8s.server", FORMS, id="no-second-dot"),
        pytest.param("K8s..version", FORMS, id="empty-subtype"),
        pytest.param("K8s.server.", FORMS, id="empty-key"),
        pytest.param("NetworkTopology.[0].rail", FORMS, id="subtype-before-bracket-is-empty"),
        pytest.param("NetworkTopology[0].rail", FORMS, id="no-subtype-at-all"),
        pytest.param("NetworkTopology.pfs[0.rail", FORMS, id="bracket-not-closed"),
        pytest.param("NetworkTopology.pfs[0]", FORMS, id="nothing-after-the-bracket"),
        pytest.param("NetworkTopology.pfs[0].", FORMS, id="only-a-dot-after-the-bracket"),
        pytest.param("NetworkTopology.pfs[0]rail", FORMS, id="no-dot-after-the-bracket"),
        pytest.param('SystemD["containerd.service"]', FORMS, id="quoted-without-a-key"),
        pytest.param('SystemD[""].ActiveState', FORMS, id="quoted-and-empty"),
        pytest.param("NetworkTopology.pfs[].rail", INDEX, id="empty-selector"),
        pytest.param("NetworkTopology.pfs[first].rail", INDEX, id="text-selector"),
        pytest.param("NetworkTopology.pfs[-1].rail", INDEX, id="negative-index"),
        pytest.param("NetworkTopology.pfs[*].rail", INDEX, id="all-items"),
        pytest.param("NetworkTopology.pfs[=3].rail", PAIR, id="selector-without-a-key"),
        pytest.param("NetworkTopology.pfs[rail=].rail", PAIR, id="selector-without-a-value"),
    ],
)
def test_a_path_that_cannot_be_read_says_what_is_wanted(path: str, said: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        extract(snapshot(), path)

    assert str(caught.value).endswith(said)
    assert str(caught.value).startswith(repr(path))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("NodeTopology.a.b", "no measurement NodeTopology", id="measurement"),
        pytest.param("K8s.servers.version", "no subtype servers; near it: server", id="subtype"),
        pytest.param("K8s.node.provider", "no subtype node", id="first-measurement-counts"),
        pytest.param("K8s.server.second", "no K8s.server.second", id="first-subtype-counts"),
        pytest.param("K8s.server.versoin", "no K8s.server.versoin; near it: version", id="key"),
        pytest.param("K8s.server.nothing", "no K8s.server.nothing", id="null-is-absent"),
        pytest.param("GPU.hardware.model", "no GPU.hardware.model", id="context-is-no-reading"),
        pytest.param('SystemD["kubelet"].ActiveState', "no subtype kubelet", id="quoted-subtype"),
        pytest.param("NetworkTopology.pfs[3].rail", "0 items match [3], want one", id="index"),
        pytest.param("GPU.hardware[0].x", "0 items match [0], want one", id="no-items"),
        pytest.param("NetworkTopology.pfs[rail=9].x", "0 items match [rail=9]", id="no-match"),
        pytest.param(
            "NetworkTopology.pfs[rail=4].x", "2 items match [rail=4] (1, 2), want one", id="two"
        ),
        pytest.param("NetworkTopology.pfs[0].speed", "the item [0] has no speed", id="item-key"),
    ],
)
def test_a_path_that_names_nothing_says_what_is_missing(path: str, said: str) -> None:
    with pytest.raises(LookupError) as caught:
        extract(snapshot(), path)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(8, "8", id="whole"),
        pytest.param(0.5, "0.5", id="fraction"),
        pytest.param(1e22, "10000000000000000000000", id="large"),
        pytest.param("1e6", "1e6", id="text-stays"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_reading_as_text(value: Any, text: str) -> None:
    assert canonical(value) == text


@pytest.mark.parametrize(
    ("given", "result", "stops"),
    [
        pytest.param(constraint(), Result.PASSED, False, id="holds"),
        pytest.param(constraint(value=">= 1.35"), Result.FAILED, True, id="does-not-hold"),
        pytest.param(
            constraint(value=">= 1.35", severity="warning"), Result.FAILED, False, id="warns-only"
        ),
        pytest.param(
            constraint(value=">= 1.35", severity="wrning"), Result.FAILED, True, id="misspelt"
        ),
        pytest.param(constraint("K8s.server.build"), Result.UNEVALUABLE, True, id="no-reading"),
        pytest.param(
            constraint("K8s.server.build", severity="warning"),
            Result.UNEVALUABLE,
            True,
            id="warning-without-a-reading",
        ),
        pytest.param(constraint("server"), Result.UNEVALUABLE, True, id="no-path"),
        pytest.param(constraint(value="~= 1.34"), Result.UNEVALUABLE, True, id="no-expression"),
        pytest.param(constraint(value=" "), Result.UNEVALUABLE, True, id="empty-expression"),
        pytest.param(
            constraint("OS.release.ID", ">= 1.0"), Result.UNEVALUABLE, True, id="no-version"
        ),
        pytest.param(
            constraint("OS.release.VERSION_ID", "24.10"), Result.PASSED, False, id="exact-text"
        ),
        pytest.param(
            constraint("GPU.hardware.driver-loaded", "true"), Result.PASSED, False, id="boolean"
        ),
    ],
)
def test_a_constraint_is_judged(given: Json, result: Result, stops: bool) -> None:
    (finding,) = judge(given)

    assert finding.result is result
    assert finding.stops is stops


def test_all_constraints_are_judged_not_only_the_first_that_fails() -> None:
    found = judge(constraint(value=">= 9"), constraint("OS.release.ID", "rhel"), constraint("K8s"))

    assert [finding.result for finding in found] == [
        Result.FAILED,
        Result.FAILED,
        Result.UNEVALUABLE,
    ]


def test_the_readiness_block_comes_after_and_wins_by_name() -> None:
    found = judge(
        constraint(value=">= 9"),
        constraint("OS.release.ID", "ubuntu"),
        block=[constraint(), constraint("GPU.hardware.gpu-count", ">= 8")],
    )

    assert [(item.constraint.name, item.result) for item in found] == [
        ("OS.release.ID", Result.PASSED),
        ("K8s.server.version", Result.PASSED),
        ("GPU.hardware.gpu-count", Result.PASSED),
    ]


def test_two_bounds_of_one_reading_both_count() -> None:
    found = judge(constraint(value=">= 9"), constraint(value="< 99"))

    assert [finding.result for finding in found] == [Result.FAILED, Result.PASSED]


def test_constraints_of_phases_are_not_judged_here() -> None:
    recipe = ValidationInput.model_validate(
        {"config": {"deployment": {"constraints": [constraint("Deployment.x.version")]}}}
    )

    assert gate(recipe, snapshot()) == []


@pytest.mark.parametrize("severity", ["error", "warning"])
def test_without_a_snapshot_nothing_is_ready(severity: str) -> None:
    recipe = ValidationInput.model_validate({"constraints": [constraint(severity=severity)]})

    (finding,) = gate(recipe, None)

    assert finding.stops
    assert str(finding) == (
        "K8s.server.version: want >= 1.34, cannot be evaluated: there is no snapshot; give one "
        "with --snapshot"
    )


def test_without_constraints_no_snapshot_is_needed() -> None:
    assert gate(ValidationInput(), None) == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        pytest.param(
            constraint(), "K8s.server.version: want >= 1.34, found v1.34.2-eks-b3126f4", id="passed"
        ),
        pytest.param(
            constraint(value=">= 1.35", remediation="upgrade the control plane"),
            "K8s.server.version: want >= 1.35, found v1.34.2-eks-b3126f4; upgrade the control "
            "plane",
            id="failed-with-a-remedy",
        ),
        pytest.param(
            constraint(remediation="upgrade"),
            "K8s.server.version: want >= 1.34, found v1.34.2-eks-b3126f4",
            id="passed-needs-no-remedy",
        ),
        pytest.param(
            constraint("K8s.server.empty", "x"),
            "K8s.server.empty: want x, found an empty text",
            id="empty-reading",
        ),
        pytest.param(
            constraint("K8s.server.versoin"),
            "K8s.server.versoin: want >= 1.34, cannot be evaluated: the snapshot has no "
            "K8s.server.versoin; near it: version",
            id="no-reading",
        ),
        pytest.param(
            constraint("OS.release.ID", ">= 1.0"),
            "OS.release.ID: want >= 1.0, found ubuntu (cannot parse actual version: 'ubuntu' is no "
            "version of one to three numbers)",
            id="cannot-compare",
        ),
    ],
)
def test_a_finding_tells_name_wanted_found_and_remedy(given: Json, text: str) -> None:
    (finding,) = judge(given)

    assert str(finding) == text


TOO_OLD = constraint(value=">= 1.99")
UNREADABLE = constraint("K8s.server.flavour", "any")
REFUSAL_OF_ONE = """\
not started: 1 of 2 readiness constraints fails: K8s.server.version: want >= 1.99, found \
v1.34.2-eks-b3126f4
  wanted by recipe.yaml"""


@pytest.mark.parametrize(
    ("given", "first_line"),
    [
        pytest.param(
            [TOO_OLD, UNREADABLE],
            "not started: 1 of 2 readiness constraints fails, 1 cannot be evaluated: ",
            id="both",
        ),
        pytest.param(
            [UNREADABLE],
            "not started: 1 of 1 readiness constraint cannot be evaluated: K8s.server.flavour",
            id="unreadable",
        ),
    ],
)
def test_the_first_line_of_a_refusal_stands_alone(given: list[Json], first_line: str) -> None:
    with pytest.raises(ReadinessError) as error:
        require(judge(*given), "recipe.yaml")

    lines = str(error.value).split("\n")
    assert lines[0].startswith(first_line)
    assert len(lines) == (4 if len(given) > 1 else 2)
    assert lines[-1] == "  wanted by recipe.yaml"


def test_a_refusal_for_one_reason_says_it_once() -> None:
    with pytest.raises(ReadinessError) as error:
        require(judge(TOO_OLD, constraint("OS.release.ID", "ubuntu")), "recipe.yaml")

    assert str(error.value) == REFUSAL_OF_ONE
