"""Places on the doubles, as bo-sync reaches them, with a pace that never waits."""

import threading

from bo_sync.forge.github import GitHubIssues, PullRequest, github
from bo_sync.forge.gitlab import GitLabIssues as ProjectIssues
from bo_sync.forge.gitlab import MergeRequest, gitlab
from bo_sync.hub.secrets import Secret
from bo_sync.hub.time_limits import Pace
from tests.support.forges import Forge
from tests.support.github_double import REPOSITORY, WORKFLOW
from tests.support.gitlab_double import BOT, PROJECT_ID

MARKER = "<!-- bo-sync:plan https://hub.example.com/v2/graphql -->"
BODY = f"{MARKER}\n### one person\n"
OTHER = f"{MARKER}\n### two people\n"


def hurried(waits: list[float] | None = None, *, wall: float = 0.0, request: float = 30.0) -> Pace:
    """Notes its waits in place of waiting; `wall` is the time of day."""
    noted = [] if waits is None else waits

    def wait(stopped: threading.Event, delay: float) -> bool:
        noted.append(delay)
        return stopped.is_set()

    return Pace(chance=lambda: 1.0, wait=wait, wall=lambda: wall, request=request)


def pull(forge: Forge, token: str = WORKFLOW, pace: Pace | None = None, number: int = 7) -> PullRequest:
    return PullRequest(github(forge.api, Secret(token), pace or hurried()), REPOSITORY, number)


def issues(forge: Forge, token: str = WORKFLOW) -> GitHubIssues:
    return GitHubIssues(github(forge.api, Secret(token), hurried()), REPOSITORY, "Drift: 1 person")


def merge(forge: Forge, token: str = BOT, pace: Pace | None = None) -> MergeRequest:
    return MergeRequest(gitlab(forge.api, Secret(token), pace or hurried()), PROJECT_ID, 7)


def project_issues(forge: Forge, token: str = BOT) -> ProjectIssues:
    return ProjectIssues(gitlab(forge.api, Secret(token), hurried()), PROJECT_ID, "Drift: 1 person")
