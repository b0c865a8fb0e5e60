"""`--delete-namespace`: the run's namespace goes with the run that made it, if nobody uses it."""

from collections.abc import Sequence

from helper.errors import CannotTell
from helper.kinds import (
    CONFIG_MAPS,
    CRON_JOBS,
    DAEMON_SETS,
    DEPLOYMENTS,
    JOBS,
    LEASES,
    NAMESPACES,
    PERSISTENT_VOLUME_CLAIMS,
    PODS,
    REPLICA_SETS,
    ROLE_BINDINGS,
    ROLES,
    SECRETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    STATEFUL_SETS,
)
from helper.kube import METADATA_LIST, Kube
from helper.resource import is_being_deleted, name

# What people and programs keep in a namespace; events are no content.
CONTENT = (
    PODS,
    JOBS,
    CRON_JOBS,
    DEPLOYMENTS,
    DAEMON_SETS,
    STATEFUL_SETS,
    REPLICA_SETS,
    SERVICES,
    PERSISTENT_VOLUME_CLAIMS,
    CONFIG_MAPS,
    SECRETS,
    SERVICE_ACCOUNTS,
    ROLES,
    ROLE_BINDINGS,
    LEASES,
)
# Kubernetes puts these into every namespace.
EVERYWHERE = {(CONFIG_MAPS, "kube-root-ca.crt"), (SERVICE_ACCOUNTS, "default")}


def remove(kube: Kube, namespace: str, uid: str) -> str:
    """Delete an empty namespace, only if it is still the one of `uid`; else says why it stays."""
    try:
        content = _content(kube, namespace)
        if content:
            return f"namespace {namespace} stays, it holds {', '.join(content)}"
        kube.delete(NAMESPACES, namespace, uid=uid)
    except CannotTell as error:
        return f"namespace {namespace} stays: {error}"
    return ""


def _content(kube: Kube, namespace: str) -> Sequence[str]:
    """The objects of a namespace that would be lost with it, a few of each kind."""
    return [
        f"{resource.title} {name(item)}"
        for resource in CONTENT
        for item in kube.page(resource, namespace, accept=METADATA_LIST).items
        if (resource, name(item)) not in EVERYWHERE and not is_being_deleted(item)
    ]
