import pytest

from orchestrator import ci


@pytest.mark.parametrize(
    ("env", "told"),
    [
        pytest.param({}, {}, id="no-ci"),
        pytest.param(
            {
                "GITHUB_SHA": "abc",
                "GITHUB_REF_NAME": "main",
                "GITHUB_RUN_ID": "7",
                "GITHUB_REPOSITORY": "team/project",
                "GITHUB_SERVER_URL": "https://github.example",
            },
            {
                "repositoryName": "team/project",
                "commit": "abc",
                "branchName": "main",
                "buildId": "7",
                "buildUrl": "https://github.example/team/project/actions/runs/7",
            },
            id="github",
        ),
        pytest.param(
            {"CI_COMMIT_SHA": "abc", "CI_PIPELINE_ID": "7", "CI_JOB_URL": "https://gitlab/7"},
            {"commit": "abc", "buildId": "7", "buildUrl": "https://gitlab/7"},
            id="gitlab",
        ),
        pytest.param(
            {"BUILD_ID": "7", "BUILD_URL": "https://jenkins/7", "GIT_COMMIT": ""},
            {"buildId": "7", "buildUrl": "https://jenkins/7"},
            id="jenkins",
        ),
    ],
)
def test_a_report_names_the_build_that_it_is_from(
    env: dict[str, str], told: dict[str, str]
) -> None:
    assert ci.build(env) == told
