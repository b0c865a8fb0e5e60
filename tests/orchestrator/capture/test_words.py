import pytest

from orchestrator.capture.words import names_a_secret


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "DB_PASSWORD",
        "dbPassword",
        "--admin-password",
        "POSTGRES_PASS",
        "clientSecret",
        "apiKey",
        "API_KEY",
        "X-Api-Key",
        "secret-key",
        "AWS_SECRET_ACCESS_KEY",
        "AccountKey",
        "bearerToken",
        "auth",
        "licenseKey",
        "DATABASE_CREDENTIALS".removesuffix("S"),
        ".dockerconfigjson",
    ],
)
def test_a_name_that_stands_before_a_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "key",
        "name",
        "secretName",
        "imagePullSecret",
        "imagePullSecrets",
        "tokenSecretRef",
        "--token-file",
        "--tls-private-key-file",
        "tokenExpirationSeconds",
        "max-tokens",
        "authorization-mode",
        "secretNamespace",
        "bypass",
        "monkey",
        "author",
        "passthrough",
    ],
)
def test_a_name_that_only_points_at_one_or_is_about_something_else(name: str) -> None:
    assert not names_a_secret(name)
