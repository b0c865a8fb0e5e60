import re
from typing import Any

import pytest

from helper import documents
from orchestrator import config
from orchestrator.errors import ConfigError, UsageError
from tests.source import ROOT

FULL = """\
apiVersion: aicr.run/v1alpha2
kind: AICRConfig
metadata: {name: nightly}
spec:
  snapshot: {anything: goes}
  bundle: {anything: goes}
  recipe: {data: overlay, criteria: {service: eks}}
  validate:
    input: {recipe: "cm://team/recipe", snapshot: s.yaml}
    agent:
      namespace: gpu-checks
      imagePullSecrets: [pull]
      nodeSelector: {pool: gpu, zone: 1.10}
      tolerations: ["*"]
    execution:
      phases: [deployment, conformance]
      checks: ["dra-*"]
      skip: [platform-health]
      labels: ["lock!=gpu"]
      failOnError: false
      failFast: check
      gate: costly
      depth: fast
      noCluster: false
      timeout: 90m
      keep: on-failure
      noCleanup: true
      maxParallel: 4
      failOn: [failed]
      minCoverage: 97.5
      noWait: true
      waitReady: 10m
      overrideAllImages: true
      rbac: existing
      validatorServiceAccount: checker
      trustExternal: false
      resolveDigests: true
      allowUnknownChecks: true
      deleteNamespace: false
      startupTimeout: 10m
      exitCodeCompat: aicr
"""


def text(validate: Any = None, **changes: Any) -> str:
    return documents.dump(
        {
            "apiVersion": "aicr.run/v1alpha2",
            "kind": "AICRConfig",
            "spec": {"validate": validate or {}},
            **changes,
        }
    )


def problem(data: str) -> str:
    with pytest.raises(ConfigError) as caught:
        config.parse(data, "ci.yaml")
    return str(caught.value)


def test_every_setting_becomes_the_value_of_a_flag() -> None:
    found = config.parse(FULL, "ci.yaml")

    assert found.values == {
        "data": "overlay",
        "recipe": "cm://team/recipe",
        "snapshot": "s.yaml",
        "namespace": "gpu-checks",
        "image_pull_secret": ["pull"],
        "node_selector": ["pool=gpu", "zone=1.10"],
        "toleration": ["*"],
        "phase": ["deployment", "conformance"],
        "check": ["dra-*"],
        "skip": ["platform-health"],
        "label": ["lock!=gpu"],
        "fail_on_error": False,
        "fail_fast": "check",
        "gate": "costly",
        "depth": "fast",
        "no_cluster": False,
        "timeout": "90m",
        "keep": "on-failure",
        "no_cleanup": True,
        "max_parallel": 4,
        "fail_on": ["failed"],
        "min_coverage": 97.5,
        "no_wait": True,
        "wait_ready": "10m",
        "override_all_images": True,
        "rbac": "existing",
        "validator_service_account": "checker",
        "trust_external": False,
        "resolve_digests": True,
        "allow_unknown_checks": True,
        "delete_namespace": False,
        "startup_timeout": "10m",
        "exit_code_compat": "aicr",
    }
    assert found.values.keys() == config.PATHS.keys()


def test_names_the_place_of_a_setting() -> None:
    place = config.parse(FULL, "ci.yaml").place("timeout")

    assert place == "ci.yaml: spec.validate.execution.timeout"


@pytest.mark.parametrize(
    "validate",
    [
        pytest.param({}, id="empty"),
        pytest.param({"input": None, "execution": None}, id="null-parts"),
        pytest.param({"input": {"recipe": ""}, "agent": {"namespace": None}}, id="empty-texts"),
        pytest.param({"agent": {"tolerations": [], "nodeSelector": {}}}, id="empty-lists"),
        pytest.param({"execution": {"failOnError": None}}, id="null-boolean"),
    ],
)
def test_what_has_no_value_is_not_set(validate: Any) -> None:
    assert config.parse(text(validate), "ci.yaml").values == {}


