"""What names mean: operating systems, providers, container images."""

import re
from collections.abc import Iterable

from orchestrator.snapshot.facts import NodeFacts

# How kubelet's `osImage`, the PRETTY_NAME of /etc/os-release, begins; the group is VERSION_ID.
OS_IMAGES = (
    ("ubuntu", r"Ubuntu (\d+\.\d+)"),
    ("amzn", r"Amazon Linux (\d+)"),
    ("cos", r"Container-Optimized OS from Google"),
    ("rhcos", r"Red Hat Enterprise Linux CoreOS"),
    ("rhel", r"Red Hat Enterprise Linux (\d+\.\d+)"),
    ("ol", r"Oracle Linux Server (\d+\.\d+)"),
    ("rocky", r"Rocky Linux (\d+\.\d+)"),
    ("talos", r"Talos \((v\d+\.\d+\.\d+)"),
    ("debian", r"Debian GNU/Linux (\d+)"),
)
# A cloud's provider ID alone may be of a cluster that somebody runs on its machines.
MANAGED = {
    "aws": ("eks", "eks.amazonaws.com/"),
    "gce": ("gke", "cloud.google.com/gke-"),
    "azure": ("aks", "kubernetes.azure.com/"),
}
ALWAYS_MANAGED = {"oci": "oke", "linode": "lke"}
EKS_VERSION = "-eks-"


def os_release(os_image: str) -> dict[str, str]:
    """The part of /etc/os-release that the name of an operating system tells."""
    found = {"PRETTY_NAME": os_image} if os_image else {}
    for identity, pattern in OS_IMAGES:
        if match := re.match(pattern, os_image, re.ASCII):
            found["ID"] = identity
            found |= {"VERSION_ID": match[1]} if match.groups() else {}
            break
    return found


def provider(facts: NodeFacts) -> str:
    """The managed service that a node belongs to, else the scheme of its provider ID."""
    if facts.provider_id.startswith("ocid1."):
        return "oke"
    scheme, separator, _ = facts.provider_id.partition("://")
    if not separator:
        return ""
    scheme = scheme.lower()
    service, label = MANAGED.get(scheme, ("", ""))
    managed = any(key.startswith(label) for key in facts.node.labels) if label else False
    if managed or (service == "eks" and EKS_VERSION in facts.kubelet):
        return service
    return ALWAYS_MANAGED.get(scheme, scheme)


def image_tags(references: Iterable[str]) -> dict[str, str]:
    """Tags by an image's last name; several of them sorted and joined by commas."""
    tags: dict[str, set[str]] = {}
    for reference in references:
        name, _, digest = reference.rpartition("/")[2].partition("@")
        name, _, tag = name.partition(":")
        # A digest alone is no `latest`: what it is called cannot be told.
        tags.setdefault(name, set()).add(tag or digest or "latest")
    return {name: ",".join(sorted(found)) for name, found in sorted(tags.items())}
