"""Secrets that are planted wherever clusters have them; none may be in any file of a capture."""

import json
from base64 import b64encode
from pathlib import Path

import pytest

from orchestrator.capture.text import MARK
from orchestrator.exits import Exit
from tests.orchestrator.capture.folders import Json, obj, read, record, recording, write
from tests.orchestrator.conftest import Command

PLANTED = {
    name: f"planted-{name}-4711"
    for name in (
        "secret-data",
        "applied-secret",
        "variable",
        "variable-of-a-custom-resource",
        "applied-annotation",
        "flag",
        "next-word",
        "script",
        "config-map",
        "kubeconfig",
        "log",
        "url",
        "field",
        "annotation",
        "event",
        "status",
        "proxied",
        "template",
        "helm-values",
        "field-manager",
        "webhook",
    )
}
ANY = PLANTED.__getitem__


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def applied(planted: str) -> Json:
    copy = {"kind": "Thing", "apiVersion": "v1", "spec": {"x": planted}}
    return {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(copy)}


def kubeconfig() -> str:
    user = {"name": "me", "user": {"token": ANY("kubeconfig")}}
    return json.dumps({"kind": "Config", "users": [user]})


def pod() -> Json:
    container = {
        "name": "main",
        "image": "example.com/app:v1",
        "env": [{"name": "PLAIN", "value": ANY("variable")}],
        "args": [f"--password={ANY('flag')}", "--token", ANY("next-word")],
        "command": ["sh", "-c", f"DB_PASSWORD={ANY('script')} exec run"],
    }
    state = {"waiting": {"reason": "X", "message": f"login with token={ANY('status')} failed"}}
    return obj(
        "Pod",
        "p",
        "team",
        metadata={
            "annotations": {**applied(ANY("applied-annotation")), "api-key": ANY("annotation")},
            "managedFields": [{"manager": ANY("field-manager")}],
        },
        spec={"nodeName": "n", "containers": [container]},
        status={"phase": "Running", "initContainerStatuses": [{"name": "init", "state": state}]},
    )


def objects() -> list[Json]:
    secret = obj("Secret", "s", "team", data={"key": encoded(ANY("secret-data"))}, type="Opaque")
    secret["metadata"]["annotations"] = applied(ANY("applied-secret"))
    hook = {"caBundle": encoded(f"-----BEGIN CERTIFICATE-----\n{ANY('webhook')}")}
    definition = {
        "group": "example.com",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True}],
        "conversion": {"webhook": {"clientConfig": hook}},
    }
    spec = {
        "driver": {"env": [{"name": "A", "value": ANY("variable-of-a-custom-resource")}]},
        "adminPassword": ANY("field"),
        "repository": f"https://me:{ANY('url')}@git.example.com",
        "template": {"kind": "Secret", "stringData": {"a": ANY("template")}},
        "values": f"db:\n  password: {ANY('helm-values')}\n",
    }
    crd = obj("CustomResourceDefinition", "things.example.com", api="apiextensions.k8s.io/v1")
    return [
        secret,
        pod(),
        obj("ConfigMap", "c", "team", data={"any": ANY("config-map"), "k": kubeconfig()}),
        obj("Event", "e", "team", message=f"called https://x/?access_token={ANY('event')}"),
        obj("Service", "web", "team", spec={"ports": [{"port": 80}]}),
        {**crd, "spec": definition},
        obj("Thing", "t", "team", api="example.com/v1", spec=spec),
    ]


@pytest.fixture
def captured(tmp_path: Path, aicr: Command) -> Path:
    """A capture of a cluster with all of them, with everything that can be asked for."""
    proxied = "/api/v1/namespaces/team/services/web:80/proxy/config"
    answer = {"settings": {"secret": ANY("proxied")}}
    told = f"starting\nconnecting to https://u:{ANY('log')}@db\nready\n"
    cluster = write(
        tmp_path / "cluster",
        *objects(),
        replies=[{"request": {"path": proxied}, "response": {"json": answer}}],
        pods=[{"match": {"name": "p"}, "outcome": {"log": told}}],
    )
    wanted = ("--events", "--logs", "team", "--proxy", "services/team/web:80/config")
    copy = tmp_path / "copy"

    said = aicr("capture", "--replay", str(cluster), "-o", str(copy), *wanted)

    assert said.code == Exit.OK, said.err
    return copy


def everything(folder: Path) -> str:
    return "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


def test_no_planted_secret_is_in_any_file(captured: Path) -> None:
    text = everything(captured)
    forms = {name: (planted, encoded(planted)[:-4]) for name, planted in PLANTED.items()}

    assert [name for name, found in forms.items() if any(form in text for form in found)] == []


def test_the_places_where_they_were_are_all_there(captured: Path) -> None:
    found = read(captured)
    container = found["Pod", "team", "p"]["spec"]["containers"][0]
    thing = found["Thing", "team", "t"]["spec"]

    assert found["Secret", "team", "s"].keys() == {"apiVersion", "kind", "metadata"}
    assert found["ConfigMap", "team", "c"]["data"] == {"any": MARK, "k": MARK}
    assert container["env"] == [{"name": "PLAIN", "value": MARK}]
    assert container["args"] == [f"--password={MARK}", "--token", MARK]
    assert thing["repository"] == f"https://{MARK}@git.example.com"
    assert MARK in found["Event", "team", "e"]["message"]


def test_logs_and_answers_are_recorded_without_them(captured: Path) -> None:
    replies = {reply.request.path: reply.response.body for reply in recording(captured).replies}

    assert replies["/api/v1/namespaces/team/pods/p/log"] == (
        f"starting\nconnecting to https://{MARK}@db\nready\n"
    )
    assert json.loads(replies["/api/v1/namespaces/team/services/web:80/proxy/config"]) == {
        "settings": {"secret": MARK}
    }


def test_what_was_taken_out_is_counted(captured: Path) -> None:
    found = record(captured)

    assert found["complete"]
    assert found["redacted"]["literals of environments"] == 2
    assert found["redacted"]["copies of applied configurations"] == 2
    assert found["redacted"]["credentials in URLs"] == 2


def test_only_the_owner_can_read_it(captured: Path) -> None:
    assert captured.stat().st_mode & 0o077 == 0
