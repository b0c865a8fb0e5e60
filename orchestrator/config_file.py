"""The models of the configuration file, as strict as the format's own reader."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from helper.documents import Text
from helper.models import Document
from orchestrator.fields import check_labels


def _word(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


FailFast = Annotated[
    Literal["phase", "check", "true", "false"],
    BeforeValidator(_word),
    WithJsonSchema({"enum": [True, False, "phase", "check"]}),
]


class Part(Document):
    """A part of the file; a key without a value is not set."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)


class Input(Part):
    """What is validated."""

    recipe: Text = ""
    snapshot: Text = ""


class Agent(Part):
    """Where Jobs and workloads of checks run."""

    namespace: Text = ""
    image: Text = ""
    image_pull_secrets: list[Text] = Field(default_factory=list)
    job_name: Text = ""
    service_account_name: Text = ""
    node_selector: dict[Text, Text] = Field(default_factory=dict)
    tolerations: list[Text] = Field(default_factory=list)
    require_gpu: StrictBool | None = None

    @field_validator("node_selector")
    @classmethod
    def _is_made_of_labels(cls, selector: dict[str, str]) -> dict[str, str]:
        check_labels(selector)
        return selector


class Execution(Part):
    """How a run proceeds, and what makes it fail."""

    phases: list[Text] = Field(default_factory=list)
    checks: list[Text] = Field(default_factory=list)
    skip: list[Text] = Field(default_factory=list)
    labels: list[Text] = Field(default_factory=list)
    fail_on_error: StrictBool | None = None
    fail_fast: FailFast | None = None
    gate: Literal["", "none", "costly"] = ""
    depth: Literal["", "fast", "full"] = ""
    no_cluster: StrictBool | None = None
    timeout: Text = ""
    keep: Text = ""
    no_cleanup: StrictBool | None = None
    max_parallel: StrictInt | None = None
    fail_on: list[Text] = Field(default_factory=list)
    min_coverage: StrictFloat | None = None
    no_wait: StrictBool | None = None
    wait_ready: Text = ""
    override_all_images: StrictBool | None = None
    resolve_digests: StrictBool | None = None
    allow_unknown_checks: StrictBool | None = None
    delete_namespace: StrictBool | None = None
    startup_timeout: Text = ""
    exit_code_compat: Literal["", "aicr"] = ""
    rbac: Text = ""
    validator_service_account: Text = ""
    trust_external: StrictBool | None = None


class Cncf(Part):
    """CNCF evidence; not in this version."""

    dir: Text = ""
    cncf_submission: StrictBool | None = None
    features: list[Text] = Field(default_factory=list)


class Attestation(Part):
    """A signed evidence bundle; not in this version."""

    out: Text = ""
    bom: Text = ""
    push: Text = ""
    plain_http: StrictBool | None = Field(default=None, alias="plainHTTP")
    insecure_tls: StrictBool | None = Field(default=None, alias="insecureTLS")


class Evidence(Part):
    """What is written beside the report; not in this version."""

    cncf: Cncf | None = None
    attestation: Attestation | None = None


class Validate(Part):
    """The section of `aicr-orch validate`."""

    input: Input | None = None
    agent: Agent | None = None
    execution: Execution | None = None
    evidence: Evidence | None = None


class RecipeSection(Part):
    """The section of recipe generation, of which only `data` is read."""

    model_config = ConfigDict(extra="ignore")

    data: Text = ""


class Spec(Part):
    """The sections, at least one of them."""

    snapshot: dict[str, Any] | None = None
    recipe: RecipeSection | None = None
    bundle: dict[str, Any] | None = None
    validation: Validate | None = Field(default=None, alias="validate")

    @model_validator(mode="after")
    def _has_a_section(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("has no section, want for example validate")
        return self


class Metadata(Part):
    """The name of the configuration."""

    name: Text = ""


class ConfigFile(Part):
    """The whole file."""

    api_version: Literal["aicr.run/v1alpha2"]
    kind: Literal["AICRConfig"]
    metadata: Metadata | None = None
    spec: Spec
