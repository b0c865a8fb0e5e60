"""The language of faults: what can be made to go wrong, from a file or from one line."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from helper.quantity import parse_duration
from orchestrator.replay.models import API_VERSION, Document, ReplayError

_CHECK_LABEL = "aicr.run/check"


def _seconds(value: Any) -> Any:
    """Understand `1.5`, `1.5s` and `2m`, each also with a sign."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return parse_duration(value)


Seconds = Annotated[float, BeforeValidator(_seconds)]
Duration = Annotated[Seconds, Field(ge=0)]
Times = Annotated[int, Field(ge=1)]
Kind = BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)


class _FaultFile(Document):
    api_version: Literal["replay.aicr.run/v1alpha1"] = API_VERSION
    kind: Literal["Fault"] = "Fault"
    metadata: Annotated[dict[str, Any], Field(default_factory=dict)]


class OfRequests(_FaultFile):
    """Hits requests; what is left out matches anything."""

    verb: str = ""
    resource: Annotated[str, Field(description="plural: pods, jobs.batch, pods/log")] = ""
    namespace: str = ""
    name: str = ""
    user: str = ""
    times: Annotated[Times | None, Field(description="how often in all")] = None


class TooManyRequests(OfRequests):
    """The server is busy and says when to come back."""

    fault: Annotated[Literal["429"], Kind]
    every: Annotated[Times, Field(description="every so many matching requests")] = 3
    retry_after: Annotated[int, Field(ge=0, description="seconds, header Retry-After")] = 1


class ServerError(OfRequests):
    """The server fails."""

    fault: Annotated[Literal["500"], Kind]
    every: Annotated[Times, Field(description="every so many matching requests")] = 3
    status: Annotated[int, Field(ge=500, le=599)] = 500
    message: str = "injected fault"


class Slow(OfRequests):
    """The server takes its time."""

    fault: Literal["slow"]
    every: Annotated[Times, Field(description="every so many matching requests")] = 1
    seconds: Duration = 0.5


class DroppedWatch(OfRequests):
    """A watch breaks off without a word."""

    fault: Literal["dropped-watch"]
    verb: str = "watch"
    seconds: Annotated[Duration, Field(description="how long a watch lives")] = 0.2
    times: Annotated[Times | None, Field(description="how many watches")] = 5


class OfPods(_FaultFile):
    """Hits pods that are created while the cluster is served; what is left out matches anything."""

    check: Annotated[str, Field(description="name of a check")] = ""
    pod: Annotated[str, Field(description="shell pattern of a name")] = ""
    namespace: str = ""
    image: Annotated[str, Field(description="repository, without tag or digest")] = ""
    times: Annotated[Times | None, Field(description="how many pods")] = 1

    def labels(self) -> dict[str, str]:
        """Give the labels that a pod must have."""
        return {_CHECK_LABEL: self.check} if self.check else {}


class WhileRunning(OfPods):
    """Strikes a pod some time after its container has begun to run."""

    after: Annotated[Duration, Field(description="from when the pod runs")] = 0.1


class Restart(WhileRunning):
    """The API server restarts: every connection breaks, new ones are refused for a while."""

    fault: Literal["restart"]
    seconds: Annotated[Duration, Field(description="how long it is away")] = 1.0


class ClockJump(WhileRunning):
    """The cluster's clock jumps."""

    fault: Literal["clock-jump"]
    seconds: Annotated[Seconds, Field(description="back if negative")] = 3600.0


class Eviction(WhileRunning):
    """The pod is evicted: by its node, through the API as in a drain, or for another pod."""

    fault: Literal["eviction"]
    by: Literal["kubelet", "api", "scheduler"] = "kubelet"
    message: str = "The node was low on resource: memory."


class NodeLost(WhileRunning):
    """The pod's node falls silent; later its pods are told to go, which nobody hears."""

    fault: Literal["node-lost"]
    removed: Annotated[bool, Field(description="the Node object goes, and its pods with it")] = (
        False
    )
    deleted_after: Annotated[Duration, Field(description="a real cluster waits 5 minutes")] = 5.0


class OutOfMemory(WhileRunning):
    """The pod's containers use more memory than their limit."""

    fault: Literal["oom"]


class ImagePull(OfPods):
    """The images of the pod cannot be pulled."""

    fault: Literal["image-pull"]
    message: str = "pull access denied, repository does not exist or may require authorization"
    times: Annotated[Times | None, Field(description="how many pods")] = None


class Unschedulable(OfPods):
    """The pod fits on no node."""

    fault: Literal["unschedulable"]
    reason: Annotated[str, Field(description="as the scheduler counts it")] = "Insufficient cpu"
    times: Annotated[Times | None, Field(description="how many pods")] = None


FaultSpec = (
    TooManyRequests
    | ServerError
    | Slow
    | DroppedWatch
    | Restart
    | ClockJump
    | Eviction
    | NodeLost
    | OutOfMemory
    | ImagePull
    | Unschedulable
)
KINDS: dict[str, type[_FaultFile]] = {
    get_args(model.model_fields["fault"].annotation)[0]: model for model in get_args(FaultSpec)
}
_COMMON = frozenset({"apiVersion", "kind", "metadata", "fault"})


def read_fault(document: Any, file: object) -> FaultSpec:
    """Understand one fault of a folder; raises ReplayError."""
    if not isinstance(document, dict):
        raise ReplayError(str(file), "", f"holds a {type(document).__name__}, want a fault")
    return _checked(document, str(file), strict=True)


def parse_fault(text: str) -> FaultSpec:
    """Understand `KIND[:KEY=VALUE,...]`; raises ReplayError."""
    name, _, rest = text.partition(":")
    values: dict[str, str] = {}
    for pair in filter(None, rest.split(",")):
        key, found, value = pair.partition("=")
        if not found:
            raise ReplayError(f"--fault {text}", key, "want KEY=VALUE")
        values[to_camel(key.strip().replace("-", "_"))] = value.strip()
    return _checked({**values, "fault": name.strip()}, f"--fault {text}", strict=False)


def _checked(document: Mapping[str, Any], place: str, *, strict: bool) -> FaultSpec:
    name = str(document.get("fault", ""))
    model = KINDS.get(name)
    if model is None:
        known = f"no fault {name!r}{_nearest(name, KINDS)} (known: {', '.join(KINDS)})"
        raise ReplayError(place, "fault", known)
    keys = {field.alias or key for key, field in model.model_fields.items()}
    for key in document:
        if key not in keys:
            shown = ", ".join(sorted(keys - _COMMON))
            problem = f"{name} has no such key{_nearest(key, keys)} (known: {shown})"
            raise ReplayError(place, str(key), problem)
    try:
        return TypeAdapter(model).validate_python(document, strict=strict)  # type: ignore[return-value]
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ReplayError(place, field, first["msg"]) from error


def _nearest(word: str, known: Mapping[str, object] | set[str]) -> str:
    close = get_close_matches(word[:60], list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""
