"""GitHub on this machine, as far as comments and issues go."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from tests.support.forges import (
    Account,
    Document,
    Forge,
    Heard,
    Writing,
    asked_for,
    changed,
    page,
    paged,
    refusal,
    served_forge,
)
from tests.support.process import Page

WORKFLOW: Final = "ghs_workflow-4711-abcdef-0123456789"
USER: Final = "ghp_person-0815-fedcba-9876543210"
READER: Final = "ghs_reader-1234-ffffff-0000000000"
REPOSITORY: Final = "acme/access"
ACTIONS: Final = Account(41898282, "github-actions[bot]", is_app=True)
OWNER: Final = Account(17, "jane")
PULLS: Final = frozenset({"7", "8"})


@contextmanager
def github() -> Iterator[Forge]:
    """GitHub with the repository `REPOSITORY`, in which 7 and 8 are pull requests."""
    accounts = {
        WORKFLOW: ACTIONS,
        USER: OWNER,
        READER: Account(ACTIONS.id, ACTIONS.login, is_app=True, may=frozenset()),
    }
    with served_forge(Forge(accounts), _github, "") as forge:
        yield forge


def github_env(forge: Forge, token: str = WORKFLOW, number: int | None = 7) -> dict[str, str]:
    ref = f"refs/pull/{number}/merge" if number else "refs/heads/main"
    return {
        "GITHUB_API_URL": forge.api,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_REF": ref,
        "GITHUB_TOKEN": token,
        "CI": "true",
    }


def _github(forge: Forge, heard: Heard) -> Page:
    scheme, _, token = heard.headers.get("authorization", "").partition(" ")
    account = forge.accounts.get(token) if scheme == "Bearer" else None
    if account is None:
        return refusal(401, "Bad credentials")
    path = urlsplit(heard.path).path.split("/")[1:]
    match heard.method, path:
        case "GET", ["user"] if account.is_app:
            return refusal(403, "Resource not accessible by integration")
        case "GET", ["user"]:
            return page({"id": account.id, "login": account.login, "type": "User"})
        case "POST", ["graphql"] if heard.content.get("query") == "query { viewer { databaseId } }":
            return page({"data": {"viewer": {"databaseId": account.id}}})
        case method, ["repos", owner, name, "issues", *rest] if f"{owner}/{name}" == REPOSITORY:
            return _github_issues(forge, heard, account, (method, *rest))
        case _:
            return refusal(404, "Not Found")


def _github_issues(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    needed = "pull-requests" if "comments" in call else "issues"
    if call[0] != "GET" and needed not in account.may:
        return refusal(403, "Resource not accessible by integration")
    return (_pull if needed == "pull-requests" else _tracker)(forge, heard, account, call)


def _pull(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    match call:
        case ("GET", number, "comments") if number in PULLS:
            return _linked(forge, heard, [_comment(entry) for entry in forge.comments if entry.number == int(number)])
        case ("POST", number, "comments") if number in PULLS:
            return _written(heard, lambda body: forge.write(body, account, int(number)), _comment)
        case ("PATCH", "comments", number):
            return changed(forge.comments, heard, int(number), _comment)
        case _:
            return refusal(404, "Not Found")


def _tracker(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    match call:
        case ("GET",):
            return _linked(forge, heard, [_issue(entry) for entry in asked_for(forge, heard)])
        case ("POST",):
            labels = heard.content.get("labels")
            named = tuple(map(str, labels)) if isinstance(labels, list) else ()
            return _written(heard, lambda body: forge.open_issue(body, account, labels=named), _issue)
        case ("PATCH", number):
            return changed(forge.issues, heard, int(number), _issue)
        case _:
            return refusal(404, "Not Found")


def _linked(forge: Forge, heard: Heard, found: list[Document]) -> Page:
    entries, number, size, has_next = paged(forge, heard, found)
    link = f'<{forge.api}/elsewhere?page={number + 1}&per_page={size}>; rel="next"' if has_next else ""
    return page(entries, headers={"Link": link} if link else {})


def _written(heard: Heard, write: Callable[[str], Writing], shown: Callable[[Writing], Document]) -> Page:
    body = heard.content.get("body")
    if not isinstance(body, str) or not body.strip() or len(body) > 65536:
        return page({"message": "Validation Failed", "errors": [{"code": "custom", "field": "body"}]}, 422)
    made = write(body)
    made.title = str(heard.content.get("title", ""))
    return page(shown(made), 201)


def _who(account: Account | None) -> Document | None:
    if account is None:
        return None
    return {"id": account.id, "login": account.login, "type": "Bot" if account.is_app else "User"}


def _comment(entry: Writing) -> Document:
    url = f"https://github.example.com/{REPOSITORY}/pull/{entry.number}#issuecomment-{entry.id}"
    return {"id": entry.id, "user": _who(entry.author), "body": entry.body, "html_url": url}


def _issue(entry: Writing) -> Document:
    found: Document = {
        "id": entry.id + 900_000,
        "number": entry.id,
        "title": entry.title,
        "state": "open" if entry.is_open else "closed",
        "user": _who(entry.author),
        "body": entry.body,
        "html_url": f"https://github.example.com/{REPOSITORY}/issues/{entry.id}",
    }
    return {**found, "pull_request": {"url": "x"}} if entry.is_pull else found
