"""The files of a replay folder that are ours: their schema, and what is said when they break it."""

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

API_VERSION: Literal["replay.aicr.run/v1alpha1"] = "replay.aicr.run/v1alpha1"
CLUSTER_FILE = "cluster.yaml"


class ReplayError(Exception):
    """A replay folder, or what was given in its place, cannot be used."""

    def __init__(self, file: Path | str, field: str, problem: str) -> None:
        self.file = str(file)
        self.field = field
        self.problem = problem
        super().__init__(": ".join(part for part in (self.file, field, problem) if part))


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Image(_Model):
    """An image that the cluster knows, and the local command that stands for its entry point."""

    name: Annotated[str, Field(min_length=1, description="repository, without tag or digest")]
    command: Annotated[
        list[str], Field(min_length=1, description="`python` means the interpreter of the server")
    ]


class ClusterFile(_Model):
    """`cluster.yaml`."""

    api_version: Literal["replay.aicr.run/v1alpha1"]
    kind: Literal["ReplayCluster"]
    metadata: dict[str, Any] = {}
    server_version: Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+")] = "v1.36.2"
    images: list[Image] = []


class PodMatch(_Model):
    """The pods that a scripted outcome is for; what is left out matches anything."""

    namespace: str = ""
    name: Annotated[str, Field(description="shell pattern, for example `worker-*`")] = ""
    labels: dict[str, str] = {}
    image: Annotated[str, Field(description="repository, without tag or digest")] = ""

    @model_validator(mode="after")
    def _says_something(self) -> "PodMatch":
        if not (self.namespace or self.name or self.labels or self.image):
            raise ValueError("would match every pod: give a namespace, name, labels or image")
        return self


class Waiting(_Model):
    """A container that does not start."""

    reason: Annotated[str, Field(min_length=1)]
    message: str = ""


class Outcome(_Model):
    """What becomes of the containers: they wait, end with an exit code, or run until deleted."""

    waiting: Waiting | None = None
    exit_code: Annotated[int, Field(ge=0, le=255)] | None = None
    reason: Annotated[str, Field(description="of the end, for example OOMKilled")] = ""
    message: Annotated[str, Field(max_length=4096, description="termination message")] = ""
    log: str = ""
    delay_seconds: Annotated[float, Field(ge=0, description="from start to end")] = 0
    container_id: Annotated[bool, Field(description="false as on fake nodes")] = True

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Outcome":
        if self.waiting and (self.exit_code is not None or self.log or self.message):
            raise ValueError("a container that waits has no exitCode, log or message")
        return self


class PodOutcome(_Model):
    """A file in `pods/`: a scripted outcome for the pods that match."""

    api_version: Literal["replay.aicr.run/v1alpha1"] = API_VERSION
    kind: Literal["PodOutcome"] = "PodOutcome"
    metadata: dict[str, Any] = {}
    match: PodMatch
    outcome: Outcome


class ReplyRequest(_Model):
    """The request that a recorded answer belongs to; further query parameters are ignored."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    query: dict[str, str] = {}


class ReplyResponse(_Model):
    """The recorded answer: text, or a JSON document."""

    status: Annotated[int, Field(ge=200, le=599)] = 200
    content_type: str = ""
    body: str = ""
    document: Annotated[Any, Field(alias="json")] = None


class Reply(_Model):
    """A file in `replies/`: a recorded answer to a request that objects cannot answer."""

    api_version: Literal["replay.aicr.run/v1alpha1"] = API_VERSION
    kind: Literal["Reply"] = "Reply"
    metadata: dict[str, Any] = {}
    request: ReplyRequest
    response: ReplyResponse


M = TypeVar("M", bound=BaseModel)


def parse(model: type[M], document: Any, file: Path | str) -> M:
    """Build a model from a document; raises ReplayError with the first problem."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ReplayError(file, field, first["msg"]) from error
