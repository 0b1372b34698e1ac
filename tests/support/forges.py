"""What doubles of forges share: accounts, what they wrote, pages and failures; see `github_double`, `gitlab_double`.

What a forge lets happen happens here too: a token that may write may edit anybody's comment, and GitLab obeys a line
that begins with a slash. So a test can see what bo-sync does, and what it leaves alone.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tests.support.process import Page

Document = dict[str, object]


@dataclass(frozen=True)
class Account:
    """Somebody with a token. An `is_app` token stands for no user; `may` are the permissions to write."""

    id: int
    login: str
    is_app: bool = False
    may: frozenset[str] = frozenset({"pull-requests", "issues"})


MALLORY: Final = Account(666, "mallory")


@dataclass
class Writing:
    """A comment, a note or an issue."""

    id: int
    number: int
    author: Account | None
    body: str
    title: str = ""
    labels: tuple[str, ...] = ()
    is_open: bool = True
    is_pull: bool = False
    is_system: bool = False
    edits: int = 0


@dataclass(frozen=True)
class InjectedAnswer:
    """What one request whose method and path fit gets in place of its answer; None for a cut connection.

    `carried_out` does what was asked all the same.
    """

    method: str
    path: str
    page: Page | None
    carried_out: bool = False


@dataclass(frozen=True)
class Heard:
    """One request: its method, its path with the query, its headers by lower-case name, and its body."""

    method: str
    path: str
    headers: Mapping[str, str]
    content: Document

    @property
    def writes(self) -> bool:
        return self.method != "GET" and not self.path.endswith("/graphql")


@dataclass
class Forge:
    """What the forge holds, what it was asked, and where it listens (`api` is the root of its API)."""

    accounts: dict[str, Account]
    api: str = ""
    comments: list[Writing] = field(default_factory=list)
    issues: list[Writing] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    injected: list[InjectedAnswer] = field(default_factory=list)
    obeyed: list[str] = field(default_factory=list)
    before: Callable[[Heard], None] = lambda _: None
    per_page: int = 100
    lock: threading.RLock = field(default_factory=threading.RLock)
    last: int = 1000

    def write(self, body: str, author: Account | None, number: int = 7, *, is_system: bool = False) -> Writing:
        """Somebody writes a comment, in no way that we see."""
        made = Writing(self.number(), number, author, body, is_system=is_system)
        self.comments.append(made)
        return made

    def open_issue(
        self, body: str, author: Account | None, *, labels: tuple[str, ...] = ("bo-sync-drift",), is_pull: bool = False
    ) -> Writing:
        made = Writing(self.number(), self.last, author, body, "An issue", labels, is_pull=is_pull)
        self.issues.append(made)
        return made

    def number(self) -> int:
        with self.lock:
            self.last += 1
            return self.last

    @property
    def written(self) -> list[str]:
        return [f"{heard.method} {heard.path}" for heard in self.heard if heard.writes]

    @property
    def open_issues(self) -> list[Writing]:
        return [issue for issue in self.issues if issue.is_open and not issue.is_pull]


Answered = Callable[[Forge, Heard], Page]


def page(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Page:
    named = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return Page(status, json.dumps(content).encode(), named)


def refusal(status: int, message: str) -> Page:
    return page({"message": message, "documentation_url": "https://docs.example.com"}, status)


@contextmanager
def served_forge(forge: Forge, answered: Answered, below: str) -> Iterator[Forge]:
    with _Server(("127.0.0.1", 0), _answerer(forge, answered)) as server:
        forge.api = f"http://127.0.0.1:{server.server_address[1]}{below}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield forge
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is no news."""


def _answerer(forge: Forge, answered: Answered) -> type[BaseHTTPRequestHandler]:
    class Answerer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            heard = Heard(self.command, self.path, headers, json.loads(body) if body else {})
            found = _injected_or_own(forge, heard, answered)
            if found is None:
                self.close_connection = True
                return
            self.send_response(found.status)
            for name, value in {**found.headers, "Content-Length": str(len(found.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(found.body)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PATCH(self) -> None:
            self.answer()

        def do_PUT(self) -> None:
            self.answer()

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Silent."""

    return Answerer


def _injected_or_own(forge: Forge, heard: Heard, answered: Answered) -> Page | None:
    forge.before(heard)
    with forge.lock:
        forge.heard.append(heard)
        path = urlsplit(heard.path).path
        for one in forge.injected:
            if one.method == heard.method and path.endswith(one.path):
                forge.injected.remove(one)
                if one.carried_out:
                    answered(forge, heard)
                return one.page
        return answered(forge, heard)


def paged(forge: Forge, heard: Heard, found: list[Document]) -> tuple[list[Document], int, int, bool]:
    """The page that is asked for, its number, how many there are on one, and whether another one follows."""
    asked = parse_qs(urlsplit(heard.path).query)
    number = int(asked.get("page", ["1"])[0])
    size = min(forge.per_page, int(asked.get("per_page", ["30"])[0]))
    return found[(number - 1) * size : number * size], number, size, number * size < len(found)


def asked_for(forge: Forge, heard: Heard) -> list[Writing]:
    asked = parse_qs(urlsplit(heard.path).query)
    label = asked.get("labels", [""])[0]
    is_open = asked.get("state", ["open"])[0] in {"open", "opened"}
    return [entry for entry in forge.issues if entry.is_open is is_open and (not label or label in entry.labels)]


def changed(found: list[Writing], heard: Heard, number: int, shown: Callable[[Writing], Document]) -> Page:
    for entry in found:
        if entry.id == number:
            entry.edits += 1
            entry.body = str(heard.content.get("body", heard.content.get("description", entry.body)))
            entry.title = str(heard.content.get("title", entry.title))
            entry.is_open = (
                entry.is_open and heard.content.get("state") != "closed" and heard.content.get("state_event") != "close"
            )
            return page(shown(entry))
    return refusal(404, "Not Found")