@pytest.mark.parametrize(("value", "flag"), [(True, "true"), (False, "false"), ("phase", "phase")])
def test_false_is_a_value(value: object, flag: str) -> None:
    execution = {"failFast": value, "noCleanup": False}

    found = config.parse(text({"execution": execution}), "ci.yaml").values

    assert found == {"fail_fast": flag, "no_cleanup": False}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        pytest.param("", "ci.yaml: empty; want one mapping", id="empty"),
        pytest.param("a: [", "ci.yaml: line 2", id="broken"),
        pytest.param(text(kind="AICRConfi"), "kind: 'AICRConfi', want 'AICRConfig'", id="kind"),
        pytest.param(text(apiVersion="v1"), "apiVersion: 'v1', want 'aicr.run/v1", id="version"),
        pytest.param("kind: AICRConfig\nspec: {}\n", "apiVersion: Field required", id="no-version"),
        pytest.param(text(spec={}), "spec: has no section", id="no-section"),
        pytest.param(
            text(spec={"validat": {}}),
            "spec.validat: unknown key, did you mean validate?",
            id="key",
        ),
        pytest.param(
            text({"execution": {"failfast": True}}),
            "spec.validate.execution.failfast: unknown key, did you mean failFast?",
            id="nested-key",
        ),
        pytest.param(
            text({"execution": {"fail_fast": True}}), "execution.fail_fast: unknown", id="snake"
        ),
        pytest.param(text({"execution": {"failFast": "chek"}}), "did you mean check?", id="choice"),
        pytest.param(text({"execution": {"gate": "cosly"}}), "did you mean costly?", id="gate"),
        pytest.param(text({"execution": {"depth": "deep"}}), "execution.depth: ", id="depth"),
        pytest.param(
            text({"execution": {"noCleanup": "yes"}}), "noCleanup: Input should be a", id="boolean"
        ),
        pytest.param(
            text({"execution": {"maxParallel": True}}), "maxParallel: Input should", id="number"
        ),
        pytest.param(
            text({"execution": {"phases": "all"}}), "phases: Input should be a valid l", id="list"
        ),
        pytest.param(
            text({"agent": {"nodeSelector": {"a": "b,c"}}}), "'a: b,c' is no label", id="label"
        ),
        pytest.param(
            text({"agent": {"image": "x"}}),
            "spec.validate.agent.image: not in this version; leave it out",
            id="unbuilt",
        ),
        pytest.param(
            text({"evidence": {"attestation": {"plainHTTP": True}}}),
            "spec.validate.evidence.attestation.plainHTTP: not in this version",
            id="unbuilt-evidence",
        ),
    ],
)
def test_names_file_field_and_what_is_allowed(data: str, said: str) -> None:
    found = problem(data)

    assert found.startswith("ci.yaml: ")
    assert said in found
    assert "\n" not in found


def test_unbuilt_parts_may_be_off() -> None:
    off = {"cncf": {"cncfSubmission": False, "dir": ""}, "attestation": {"push": ""}}

    assert config.parse(text({"evidence": off, "agent": {"requireGpu": False}}), "c").values == {}


def test_many_problems_are_counted() -> None:
    found = problem(text({"execution": {f"key{n}": 1 for n in range(20)}}))

    assert found.endswith("; and 12 more")


def test_the_documented_file_is_valid_and_has_every_setting() -> None:
    [documented] = re.findall(
        r"```yaml\n(.*?)```", (ROOT / "docs/inputs.md").read_text(), re.DOTALL
    )

    assert config.parse(documented, "docs/inputs.md").values.keys() == config.PATHS.keys()


@pytest.mark.parametrize("location", ["cm://team/config", "file:///config.yaml", "gone.yaml"])
def test_is_read_from_a_file_or_a_url(location: str) -> None:
    with pytest.raises(UsageError, match=r"want a file or a URL|leave out file|no such file"):
        config.load(location)
