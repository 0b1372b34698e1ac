"""GitHub: the comments of a pull request, which are those of its issue; and issues."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bo_sync.forge.api import Api, ForgeForbiddenError, ForgeRequest, Kind
from bo_sync.forge.sticky_comment import PostedText, entry_of, number_at
from bo_sync.hub.graphql import JsonObject, JsonValue
from bo_sync.hub.secrets import Secret
from bo_sync.hub.time_limits import Pace

LABEL: Final = "bo-sync-drift"
LONGEST: Final = 65_536
"""Characters of a comment or an issue."""
_KEYS: Final = ("id", "body", "html_url")
_COMMENTS: Final = (
    "the token needs `pull-requests: write`; that of a pull request from a fork has read access alone, and then the "
    "step summary is the place"
)
_ISSUES: Final = "the token needs `issues: write`, and issues must be switched on"
_VIEWER: Final = "query { viewer { databaseId } }"


def github(root: str, token: Secret, pace: Pace | None = None) -> Api:
    """The API below `root`, `https://api.github.com` or a server's own `…/api/v3`."""
    return Api("GitHub", root, token, header=("Authorization", "Bearer "), pace=pace)


def who_am_i(api: Api, needs: str) -> int:
    """The number of the account that the token stands for.

    `GET /user` knows users. It refuses the token of an app, as that of a workflow is; GraphQL's `viewer` knows those.
    """
    about = "asking whose token it is"
    try:
        return number_at(api, api.ask(ForgeRequest("read", "GET", "/user", about, needs)), "id")
    except ForgeForbiddenError:
        # On a server of one's own GraphQL stands beside `/api/v3`.
        root, query = api.root.removesuffix("/v3"), {"query": _VIEWER}
        found = api.ask(ForgeRequest("read", "POST", "/graphql", about, needs, query, root))
        return number_at(api, found, "data", "viewer", "databaseId")


@dataclass(frozen=True, slots=True)
class PullRequest:
    """The comments of one pull request; `repository` is `owner/name`."""

    api: Api
    repository: str
    number: int

    @property
    def title(self) -> str:
        return f"pull request {self.repository}#{self.number}"

    def spelled(self, body: str) -> str:
        return body

    def me(self) -> int:
        return who_am_i(self.api, _COMMENTS)

    def entries(self) -> Iterator[PostedText]:
        for found in self.api.pages(self._call("read", "GET", self._comments), {}):
            yield self._entry(found)

    def create(self, body: str) -> PostedText:
        return self._entry(self.api.ask(self._call("create", "POST", self._comments, body)))

    def edit(self, entry: PostedText, body: str) -> PostedText:
        return self._entry(self.api.ask(self._call("set", "PATCH", f"/comments/{entry.id}", body)))

    def retire(self, entry: PostedText, body: str) -> None:
        self.edit(entry, body)

    @property
    def _comments(self) -> str:
        return f"/{self.number}/comments"

    def _call(self, kind: Kind, method: str, path: str, body: str | None = None) -> ForgeRequest:
        about = {"read": "listing the comments", "set": "editing our comment", "create": "writing a comment"}[kind]
        content: JsonObject | None = None if body is None else {"body": body}
        issues = f"/repos/{self.repository}/issues{path}"
        return ForgeRequest(kind, method, issues, f"{about} of {self.title}", _COMMENTS, content)

    def _entry(self, found: JsonValue) -> PostedText:
        return entry_of(self.api, found, _KEYS, "user")


@dataclass(frozen=True, slots=True)
class GitHubIssues:
    """The open issues of a repository that have our label; a new one is headed `heading`."""

    api: Api
    repository: str
    heading: str

    @property
    def title(self) -> str:
        return f"issues of {self.repository}"

    def spelled(self, body: str) -> str:
        return body

    def me(self) -> int:
        return who_am_i(self.api, _ISSUES)

    def entries(self) -> Iterator[PostedText]:
        for found in self.api.pages(self._call("read", "GET", ""), {"state": "open", "labels": LABEL}):
            if "pull_request" not in found:  # to this API a pull request is an issue too
                yield self._entry(found)

    def create(self, body: str) -> PostedText:
        call = self._call("create", "POST", "", {"title": self.heading, "body": body, "labels": [LABEL]})
        return self._entry(self.api.ask(call))

    def edit(self, entry: PostedText, body: str) -> PostedText:
        return self._set(entry, {"title": self.heading, "body": body})

    def retire(self, entry: PostedText, body: str) -> None:
        self._set(entry, {"body": body, "state": "closed"})

    def _set(self, entry: PostedText, content: JsonObject) -> PostedText:
        return self._entry(self.api.ask(self._call("set", "PATCH", f"/{entry.id}", content)))

    def _call(self, kind: Kind, method: str, path: str, content: JsonObject | None = None) -> ForgeRequest:
        about = {"read": "listing", "set": "editing our", "create": "opening one of"}[kind]
        return ForgeRequest(
            kind, method, f"/repos/{self.repository}/issues{path}", f"{about} {self.title}", _ISSUES, content
        )

    def _entry(self, found: JsonValue) -> PostedText:
        return entry_of(self.api, found, ("number", "body", "html_url"), "user")
