"""Where a pipeline says that it is: what is taken from the environment, what from options, and what is refused."""

import json
from pathlib import Path

import pytest

from bo_sync.errors import UsageError
from bo_sync.exit_codes import ExitCode
from bo_sync.forge.environment import ForgeTarget, github_issues, github_pull, gitlab_issues, gitlab_merge

GITHUB = {"GITHUB_REPOSITORY": "acme/access", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": "ghs_0123456789"}
GITLAB = {
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_PROJECT_ID": "42",
    "CI_MERGE_REQUEST_IID": "7",
    "GITLAB_TOKEN": "glpat-0123456789",
}
NOTHING = ForgeTarget()


class TestGitHub:
    def test_a_workflow_of_a_pull_request_says_all(self) -> None:
        place = github_pull(NOTHING, GITHUB)
        assert (place.api.root, place.repository, place.number) == ("https://api.github.com", "acme/access", 7)
        assert place.title == "pull request acme/access#7"

    def test_a_server_of_ones_own(self) -> None:
        place = github_pull(NOTHING, {**GITHUB, "GITHUB_API_URL": "https://git.example.com:8443/api/v3/"})
        assert place.api.root == "https://git.example.com:8443/api/v3"

    def test_options_go_first(self) -> None:
        place = github_pull(ForgeTarget("other/place", 9), GITHUB)
        assert place.title == "pull request other/place#9"

    @pytest.mark.parametrize(
        ("event", "number"),
        [
            ({"pull_request": {"number": 12}}, 12),
            ({"issue": {"number": 13, "pull_request": {"url": "x"}}}, 13),
            ({"issue": {"number": 14}}, None),
            ({"pull_request": {"number": True}}, None),
            ({"pull_request": {"number": "15"}}, None),
            ({"pull_request": {"number": -1}}, None),
            ({"number": 16}, None),
            ([], None),
        ],
    )
    def test_the_events_file_tells_where_the_ref_does_not(
        self, event: object, number: int | None, tmp_path: Path
    ) -> None:
        path = tmp_path / "event.json"
        path.write_text(json.dumps(event), encoding="utf-8")
        env = {**GITHUB, "GITHUB_REF": "refs/heads/main", "GITHUB_EVENT_PATH": str(path)}
        if number is not None:
            assert github_pull(NOTHING, env).number == number
        else:
            with pytest.raises(UsageError, match="belongs to no pull request"):
                github_pull(NOTHING, env)

    def test_issues_need_no_pull_request(self) -> None:
        place = github_issues(NOTHING, {**GITHUB, "GITHUB_REF": "refs/heads/main"}, "Drift")
        assert (place.title, place.heading) == ("issues of acme/access", "Drift")


class TestGitLab:
    def test_a_job_of_a_merge_request_says_all(self) -> None:
        place = gitlab_merge(NOTHING, {**GITLAB, "CI_PROJECT_URL": "https://gitlab.example.com/acme/access"})
        assert (place.api.root, place.title) == ("https://gitlab.example.com/api/v4", "merge request 42!7")
        assert place.page == "https://gitlab.example.com/acme/access/-/merge_requests/7"

    def test_the_merge_request_of_a_fork_stands_in_the_other_project(self) -> None:
        assert gitlab_merge(NOTHING, {**GITLAB, "CI_MERGE_REQUEST_PROJECT_ID": "4"}).project == "4"
        assert gitlab_issues(NOTHING, {**GITLAB, "CI_MERGE_REQUEST_PROJECT_ID": "4"}, "Drift").project == "42"

    def test_options_go_first(self) -> None:
        assert (
            gitlab_merge(ForgeTarget("acme/platform/access", 9), GITLAB).title == "merge request acme/platform/access!9"
        )

    @pytest.mark.parametrize("home", ["javascript:alert(1)", "https://x/y\x1b[31m", "https://x/<b>", "", "x"])
    def test_a_page_that_is_no_address_is_left_out(self, home: str) -> None:
        assert gitlab_merge(NOTHING, {**GITLAB, "CI_PROJECT_URL": home}).page == ""


REFUSED: dict[str, tuple[dict[str, str | None], str, str]] = {
    "no token": ({"GITHUB_TOKEN": None}, "GITHUB_TOKEN is not set", "environment"),
    "an empty token": ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set", "environment"),
    "a token with a blank": ({"GITHUB_TOKEN": "ghs 0123"}, "a character that no key has", "copy"),
    "no repository": ({"GITHUB_REPOSITORY": None}, "no repository is named", "owner/name"),
    "a branch": ({"GITHUB_REF": "refs/heads/main"}, "belongs to no pull request", "--pull"),
    "a branch that plays a pull request": ({"GITHUB_REF": "refs/heads/refs/pull/7/merge"}, "no pull request", "--pull"),
    "an event that cannot be read": (
        {"GITHUB_REF": None, "GITHUB_EVENT_PATH": "/nowhere/event.json"},
        "the event that GITHUB_EVENT_PATH names cannot be read",
        "--pull",
    ),
    "an API in the clear": ({"GITHUB_API_URL": "http://api.example.com"}, "in the clear", "https"),
    "an API that pretends to be here": ({"GITHUB_API_URL": "http://localhost.example.com"}, "in the clear", "https"),
    "an API with a user": ({"GITHUB_API_URL": "https://me:pw@example.com"}, "is not the address of an API", "https"),
    "an API with a query": ({"GITHUB_API_URL": "https://example.com/?a"}, "is not the address of an API", "https"),
    "an API above its root": ({"GITHUB_API_URL": "https://example.com/a/../b"}, "is not the address of an API", ""),
    "an API of another kind": ({"GITHUB_API_URL": "file:///etc/passwd"}, "is not the address of an API", ""),
}
REPOSITORIES = (
    "acme",
    "acme/",
    "/access",
    "acme/access/more",
    "../..",
    "acme/..",
    "./access",
    "a c/b",
    "acme/a?b",
    "a/b\n",
)
PROJECTS = ("acme", "../1", "a/../b", "a/b?c", "a/b/", "1 2", "a/b\n", "٣")


@pytest.mark.parametrize(("changed", "told", "hint"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_plain_is_refused_before_anybody_is_asked(
    changed: dict[str, str | None], told: str, hint: str
) -> None:
    env = {name: value for name, value in {**GITHUB, **changed}.items() if value is not None}
    with pytest.raises(UsageError) as refused:
        github_pull(NOTHING, env)
    assert told in refused.value.message
    assert hint in refused.value.hint
    assert refused.value.exit_code is ExitCode.USAGE
    assert "pw" not in refused.value.message


@pytest.mark.parametrize("named", REPOSITORIES)
def test_a_repository_is_owner_and_name(named: str) -> None:
    with pytest.raises(UsageError, match="is not a repository"):
        github_pull(ForgeTarget(named), GITHUB)


@pytest.mark.parametrize("named", PROJECTS)
def test_a_project_is_a_number_or_a_path(named: str) -> None:
    with pytest.raises(UsageError, match="is not a project"):
        gitlab_merge(ForgeTarget(named), GITLAB)


def test_a_job_token_is_told_not_to_be_enough() -> None:
    env = {**GITLAB, "GITLAB_TOKEN": "", "CI_JOB_TOKEN": "glcbt-0123456789"}
    with pytest.raises(UsageError, match="CI_JOB_TOKEN is there, but cannot write notes") as refused:
        gitlab_merge(NOTHING, env)
    assert "glcbt" not in refused.value.message + refused.value.hint


@pytest.mark.parametrize(
    ("gone", "told"),
    [
        ("CI_MERGE_REQUEST_IID", "belongs to no merge request"),
        ("CI_PROJECT_ID", "no project is named"),
        ("CI_API_V4_URL", "no address of GitLab's API"),
    ],
)
def test_what_gitlab_does_not_say_is_asked_for(gone: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        gitlab_merge(NOTHING, {name: value for name, value in GITLAB.items() if name != gone})
