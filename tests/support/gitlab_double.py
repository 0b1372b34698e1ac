"""GitLab on this machine, as far as notes and issues go."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import unquote, urlsplit

from tests.support.forges import Account, Document, Forge, Heard, Writing, asked_for, changed, page, paged, served_forge
from tests.support.process import Page

BOT: Final = "glpat-project-bot-5678-abcdef"
PROJECT: Final = "acme/platform/access"
PROJECT_ID: Final = "4242"
PROJECT_BOT: Final = Account(99, "project_4242_bot_0815")
MERGES: Final = frozenset({"7", "8"})


@contextmanager
def gitlab() -> Iterator[Forge]:
    """GitLab with the project `PROJECT`, in which 7 and 8 are merge requests."""
    with served_forge(Forge({BOT: PROJECT_BOT}), _gitlab, "/api/v4") as forge:
        yield forge


def gitlab_env(forge: Forge, token: str = BOT, number: int | None = 7) -> dict[str, str]:
    merge = {"CI_MERGE_REQUEST_IID": str(number), "CI_MERGE_REQUEST_PROJECT_ID": PROJECT_ID} if number else {}
    return {
        "CI_API_V4_URL": forge.api,
        "CI_PROJECT_ID": PROJECT_ID,
        "CI_PROJECT_URL": f"https://gitlab.example.com/{PROJECT}",
        "CI_JOB_TOKEN": "glcbt-64_job-token-0000000000",
        "GITLAB_TOKEN": token,
        "CI": "true",
        **merge,
    }


def _gitlab(forge: Forge, heard: Heard) -> Page:
    account = forge.accounts.get(heard.headers.get("private-token", ""))
    if account is None:
        return page({"message": "401 Unauthorized"}, 401)
    path = [unquote(part) for part in urlsplit(heard.path).path.removeprefix("/api/v4/").split("/")]
    match heard.method, path:
        case "GET", ["user"]:
            return page({"id": account.id, "username": account.login, "bot": True})
        case method, ["projects", project, *rest] if project in {PROJECT, PROJECT_ID}:
            return _gitlab_project(forge, heard, account, (method, *rest))
        case _:
            return page({"message": "404 Project Not Found"}, 404)


def _gitlab_project(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    if call[0] != "GET" and not account.may:
        return page({"message": "403 Forbidden"}, 403)
    text = str(heard.content.get("body", heard.content.get("description", "")))
    if call[0] != "GET":
        _obey(forge, text)
    return (_tracker if call[1] == "issues" else _notes)(forge, heard, account, call)


def _notes(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    match call:
        case ("GET", "merge_requests", number, "notes") if number in MERGES:
            return _numbered(forge, heard, [_note(entry) for entry in forge.comments if entry.number == int(number)])
        case ("POST", "merge_requests", number, "notes") if number in MERGES:
            return page(_note(forge.write(str(heard.content["body"]).rstrip(), account, int(number))), 201)
        case ("PUT", "merge_requests", _, "notes", number):
            return changed(forge.comments, heard, int(number), _note)
        case _:
            return page({"message": "404 Not found"}, 404)


def _tracker(forge: Forge, heard: Heard, account: Account, call: tuple[str, ...]) -> Page:
    match call:
        case ("GET", "issues"):
            return _numbered(forge, heard, [_project_issue(entry) for entry in asked_for(forge, heard)])
        case ("POST", "issues"):
            labels = tuple(str(heard.content["labels"]).split(","))
            made = forge.open_issue(str(heard.content["description"]), account, labels=labels)
            made.title = str(heard.content["title"])
            return page(_project_issue(made), 201)
        case ("PUT", "issues", number):
            return changed(forge.issues, heard, int(number), _project_issue)
        case _:
            return page({"message": "404 Not found"}, 404)


def _obey(forge: Forge, text: str) -> None:
    forge.obeyed += [line for line in text.splitlines() if line.lstrip().startswith("/")]


def _numbered(forge: Forge, heard: Heard, found: list[Document]) -> Page:
    entries, number, _, has_next = paged(forge, heard, found)
    return page(entries, headers={"X-Page": str(number), "X-Next-Page": str(number + 1) if has_next else ""})


def _wrote(account: Account | None) -> Document | None:
    return None if account is None else {"id": account.id, "username": account.login}


def _note(entry: Writing) -> Document:
    return {"id": entry.id, "author": _wrote(entry.author), "body": entry.body, "system": entry.is_system}


def _project_issue(entry: Writing) -> Document:
    return {
        "id": entry.id + 900_000,
        "iid": entry.id,
        "title": entry.title,
        "description": entry.body,
        "state": "opened" if entry.is_open else "closed",
        "author": _wrote(entry.author),
        "web_url": f"https://gitlab.example.com/{PROJECT}/-/issues/{entry.id}",
    }
