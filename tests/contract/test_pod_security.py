"""Pod security by the labels of a namespace: refusals and warnings."""

from typing import Any

import pytest

from tests.contract.conftest import eventually
from tests.contract.http import MERGE, Json, Server
from tests.contract.pods import NOWHERE, container, job, pod

LABEL = "pod-security.kubernetes.io/"
ESCALATION = (
    'allowPrivilegeEscalation != false (container "c" must set '
    'securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" '
    'must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container '
    '"c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must '
    'set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'
)
HARMLESS = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
UNPRIVILEGED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def label(server: Server, home: str, **modes: str) -> Any:
    """Give a namespace levels; what enters it from now on is judged by them."""
    reply = server.call("PATCH", home, labels(**modes), media=MERGE)

    def counts() -> bool:
        probe = server.post(f"{home}/pods?dryRun=All", pod("probe", hostNetwork=True))
        return probe.status == 403 or bool(probe.warnings)

    if reply.status == 200 and {"enforce", "warn"} & modes.keys():
        eventually(counts)
    return reply


def labels(**modes: str) -> Json:
    """A patch that gives a namespace levels."""
    given = {f"{LABEL}{mode.replace('_', '-')}": level for mode, level in modes.items()}
    return {"metadata": {"labels": given}}


def refusal(server: Server, home: str, level: str, body: Json) -> str:
    """Give in which words a level refuses a pod; empty when it does not."""
    assert label(server, home, enforce=level).status == 200
    reply = server.post(f"{home}/pods?dryRun=All", body)
    if reply.status == 201:
        return ""
    assert (reply.status, reply.body["reason"]) == (403, "Forbidden"), reply
    start = f'pods "p" is forbidden: violates PodSecurity "{level}:latest": '
    assert reply.message.startswith(start)
    return reply.message.removeprefix(start)


def test_a_plain_pod_is_baseline(server: Server, home: str) -> None:
    assert refusal(server, home, "baseline", pod()) == ""


def test_a_plain_pod_is_not_restricted(server: Server, home: str) -> None:
    assert refusal(server, home, "restricted", pod()) == ESCALATION


def test_a_careful_pod_is_restricted(server: Server, home: str) -> None:
    made = pod("p", container(securityContext=HARMLESS), securityContext=UNPRIVILEGED)

    assert refusal(server, home, "restricted", made) == ""


def context(**fields: Any) -> Json:
    return {"securityContext": fields}


@pytest.mark.parametrize(
    ("spec", "fields", "words"),
    [
        (
            {"hostNetwork": True, "hostPID": True, "hostIPC": True},
            {},
            "host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)",
        ),
        (
            {},
            context(privileged=True),
            'privileged (container "c" must not set securityContext.privileged=true)',
        ),
        (
            {},
            context(capabilities={"add": ["SYS_ADMIN", "NET_ADMIN", "CHOWN"]}),
            (
                'non-default capabilities (container "c" must not include "NET_ADMIN", "SYS_ADMIN" '
                "in securityContext.capabilities.add)"
            ),
        ),
        (
            {"volumes": [{"name": n, "hostPath": {"path": "/"}} for n in ("v", "w")]},
            {},
            'hostPath volumes (volumes "v", "w")',
        ),
        (
            {},
            {"ports": [{"containerPort": 80, "hostPort": 80}]},
            'hostPort (container "c" uses hostPort 80)',
        ),
        (
            {"securityContext": {"sysctls": [{"name": "kernel.msgmax", "value": "1"}]}},
            {},
            "forbidden sysctls (kernel.msgmax)",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Unconfined"}}},
            context(seccompProfile={"type": "Unconfined"}),
            (
                'seccompProfile (pod and container "c" must not set '
                'securityContext.seccompProfile.type to "Unconfined")'
            ),
        ),
        (
            {},
            context(appArmorProfile={"type": "Unconfined"}),
            (
                'forbidden AppArmor profile (container "c" must not set AppArmor profile type to '
                '"Unconfined")'
            ),
        ),
    ],
)
def test_baseline_forbids(server: Server, home: str, spec: Json, fields: Json, words: str) -> None:
    assert refusal(server, home, "baseline", pod("p", container(**fields), **spec)) == words


