"""Files that the operator names, read within bounds."""

from pathlib import Path

from helper.documents import MAX_BYTES
from orchestrator.errors import UsageError

UNREADABLE = (".table", ".txt")  # report formats of the reference that cannot be read back


def read(location: str, what: str) -> bytes:
    """Read one file; UsageError says which one and why not."""
    if "://" in location:
        scheme = location.partition("://")[0]
        raise UsageError(f"{what} {location}: {scheme}:// is not read by this version, give a file")
    path = Path(location)
    if path.suffix.lower() in UNREADABLE:
        raise UsageError(
            f"{what} {location}: a {path.suffix} file is for people; give YAML or JSON"
        )
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise UsageError(f"{what} {location}: no such file") from error
    except OSError as error:
        raise UsageError(f"{what} {location}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise UsageError(f"{what} {location}: larger than the {MAX_BYTES} bytes that are read")
    return data
