"""Runs a validation from a program: `python examples/embed.py [REPLAY_FOLDER]`.

An operator would connect to its own cluster; here a recorded one is served on localhost.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from helper.credentials import Credentials
from helper.kube import connect
from orchestrator import catalog, plan, recipe
from orchestrator.events import CheckFinished
from orchestrator.replay import ReplayCluster
from orchestrator.run import Run


def main(folder: Path) -> int:
    """Validate a recorded cluster; gives the exit code of the same command."""
    source = folder / "recipe.yaml"
    wanted = recipe.parse(source.read_bytes(), str(source))
    with ReplayCluster.load(folder).serve() as server, TemporaryDirectory() as temporary:
        kubeconfig = server.write_kubeconfig(Path(temporary, "kubeconfig"))
        kube = connect(Credentials(str(kubeconfig)), {})
        with Run(plan.build(catalog.built_in(), wanted.input), wanted, kube) as run:
            run.deploy()
            for event in run.events():
                if isinstance(event, CheckFinished):
                    print(event.outcome.check, event.outcome.status)
            run.wait()
            result = run.result()
        kube.close()
    for phase in result.phases:
        print(phase.phase, phase.status)
    return int(result.exit)


if __name__ == "__main__":
    default = Path(__file__).parent / "eks-h100-inference"
    raise SystemExit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else default))
