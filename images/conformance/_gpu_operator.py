"""What a GPU operator's own custom resource says: its state, and the operands it must run.

Sources: gpu-operator, api/nvidia/v1/clusterpolicy_types.go (each operand's `IsEnabled`),
controllers/state_manager.go (`isStateEnabled`), api/nvidia/v1alpha1/gpucluster_types.go.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from helper.findings import brief, some
from helper.health import deletion
from helper.resource import (
    Json,
    condition,
    is_being_deleted,
    items,
    labels,
    name,
    number,
    part,
    text,
)

OWNERS = frozenset({"ClusterPolicy", "GPUCluster", "NVIDIADriver"})
# Reasons of a condition (internal/conditions) that a state alone does not tell.
NO_GPU_NODES = "NoGPUNodes"  # the state is ready then
NO_LABELS = "NFDLabelsMissing"  # and in some releases then, too


@dataclass(frozen=True)
class Policy:
    """One ClusterPolicy or GPUCluster."""

    kind: str
    name: str
    state: str
    reason: str = ""  # of the condition that explains the state
    message: str = ""
    against: str = ""  # conditions that say that it is not ready
    behind: str = ""  # which generation the status is of, when it is an older one

    @property
    def is_ignored(self) -> bool:
        """The operator follows one object of a kind and marks all others."""
        return self.state == "ignored"

    @property
    def title(self) -> str:
        """As messages name it."""
        return f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Operand:
    """Something that the operator runs on GPU nodes."""

    setting: str  # the part of the custom resource that asks for it
    names: tuple[str, ...]  # DaemonSets that do the work, one of them at least
    is_prefix: bool = False  # one DaemonSet an operating system or kernel, with its name appended
    label: str = ""  # of nodes that want it, after `nvidia.com/gpu.deploy.`


DEVICE_PLUGIN, MIG_MANAGER = "devicePlugin", "migManager"
# In ClusterPolicy: setting, what an absent `enabled` means, names.
CLUSTER_POLICY_OPERANDS = (
    (True, Operand("driver", ("nvidia-driver-daemonset",), is_prefix=True, label="driver")),
    (True, Operand("toolkit", ("nvidia-container-toolkit-daemonset",), label="container-toolkit")),
    (True, Operand(DEVICE_PLUGIN, ("nvidia-device-plugin-daemonset",), label="device-plugin")),
    (True, Operand("dcgm", ("nvidia-dcgm",), label="dcgm")),
    (True, Operand("dcgmExporter", ("nvidia-dcgm-exporter",), label="dcgm-exporter")),
    (True, Operand("gfd", ("gpu-feature-discovery",), label="gpu-feature-discovery")),
    (True, Operand(MIG_MANAGER, ("nvidia-mig-manager",), label="mig-manager")),
    (
        False,
        Operand(
            "nodeStatusExporter", ("nvidia-node-status-exporter",), label="node-status-exporter"
        ),
    ),
)
# Cannot be turned off.
VALIDATOR = Operand("validator", ("nvidia-operator-validator",), label="operator-validator")
DRA_DRIVER = Operand("draDriver", ("nvidia-dra-driver-kubelet-plugin",))  # nor can this one
# In GPUCluster; newer operators add -dra, so that names differ from ClusterPolicy's.
GPU_CLUSTER_OPERANDS = (
    (False, Operand("dcgm", ("nvidia-dcgm", "nvidia-dcgm-dra"))),
    (True, Operand("dcgmExporter", ("nvidia-dcgm-exporter", "nvidia-dcgm-exporter-dra"))),
)


def parse_policy(obj: Json) -> Policy:
    """The state of a custom resource, and the condition that explains it."""
    ready, error = condition(obj, "Ready") or {}, condition(obj, "Error") or {}
    explaining = error if error.get("status") == "True" else ready
    bad = [("Ready", ready)] if ready and ready.get("status") != "True" else []
    bad += [("Error", error)] if error.get("status") == "True" else []
    state = text(obj, "status", "state")
    return Policy(
        kind=text(obj, "kind"),
        name=name(obj),
        state=deletion(obj) if is_being_deleted(obj) else state,
        reason=text(explaining, "reason"),
        message=brief(text(explaining, "message")),
        against=" and ".join(f"{kind}={text(found, 'status')}" for kind, found in bad),
        behind=_behind(obj, explaining),
    )


def _behind(obj: Json, explaining: Json) -> str:
    """Which older generation the status is of; empty when it is current or does not tell."""
    generation = number(obj, "metadata", "generation") or 0
    told = [number(obj, "status", "observedGeneration"), number(explaining, "observedGeneration")]
    seen = min((item for item in told if item is not None), default=generation)
    return f"generation {seen} of {generation}" if seen < generation else ""


def expected_operands(obj: Json) -> list[Operand]:
    """The operands that a ClusterPolicy or GPUCluster asks for."""
    if text(obj, "kind") == "GPUCluster":
        return [DRA_DRIVER, *_enabled(obj, GPU_CLUSTER_OPERANDS)]
    operands = _enabled(obj, CLUSTER_POLICY_OPERANDS)
    if part(obj, "spec", "driver").get("useNvidiaDriverCRD") is True:
        # Drivers come from NVIDIADriver objects then; their DaemonSets are judged where they exist.
        operands = [operand for operand in operands if operand.setting != "driver"]
    return [*operands, VALIDATOR]


def wants_controller(obj: Json) -> bool:
    """Whether a GPUCluster asks for the compute-domain controller, a Deployment."""
    path = ("spec", "draDriver", "computeDomains")
    return text(obj, "kind") == "GPUCluster" and part(obj, *path).get("enabled") is True


def implements(daemon_set: Json, operand: Operand) -> bool:
    """Whether a DaemonSet is the operand, by its `app` label or name."""
    found = {name(daemon_set), labels(daemon_set).get("app", "")}
    if operand.is_prefix:
        return any(item.startswith(operand.names) for item in found)
    return bool(found & set(operand.names))


def is_operand(daemon_set: Json, expected: Iterable[Operand]) -> bool:
    """Whether the GPU operator runs this DaemonSet; its namespace may hold others."""
    owners = {text(owner, "kind") for owner in items(daemon_set, "metadata", "ownerReferences")}
    return bool(owners & OWNERS) or any(implements(daemon_set, operand) for operand in expected)


def state_problem(policy: Policy, gpu_nodes: int) -> str:
    """Why a custom resource is not ready, or ready without reason; empty when it is well."""
    see = f"see kubectl describe {policy.kind.lower()} {policy.name}"
    why = ": ".join(item for item in (policy.reason, policy.message) if item)
    told = f", {why}; {see}" if why else f"; {see}"
    if not policy.state:
        return (
            f"{policy.title} has no status.state (want ready): the operator has not reconciled it; "
            "see the operator's log"
        )
    if policy.state != "ready":
        return f"{policy.title} is {policy.state} (want ready){told}"
    if policy.behind:
        return (
            f"{policy.title} is ready, but by a status of {policy.behind} (want the newest): the "
            "operator has not reconciled the last change; see the operator's log"
        )
    if policy.reason == NO_LABELS or (policy.reason == NO_GPU_NODES and gpu_nodes):
        return (
            f"{policy.title} is ready but the operator sees no GPU node of {gpu_nodes}, {why}; "
            "check that node feature discovery runs and labels the nodes"
        )
    if policy.against:
        return (
            f"{policy.title} contradicts itself: status.state is ready, but condition "
            f"{policy.against} (want both to say ready){told}"
        )
    return ""


def rivals(active: Sequence[Policy]) -> str:
    """Say that several custom resources of a kind are ready at once; empty when none are."""
    ready = [policy for policy in active if policy.state == "ready"]
    for kind in dict.fromkeys(policy.kind for policy in ready):
        names = [policy.name for policy in ready if policy.kind == kind]
        if len(names) > 1:
            return (
                f"{len(names)} objects of kind {kind} are ready at once: {some(names)} (want one: "
                "the operator follows one and marks all others as ignored); delete those that are "
                "not meant, see the operator's log"
            )
    return ""


def only_waits_for_pods(policy: Policy) -> bool:
    """Whether pods alone, perhaps those of nodes that cannot be judged, keep it from ready."""
    if policy.behind:
        return False
    if policy.state == "notReady":
        return not policy.reason or policy.reason.endswith("NotReady")
    return policy.state == "ready" and bool(policy.against) and policy.reason.endswith("NotReady")


def may_settle(policy: Policy) -> bool:
    """Whether the operator is still at work on a custom resource, as far as that tells."""
    return bool(policy.behind) or only_waits_for_pods(policy)


def _enabled(obj: Json, operands: Iterable[tuple[bool, Operand]]) -> list[Operand]:
    found = []
    for default, operand in operands:
        enabled = part(obj, "spec", operand.setting).get("enabled")
        if enabled if isinstance(enabled, bool) else default:
            found.append(operand)
    return found
