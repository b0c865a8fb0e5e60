from typing import Any

import pytest

from orchestrator.reports import run_words


@pytest.mark.parametrize(
    ("identity", "words"),
    [
        pytest.param({"gpus": {"H100": 16}}, "16 H100", id="told-without-those-installed"),
        pytest.param(
            {"gpus": {"H100": 16}, "gpusInstalled": {"H100": 16}}, "16 H100", id="all-of-them"
        ),
        pytest.param(
            {"gpus": {"H100": 13, "A100": 8}, "gpusInstalled": {"H100": 16, "A100": 8}},
            "H100: 13 of 16 allocatable, 8 A100",
            id="some-unhealthy",
        ),
        pytest.param({"gpus": {"H100": 13}, "gpusInstalled": "x"}, "13 H100", id="of-another-kind"),
    ],
)
def test_gpus_of_a_cluster_are_told_by_product(identity: dict[str, Any], words: str) -> None:
    assert dict(run_words.about({"extra": {"identity": identity}}))["GPUs"] == words
