"""What is left: of a run objects of whatever kind that carry its label, of tests what they made."""

import json
import re
from collections.abc import Iterable, Sequence

from helper import contract
from helper.errors import NotFound
from helper.kinds import NAMESPACES, Resource
from helper.kube import Kube
from helper.resource import Json, is_being_deleted, items, labels, name, namespace, part, text
from orchestrator.sweep import place

# Everything that a server has in one answer each: https://kubernetes.io/docs/concepts/overview/kubernetes-api
DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# What tests call namespaces and other objects that are in none.
OURS = re.compile(r"(aicr-)?(e2e|contract|kubectl)-|.*\.(aicr-)?(contract|scale)(\.example\.com)?$")
FOLLOW = frozenset({"apiservices.apiregistration.k8s.io"})  # definitions, a little later


def left_behind(kube: Kube, run_id: str) -> list[str]:
    """All objects that carry the run's label, in the whole cluster."""
    selector = f"{contract.LABEL_RUN_ID}={run_id}"
    return [
        f"{resource.title} {place(item)}"
        for resource in listable(kube)
        for item in _listed(kube, resource, selector)
    ]


def abandoned(kube: Kube, resources: Iterable[Resource]) -> list[str]:
    """All objects of runs and of tests that nobody has begun to delete."""
    ending = {name(item) for item in kube.list(NAMESPACES) if is_being_deleted(item)}
    return [
        f"{resource.title} {place(item)}"
        for resource in resources
        if resource.title not in FOLLOW
        # Of what is in a namespace only runs' objects count: tests remove theirs with it.
        for item in _listed(kube, resource, contract.LABEL_RUN_ID if resource.namespaced else "")
        if not is_being_deleted(item) and namespace(item) not in ending
        if contract.LABEL_RUN_ID in labels(item) or OURS.match(name(item))
    ]


def _listed(kube: Kube, resource: Resource, selector: str) -> Sequence[Json]:
    try:
        return kube.list(resource, labels=selector)
    except NotFound:  # a test beside this one has just removed the kind
        return []


def listable(kube: Kube) -> Sequence[Resource]:
    """All kinds of objects that the server keeps, each in its preferred version."""
    found = [
        _resource(name(group), text(version, "version"), item)
        for path in ("/api", "/apis")
        for group in items(json.loads(kube.request("GET", path, accept=DISCOVERY)), "items")
        for version in items(group, "versions")[:1]
        for item in items(version, "resources")
        if "list" in item["verbs"]
    ]
    assert found, f"{kube.server} does not tell all that it serves in one answer"
    return found


def _resource(group: str, version: str, item: Json) -> Resource:
    kind = text(part(item, "responseKind"), "kind")
    return Resource(group, version, item["resource"], kind, item["scope"] == "Namespaced")
