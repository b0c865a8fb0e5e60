"""The Pod Security Standards, in their latest version and in the words of the API server.

The checks of k8s.io/pod-security-admission, in its order; annotations are not looked at.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from orchestrator.replay.objects import Json

BASELINE, RESTRICTED, PRIVILEGED = "baseline", "restricted", "privileged"


@dataclass(frozen=True)
class Violation:
    """What a pod has that its level forbids."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


def violations(level: str, spec: Json) -> list[Violation]:
    """Judge a pod's spec by a level."""
    checks = {BASELINE: _BASELINE, RESTRICTED: _RESTRICTED}.get(level, ())
    return [found for check in checks if (found := check(spec)) is not None]


def _containers(spec: Json) -> Iterator[Json]:
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or []


def _context(holder: Json) -> Json:
    return holder.get("securityContext") or {}


def _quoted(values: Iterable[str]) -> str:
    return ", ".join(f'"{value}"' for value in values)


def _many(word: str, values: list[str]) -> str:
    return f"{word}{'s' if len(values) != 1 else ''} {_quoted(values)}"


def _setters(spec: Json, is_bad: Callable[[Json], bool]) -> str:
    """Name the pod and the containers whose security context is bad; empty when none is."""
    named = [c["name"] for c in _containers(spec) if is_bad(_context(c))]
    parts = ["pod"] if is_bad(_context(spec)) else []
    return " and ".join([*parts, *([_many("container", named)] if named else [])])


def _must_set(spec: Json, what: str, field: str) -> str:
    """Demand what neither the pod nor some of its containers set; empty when all do."""
    if field in _context(spec):
        return ""
    missing = [c["name"] for c in _containers(spec) if field not in _context(c)]
    return f"pod or {_many('container', missing)} must set {what}" if missing else ""


def _app_armor(spec: Json) -> Violation | None:
    bad: set[str] = set()

    def is_bad(context: Json) -> bool:
        kind = (context.get("appArmorProfile") or {}).get("type", "RuntimeDefault")
        if kind in ("RuntimeDefault", "Localhost"):
            return False
        bad.add(kind)
        return True

    setters = _setters(spec, is_bad)
    plural = "s" if len(bad) > 1 else ""
    detail = f"{setters} must not set AppArmor profile type to {_quoted(sorted(bad))}"
    return Violation(f"forbidden AppArmor profile{plural}", detail) if setters else None


def _added(container: Json, allowed: frozenset[str]) -> set[str]:
    return set((_context(container).get("capabilities") or {}).get("add") or ()) - allowed


def _adding(spec: Json, allowed: frozenset[str]) -> str:
    adding = {c["name"]: added for c in _containers(spec) if (added := _added(c, allowed))}
    names = _quoted(sorted(set().union(*adding.values())))
    who = _many("container", list(adding))
    return f"{who} must not include {names} in securityContext.capabilities.add" if adding else ""


def _capabilities(spec: Json) -> Violation | None:
    detail = _adding(spec, _DEFAULT_CAPABILITIES)
    return Violation("non-default capabilities", detail) if detail else None


def _few_capabilities(spec: Json) -> Violation | None:
    keeping = [
        c["name"]
        for c in _containers(spec)
        if "ALL" not in ((_context(c).get("capabilities") or {}).get("drop") or ())
    ]
    must = 'must set securityContext.capabilities.drop=["ALL"]'
    details = [f"{_many('container', keeping)} {must}"] if keeping else []
    details += filter(None, [_adding(spec, frozenset({"NET_BIND_SERVICE"}))])
    return Violation("unrestricted capabilities", "; ".join(details)) if details else None


def _host_namespaces(spec: Json) -> Violation | None:
    fields = ("hostNetwork", "hostPID", "hostIPC")
    shared = [f"{field}=true" for field in fields if spec.get(field)]
    return Violation("host namespaces", ", ".join(shared)) if shared else None


def _host_paths(spec: Json) -> Violation | None:
    names = [v["name"] for v in spec.get("volumes") or [] if "hostPath" in v]
    return Violation("hostPath volumes", _many("volume", names)) if names else None


