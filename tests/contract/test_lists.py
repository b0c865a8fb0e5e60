import pytest

from tests.contract.http import Server

PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
def path(server: Server, home: str) -> str:
    """A collection of six objects with labels."""
    for number in range(6):
        labels = {"n": str(number % 3), "test": "lists"} | ({"odd": ""} if number % 2 else {})
        server.post(f"{home}/secrets", {"metadata": {"name": f"s{number}", "labels": labels}})
    return f"{home}/secrets"


def names(server: Server, path: str, **query: str) -> list[str]:
    reply = server.get(path, **query)
    assert reply.status == 200, reply
    return [item["metadata"]["name"] for item in reply.items]


def test_items_do_not_say_what_they_are(server: Server, path: str) -> None:
    body = server.get(path).body

    assert (body["kind"], body["apiVersion"]) == ("SecretList", "v1")
    assert not any("kind" in item or "apiVersion" in item for item in body["items"])


def test_a_list_has_the_version_to_watch_from(server: Server, path: str) -> None:
    body = server.get(path).body
    newest = max(int(item["metadata"]["resourceVersion"]) for item in body["items"])

    assert int(body["metadata"]["resourceVersion"]) >= newest


def test_an_empty_list_is_a_list(server: Server, home: str) -> None:
    assert server.get(f"{home}/pods").items == []


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("n=0", "03"),
        ("n==0", "03"),
        ("n!=0", "1245"),
        ("n in (0,1)", "0134"),
        ("n in (0,1),n!=1", "03"),
        ("n notin (0,1)", "25"),
        ("odd", "135"),
        ("!odd", "024"),
        ("odd=", "135"),
        ("n>0", "1245"),
        ("n=0,odd", "3"),
        ("missing", ""),
        ("missing!=x", "012345"),
    ],
)
def test_selects_by_label(server: Server, path: str, selector: str, expected: str) -> None:
    assert names(server, path, labelSelector=selector) == [f"s{number}" for number in expected]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a in ", "unable to parse requirement: found '' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
    ],
)
def test_refuses_selectors_that_it_cannot_read(
    server: Server, home: str, selector: str, message: str
) -> None:
    reply = server.get(f"{home}/secrets", labelSelector=selector)

    assert (reply.status, reply.message) == (400, message)


def test_selects_by_name(server: Server, path: str) -> None:
    assert names(server, path, fieldSelector="metadata.name=s2") == ["s2"]
    assert "s2" not in names(server, path, fieldSelector="metadata.name!=s2")


@pytest.mark.parametrize(
    ("plural", "message"),
    [
        (
            "configmaps",
            '"data.k" is not a known field selector: only "metadata.name", "metadata.namespace"',
        ),
        ("pods", "field label not supported: data.k"),
    ],
)
def test_refuses_unknown_fields(server: Server, home: str, plural: str, message: str) -> None:
    reply = server.get(f"{home}/{plural}", fieldSelector="data.k=v")

    assert (reply.status, reply.message) == (400, message)


def test_comes_in_pages(server: Server, path: str) -> None:
    pages, token = [], ""
    while True:
        query = {"limit": "2", "labelSelector": "test=lists"} | (
            {"continue": token} if token else {}
        )
        body = server.get(path, **query).body
        pages.append([item["metadata"]["name"] for item in body["items"]])
        token = body["metadata"].get("continue", "")
        if not token:
            break

    assert pages == [["s0", "s1"], ["s2", "s3"], ["s4", "s5"]]


def test_says_how_much_remains(server: Server, path: str) -> None:
    metadata = server.get(path, limit="2").body["metadata"]

    assert metadata["remainingItemCount"] == 4


def test_pages_show_one_moment(server: Server, path: str) -> None:
    first = server.get(path, limit="3").body
    server.call("DELETE", f"{path}/s4")
    server.post(path, {"metadata": {"name": "s9"}})
    token = first["metadata"]["continue"]

    assert names(server, path, limit="500", **{"continue": token}) == ["s3", "s4", "s5"]


def test_refuses_a_token_that_is_none(server: Server, path: str) -> None:
    reply = server.get(path, limit="1", **{"continue": "garbage"})

    assert reply.status == 400
    assert reply.message.startswith("invalid continue token: continue key is not valid: ")


def test_refuses_a_version_from_the_future(server: Server, home: str) -> None:
    reply = server.get(f"{home}/configmaps", resourceVersion="999999999")

    assert (reply.status, reply.body["reason"]) == (504, "Timeout")
    assert reply.message.startswith("Timeout: Too large resource version: 999999999, current: ")
    assert reply.body["details"]["causes"] == [
        {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    ]


def test_gives_metadata_only_when_asked(server: Server, path: str) -> None:
    body = server.call("GET", path, headers={"Accept": PARTIAL}).body

    assert body["kind"] == "PartialObjectMetadataList"
    assert body["apiVersion"] == "meta.k8s.io/v1"
    assert {item["kind"] for item in body["items"]} == {"PartialObjectMetadata"}
    assert not any("type" in item for item in body["items"])


def test_lists_all_namespaces_at_once(server: Server, path: str, namespace: str) -> None:
    found = server.get("/api/v1/secrets", fieldSelector=f"metadata.namespace={namespace}")

    assert {item["metadata"]["namespace"] for item in found.items} == {namespace}
    assert len(found.items) == len(server.get(path).items)


LIST = 'ListOptions.meta.k8s.io "" is invalid: '
MATCH = f"{LIST}resourceVersionMatch: "


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ({"limit": "x"}, 400, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"resourceVersion": "abc"},
            400,
            (
                'invalid resource version: resourceVersion: Invalid value: "abc": '
                'strconv.ParseUint: parsing "abc": invalid syntax'
            ),
        ),
        (
            {"resourceVersionMatch": "Exact"},
            422,
            (
                f"{MATCH}Forbidden: resourceVersionMatch is forbidden unless resourceVersion is "
                "provided"
            ),
        ),
        (
            {"resourceVersionMatch": "Other", "resourceVersion": "1"},
            422,
            f'{MATCH}Unsupported value: "Other": supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            {"resourceVersionMatch": "Exact", "resourceVersion": "0"},
            422,
            f'{MATCH}Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        (
            {"fieldSelector": "metadata.name"},
            400,
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
        ),
    ],
)
def test_refuses_options_that_it_cannot_read(
    server: Server, home: str, query: dict[str, str], status: int, message: str
) -> None:
    reply = server.get(f"{home}/configmaps", **query)

    assert (reply.status, reply.message) == (status, message)


def test_a_limit_below_one_is_none(server: Server, path: str) -> None:
    assert len(names(server, path, limit="-1")) == len(names(server, path))


def test_lists_as_of_an_exact_version(server: Server, path: str) -> None:
    version = server.get(path).body["metadata"]["resourceVersion"]
    server.call("DELETE", f"{path}/s0")
    query = {"resourceVersion": version, "resourceVersionMatch": "Exact", "limit": "500"}

    assert "s0" in names(server, path, **query)
    assert "s0" not in names(server, path)
