"""The documents by which clients find out what a cluster serves."""

import re
from collections.abc import Iterable

from helper.served import REPLAY
from orchestrator.replay.kinds import Served
from orchestrator.replay.objects import Json

_SUBRESOURCE_VERBS: dict[str, tuple[str, ...]] = {
    "status": ("get", "patch", "update"),
    "scale": ("get", "patch", "update"),
    "ephemeralcontainers": ("get", "patch", "update"),
    "log": ("get",),
    "exec": ("create", "get"),
    "attach": ("create", "get"),
    "portforward": ("create", "get"),
    "proxy": ("create", "delete", "get", "patch", "update"),
    "finalize": ("update",),
}
_SUBRESOURCE_KINDS = {  # kind, group and version where they differ from the parent's
    "attach": ("PodAttachOptions", "", ""),
    "binding": ("Binding", "", ""),
    "eviction": ("Eviction", "policy", "v1"),
    "exec": ("PodExecOptions", "", ""),
    "portforward": ("PodPortForwardOptions", "", ""),
    "scale": ("Scale", "autoscaling", "v1"),
    "token": ("TokenRequest", "authentication.k8s.io", "v1"),
}
_VERSION = re.compile(r"v(\d+)(?:(alpha|beta)(\d+))?")
_STABILITY = {"alpha": 0, "beta": 1, None: 2}


def version_rank(version: str) -> tuple[int, int, int, str]:
    """Sort key of API versions: v2 above v1 above v1beta2 above v1alpha1 above anything else."""
    match = _VERSION.fullmatch(version)
    if not match:
        return (-1, 0, 0, version)
    return (_STABILITY[match[2]], int(match[1]), int(match[3] or 0), "")


def version_document(server_version: str) -> Json:
    """Answer /version."""
    numbers = [*server_version.lstrip("v").split("."), "0"][:2]
    return {
        "major": numbers[0],
        "minor": numbers[1],
        "gitVersion": server_version,
        "gitCommit": REPLAY,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "replay",
        "platform": "linux/amd64",
    }


def core_versions(address: str) -> Json:
    """Answer /api."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def group_list(kinds: Iterable[Served], aggregated: Iterable[tuple[str, str]] = ()) -> Json:
    """Answer /apis; `aggregated` adds group and version of APIService objects."""
    groups: dict[str, set[str]] = {}
    for kind in kinds:
        if kind.resource.group:
            groups.setdefault(kind.resource.group, set()).add(kind.resource.version)
    for group, version in aggregated:
        groups.setdefault(group, set()).add(version)
    documents = [group_document(group, versions) for group, versions in groups.items()]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": documents}


def group_document(group: str, versions: Iterable[str]) -> Json:
    """Answer /apis/GROUP: versions with the preferred one first."""
    ordered = sorted(versions, key=version_rank, reverse=True)
    entries = [{"groupVersion": f"{group}/{v}", "version": v} for v in ordered]
    return {"name": group, "versions": entries, "preferredVersion": entries[0]}


def resource_list(kinds: Iterable[Served], group: str, version: str) -> Json:
    """Answer /api/v1 and /apis/GROUP/VERSION."""
    wanted = [k for k in kinds if (k.resource.group, k.resource.version) == (group, version)]
    entries = []
    for kind in sorted(wanted, key=lambda k: k.resource.plural):
        entries.append(_entry(kind))
        entries.extend(_subresource_entry(kind, name) for name in kind.subresources)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": entries,
    }


def _entry(kind: Served) -> Json:
    entry: Json = {
        "name": kind.resource.plural,
        "singularName": kind.singular,
        "namespaced": kind.resource.namespaced,
        "kind": kind.resource.kind,
        "verbs": list(kind.verbs),
    }
    if kind.short_names:
        entry["shortNames"] = list(kind.short_names)
    if kind.categories:
        entry["categories"] = list(kind.categories)
    return entry


def _subresource_entry(kind: Served, name: str) -> Json:
    own_kind, group, version = _SUBRESOURCE_KINDS.get(name, (kind.resource.kind, "", ""))
    if name == "proxy":
        own_kind = f"{kind.resource.kind}ProxyOptions"
    entry: Json = {
        "name": f"{kind.resource.plural}/{name}",
        "singularName": "",
        "namespaced": kind.resource.namespaced,
        "kind": own_kind,
        "verbs": list(_SUBRESOURCE_VERBS.get(name, ("create",))),
    }
    if group:
        entry |= {"group": group, "version": version}
    return entry