def _host_ports(spec: Json) -> Violation | None:
    used = {
        c["name"]: found
        for c in _containers(spec)
        if (found := {str(p["hostPort"]) for p in c.get("ports") or [] if p.get("hostPort")})
    }
    ports = sorted(set().union(*used.values()))
    use = "uses" if len(used) == 1 else "use"
    plural = "s" if len(ports) > 1 else ""
    detail = f"{_many('container', list(used))} {use} hostPort{plural} {', '.join(ports)}"
    return Violation("hostPort", detail) if used else None


def _privileged(spec: Json) -> Violation | None:
    names = [c["name"] for c in _containers(spec) if _context(c).get("privileged")]
    detail = f"{_many('container', names)} must not set securityContext.privileged=true"
    return Violation("privileged", detail) if names else None


def _seccomp(spec: Json) -> Violation | None:
    bad: set[str] = set()

    def is_bad(context: Json) -> bool:
        kind = (context.get("seccompProfile") or {}).get("type", "RuntimeDefault")
        if kind in ("RuntimeDefault", "Localhost"):
            return False
        bad.add(kind)
        return True

    setters = _setters(spec, is_bad)
    must = f"must not set securityContext.seccompProfile.type to {_quoted(sorted(bad))}"
    return Violation("seccompProfile", f"{setters} {must}") if setters else None


def _some_seccomp(spec: Json) -> Violation | None:
    what = 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
    missing = _must_set(spec, what, "seccompProfile")
    return _seccomp(spec) or (Violation("seccompProfile", missing) if missing else None)


def _sysctls(spec: Json) -> Violation | None:
    asked = [sysctl["name"] for sysctl in _context(spec).get("sysctls") or []]
    bad = [name for name in asked if name not in _SYSCTLS]
    return Violation("forbidden sysctls", ", ".join(bad)) if bad else None


def _escalation(spec: Json) -> Violation | None:
    field = "allowPrivilegeEscalation"
    names = [c["name"] for c in _containers(spec) if _context(c).get(field) is not False]
    detail = f"{_many('container', names)} must set securityContext.{field}=false"
    return Violation(f"{field} != false", detail) if names else None


def _volume_types(spec: Json) -> Violation | None:
    bad = {
        v["name"]: next(iter(sorted(set(v) - {"name"})), "unknown")
        for v in spec.get("volumes") or []
        if not _VOLUMES & set(v)
    }
    kinds = sorted(set(bad.values()))
    use = "uses" if len(bad) == 1 else "use"
    detail = f"{_many('volume', list(bad))} {use} {_many('restricted volume type', kinds)}"
    return Violation("restricted volume types", detail) if bad else None


def _non_root(spec: Json) -> Violation | None:
    setters = _setters(spec, lambda context: context.get("runAsNonRoot") is False)
    if setters:
        detail = f"{setters} must not set securityContext.runAsNonRoot=false"
    else:
        detail = _must_set(spec, "securityContext.runAsNonRoot=true", "runAsNonRoot")
    return Violation("runAsNonRoot != true", detail) if detail else None


def _root_user(spec: Json) -> Violation | None:
    setters = _setters(spec, lambda context: context.get("runAsUser") == 0)
    return Violation("runAsUser=0", f"{setters} must not set runAsUser=0") if setters else None


# fmt: off
_DEFAULT_CAPABILITIES = frozenset(
    (
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD",
        "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"
    )
)
_SYSCTLS = frozenset(
    (
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem"
    )
)
_VOLUMES = frozenset(
    (
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image",
        "persistentVolumeClaim", "projected", "secret"
    )
)
# fmt: on
_BASELINE = (
    _app_armor,
    _capabilities,
    _host_namespaces,
    _host_paths,
    _host_ports,
    _privileged,
    _seccomp,
    _sysctls,
)
_OVERRIDDEN = (_capabilities, _host_paths, _seccomp)
_RESTRICTED = (
    *(check for check in _BASELINE if check not in _OVERRIDDEN),
    _escalation,
    _few_capabilities,
    _volume_types,
    _non_root,
    _root_user,
    _some_seccomp,
)
