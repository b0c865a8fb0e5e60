"""What kubelet gives to a check beside its image: a recipe, and a file for the reason."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from docker.models.containers import Container

from helper import contract
from orchestrator import recipe
from tests.containers.clusters import readable
from tests.containers.engine import Ended, Image, ended
from tests.example import FOLDER

KUBECONFIG = "/kubeconfig"


@dataclass(frozen=True)
class Pod:
    """An image with the files of a pod; those of this machine lie in a folder."""

    image: Image
    folder: Path

    @property
    def kubeconfig(self) -> Path:
        """Mounted where it exists."""
        return self.folder / "kubeconfig"

    @property
    def message(self) -> str:
        """What stands in the termination log."""
        return (self.folder / "message").read_text()

    def run(self, *argv: str, **options: Any) -> Ended:
        """Run the first check, or what argv says, to its end."""
        with self.started(*argv, **options) as container:
            return ended(container)

    @contextmanager
    def started(
        self, *argv: str, env: Mapping[str, str] | None = None, **options: Any
    ) -> Iterator[Container]:
        """Start the first check, or what argv says."""
        message, given = self.folder / "message", self.folder / "recipe.yaml"
        message.touch()
        given.write_text(wanted())
        mounts = {
            readable(message): contract.TERMINATION_LOG,
            readable(given): contract.VALIDATION_FILE,
        }
        variables = dict(env or {})
        if self.kubeconfig.exists():
            mounts[self.kubeconfig] = KUBECONFIG
            variables["KUBECONFIG"] = KUBECONFIG
        argv = argv or (self.image.checks[0],)
        with self.image.started(*argv, mounts=mounts, env=variables, **options) as container:
            yield container


def wanted() -> str:
    """The example's recipe, with a threshold for each check that needs one to begin."""
    document = yaml.safe_load((FOLDER / "recipe.yaml").read_bytes())
    threshold = {"name": "nccl-all-reduce-bw", "value": ">= 300"}
    document["validation"]["performance"]["constraints"] = [threshold]
    return recipe.parse(yaml.safe_dump(document).encode(), "recipe.yaml").text
