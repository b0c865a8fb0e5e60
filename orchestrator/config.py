"""The configuration file: defaults of `validate` that a team keeps under version control.

The format is AICR's (`kind: AICRConfig`), read strictly. Its sections for other commands may be
there and are left alone; `spec.recipe.data` is the one of their settings that counts here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from helper import documents
from helper.errors import InputError
from orchestrator import inputs
from orchestrator.config_file import ConfigFile
from orchestrator.errors import ConfigError, UsageError
from orchestrator.fields import problems

# Where each flag of `validate` stands in the file, below `spec`. Flags that are about one run or
# one machine (--output, --run-id, --kubeconfig, …) have no place in it.
PATHS = {
    "data": "recipe.data",
    "recipe": "validate.input.recipe",
    "snapshot": "validate.input.snapshot",
    "namespace": "validate.agent.namespace",
    "image_pull_secret": "validate.agent.imagePullSecrets",
    "node_selector": "validate.agent.nodeSelector",
    "toleration": "validate.agent.tolerations",
    "phase": "validate.execution.phases",
    "check": "validate.execution.checks",
    "skip": "validate.execution.skip",
    "label": "validate.execution.labels",
    "fail_on_error": "validate.execution.failOnError",
    "fail_fast": "validate.execution.failFast",
    "gate": "validate.execution.gate",
    "depth": "validate.execution.depth",
    "no_cluster": "validate.execution.noCluster",
    "timeout": "validate.execution.timeout",
    "keep": "validate.execution.keep",
    "no_cleanup": "validate.execution.noCleanup",
    "max_parallel": "validate.execution.maxParallel",
    "fail_on": "validate.execution.failOn",
    "min_coverage": "validate.execution.minCoverage",
    "no_wait": "validate.execution.noWait",
    "wait_ready": "validate.execution.waitReady",
    "override_all_images": "validate.execution.overrideAllImages",
    "resolve_digests": "validate.execution.resolveDigests",
    "allow_unknown_checks": "validate.execution.allowUnknownChecks",
    "delete_namespace": "validate.execution.deleteNamespace",
    "startup_timeout": "validate.execution.startupTimeout",
    "exit_code_compat": "validate.execution.exitCodeCompat",
    "rbac": "validate.execution.rbac",
    "validator_service_account": "validate.execution.validatorServiceAccount",
    "trust_external": "validate.execution.trustExternal",
}
# Settings of the format that need a part which this version does not have.
UNBUILT = (
    "validate.agent.image",
    "validate.agent.jobName",
    "validate.agent.serviceAccountName",
    "validate.agent.requireGpu",
    "validate.evidence.cncf.dir",
    "validate.evidence.cncf.cncfSubmission",
    "validate.evidence.cncf.features",
    "validate.evidence.attestation.out",
    "validate.evidence.attestation.bom",
    "validate.evidence.attestation.push",
    "validate.evidence.attestation.plainHTTP",
    "validate.evidence.attestation.insecureTLS",
)
NOT_SET: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Config:
    """Values for flags, and the file that they are from."""

    name: str
    values: Mapping[str, Any]

    def place(self, flag: str) -> str:
        """Where a flag's value stands, as messages name it."""
        return f"{self.name}: spec.{PATHS[flag]}"


def load(location: str) -> Config:
    """Read a configuration from a file or URL; StopError names file, field and problem."""
    if inputs.scheme_of(location) == inputs.CONFIG_MAP:
        raise UsageError(f"--config {location}: want a file or a URL; cm:// is for its inputs")
    given = inputs.read(location, "config")
    return parse(given.data, given.name)


def parse(data: bytes | str, name: str) -> Config:
    """Read a configuration; ConfigError names file, field and problem."""
    try:
        file = ConfigFile.model_validate(documents.load_mapping(data, name))
    except InputError as error:
        raise ConfigError(str(error)) from error
    except ValidationError as error:
        raise ConfigError(f"{name}: {problems(error, ConfigFile)}") from error
    spec = file.spec.model_dump(by_alias=True, exclude_unset=True)
    for path in UNBUILT:
        if _at(spec, path) not in (*NOT_SET, False):
            raise ConfigError(f"{name}: spec.{path}: not in this version; leave it out")
    found = {flag: _at(spec, path) for flag, path in PATHS.items()}
    return Config(
        name, {flag: _as_flag(flag, value) for flag, value in found.items() if value not in NOT_SET}
    )


def _at(spec: Mapping[str, Any], path: str) -> Any:
    value: Any = spec
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _as_flag(flag: str, value: Any) -> Any:
    """A value as the flag of the command line would hold it."""
    if flag == "node_selector":
        return [f"{key}={item}" for key, item in value.items()]
    return value
