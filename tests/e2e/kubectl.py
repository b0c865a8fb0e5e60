"""The real kubectl, wherever this machine has one."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.needs import missing

# Where .ci/cluster builds it.
CACHE = Path(os.environ.get("CLUSTER_CACHE") or "~/.cache/aicr-cluster").expanduser()
TIMEOUT_S = 60


def command() -> list[str]:
    """Give the words that start kubectl."""
    found = shutil.which("kubectl")
    if found:
        return [found]
    built = sorted(CACHE.glob("*/kube"), key=lambda path: path.stat().st_mtime)
    if not built:
        missing("no kubectl in PATH, and none that .ci/cluster/build has built")
    return [str(built[-1]), "kubectl"]


@dataclass(frozen=True)
class Kubectl:
    """kubectl for one cluster and namespace."""

    kubeconfig: Path
    namespace: str
    is_replay: bool

    def __call__(self, *words: str, stdin: str = "") -> str:
        """Run a command that succeeds, and give what it prints."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fails(self, *words: str, stdin: str = "") -> str:
        """Run a command that fails, and give what it says."""
        done = self.run(*words, stdin=stdin)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command, whatever comes of it."""
        home = self.kubeconfig.parent
        env = {"KUBECONFIG": str(self.kubeconfig), "HOME": str(home), "PATH": os.environ["PATH"]}
        return subprocess.run(
            [*command(), "--namespace", self.namespace, *words],
            input=stdin,
            capture_output=True,
            text=True,
            env=env,
            timeout=TIMEOUT_S,
            check=False,
        )
