"""What a pipeline's environment says: forge, repository, pull request, token.

Options override the environment. The token comes from the environment only and goes to the API that the environment
names: no file of a repository decides that.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bo_sync.core.text import Message, Text
from bo_sync.errors import UsageError
from bo_sync.forge.github import GitHubIssues, PullRequest, github
from bo_sync.forge.gitlab import GitLabIssues as ProjectIssues
from bo_sync.forge.gitlab import MergeRequest, gitlab
from bo_sync.hub.hub_url import is_loopback
from bo_sync.hub.secrets import Secret

Environment = Mapping[str, str]
_ROOT: Final = re.compile(r"https?://(?P<host>[A-Za-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
_REPOSITORY: Final = re.compile(r"(?!\.+/)[A-Za-z0-9._-]+/(?!\.+$)[A-Za-z0-9._-]+")
_PROJECT: Final = re.compile(r"[0-9]+|(?!\.+/)[A-Za-z0-9._-]+(/(?!\.+(/|$))[A-Za-z0-9._-]+)+")
_REF: Final = re.compile(r"refs/pull/([0-9]{1,12})/(?:merge|head)")
_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_PAGE: Final = re.compile(r"https?://[A-Za-z0-9.:-]+/[A-Za-z0-9._/-]+")
_LARGEST_EVENT: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ForgeTarget:
    """What the command line says: None is left to the environment."""

    repository: str | None = None
    number: int | None = None


def github_pull(chosen: ForgeTarget, env: Environment) -> PullRequest:
    """The pull request that is meant. Raises UsageError, without asking anybody, when that is not plain."""
    repository = _repository(chosen, env)
    number = chosen.number or _from_ref(env) or _from_event(env)
    if number is None:
        raise UsageError(
            "this run belongs to no pull request", hint="run it on the event pull_request, or give --pull NUMBER"
        )
    return PullRequest(github(_github_root(env), _token(env, "GITHUB_TOKEN")), repository, number)


def github_issues(chosen: ForgeTarget, env: Environment, heading: str) -> GitHubIssues:
    """The issues of the repository that is meant; raises as `github_pull`."""
    repository = _repository(chosen, env)
    return GitHubIssues(github(_github_root(env), _token(env, "GITHUB_TOKEN")), repository, heading)


def gitlab_merge(chosen: ForgeTarget, env: Environment) -> MergeRequest:
    """The merge request that is meant; raises as `github_pull`."""
    named = env.get("CI_MERGE_REQUEST_IID", "")
    number = chosen.number or (int(named) if _NUMBER.fullmatch(named) else None)
    if number is None:
        raise UsageError(
            "this job belongs to no merge request",
            hint="run it in a merge request pipeline (CI_MERGE_REQUEST_IID), or give --pull NUMBER",
        )
    # A pipeline of a fork runs in the fork's project, and its merge request stands in the other one.
    project = _project(chosen, env, "CI_MERGE_REQUEST_PROJECT_ID", "CI_PROJECT_ID")
    home = env.get("CI_MERGE_REQUEST_PROJECT_URL") or env.get("CI_PROJECT_URL") or ""
    page = f"{home}/-/merge_requests/{number}" if _PAGE.fullmatch(home) and chosen.repository is None else ""
    return MergeRequest(gitlab(_gitlab_root(env), _gitlab_token(env)), project, number, page)


def gitlab_issues(chosen: ForgeTarget, env: Environment, heading: str) -> ProjectIssues:
    """The issues of the project that is meant; raises as `github_pull`."""
    project = _project(chosen, env, "CI_PROJECT_ID")
    return ProjectIssues(gitlab(_gitlab_root(env), _gitlab_token(env)), project, heading)


def log_of(env: Environment) -> str:
    """The page of the run that this is a part of, as the pipeline says; "" where it does not, or not plainly."""
    server, repository, run = (env.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    page = env.get("CI_JOB_URL") or f"{server}/{repository}/actions/runs/{run}"
    return page if _PAGE.fullmatch(page) and not page.endswith("/") else ""


def _github_root(env: Environment) -> str:
    return _root("GITHUB_API_URL", env.get("GITHUB_API_URL") or "https://api.github.com")


def _gitlab_root(env: Environment) -> str:
    named = env.get("CI_API_V4_URL")
    if not named:
        hint = "set CI_API_V4_URL, as https://gitlab.com/api/v4"
        raise UsageError("there is no address of GitLab's API", hint=hint)
    return _root("CI_API_V4_URL", named)


def _root(name: str, raw: str) -> str:
    """An address that the token may travel to: HTTPS, or this machine."""
    text = raw.strip().rstrip("/")
    found = _ROOT.fullmatch(text)
    if found is None or ".." in text:
        hint = "write https://host/path, without a user name, a query or a fragment"
        raise UsageError(f"{name} is not the address of an API", hint=hint)
    if urlsplit(text).scheme == "http" and not is_loopback(found["host"]):
        message = Message(
            "{} is {}: http:// would send the token in the clear, and is for this machine only", name, Text(text)
        )
        raise UsageError(message, hint="write https://…")
    return text


def _token(env: Environment, name: str) -> Secret:
    if not env.get(name):
        hint = f"hand it over in the step's environment: {name}: ${{{{ github.token }}}}"
        raise UsageError(f"there is no token: {name} is not set", hint=hint)
    return Secret.parse(env[name], name)


def _gitlab_token(env: Environment) -> Secret:
    if not env.get("GITLAB_TOKEN"):
        why = "; CI_JOB_TOKEN is there, but cannot write notes or issues" if env.get("CI_JOB_TOKEN") else ""
        hint = "make a project access token with the scope api, and give it as the masked variable GITLAB_TOKEN"
        raise UsageError(f"there is no token: GITLAB_TOKEN is not set{why}", hint=hint)
    return Secret.parse(env["GITLAB_TOKEN"], "GITLAB_TOKEN")


def _repository(chosen: ForgeTarget, env: Environment) -> str:
    named = chosen.repository or env.get("GITHUB_REPOSITORY") or ""
    if not _REPOSITORY.fullmatch(named):
        told = Message("`{}` is not a repository", Text(named)) if named else "no repository is named"
        raise UsageError(told, hint="set GITHUB_REPOSITORY or give --repository, as owner/name")
    return named


def _project(chosen: ForgeTarget, env: Environment, *names: str) -> str:
    given = (chosen.repository, *(env.get(name) for name in names))
    named = next((name for name in given if name), "")
    if not _PROJECT.fullmatch(named):
        told = Message("`{}` is not a project", Text(named)) if named else "no project is named"
        raise UsageError(told, hint="set CI_PROJECT_ID or give --repository, as a number or group/name")
    return named


def _from_ref(env: Environment) -> int | None:
    found = _REF.fullmatch(env.get("GITHUB_REF", ""))
    return int(found[1]) if found else None


def _from_event(env: Environment) -> int | None:
    """The pull request of the event's file, which GitHub writes for the run; None where it is about none."""
    path = env.get("GITHUB_EVENT_PATH")
    event = _event(Path(path)) if path else {}
    pull = event.get("pull_request")
    issue = event.get("issue")
    if pull is None and isinstance(issue, dict) and "pull_request" in issue:
        pull = issue
    number = pull.get("number") if isinstance(pull, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) and number > 0 else None


def _event(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(_LARGEST_EVENT))
    except (OSError, ValueError, RecursionError) as err:
        hint = "give --pull NUMBER"
        raise UsageError("the event that GITHUB_EVENT_PATH names cannot be read", hint=hint) from err
    return found if isinstance(found, dict) else {}
