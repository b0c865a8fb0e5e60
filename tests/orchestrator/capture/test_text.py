from collections import Counter

import pytest

from orchestrator.capture.text import KNOWN_TOKENS, MARK, NAMED, is_random, scrub

RANDOM = "wJalrXUtnFEMIK7MDENGbPxRfiCYq2T9vLz4aBcD"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzYSJ9.c2lnbmF0dXJl"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA\n-----END RSA PRIVATE KEY-----"


def scrubbed(text: str) -> str:
    return scrub(text, Counter())


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("--password=hunter2", f"--password={MARK}"),
        ("run --db-password hunter2 --verbose", f"run --db-password {MARK} --verbose"),
        ("export DB_PASS='hunter 2'; go", f"export DB_PASS='{MARK}'; go"),
        ('{"password": "hunter 2", "a": 1}', f'{{"password": "{MARK}", "a": 1}}'),
        ('a: "{\\"token\\": \\"hunter2\\"}"', f'a: "{{\\"token\\": \\"{MARK}\\"}}"'),
        ("password: hunter2\nuser: me", f"password: {MARK}\nuser: me"),
        ("postgres://me:hunter2@db:5432/x", f"postgres://{MARK}@db:5432/x"),
        ("postgres://me:hun/ter2@db/x", f"postgres://{MARK}@db/x"),
        ("https://hunter2@git.example.com", f"https://{MARK}@git.example.com"),
        ("curl -u me:hunter2 https://x", f"curl -u {MARK} https://x"),
        ("Authorization: Basic aHVudGVyMg==", f"Authorization: {MARK} {MARK}"),
        ("url: https://x/?token=hunter2", f"url: https://x/?token={MARK}"),
        ("cmd: password=hunter2", f"cmd: password={MARK}"),
        ("secret: 'hunter2' password: hunter2", f"secret: '{MARK}' password: {MARK}"),
        ("curl -H 'authorization: Bearer hunter2hunter2'", "curl -H 'authorization: <red"),
        (f"got {JWT} back", f"got {MARK} back"),
        (f"{PEM}\nrest", f"{MARK}\nrest"),
        (PEM[:50], MARK),
        ("x LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo= y", f"x {MARK} y"),
        ("AKIAIOSFODNN7EXAMPLE", MARK),
        ("key nvapi-abcdefghijklmnopqrstuvwxyz", f"key {MARK}"),
        ("hf_abcdefghijklmnopqrstuvwxyz", MARK),
        (f"value {RANDOM} end", f"value {MARK} end"),
        ("https://x/?sig=abcdef&a=1", f"https://x/?sig={MARK}&a=1"),
    ],
)
def test_takes_out_what_looks_like_a_secret(text: str, clean: str) -> None:
    assert scrubbed(text).startswith(clean)
    assert "hunter" not in scrubbed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ready",
        "ghcr.io/team/image:v1@sha256:" + "0a1b2c3d" * 8,
        "docker-pullable://registry:5000/x@sha256:" + "0a1b2c3d" * 8,
        "--token-file=/var/run/token",
        "--max-num-batched-tokens=8192",
        "--authorization-mode=Node,RBAC",
        "automountServiceAccountToken: false",
        'MountVolume.SetUp failed for volume "x": secret "y" not found',
        "/var/lib/kubelet/plugins/gpu.nvidia.com/driver-1A2b3C4d5E",
        "GPU-8a1b2c3d-4e5f-6a7b-8c9d-0e1f2a3b4c5d",
        "system:serviceaccount:kube-system:token-cleaner",
        "mail me@example.com",
    ],
)
def test_leaves_ordinary_text_alone(text: str) -> None:
    assert scrubbed(text) == text


def test_counts_what_it_took_by_kind() -> None:
    found: Counter[str] = Counter()

    scrub("password=hunter2 AKIAIOSFODNN7EXAMPLE password=", found)

    assert +found == {NAMED: 1, KNOWN_TOKENS: 1}


def test_scrubbing_twice_changes_nothing_more() -> None:
    once = scrubbed(f"--password=hunter2 {RANDOM} https://a:b@c token: {JWT}")

    assert scrubbed(once) == once


@pytest.mark.parametrize("text", ["ThisIsTheNameOfSomeControllerV1Beta2Reconciler", "a" * 40])
def test_a_long_name_is_not_random(text: str) -> None:
    assert not is_random(text)
