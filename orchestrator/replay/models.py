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


class Document(BaseModel):
    """What all of our files have in common: unknown keys and other types are refused."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Image(Document):
    """An image that the cluster knows, and the local command that stands for its entry point."""

    name: Annotated[str, Field(min_length=1, description="repository, without tag or digest")]
    command: Annotated[
        list[str], Field(min_length=1, description="`python` means the interpreter of the server")
    ]


class RecordedKind(Document):
    """A kind that the recorded server serves without a CustomResourceDefinition for it."""

    api_version: Annotated[str, Field(min_length=1)]
    kind: Annotated[str, Field(min_length=1)]
    plural: Annotated[str, Field(min_length=1)]
    singular: str = ""
    namespaced: bool = True
    short_names: list[str] = []
    categories: list[str] = []
    subresources: list[str] = []
    verbs: Annotated[list[str], Field(description="default: all that objects have")] = []


class Gap(Document):
    """Objects that exist and are not in the folder; reading them is refused, never empty."""

    resource: Annotated[
        str, Field(description="as kubectl writes it: deployments.apps; *.GROUP: all kinds")
    ]
    version: Annotated[str, Field(description="only in this version of the API")] = ""
    namespace: Annotated[str, Field(description="only in this one; default: all")] = ""
    status: Annotated[
        Literal[403, 501], Field(description="403: who captured was not allowed to look")
    ] = 501
    reason: str = "not recorded"


class ClusterFile(Document):
    """`cluster.yaml`."""

    api_version: Literal["replay.aicr.run/v1alpha1"]
    kind: Literal["ReplayCluster"]
    metadata: dict[str, Any] = {}
    server_version: Annotated[str, Field(pattern=r"^v\d+\.\d+\.\d+")] = "v1.36.2"
    images: list[Image] = []
    kinds: Annotated[
        list[RecordedKind], Field(description="default: what Kubernetes 1.36 serves")
    ] = []
    unserved: Annotated[list[str], Field(description="API groups that it does not serve")] = []
    namespaces: Annotated[
        list[str], Field(description="that were recorded; default: all of the cluster")
    ] = []
    gaps: list[Gap] = []
    faults: Annotated[
        list[dict[str, Any]], Field(description="as the files in `faults/` have them")
    ] = []


class CaptureFile(Document):
    """`capture.yaml`: what `capture` did; for people, a replay does not read it."""

    api_version: Literal["replay.aicr.run/v1alpha1"] = API_VERSION
    kind: Literal["Capture"] = "Capture"
    taken: Annotated[str, Field(description="when it began, UTC")]
    version: Annotated[str, Field(description="of the program")]
    complete: Annotated[bool, Field(description="whether all that was asked for could be read")]
    objects: Annotated[dict[str, int], Field(description="how many, by resource")]
    logs: int = 0
    replies: list[str] = []
    redacted: Annotated[dict[str, int], Field(description="how often, by what was taken out")] = {}
    left_out: Annotated[dict[str, str], Field(description="on purpose: resource and reason")] = {}
    problems: Annotated[dict[str, str], Field(description="what could not be read, and why")] = {}


class PodMatch(Document):
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


class Waiting(Document):
    """A container that does not start."""

    reason: Annotated[str, Field(min_length=1)]
    message: str = ""


class Outcome(Document):
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


class PodOutcome(Document):
    """A file in `pods/`: a scripted outcome for the pods that match."""

    api_version: Literal["replay.aicr.run/v1alpha1"] = API_VERSION
    kind: Literal["PodOutcome"] = "PodOutcome"
    metadata: dict[str, Any] = {}
    match: PodMatch
    outcome: Outcome


class ReplyRequest(Document):
    """The request that a recorded answer belongs to; further query parameters are ignored."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    path: Annotated[str, Field(pattern=r"^/")]
    query: dict[str, str] = {}


class ReplyResponse(Document):
    """The recorded answer: text, or a JSON document."""

    status: Annotated[int, Field(ge=200, le=599)] = 200
    content_type: str = ""
    body: str = ""
    document: Annotated[Any, Field(alias="json")] = None


class Reply(Document):
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
