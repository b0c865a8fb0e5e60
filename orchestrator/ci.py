"""The build that started a run, as continuous integration systems tell it in variables."""

from collections.abc import Mapping

# CTRF's name for a thing, and the variables of GitHub, GitLab and Jenkins or Prow that have it.
VARIABLES = {
    "repositoryName": ("GITHUB_REPOSITORY", "CI_PROJECT_PATH"),
    "commit": ("GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "PULL_PULL_SHA"),
    "branchName": ("GITHUB_REF_NAME", "CI_COMMIT_REF_NAME", "GIT_BRANCH", "PULL_BASE_REF"),
    "buildId": ("GITHUB_RUN_ID", "CI_PIPELINE_ID", "BUILD_ID"),
    "buildUrl": ("CI_JOB_URL", "BUILD_URL"),
}


def build(env: Mapping[str, str]) -> dict[str, str]:
    """What is known of the build, under the names of CTRF; nothing outside of CI."""
    found = {
        name: next((env[key] for key in keys if env.get(key)), "")
        for name, keys in VARIABLES.items()
    }
    if env.get("GITHUB_SERVER_URL") and env.get("GITHUB_RUN_ID"):
        place = f"{env['GITHUB_SERVER_URL']}/{found['repositoryName']}"
        found["buildUrl"] = f"{place}/actions/runs/{env['GITHUB_RUN_ID']}"
    return {name: value for name, value in found.items() if value}
