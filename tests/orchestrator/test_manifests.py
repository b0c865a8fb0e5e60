import base64
import gzip
import json
import random

import pytest

from helper import contract, documents
from orchestrator import manifests
from orchestrator.errors import RecipeError
from orchestrator.manifests import RunContext
from orchestrator.plan import PlannedCheck
from tests.orchestrator.conftest import Golden
from tests.orchestrator.samples import (
    NAMESPACE,
    RUN_ID,
    Json,
    context,
    full_check,
    full_context,
    planned,
)

ALWAYS = [
    "AICR_SNAPSHOT_PATH",
    "AICR_VALIDATION_PATH",
    "AICR_VALIDATOR_NAME",
    "AICR_VALIDATOR_PHASE",
    "AICR_RUN_ID",
    "AICR_NAMESPACE",
    "AICR_CHECK_TIMEOUT",
]


def pod_spec(given: RunContext, check: PlannedCheck) -> Json:
    spec: Json = manifests.job(given, check)["spec"]["template"]["spec"]
    return spec


def container(given: RunContext, check: PlannedCheck) -> Json:
    containers: list[Json] = pod_spec(given, check)["containers"]
    assert len(containers) == 1
    return containers[0]


def values(given: RunContext, check: PlannedCheck) -> dict[str, str]:
    return {item["name"]: item.get("value", "") for item in manifests.environment(given, check)}


def test_the_job_of_a_check(golden: Golden) -> None:
    golden("manifests/job.yaml", documents.dump(manifests.job(full_context(), full_check())))


def test_every_object_of_a_run_has_the_labels_that_kubernetes_recommends() -> None:
    record = manifests.run_record(RunContext(RUN_ID, NAMESPACE, "1.2.3"), {})

    labels = record["metadata"]["labels"]
    assert {key: value for key, value in labels.items() if "kubernetes.io" in key} == {
        "app.kubernetes.io/name": "aicr-validator",
        "app.kubernetes.io/instance": RUN_ID,
        "app.kubernetes.io/version": "1.2.3",
        "app.kubernetes.io/component": "validation",
        "app.kubernetes.io/part-of": "aicr",
        "app.kubernetes.io/managed-by": "aicr",
    }


@pytest.mark.parametrize(
    ("version", "label"),
    [
        pytest.param("1.0.dev0+g12ab", "1.0.dev0_g12ab", id="local-version"),
        pytest.param("x" * 62 + "-y", "x" * 62, id="too-long"),
        pytest.param("", None, id="unknown"),
    ],
)
def test_a_version_is_made_fit_for_a_label(version: str, label: str | None) -> None:
    labels = manifests.labels_of_run(RunContext(RUN_ID, NAMESPACE, version))

    assert labels.get("app.kubernetes.io/version") == label


def test_an_object_is_plain_json() -> None:
    body = manifests.job(full_context(), full_check())

    assert json.loads(json.dumps(body)) == body


@pytest.mark.parametrize(
    ("timeout", "deadline_s"),
    [
        pytest.param("2m", 120 + 300 + 60, id="startup-and-margin-on-top"),
        pytest.param("1.5s", 362, id="rounded-up"),
    ],
)
def test_kubernetes_ends_a_job_only_after_the_check_could_report(
    timeout: str, deadline_s: int
) -> None:
    spec = manifests.job(context(), planned(timeout=timeout))["spec"]

    assert spec["activeDeadlineSeconds"] == deadline_s
    assert spec["backoffLimit"] == 0
    assert spec["ttlSecondsAfterFinished"] == 24 * 3600


def test_nobody_moves_a_check_to_another_node_in_the_middle() -> None:
    body = manifests.job(context(), planned())

    assert body["spec"]["podReplacementPolicy"] == "Failed"
    assert body["spec"]["template"]["metadata"]["annotations"] == {
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "karpenter.sh/do-not-disrupt": "true",
    }
    assert "annotations" not in body["metadata"]


@pytest.mark.parametrize(
    ("patience", "startup_s"),
    [
        pytest.param({}, 600, id="the-runs"),
        pytest.param({"imagePull": "5m"}, 600, id="less-than-the-runs"),
        pytest.param({"scheduling": "10m", "imagePull": "10m"}, 1200, id="its-own-and-all-of-it"),
    ],
)
def test_the_time_to_start_is_no_part_of_a_checks_budget(patience: Json, startup_s: int) -> None:
    check = planned(timeout="2m", patience=patience)
    spec = manifests.job(context(startup_timeout_s=600.0), check)["spec"]

    assert spec["activeDeadlineSeconds"] == 120 + startup_s + 60


def test_variables_come_in_the_order_of_the_contract() -> None:
    names = [item["name"] for item in manifests.environment(full_context(), full_check())]

    assert names == [
        *ALWAYS,
        "AICR_NODE_SELECTOR",
        "AICR_TOLERATIONS",
        "AICR_CLI_VERSION",
        "AICR_CLI_COMMIT",
        "AICR_VALIDATOR_IMAGE_REGISTRY",
        "AICR_VALIDATOR_IMAGE_TAG",
        "AICR_IMAGE",
        "AICR_DEPTH",
        "AICR_DEBUG",
        "KNOB",
    ]
    assert len(set(names)) == len(names)


