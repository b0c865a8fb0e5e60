"""What is left of a run: objects of whatever kind that carry its label."""

import json
from collections.abc import Sequence

from helper import contract
from helper.errors import NotFound
from helper.kinds import Resource
from helper.kube import Kube
from helper.resource import Json, items, name, part, text
from orchestrator.sweep import place

# Everything that a server has in one answer each: https://kubernetes.io/docs/concepts/overview/kubernetes-api
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def left_behind(kube: Kube, run_id: str) -> list[str]:
    """All objects that carry the run's label, in the whole cluster."""
    selector = f"{contract.LABEL_RUN_ID}={run_id}"
    return [
        f"{resource.title} {place(item)}"
        for resource in listable(kube)
        for item in _listed(kube, resource, selector)
    ]


def _listed(kube: Kube, resource: Resource, selector: str) -> Sequence[Json]:
    try:
        return kube.list(resource, labels=selector)
    except NotFound:  # a test beside this one has just removed the kind
        return []


def listable(kube: Kube) -> Sequence[Resource]:
    """All kinds of objects that the server keeps, each in its preferred version."""
    return [
        _resource(name(group), text(version, "version"), item)
        for path in ("/api", "/apis")
        for group in items(json.loads(kube.request("GET", path, accept=DISCOVERY)), "items")
        for version in items(group, "versions")[:1]
        for item in items(version, "resources")
        if "list" in item["verbs"]
    ]


def _resource(group: str, version: str, item: Json) -> Resource:
    kind = text(part(item, "responseKind"), "kind")
    return Resource(group, version, item["resource"], kind, item["scope"] == "Namespaced")
