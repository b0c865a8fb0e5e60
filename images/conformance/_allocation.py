"""How a cluster hands out GPUs: facts of both mechanisms, and whether a policy fits them.

There is never a fallback: a recipe that names one mechanism is not served by the other.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from helper.findings import some
from helper.models import Policy
from helper.nodes import GPU, Node, gpu_nodes, judged
from helper.resource import Json, items, name, text
from images.conformance._slices import WHOLE_GPU, Slice, usable_devices

GPU_DRIVER = "gpu.nvidia.com"  # driver and DeviceClass have the same name
DRIVERS = frozenset({GPU_DRIVER, "compute-domain.nvidia.com"})  # of the one kubelet plugin
VENDOR_SUFFIX = ".nvidia.com"
NODES_SHOWN = 8
# Forms of CEL that say which devices a class is for.
QUOTED = re.compile(r"""['"]([^'"]+)['"]""")
DRIVER_IS = re.compile(rf"""device\.driver\s*==\s*{QUOTED.pattern}""")
DRIVER_IS_NOT = re.compile(rf"""device\.driver\s*!=\s*{QUOTED.pattern}""")
DRIVER_IN = re.compile(r"""device\.driver\s+in\s*\[([^\]]*)\]""")
DOMAIN = re.compile(rf"""device\.(?:attributes|capacity)\[{QUOTED.pattern}\]""")
COMMON_DOMAIN = "resource.kubernetes.io"  # of attributes that devices of all drivers have
NEGATED = re.compile(r"""!\s*\(""")
TYPE_IS = re.compile(rf"""\.type\s*==\s*{QUOTED.pattern}""")


@dataclass(frozen=True)
class Mode:
    """What the cluster offers, mechanism by mechanism."""

    plugin_devices: Mapping[str, int] = field(default_factory=dict)  # by node
    claim_devices: Mapping[str, int] = field(default_factory=dict)  # whole GPUs, by node
    bare_nodes: tuple[str, ...] = ()  # GPU nodes that can be judged and offer none by the plugin
    has_gpu_class: bool = False
    extended_classes: Mapping[str, str] = field(default_factory=dict)  # class: extended resource

    @property
    def plugin_usable(self) -> bool:
        """Whether the device plugin offers a GPU on a node that can be judged."""
        return bool(self.plugin_devices)

    @property
    def claims_usable(self) -> bool:
        """Whether a ResourceClaim can get a whole GPU."""
        return self.has_gpu_class and bool(self.claim_devices)

    @property
    def dual_nodes(self) -> list[str]:
        """Nodes whose GPUs are offered twice."""
        return sorted(set(self.plugin_devices) & set(self.claim_devices))

    @property
    def claims_detail(self) -> str:
        """Why claims can or cannot be served."""
        if self.claims_usable:
            return _per_node(self.claim_devices) + "; selectors of the class are not evaluated"
        if self.claim_devices:
            offered = _per_node(self.claim_devices)
            return (
                f"half installed: DeviceClass {GPU_DRIVER} is missing, devices are there, {offered}"
            )
        missing = "" if self.has_gpu_class else f", nor is there a DeviceClass {GPU_DRIVER}"
        return f"no node offers a usable device of type {WHOLE_GPU}{missing}"

    def lines(self) -> list[str]:
        """The whole of it, for evidence and messages."""
        plugin = _per_node(self.plugin_devices) or "no node has allocatable GPUs"
        extended = ", ".join(f"{key} as {value}" for key, value in self.extended_classes.items())
        return [
            f"device plugin: {'usable' if self.plugin_usable else 'not usable'}, {plugin}",
            f"DRA claims: {'usable' if self.claims_usable else 'not usable'}, {self.claims_detail}",
            f"DeviceClasses with an extended resource: {extended or 'none'}",
            f"nodes that offer GPUs twice: {', '.join(self.dual_nodes) or 'none'}",
            "taints of nodes are not evaluated",
        ]


def inspect(nodes: Sequence[Node], slices: Sequence[Slice], classes: Sequence[Json]) -> Mode:
    """Derive the mode from nodes, slices and DeviceClasses."""
    extended = {name(item): text(item, "spec", "extendedResourceName") for item in classes}
    return Mode(
        plugin_devices={node.name: node.gpus for node in nodes if node.gpus and not node.left_out},
        bare_nodes=tuple(node.name for node in judged(gpu_nodes(nodes)) if not node.gpus),
        claim_devices=usable_devices(slices, nodes, GPU_DRIVER, WHOLE_GPU),
        has_gpu_class=any(name(item) == GPU_DRIVER for item in classes),
        extended_classes={key: value for key, value in extended.items() if value},
    )


def verify(policy: Policy, mode: Mode) -> str:
    """Why the cluster cannot serve the policy; empty when it can."""
    if policy == Policy.DEVICE_PLUGIN and not mode.plugin_usable:
        return (
            "policy device-plugin-extended-resource, but no node that can be judged has "
            f"allocatable {GPU} (DRA claims: {mode.claims_detail}); check the device plugin's pods"
        )
    if policy == Policy.DEVICE_PLUGIN and mode.bare_nodes:
        total = len(mode.bare_nodes) + len(mode.plugin_devices)
        shown = ", ".join(mode.bare_nodes[:NODES_SHOWN])
        return (
            f"policy device-plugin-extended-resource, but {len(mode.bare_nodes)} of {total} GPU "
            f"nodes have no allocatable {GPU} ({shown}); check the device plugin's pods there"
        )
    if policy in (Policy.DRA_CLAIM, Policy.DRA_EXTENDED) and not mode.claims_usable:
        return (
            f"policy {policy}, but claims cannot get a whole GPU: {mode.claims_detail}; "
            "check that the driver runs with resources.gpus.enabled"
        )
    if policy == Policy.DRA_EXTENDED and not mode.extended_classes:
        return (
            f"policy {policy}, but no DeviceClass has an extendedResourceName (want {GPU}); "
            f"set it on DeviceClass {GPU_DRIVER}"
        )
    return ""


def class_problem(devices: Iterable[tuple[str, str]], classes: Sequence[Json]) -> str:
    """Which devices, by driver and type, no DeviceClass can select; empty when each has a class.

    A claim names a class, so devices without one cannot be asked for.
    """
    wanted = sorted(set(devices))
    served = {key for key in wanted if any(_may_select(item, *key) for item in classes)}
    orphans = dict.fromkeys(
        f"{driver} of type {kind}" if kind and any(item[0] == driver for item in served) else driver
        for driver, kind in wanted
        if (driver, kind) not in served
    )
    if not orphans:
        return ""
    names = some([name(item) for item in classes]) or "none"
    return (
        f"no DeviceClass selects devices of {', '.join(orphans)}, so that nobody can claim one "
        f"(want one for each driver and type; DeviceClasses here: {names}); install the driver's "
        "chart in full, see kubectl get deviceclasses"
    )


def _may_select(item: Json, driver: str, kind: str) -> bool:
    """Whether a class may admit devices; its CEL selectors, all of which must hold, are read only.

    What none of the forms below says is left open.
    """
    for selector in items(item, "spec", "selectors"):
        words = text(selector, "cel", "expression")
        if NEGATED.search(words):
            continue
        listed = {item for found in DRIVER_IN.findall(words) for item in QUOTED.findall(found)}
        named = {*DRIVER_IS.findall(words), *DOMAIN.findall(words), *listed} - {COMMON_DOMAIN}
        if (named and driver not in named) or driver in DRIVER_IS_NOT.findall(words):
            return False
        kinds = TYPE_IS.findall(words)
        if kind and kinds and kind not in kinds:
            return False
    return True


def _per_node(devices: Mapping[str, int]) -> str:
    shown = [f"{node}: {devices[node]}" for node in sorted(devices)[:NODES_SHOWN]]
    more = len(devices) - len(shown)
    return ", ".join(shown) + (f" and {more} more nodes" if more > 0 else "")