def test_what_is_not_given_is_not_set() -> None:
    names = [item["name"] for item in manifests.environment(context(), planned())]

    assert names == [*ALWAYS, "AICR_CLI_VERSION", "AICR_IMAGE", "AICR_DEPTH"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AICR_SNAPSHOT_PATH", "/data/snapshot/snapshot.yaml"),
        ("AICR_VALIDATION_PATH", "/data/validation/validation.yaml"),
        ("AICR_VALIDATOR_NAME", "operator-health"),
        ("AICR_VALIDATOR_PHASE", "deployment"),
        ("AICR_RUN_ID", RUN_ID),
        ("AICR_CHECK_TIMEOUT", "2m0s"),
        ("AICR_NODE_SELECTOR", "arch=amd64,pool=gpu"),
        ("AICR_TOLERATIONS", "*,gpu=yes:NoSchedule"),
        ("AICR_CLI_VERSION", "v1.2.3"),
        ("AICR_CLI_COMMIT", "abc1234"),
        ("AICR_VALIDATOR_IMAGE_REGISTRY", "registry.example/team"),
        ("AICR_VALIDATOR_IMAGE_TAG", "v9"),
        ("AICR_IMAGE", "ghcr.io/aicr-orch/validator-conformance:v1"),
        ("AICR_DEPTH", "full"),
        ("AICR_DEBUG", "true"),
        ("KNOB", "1"),
    ],
)
def test_a_variable_has_its_value(name: str, value: str) -> None:
    assert values(full_context(), full_check())[name] == value


def test_every_variable_but_the_catalogs_is_refused_in_the_catalog() -> None:
    names = set(values(full_context(), full_check()))

    assert names - {"KNOB"} <= contract.ENGINE_ENV


@pytest.mark.parametrize(
    ("resources", "requests", "limits"),
    [
        pytest.param(
            None,
            {"cpu": "100m", "memory": "128Mi"},
            {"cpu": "1", "memory": "1Gi"},
            id="small-requests-so-that-eight-fit",
        ),
        pytest.param(
            {"cpu": "2", "memory": "4Gi"},
            {"cpu": "2", "memory": "4Gi"},
            {"cpu": "2", "memory": "4Gi"},
            id="what-the-catalog-asks-for-is-granted",
        ),
    ],
)
def test_resources_of_the_container(resources: Json | None, requests: Json, limits: Json) -> None:
    found = container(context(), planned(resources=resources))

    assert found["resources"] == {"requests": requests, "limits": limits}


def test_a_pod_satisfies_the_restricted_level() -> None:
    spec = pod_spec(full_context(), full_check())
    security = spec["containers"][0]["securityContext"]

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert security["readOnlyRootFilesystem"] is True
    assert {kind for volume in spec["volumes"] for kind in volume} == {
        "name",
        "configMap",
        "emptyDir",
    }
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    assert "ports" not in spec["containers"][0]
    labels = manifests.namespace(NAMESPACE)["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_mounts_are_read_only_except_scratch_space() -> None:
    mounts = container(context(), planned())["volumeMounts"]

    writable = [mount["mountPath"] for mount in mounts if not mount.get("readOnly")]
    assert writable == ["/tmp"]  # noqa: S108 - a path in the container
    assert {mount["mountPath"] for mount in mounts} >= {"/data/snapshot", "/data/validation"}


LIMIT = contract.CONFIG_MAP_BYTES


@pytest.mark.parametrize("size", [pytest.param(0, id="empty"), pytest.param(LIMIT, id="largest")])
def test_mounted_data_is_text_as_long_as_it_fits(size: int) -> None:
    body = manifests.data_config_map(context(), "snapshot", "x" * size)

    assert body["metadata"]["name"] == f"aicr-snapshot-{RUN_ID}"
    assert body["data"] == {"snapshot.yaml": "x" * size}
    assert "binaryData" not in body


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * (LIMIT + 1), id="one-byte-too-many"),
        pytest.param("ä" * (LIMIT // 2 + 1), id="bytes-count-not-characters"),
    ],
)
def test_larger_data_is_packed_and_can_be_unpacked(text: str) -> None:
    body = manifests.data_config_map(context(), "snapshot", text)

    packed = base64.b64decode(body["binaryData"]["snapshot.yaml.gz"])
    assert gzip.decompress(packed).decode() == text
    assert "data" not in body
    assert manifests.data_config_map(context(), "snapshot", text) == body


def test_data_that_is_too_large_even_packed_is_refused_with_its_size() -> None:
    noise = random.Random(1).randbytes(LIMIT).hex()  # noqa: S311 - only has to resist packing

    with pytest.raises(RecipeError) as caught:
        manifests.data_config_map(context(), "snapshot", noise)

    assert f"the snapshot has {len(noise)} bytes, " in str(caught.value)
    assert f"a ConfigMap holds {LIMIT}" in str(caught.value)
    assert "leave out its largest parts" in str(caught.value)


def test_pods_mount_the_data_of_their_run() -> None:
    volumes = pod_spec(context(), planned())["volumes"]

    named = {volume["name"]: volume["configMap"]["name"] for volume in volumes[:2]}
    assert named == {
        "snapshot": manifests.data_name("snapshot", RUN_ID),
        "validation": manifests.data_name("validation", RUN_ID),
    }


def test_the_longest_names_fit() -> None:
    names = [manifests.data_name(kind, RUN_ID) for kind in ("snapshot", "validation")]
    names.append(manifests.run_record(context(), {})["metadata"]["name"])

    assert max(map(len, names)) <= 63
