"""Runs a validation from a program: `python examples/embed.py [REPLAY_FOLDER]`.

An operator would connect to its own cluster; here a recorded one is served on localhost.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from helper.kube import Credentials, connect
from orchestrator import recipe
from orchestrator.embed import Validation
from orchestrator.events import CheckFinished
from orchestrator.replay import ReplayCluster
from orchestrator.session import built_in_catalog


def main(folder: Path) -> int:
    """Validate a recorded cluster; gives the exit code of the same command."""
    source = folder / "recipe.yaml"
    wanted = recipe.parse(source.read_bytes(), str(source))
    with ReplayCluster.load(folder).serve() as server, TemporaryDirectory() as temporary:
        kubeconfig = server.write_kubeconfig(Path(temporary, "kubeconfig"))
        kube = connect(Credentials(str(kubeconfig)), {})
        with Validation(built_in_catalog(), wanted, kube) as validation:
            validation.deploy()
            for event in validation.events():
                if isinstance(event, CheckFinished):
                    print(event.outcome.check, event.outcome.status)
            validation.wait()
            result = validation.result()
        kube.close()
    for phase in result.phases:
        print(phase.phase, phase.status)
    return int(result.exit)


if __name__ == "__main__":
    default = Path(__file__).parent / "eks-h100-inference"
    raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else default))
