"""Which checks have diagnostics, and where those lie in the folder of a run."""

from orchestrator.outcome import Outcome, Status

FOLDER, ATTEMPT = "diagnostics", "attempt-"
UNWELL = (Status.FAILED, Status.OTHER)


def is_worth_it(outcome: Outcome) -> bool:
    """Whether anybody will ask what was going on."""
    return outcome.status in UNWELL


def folder_of(phase: str, check: str) -> str:
    """The folder with the files about a check, as a path in that of its run."""
    return f"{FOLDER}/{phase}.{check}"


def of_attempt(number: int) -> str:
    """What the names of files about an attempt begin with that another one followed."""
    return f"{ATTEMPT}{number}/"


def is_of_attempt(name: str) -> bool:
    """Whether a file is about such an attempt."""
    return name.startswith(ATTEMPT)
