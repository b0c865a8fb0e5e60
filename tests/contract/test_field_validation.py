"""What becomes of fields that a kind does not have, and of values of a wrong type."""

from typing import Any

import pytest

from tests.contract.http import APPLY, JSON_PATCH, MERGE, STRATEGIC, Json, Server
from tests.contract.pods import container, job
from tests.contract.test_objects import config_map


@pytest.fixture
def jobs(namespace: str) -> str:
    return f"/apis/batch/v1/namespaces/{namespace}/jobs"


def odd_job() -> Json:
    made = job("j", container(baz=1), bar=2)
    made["spec"]["foo"] = 1
    return made


UNKNOWN = ["spec.foo", "spec.template.spec.bar", "spec.template.spec.containers[0].baz"]


def test_strict_refuses_unknown_fields(server: Server, jobs: str) -> None:
    reply = server.post(f"{jobs}?fieldValidation=Strict", odd_job())

    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
    listed = reply.message.removeprefix(
        'Job in version "v1" cannot be handled as a Job: strict decoding error: '
    )
    assert sorted(listed.split(", ")) == [f'unknown field "{path}"' for path in UNKNOWN]


@pytest.mark.parametrize("query", ["", "&fieldValidation=Warn"])
def test_warns_of_unknown_fields_and_drops_them(server: Server, jobs: str, query: str) -> None:
    reply = server.post(f"{jobs}?dryRun=All{query}", odd_job())

    assert reply.status == 201
    assert sorted(reply.warnings) == [f'299 - "unknown field \\"{path}\\""' for path in UNKNOWN]
    assert "foo" not in reply.body["spec"]
    assert "bar" not in reply.body["spec"]["template"]["spec"]


def test_ignore_drops_unknown_fields_silently(server: Server, jobs: str) -> None:
    reply = server.post(f"{jobs}?dryRun=All&fieldValidation=Ignore", odd_job())

    assert (reply.status, reply.warnings) == (201, ())
    assert "foo" not in reply.body["spec"]


def test_a_field_given_twice_is_told(server: Server, home: str) -> None:
    text = '{"metadata":{"name":"x"},"data":{"a":"b","a":"c"}}'
    warned = server.post(f"{home}/configmaps?dryRun=All", text)
    refused = server.post(f"{home}/configmaps?fieldValidation=Strict", text)

    assert warned.warnings == ('299 - "duplicate field \\"data.a\\""',)
    assert warned.body["data"] == {"a": "c"}
    assert refused.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
        'duplicate field "data.a"'
    )


@pytest.mark.parametrize(("method", "kind"), [("POST", "CreateOptions"), ("PUT", "UpdateOptions")])
def test_knows_three_ways_to_validate(server: Server, home: str, method: str, kind: str) -> None:
    path = f"{home}/configmaps" + ("/cm" if method == "PUT" else "")
    reply = server.call(method, f"{path}?fieldValidation=Bad", config_map())

    assert reply.status == 422
    assert reply.message == (
        f'{kind}.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Bad": '
        'supported values: "", "Ignore", "Strict", "Warn"'
    )


def test_an_update_is_validated_like_a_create(server: Server, home: str) -> None:
    server.post(f"{home}/configmaps", config_map())
    body = {**config_map(), "foo": 1}
    reply = server.call("PUT", f"{home}/configmaps/cm?fieldValidation=Strict", body)

    assert reply.status == 400
    assert reply.message.endswith('strict decoding error: unknown field "foo"')


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (MERGE, {"foo": 1}),
        (STRATEGIC, {"foo": 1}),
        (JSON_PATCH, [{"op": "add", "path": "/foo", "value": 1}]),
    ],
)
def test_patches_are_validated(server: Server, home: str, media: str, patch: Any) -> None:
    server.post(f"{home}/configmaps", config_map())
    path = f"{home}/configmaps/cm"
    strict = server.call("PATCH", f"{path}?fieldValidation=Strict", patch, media=media)
    warned = server.call("PATCH", path, patch, media=media)

    assert (strict.status, strict.body["reason"]) == (422, "Invalid")
    assert strict.message.endswith('strict decoding error: unknown field "foo"')
    assert strict.body["details"]["causes"][0]["field"] == "patch"
    assert (warned.status, warned.warnings) == (200, ('299 - "unknown field \\"foo\\""',))
    assert "foo" not in server.get(path).body


def test_an_apply_of_unknown_fields_fails(server: Server, home: str) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map(), "foo": 1}
    reply = server.call("PATCH", f"{home}/configmaps/cm?fieldManager=m", body, media=APPLY)

    assert reply.status == 500
    assert reply.message == (
        "failed to create typed patch object (/cm; /v1, Kind=ConfigMap): "
        ".foo: field not declared in schema"
    )


START = 'Job in version "v1" cannot be handled as a Job: json: cannot unmarshal'


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {"backoffLimit": "x"},
            "string into Go struct field JobSpec.spec.backoffLimit of type int32",
            id="number",
        ),
        pytest.param(
            {"template": {"spec": {"containers": {}}}},
            "object into Go struct field PodSpec.spec.template.spec.containers "
            "of type []v1.Container",
            id="list",
        ),
        pytest.param(
            {"template": {"spec": {"containers": [container(image=5)]}}},
            "number into Go struct field Container.spec.template.spec.containers.image "
            "of type string",
            id="text-in-list",
        ),
        pytest.param(
            {"template": {"spec": {"containers": [container(env=[{"name": "a", "value": 1}])]}}},
            "number into Go struct field EnvVar.spec.template.spec.containers.env.value "
            "of type string",
            id="deep",
        ),
        pytest.param(
            {"template": "x"},
            "string into Go struct field JobSpec.spec.template of type v1.PodTemplateSpec",
            id="object",
        ),
        pytest.param(
            {"suspend": 1},
            "number into Go struct field JobSpec.spec.suspend of type bool",
            id="truth",
        ),
    ],
)
def test_refuses_values_of_a_wrong_type(
    server: Server, jobs: str, changes: Json, problem: str
) -> None:
    body = {"metadata": {"name": "j"}, "spec": changes}
    reply = server.post(f"{jobs}?dryRun=All", body)

    assert (reply.status, reply.message) == (400, f"{START} {problem}")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"data": [1]}, "array into Go struct field ConfigMap.data of type map[string]string"),
        ({"data": {"a": 1}}, "number into Go struct field ConfigMap.data of type string"),
        (
            {"metadata": {"name": "x", "labels": {"a": 1}}},
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        ({"metadata": "x"}, "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
    ],
)
def test_refuses_config_maps_of_wrong_types(
    server: Server, home: str, body: Json, problem: str
) -> None:
    reply = server.post(f"{home}/configmaps?dryRun=All", {**config_map(), **body})

    assert reply.status == 400
    assert reply.message == (
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: '
        f"json: cannot unmarshal {problem}"
    )


def test_refuses_quantities_that_are_none(server: Server, jobs: str) -> None:
    body = job("j", container(resources={"limits": {"cpu": "abc"}}))
    reply = server.post(f"{jobs}?dryRun=All", body)

    assert reply.status == 400
    assert "quantities must match the regular expression" in reply.message