@pytest.mark.parametrize(
    ("spec", "fields", "words"),
    [
        (
            {"volumes": [{"name": "v", "nfs": {"server": "s", "path": "/"}}]},
            HARMLESS,
            'restricted volume types (volume "v" uses restricted volume type "nfs")',
        ),
        (
            {},
            {**HARMLESS, "runAsUser": 0},
            'runAsUser=0 (container "c" must not set runAsUser=0)',
        ),
        (
            {},
            {**HARMLESS, "runAsNonRoot": False},
            'runAsNonRoot != true (container "c" must not set securityContext.runAsNonRoot=false)',
        ),
        (
            {},
            {**HARMLESS, "capabilities": {"drop": ["ALL"], "add": ["CHOWN"]}},
            (
                'unrestricted capabilities (container "c" must not include "CHOWN" in '
                "securityContext.capabilities.add)"
            ),
        ),
    ],
)
def test_restricted_forbids_more(
    server: Server, home: str, spec: Json, fields: Json, words: str
) -> None:
    made = pod("p", container(securityContext=fields), securityContext=UNPRIVILEGED, **spec)

    assert refusal(server, home, "restricted", made) == words


def test_names_all_containers(server: Server, home: str) -> None:
    made = pod("p", *(container(name, **context(privileged=True)) for name in "ab"))

    assert refusal(server, home, "baseline", made) == (
        'privileged (containers "a", "b" must not set securityContext.privileged=true)'
    )


def test_warns_where_it_does_not_refuse(server: Server, home: str) -> None:
    label(server, home, warn="restricted")
    reply = server.post(f"{home}/pods?dryRun=All", pod())
    escaped = ESCALATION.replace('"', '\\"')

    assert reply.status == 201
    assert reply.warnings == (
        f'299 - "would violate PodSecurity \\"restricted:latest\\": {escaped}"',
    )


def test_warns_of_templates_whose_pods_will_be_refused(
    server: Server, home: str, namespace: str
) -> None:
    label(server, home, enforce="baseline")
    path = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    reply = server.post(f"{path}?dryRun=All", job("j", hostNetwork=True))

    assert reply.status == 201
    assert reply.warnings == (
        (
            '299 - "would violate PodSecurity \\"baseline:latest\\": host namespaces '
            '(hostNetwork=true)"'
        ),
    )


def test_warns_of_pods_that_are_there_already(server: Server, home: str, namespace: str) -> None:
    server.post(f"{home}/pods", pod("p", nodeSelector=NOWHERE))
    restricted = labels(enforce="restricted")

    def warnings() -> tuple[str, ...]:  # once admission knows the pod
        return server.call("PATCH", f"{home}?dryRun=All", restricted, media=MERGE).warnings

    assert eventually(warnings) == (
        (
            f'299 - "existing pods in namespace \\"{namespace}\\" violate the new PodSecurity '
            'enforce level \\"restricted:latest\\""'
        ),
        (
            '299 - "p: allowPrivilegeEscalation != false, unrestricted capabilities, '
            'runAsNonRoot != true, seccompProfile"'
        ),
    )


def test_refuses_levels_that_there_are_not(server: Server, home: str, namespace: str) -> None:
    reply = label(server, home, enforce="low", enforce_version="x")

    assert reply.status == 422
    assert reply.message == (
        f'Namespace "{namespace}" is invalid: [metadata.labels[{LABEL}enforce]: Invalid value: '
        f'"low": must be one of privileged, baseline, restricted, metadata.labels[{LABEL}'
        'enforce-version]: Invalid value: "x": must be "latest" or "v1.x"]'
    )
