"""Pods and Jobs to create; none of them ever runs."""

from typing import Any

from tests.contract.http import Json

NOWHERE = {"no": "node"}


def container(name: str = "c", **fields: Any) -> Json:
    return {"name": name, "image": "example.com/none:v1", **fields}


def pod(name: str = "p", *containers: Json, **spec: Any) -> Json:
    made = {"restartPolicy": "Never", "containers": list(containers) or [container()], **spec}
    return {"metadata": {"name": name}, "spec": made}


def job(name: str = "j", *containers: Json, **spec: Any) -> Json:
    template = {"spec": pod("", *containers, nodeSelector=NOWHERE, **spec)["spec"]}
    return {"metadata": {"name": name}, "spec": {"template": template}}
