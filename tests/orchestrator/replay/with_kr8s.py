"""What kr8s sees of the cluster of a kubeconfig, as JSON; a program, for kr8s never lets go."""

import json
import sys
from typing import Any

import kr8s
from kr8s.objects import ConfigMap, Job, Pod


def main(kubeconfig: str, job: str) -> None:
    """List, create, change, delete, wait, and read a log."""
    api: Any = kr8s.api(kubeconfig=kubeconfig)
    seen: dict[str, Any] = {"nodes": [found.name for found in api.get("nodes")]}

    made = ConfigMap({"metadata": {"name": "cm"}, "data": {"k": "v"}}, api=api)
    made.create()
    made.patch({"data": {"k": "w"}})
    seen["data"] = ConfigMap.get("cm", namespace="default", api=api).raw["data"]
    made.delete()
    seen["left"] = made.exists()

    work = Job(json.loads(job), api=api)
    work.create()
    work.wait("condition=Complete", timeout=30)
    pods = list(api.get("pods", label_selector="job-name=j"))
    seen["log"] = [list(Pod(pod.raw, api=api).logs()) for pod in pods]
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
