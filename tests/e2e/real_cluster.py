"""The cluster that KUBECONFIG names, and what tests may leave in it: nothing."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from helper import contract
from helper.credentials import Credentials
from helper.deadline import Deadline, NotYet
from helper.errors import CannotTell, DeadlineError
from helper.kinds import NAMESPACES, NODES, SERVICE_ACCOUNTS
from helper.kube import Kube, connect
from helper.resource import Json, name
from tests.needs import missing

ROOT = Path(__file__).parent.parent.parent
REGISTRY = "ghcr.io/aicr-orch"
APPEARS_S = 30.0  # a namespace gets its ServiceAccount
# Images are loaded before the tests begin; kubelet lists them every 30 s and reports every 10 s.
IMAGES_APPEAR = Deadline.after(90.0)
DISAPPEARS_S = 300.0
ANSWERS_S, PATIENCE_S = 2.0, 60.0  # a cluster that is there may be busy, or restart


def connect_to_real_cluster() -> Kube:
    """Connect to the cluster of KUBECONFIG; the caller closes the connection."""
    kubeconfig = os.environ.get("KUBECONFIG", "")
    if not any(Path(path).is_file() for path in kubeconfig.split(":")):
        missing(f"no cluster: KUBECONFIG is {kubeconfig!r}; `make cluster-up` starts one")
    kube = connect(Credentials(kubeconfig), {}, patience_s=ANSWERS_S)
    try:
        kube.server_version()
    except CannotTell as error:
        kube.close()
        missing(
            f"the cluster of KUBECONFIG {kubeconfig} does not answer: {error}; "
            "ours starts anew with `make cluster-down cluster-up`"
        )
    return kube.patient(PATIENCE_S)


@contextmanager
def temporary_namespace(kube: Kube, run_id: str) -> Iterator[str]:
    """Have a namespace for one test, and begin to delete it afterwards."""
    namespace = f"aicr-e2e-{secrets.token_hex(4)}"
    labels = {contract.LABEL_RUN_ID: run_id, contract.LABEL_MANAGED_BY: "aicr-e2e"}
    metadata = {"name": namespace, "labels": labels}
    kube.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    try:
        Deadline.after(APPEARS_S).poll(
            "its ServiceAccount", lambda: kube.find(SERVICE_ACCOUNTS, "default", namespace), 0.1
        )
        yield namespace
    finally:
        kube.delete(NAMESPACES, namespace)


def wait_until_clean(kube: Kube, run_id: str) -> None:
    """Wait until no namespace of this run is left; all of them end at the same time."""

    def probe() -> bool:
        left = kube.list(NAMESPACES, labels=f"{contract.LABEL_RUN_ID}={run_id}")
        if left:
            raise NotYet(", ".join(map(name, left)))
        return True

    Deadline.after(DISAPPEARS_S).poll("the tests' namespaces to go", probe, 0.2)


def built_image(kube: Kube, phase: str) -> str:
    """Give the image of this commit, or of AICR_E2E_IMAGE_TAG, that a node of the cluster holds."""
    tag = os.environ.get("AICR_E2E_IMAGE_TAG") or f"sha-{commit()}"
    return require_image(kube, f"{REGISTRY}/validator-{phase}:{tag}")


def require_image(kube: Kube, image: str) -> str:
    """Give an image that a node of the cluster holds."""
    try:
        return IMAGES_APPEAR.poll(image, lambda: image if image in _images_on_nodes(kube) else None)
    except DeadlineError:
        missing(f"no node holds {image}: `make images cluster-load` gives it to them")


def _images_on_nodes(kube: Kube) -> set[str]:
    nodes: list[Json] = kube.list(NODES)
    entries = [entry for node in nodes for entry in node["status"].get("images", [])]
    return {image for entry in entries for image in entry.get("names") or []}  # of untagged: null


def is_kind(kube: Kube) -> bool:
    """Whether the nodes are containers of kind."""
    nodes: list[Json] = kube.list(NODES)
    return any(node["spec"].get("providerID", "").startswith("kind://") for node in nodes)


def main() -> None:
    """End with what to do where tests would find no cluster, or none with this commit's images."""
    try:
        kube = connect_to_real_cluster()
        built_image(kube, "e2e-act")
    except (pytest.skip.Exception, pytest.fail.Exception) as error:
        raise SystemExit(f"no end-to-end tests: {error}") from None
    kube.close()


def commit() -> str:
    """Give the commit that the checkout is at; images carry it as their tag."""
    asked = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return asked.stdout.strip()


if __name__ == "__main__":
    main()
