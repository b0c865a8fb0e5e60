import json
from base64 import b64decode
from typing import Any

import pytest

from orchestrator.capture.redaction import (
    APPLIED,
    CONFIG_MAPS,
    ENVIRONMENTS,
    SECRETS,
    Redactor,
)
from orchestrator.capture.text import MARK

Json = dict[str, Any]


def redacted(**fields: Any) -> Json:
    return Redactor().object({"kind": "Thing", "metadata": {"name": "x"}, **fields})


def test_a_secret_keeps_nothing_but_its_metadata() -> None:
    redactor = Redactor()
    secret = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}, "stringData": {}}

    assert redactor.object(secret) == {"kind": "Secret", "metadata": {"name": "s"}}
    assert redactor.found[SECRETS] == 1


def test_a_secret_inside_another_object_loses_its_data() -> None:
    inner = {"kind": "Secret", "metadata": {"name": "s"}, "data": {"a": "eA=="}}

    assert redacted(spec={"objects": [inner]})["spec"]["objects"] == [
        {"kind": "Secret", "metadata": {"name": "s"}}
    ]


def test_a_config_map_keeps_its_keys() -> None:
    redactor = Redactor()
    given = {"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "2"}}

    assert redactor.object(given)["data"] == {"a": MARK, "b": MARK}
    assert redactor.found[CONFIG_MAPS] == 2


def test_a_config_map_that_is_kept_is_still_searched() -> None:
    data = {"mode": "fast", "db": "postgres://me:hunter2@db"}
    metadata = {"name": "c", "namespace": "n"}
    given = {"kind": "ConfigMap", "metadata": metadata, "data": data}

    kept = Redactor(["n/c"]).object(given)["data"]

    assert kept == {"mode": "fast", "db": f"postgres://{MARK}@db"}


def test_the_root_bundle_is_empty_so_that_clients_accept_it() -> None:
    given = {"kind": "ConfigMap", "metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": "x"}}

    assert Redactor().object(given)["data"] == {"ca.crt": ""}


@pytest.mark.parametrize(
    ("key", "given", "wanted"),
    [
        ("env", [{"name": "A", "value": "x"}], [{"name": "A", "value": MARK}]),
        ("env", [{"name": "A", "value": ""}], [{"name": "A", "value": ""}]),
        ("extraEnvs", [{"name": "A", "value": "x"}], [{"name": "A", "value": MARK}]),
        ("env", {"A": "x", "B": 5}, {"A": MARK, "B": MARK}),
        ("environment", ["A=x"], [f"A={MARK}"]),
    ],
)
def test_environments_keep_names_only(key: str, given: Any, wanted: Any) -> None:
    assert redacted(spec={key: given})["spec"][key] == wanted


def test_a_variable_that_refers_to_something_stays() -> None:
    given = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "password"}}}]

    assert redacted(spec={"env": list(given)})["spec"]["env"] == given


def test_environments_are_counted() -> None:
    redactor = Redactor()
    redactor.object({"kind": "Pod", "spec": {"env": [{"name": "A", "value": "x"}] * 3}})

    assert redactor.found[ENVIRONMENTS] == 3


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["--password=hunter2"], [f"--password={MARK}"]),
        (["--password", "hunter2"], ["--password", MARK]),
        (["--password", "--verbose"], ["--password", "--verbose"]),
        (["-u", "me:hunter2"], ["-u", MARK]),
        (["-u", "1000"], ["-u", "1000"]),
        (["sh", "-c", "export TOKEN=hunter2; run"], ["sh", "-c", f"export TOKEN={MARK}; run"]),
    ],
)
def test_flags_for_secrets_lose_them(given: list[str], wanted: list[str]) -> None:
    assert redacted(spec={"args": given})["spec"]["args"] == wanted


def test_fields_that_name_a_secret_lose_it_and_references_stay() -> None:
    spec = {
        "adminPassword": "hunter2",
        "tokens": 5,
        "secretName": "s",
        "passwordSecretRef": {"name": "s", "key": "password"},
        "token": "",
        "values": "auth:\n  password: hunter2\n",
    }

    assert redacted(spec=spec)["spec"] == {
        **spec,
        "adminPassword": MARK,
        "values": f"auth:\n  password: {MARK}\n",
    }


@pytest.mark.parametrize(
    "key",
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "kapp.k14s.io/original",
        "objectset.rio.cattle.io/applied",
        "example.com/any",
    ],
)
def test_copies_of_objects_in_annotations_go(key: str) -> None:
    copy = json.dumps({"kind": "Secret", "data": {"a": "hunter2"}})
    redactor = Redactor()

    clean = redactor.object({"metadata": {"annotations": {key: copy, "a": "b"}}})

    assert clean["metadata"]["annotations"] == {"a": "b"}
    assert redactor.found[APPLIED] == 1


def test_json_in_an_annotation_is_redacted_inside() -> None:
    text = json.dumps({"env": [{"name": "A", "value": "hunter2"}], "b": 1})

    clean = redacted(metadata={"annotations": {"x": text, "db-password": "hunter2"}})["metadata"]

    assert json.loads(clean["annotations"]["x"])["env"] == [{"name": "A", "value": MARK}]
    assert clean["annotations"]["db-password"] == MARK


def test_labels_stay_for_selectors() -> None:
    labels = {"token": "abc", "app": "x"}

    assert redacted(metadata={"name": "x", "labels": labels})["metadata"]["labels"] == labels


def test_certificate_bundles_become_something_of_their_form() -> None:
    clean = redacted(clientConfig={"caBundle": "LS0tLS1CRUdJTiBDRVJU"})["clientConfig"]["caBundle"]

    assert b64decode(clean).decode() == MARK


def test_a_definition_keeps_its_schema_without_prose() -> None:
    env = {"type": "array", "description": "Set PASSWORD=hunter2", "items": {"type": "string"}}
    description = {"type": "string"}
    schema = {"properties": {"env": env, "description": description}}

    clean = redacted(schema={"openAPIV3Schema": schema})["schema"]["openAPIV3Schema"]

    assert clean["properties"] == {
        "env": {"type": "array", "items": {"type": "string"}},
        "description": {"type": "string"},
    }


def test_what_says_nothing_about_the_cluster_goes() -> None:
    metadata = {"name": "x", "managedFields": [{}], "resourceVersion": "1", "uid": "u"}

    assert redacted(metadata=metadata)["metadata"] == {"name": "x", "uid": "u"}


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": {"annotations": None}}])
def test_odd_objects_do_no_harm(obj: Json) -> None:
    assert "metadata" in Redactor().object(obj)


def test_a_json_document_is_redacted_inside_and_other_text_as_text() -> None:
    redactor = Redactor()

    assert json.loads(redactor.document('{"data": {"password": "hunter2"}}')) == {
        "data": {"password": MARK}
    }
    assert redactor.document('{"a":1}') == '{"a":1}'
    assert redactor.document("token=hunter2 x") == f"token={MARK} x"
