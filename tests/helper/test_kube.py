from typing import Any

import pytest

from helper.errors import Conflict, Expired, Forbidden, NotFound, Unreachable
from helper.kinds import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, NODES, PODS, SECRETS, Resource
from tests.fakes.scripted_server import Answer, refusal, scripted

Json = dict[str, Any]


def page(*names: str, version: str = "7", token: str = "") -> Answer:
    metadata = {"resourceVersion": version, **({"continue": token} if token else {})}
    return Answer(body={"metadata": metadata, "items": [item(name) for name in names]})


def item(name: str) -> Json:
    return {"metadata": {"name": name}}


def named(items: list[Json]) -> list[str]:
    return [found["metadata"]["name"] for found in items]


def test_a_list_is_read_to_its_last_page() -> None:
    with scripted(page("a", token="t1"), page("b", token="t2"), page("c", version="9")) as api:
        found = api.kube.page(PODS, "ns")
        assert (named(found.items), found.version) == (["a", "b", "c"], "9")
        assert [request.query for request in api.requests] == [
            {"limit": "500"},
            {"limit": "500", "continue": "t1"},
            {"limit": "500", "continue": "t2"},
        ]


def test_listed_objects_say_what_they_are() -> None:
    with scripted(page("a")) as api:
        assert api.kube.list(DEPLOYMENTS, "ns") == [
            {"apiVersion": "apps/v1", "kind": "Deployment", **item("a")}
        ]


@pytest.mark.parametrize(
    "body",
    [{"items": None}, {"items": [], "metadata": None}],
    ids=["null", "no-metadata"],
)
def test_an_empty_list_is_empty(body: Json) -> None:
    with scripted(Answer(body=body)) as api:
        assert api.kube.list(PODS) == []


@pytest.mark.parametrize(
    "body",
    [
        {"items": "x"},
        {"items": {"a": 1}},
        {"items": [item("a"), "x"]},
        {"items": [None]},
        {},
        {"kind": "Status", "status": "Failure"},
    ],
    ids=repr,
)
def test_a_list_that_holds_no_objects_is_no_answer(body: Json) -> None:
    with (
        scripted(Answer(body=body)) as api,
        pytest.raises(Unreachable, match="the answer is no list of objects"),
    ):
        api.kube.list(PODS, "ns")


def test_a_list_that_never_comes_to_its_end_is_given_up() -> None:
    with scripted(forever=page("a", token="t1")) as api:
        with pytest.raises(Unreachable, match="the same page again"):
            api.kube.list(PODS)
        assert len(api.requests) == 2


@pytest.mark.parametrize(
    "body",
    [{}, item("other"), {"kind": "Status", "status": "Failure"}, {"metadata": None}],
    ids=["nothing", "another", "status", "null"],
)
def test_another_object_than_the_one_asked_for_is_no_answer(body: Json) -> None:
    for read in ("get", "get_metadata", "find"):
        with (
            scripted(Answer(body=body)) as api,
            pytest.raises(Unreachable, match="the answer is another object"),
        ):
            getattr(api.kube, read)(PODS, "p", "ns")


def test_selectors_are_sent_with_every_page() -> None:
    with scripted(page("a", token="t1"), page("b")) as api:
        api.kube.list(PODS, "ns", labels="app in (a, b)", fields="spec.nodeName=n")
        for request in api.requests:
            assert request.query["labelSelector"] == "app in (a, b)"
            assert request.query["fieldSelector"] == "spec.nodeName=n"


def test_an_expired_page_starts_the_list_again_in_one_piece() -> None:
    script = [page("a", token="t1"), refusal(410, "Expired"), page("a", "b", version="8")]
    with scripted(*script) as api:
        found = api.kube.page(PODS, "ns", labels="app=x")
        assert (named(found.items), found.version) == (["a", "b"], "8")
        assert api.requests[2].query == {"labelSelector": "app=x"}


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([refusal(410, "Expired")], id="first-page"),
        pytest.param(
            [
                page("a", token="t1"),
                refusal(410, "Expired"),
                page("a", token="t2"),
                refusal(410, "Expired"),
            ],
            id="second-attempt",
        ),
    ],
)
def test_a_list_that_keeps_expiring_is_an_error(script: list[Answer]) -> None:
    with scripted(*script) as api:
        with pytest.raises(Expired):
            api.kube.list(PODS)
        assert len(api.requests) == len(script)


