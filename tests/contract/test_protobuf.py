"""Bodies in Kubernetes' protobuf, as kubectl sends them."""

import pytest

from tests.contract.http import Server

MEDIA = "application/vnd.kubernetes.protobuf"


def field(number: int, content: bytes | str) -> bytes:
    """Encode a field that has bytes; all of these are short."""
    data = content.encode() if isinstance(content, str) else content
    return bytes([number << 3 | 2, len(data)]) + data


def entry(key: str, value: str) -> bytes:
    return field(1, key) + field(2, value)


def envelope(kind: str, *fields: bytes) -> bytes:
    about = field(1, "v1") + field(2, kind)
    return b"k8s\x00" + field(1, about) + field(2, b"".join(fields)) + field(3, "") + field(4, "")


METADATA = field(1, field(1, "cm") + field(2, "") + field(11, entry("l", "1")))


def test_is_understood(server: Server, home: str) -> None:
    body = envelope("ConfigMap", METADATA, field(2, entry("k", "v")), field(3, entry("b", "\x01")))
    reply = server.call("POST", f"{home}/configmaps", body, media=MEDIA)

    assert reply.status == 201, reply
    assert (reply.body["data"], reply.body["binaryData"]) == ({"k": "v"}, {"b": "AQ=="})
    assert reply.body["metadata"]["labels"] == {"l": "1"}


def test_of_a_secret_holds_bytes(server: Server, home: str) -> None:
    body = envelope("Secret", METADATA, field(2, entry("k", "v")), field(3, "Opaque"))
    reply = server.call("POST", f"{home}/secrets", body, media=MEDIA)

    assert (reply.status, reply.body["data"]) == (201, {"k": "dg=="})


@pytest.mark.parametrize("body", [b"nonsense", b"k8s\x00\xff"], ids=["no-magic", "cut"])
def test_that_is_broken_is_refused(server: Server, home: str, body: bytes) -> None:
    reply = server.call("POST", f"{home}/configmaps", body, media=MEDIA)

    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")
