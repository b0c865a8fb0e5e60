"""Objects, events and logs as the text of a file: without secrets, and of bounded length."""

from collections.abc import Iterable

from helper import documents
from helper.resource import Json, name, namespace, part, text
from orchestrator import redaction
from orchestrator.cluster_events import moment
from orchestrator.logs import cut

NEVER_KEPT = "managedFields"  # long, and about who wrote what
FILE_CHARS = 128 * 1024


def yaml(item: Json) -> str:
    """An object as YAML."""
    meta = {key: value for key, value in part(item, "metadata").items() if key != NEVER_KEPT}
    return bounded(documents.dump(redaction.value({**item, "metadata": meta})))


def events(found: Iterable[Json]) -> str:
    """Events, one a line."""
    lines = [
        f"{moment(event)}  {text(event, 'type')}  "
        f"{text(event, 'involvedObject', 'kind')}/{text(event, 'involvedObject', 'name')}  "
        f"{text(event, 'reason')}: {text(event, 'message')}"
        for event in found
    ]
    return "" if not lines else log("\n".join(lines))


def log(given: str) -> str:
    """What a container printed, or anything else that is read by lines."""
    lines = redaction.lines(map(cut, given.rstrip("\n").split("\n")))
    return bounded("".join(f"{line}\n" for line in lines if line))


def bounded(given: str) -> str:
    """The beginning of a text that is too long for anybody to read."""
    over = len(given) - FILE_CHARS
    return given if over <= 0 else f"{given[:FILE_CHARS]}\n... {over} more characters\n"


def title(item: Json) -> str:
    """Name an object: `Job aicr-validation/aicr-alpha-0`."""
    where = f"{namespace(item)}/" if namespace(item) else ""
    return f"{text(item, 'kind')} {where}{name(item)}"
