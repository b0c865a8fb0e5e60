import pytest

from helper.served import ServerVersion, parse_version


@pytest.mark.parametrize(
    ("told", "found"),
    [
        pytest.param(
            {"gitVersion": "v1.36.2", "gitCommit": "5ed2c3"}, ServerVersion("v1.36.2"), id="real"
        ),
        pytest.param(
            {"gitVersion": "v1.36.2", "gitCommit": "replay"},
            ServerVersion("v1.36.2", is_replay=True),
            id="recorded",
        ),
        pytest.param({}, ServerVersion(), id="silent"),
    ],
)
def test_a_server_is_known_by_its_version(told: dict[str, str], found: ServerVersion) -> None:
    assert parse_version(told) == found
