from email.utils import formatdate

import pytest

from helper.served import ServerVersion
from orchestrator.doctor.finding import Level
from orchestrator.doctor.server import clock, version

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("found", "level"),
    [
        pytest.param("v1.32.9", Level.FAIL, id="too-old"),
        pytest.param("v1.33.0", Level.OK, id="oldest"),
        pytest.param("v1.36.2-eks-4f1c2ab", Level.OK, id="newest"),
        pytest.param("v1.37.0", Level.WARN, id="newer"),
        pytest.param("v2.0.0", Level.WARN, id="another-major"),
        pytest.param("", Level.FAIL, id="none"),
        pytest.param("mine", Level.FAIL, id="no-version"),
    ],
)
def test_the_server_must_be_of_a_known_version(found: str, level: Level) -> None:
    assert version(ServerVersion(found), "https://server").level is level


@pytest.mark.parametrize(
    ("told", "level", "words"),
    [
        pytest.param(formatdate(NOW + 5, usegmt=True), Level.OK, "agrees", id="agrees"),
        pytest.param(formatdate(NOW + 90, usegmt=True), Level.WARN, "90 s ahead of", id="ahead"),
        pytest.param(formatdate(NOW - 90, usegmt=True), Level.WARN, "90 s behind", id="behind"),
        pytest.param("", Level.WARN, "does not tell", id="silent"),
        pytest.param("yesterday", Level.WARN, "does not tell", id="unreadable"),
    ],
)
def test_both_clocks_should_agree(told: str, level: Level, words: str) -> None:
    finding = clock(told, NOW)

    assert finding.level is level
    assert words in finding.words
