"""GitLab: the notes of a merge request, and issues.

GitLab runs a line that begins with a slash as a command of whoever wrote the note, so no line that we send begins so.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import quote

from bo_sync.core.text import Text
from bo_sync.forge.api import Api, ForgeRequest, Kind
from bo_sync.forge.sticky_comment import PostedText, entry_of, number_at
from bo_sync.hub.graphql import JsonObject, JsonValue
from bo_sync.hub.secrets import Secret
from bo_sync.hub.time_limits import Pace

LABEL: Final = "bo-sync-drift"
LONGEST: Final = 1_000_000
"""Characters of a note or a description."""
_NEEDS: Final = (
    "GITLAB_TOKEN is to be a project access token with the scope `api` and the role Reporter or more; CI_JOB_TOKEN "
    "cannot write notes"
)
_COMMAND: Final = re.compile(r"^(\s*)/", re.MULTILINE)


def gitlab(root: str, token: Secret, pace: Pace | None = None) -> Api:
    """The API below `root`, `https://gitlab.com/api/v4`."""
    return Api("GitLab", root, token, header=("PRIVATE-TOKEN", ""), pace=pace)


def inert(body: str) -> str:
    """`body` without a line that GitLab takes for a command."""
    return _COMMAND.sub(r"\1&#47;", body)


def who_am_i(api: Api) -> int:
    """The number of the account that the token stands for."""
    return number_at(api, api.ask(ForgeRequest("read", "GET", "/user", "asking whose token it is", _NEEDS)), "id")


@dataclass(frozen=True, slots=True)
class MergeRequest:
    """The notes of one merge request; `project` is a number or a path, `page` where users see the merge request."""

    api: Api
    project: str
    number: int
    page: str = ""

    @property
    def title(self) -> str:
        return f"merge request {self.project}!{self.number}"

    def spelled(self, body: str) -> str:
        return inert(body)

    def me(self) -> int:
        return who_am_i(self.api)

    def entries(self) -> Iterator[PostedText]:
        for found in self.api.pages(self._call("read", "GET", ""), {"sort": "asc", "order_by": "created_at"}):
            if found.get("system") is not True:
                yield self._entry(found)

    def create(self, body: str) -> PostedText:
        return self._entry(self.api.ask(self._call("create", "POST", "", inert(body))))

    def edit(self, entry: PostedText, body: str) -> PostedText:
        return self._entry(self.api.ask(self._call("set", "PUT", f"/{entry.id}", inert(body))))

    def retire(self, entry: PostedText, body: str) -> None:
        self.edit(entry, body)

    def _call(self, kind: Kind, method: str, path: str, body: str | None = None) -> ForgeRequest:
        about = {"read": "listing the notes", "set": "editing our note", "create": "writing a note"}[kind]
        content: JsonObject | None = None if body is None else {"body": body}
        notes = f"/projects/{quote(self.project, safe='')}/merge_requests/{self.number}/notes{path}"
        return ForgeRequest(kind, method, notes, f"{about} of {self.title}", _NEEDS, content)

    def _entry(self, found: JsonValue) -> PostedText:
        """A note, whose own address is not in the answer."""
        note = entry_of(self.api, found, ("id", "body", ""), "author")
        return replace(note, url=Text(f"{self.page}#note_{note.id}")) if self.page else note


@dataclass(frozen=True, slots=True)
class GitLabIssues:
    """The open issues of a project that have our label; a new one is headed `heading`."""

    api: Api
    project: str
    heading: str

    @property
    def title(self) -> str:
        return f"issues of {self.project}"

    def spelled(self, body: str) -> str:
        return inert(body)

    def me(self) -> int:
        return who_am_i(self.api)

    def entries(self) -> Iterator[PostedText]:
        query = {"state": "opened", "labels": LABEL, "scope": "all"}
        for found in self.api.pages(self._call("read", "GET", ""), query):
            yield self._entry(found)

    def create(self, body: str) -> PostedText:
        content: JsonObject = {"title": self.heading, "description": inert(body), "labels": LABEL}
        return self._entry(self.api.ask(self._call("create", "POST", "", content)))

    def edit(self, entry: PostedText, body: str) -> PostedText:
        return self._set(entry, {"title": self.heading, "description": inert(body)})

    def retire(self, entry: PostedText, body: str) -> None:
        self._set(entry, {"description": inert(body), "state_event": "close"})

    def _set(self, entry: PostedText, content: JsonObject) -> PostedText:
        return self._entry(self.api.ask(self._call("set", "PUT", f"/{entry.id}", content)))

    def _call(self, kind: Kind, method: str, path: str, content: JsonObject | None = None) -> ForgeRequest:
        about = {"read": "listing", "set": "editing our", "create": "opening one of"}[kind]
        issues = f"/projects/{quote(self.project, safe='')}/issues{path}"
        return ForgeRequest(kind, method, issues, f"{about} {self.title}", _NEEDS, content)

    def _entry(self, found: JsonValue) -> PostedText:
        return entry_of(self.api, found, ("iid", "description", "web_url"), "author")