def test_what_is_absent_is_found_to_be_absent() -> None:
    absent = refusal(404, "NotFound", 'pods "p" not found')
    with scripted(absent, absent) as api:
        assert api.kube.find(PODS, "p", "ns") is None
        with pytest.raises(NotFound, match='get pods p in ns: 404 NotFound: pods "p" not found'):
            api.kube.get(PODS, "p", "ns")


def test_what_may_not_be_looked_at_is_not_absent() -> None:
    with scripted(refusal(403, "Forbidden")) as api, pytest.raises(Forbidden):
        api.kube.find(PODS, "p", "ns")


def test_a_secret_can_be_looked_at_without_its_data() -> None:
    with scripted(Answer(body=item("s"))) as api:
        assert api.kube.get_metadata(SECRETS, "s", "ns") == item("s")
        accept = api.requests[0].headers["Accept"]
        assert accept == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        (PODS, "ns", "/api/v1/namespaces/ns/pods/x"),
        (DEPLOYMENTS, "ns", "/apis/apps/v1/namespaces/ns/deployments/x"),
        (NODES, None, "/api/v1/nodes/x"),
        (NAMESPACES, None, "/api/v1/namespaces/x"),
    ],
    ids=["core", "group", "cluster-scoped", "namespace-itself"],
)
def test_asks_where_the_object_is(resource: Resource, namespace: str | None, path: str) -> None:
    with scripted(Answer(body=item("x"))) as api:
        api.kube.get(resource, "x", namespace)
        assert (api.requests[0].method, api.requests[0].path) == ("GET", path)


def test_creates_what_it_is_given() -> None:
    with scripted(Answer(201, item("c"))) as api:
        api.kube.create(CONFIG_MAPS, item("c"), "ns")
        request = api.requests[0]
        assert (request.path, request.query) == ("/api/v1/namespaces/ns/configmaps", {})
        assert (request.body, request.headers["Content-Type"]) == (item("c"), "application/json")


def test_a_dry_run_says_so() -> None:
    with scripted(Answer(201)) as api:
        api.kube.create(CONFIG_MAPS, item("c"), "ns", dry_run=True)
        assert api.requests[0].query == {"dryRun": "All"}


@pytest.mark.parametrize(
    ("answer", "deleted"),
    [
        pytest.param(Answer(), True, id="deleted"),
        pytest.param(refusal(404, "NotFound"), False, id="gone"),
        pytest.param(refusal(409, "Conflict"), False, id="another-of-that-name"),
    ],
)
def test_deletes_one_object_and_no_other(answer: Answer, deleted: bool) -> None:
    with scripted(answer) as api:
        assert api.kube.delete(PODS, "p", "ns", uid="u1", grace_s=0) is deleted
        assert api.requests[0].body == {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "propagationPolicy": "Background",
            "preconditions": {"uid": "u1"},
            "gracePeriodSeconds": 0,
        }


def test_a_conflict_that_no_precondition_explains_is_an_error() -> None:
    with scripted(refusal(409, "Conflict")) as api, pytest.raises(Conflict):
        api.kube.delete(NAMESPACES, "ns")


def test_a_delete_without_wishes_states_none() -> None:
    with scripted(Answer()) as api:
        api.kube.delete(PODS, "p", "ns", propagation="Foreground")
        body = api.requests[0].body
        assert {"preconditions", "gracePeriodSeconds"}.isdisjoint(body)
        assert body["propagationPolicy"] == "Foreground"


def test_patches_a_subresource_by_merging() -> None:
    with scripted(Answer()) as api:
        api.kube.patch(PODS, "p", {"status": {"phase": "Failed"}}, "ns", subresource="status")
        request = api.requests[0]
        assert (request.method, request.path) == ("PATCH", "/api/v1/namespaces/ns/pods/p/status")
        assert request.headers["Content-Type"] == "application/merge-patch+json"


def test_applies_under_a_field_manager() -> None:
    with scripted(Answer()) as api:
        api.kube.apply(CONFIG_MAPS, item("c"), "ns", manager="aicr", force=False)
        request = api.requests[0]
        assert (request.method, request.path) == ("PATCH", "/api/v1/namespaces/ns/configmaps/c")
        assert request.query == {"fieldManager": "aicr", "force": "false"}
        assert request.headers["Content-Type"] == "application/apply-patch+yaml"


def test_a_log_may_hold_any_bytes() -> None:
    with scripted(Answer(body=b"GPU 0: \xff\n")) as api:
        assert api.kube.log("ns", "p", "main", tail_lines=20) == "GPU 0: \ufffd\n"
        assert api.requests[0].path == "/api/v1/namespaces/ns/pods/p/log"
        assert api.requests[0].query == {"container": "main", "tailLines": "20"}


@pytest.mark.parametrize(
    ("status", "allowed"), [({"allowed": True}, True), ({"allowed": False}, False), (None, False)]
)
def test_asks_whether_it_may(status: Json | None, allowed: bool) -> None:
    with scripted(Answer(201, {"status": status})) as api:
        assert api.kube.allowed("get", DEPLOYMENTS, "ns", "scale") is allowed
        assert api.requests[0].body["spec"] == {
            "resourceAttributes": {
                "verb": "get",
                "group": "apps",
                "resource": "deployments",
                "subresource": "scale",
                "namespace": "ns",
            }
        }


def test_asks_whether_it_may_touch_one_object() -> None:
    with scripted(Answer(201, {"status": {"allowed": True}})) as api:
        assert api.kube.allowed("get", DEPLOYMENTS, "ns", name="web")
        assert api.requests[0].body["spec"]["resourceAttributes"]["name"] == "web"


def test_tells_the_version_of_the_server() -> None:
    with scripted(Answer(body={"gitVersion": "v1.36.2"})) as api:
        assert str(api.kube.server_version()) == "v1.36.2"


def test_passes_other_requests_through() -> None:
    with scripted(Answer(body=b"# HELP up\n")) as api:
        path = "/api/v1/namespaces/ns/services/dcgm:9400/proxy/metrics"
        assert api.kube.request("GET", path, {"match": "up"}) == b"# HELP up\n"
        assert (api.requests[0].path, api.requests[0].query) == (path, {"match": "up"})


GROUP = Answer(
    body={
        "versions": [{"version": "v1"}, {"version": "v1beta1"}, {"version": "v1beta2"}],
        "preferredVersion": {"version": "v1beta2"},
    }
)


def resources(*names: str) -> Answer:
    return Answer(
        body={
            "resources": [
                {"name": name, "kind": name.title().removesuffix("s"), "namespaced": True}
                for name in names
            ]
        }
    )


def test_served_versions_begin_with_the_preferred_one() -> None:
    with scripted(GROUP) as api:
        assert api.kube.served("resource.k8s.io") == ["v1beta2", "v1", "v1beta1"]


def test_a_group_that_is_not_served_has_no_versions() -> None:
    with scripted(refusal(404, "NotFound")) as api:
        assert api.kube.served("resource.k8s.io") == []
        assert api.kube.resource("resource.k8s.io", "resourceslices") is None
        assert len(api.requests) == 1  # what is absent is asked for once, too


def test_a_group_that_cannot_be_asked_about_is_not_absent() -> None:
    with scripted(forever=refusal(503)) as api, pytest.raises(Unreachable):
        api.kube.served("metrics.k8s.io")


def test_finds_a_resource_in_the_first_version_that_has_it() -> None:
    with scripted(GROUP, resources("others"), resources("gadgets/status", "gadgets")) as api:
        found = Resource("example.com", "v1", "gadgets", "Gadget")
        assert api.kube.resource("example.com", "gadgets") == found
        assert [request.path for request in api.requests] == [
            "/apis/example.com",
            "/apis/example.com/v1beta2",
            "/apis/example.com/v1",
        ]


def test_finds_a_resource_of_the_core_group() -> None:
    with scripted(resources("pods")) as api:
        assert api.kube.resource("", "pods") == PODS
        assert api.kube.resource("", "unheard") is None
        assert [request.path for request in api.requests] == ["/api/v1"]


def test_finds_a_resource_by_what_stands_in_its_objects() -> None:
    status = {"name": "gadgets/status", "kind": "Gadget", "namespaced": False}
    whole = {"name": "gadgets", "kind": "Gadget", "namespaced": False}
    with scripted(Answer(body={"resources": [status, whole]})) as api:
        found = Resource("example.com", "v1", "gadgets", "Gadget", namespaced=False)
        assert api.kube.resource_of_kind("example.com/v1", "Gadget") == found
        assert api.kube.resource_of_kind("example.com/v1", "Unheard") is None
