"""What a hub that fails gets: one exact sentence, what to do next, exit 1, and nothing changed."""

import json
import socket
import time
from pathlib import Path

import pytest

from bo_sync.sandbox.interception import HubAnswer, HubRequest
from tests.end_to_end.hubs import observed
from tests.end_to_end.world import file, files, seen, user
from tests.support.process import Page, Served, answering, bo_sync, write

ROOT = files(file("bob@example.com", "phone: '2'"))
HTML = b"<html><head><title>Sign in</title></head><body><p>Please sign in</p></body></html>"
ADDRESS = "check the address; it usually ends in /graphql"
KEY = "key-for-a-failing-hub"
VALID = "set BO_SYNC_API_KEY to a valid key of this hub; a BO_SYNC_SESSION_TOKEN must be valid too, or unset"
DOCTOR = "`bo-sync doctor` says what a key may do"


@pytest.mark.parametrize(
    ("page", "told", "hint"),
    [
        pytest.param(
            Page(200, HTML, {"Content-Type": "text/html"}),
            "HUB answers HTTP 200 with an HTML page: “Sign in Please sign in”",
            ADDRESS,
            id="a page to sign in",
        ),
        pytest.param(
            Page(200, b'{"errors": [{"message": "No luck for ' + KEY.encode() + b' \\u001b[2J"}]}'),
            "the hub says “No luck for [secret] \\x1b[2J”",
            "if a page of 12 is too large for it, give a smaller --page-size; or run `bo-sync doctor`",
            id="a GraphQL error that quotes the key and a control character",
        ),
        pytest.param(
            Page(401, b"{}"),
            "HUB denies access: HTTP 401 with something that is no GraphQL answer: “{}”",
            VALID,
            id="a gateway that denies access",
        ),
    ],
)
def test_an_answer_that_is_none(tmp_path: Path, page: Page, told: str, hint: str) -> None:
    with answering(page) as server:
        env = {"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": KEY}
        done = bo_sync(write(tmp_path, ROOT), "apply", "--yes", "--verbose", env=env)
        sentence = told.replace("HUB", server.url)
    assert (done.code, done.out) == (1, "")
    # users and role definitions are asked for at once, so either may fail first
    assert done.complaint[0] in {f"error: adminUsers: {sentence}", f"error: roleDefinitions: {sentence}"}
    assert done.complaint[1:] == (f"next: {hint}",)
    assert KEY not in done.err


def test_an_unreachable_hub_is_given_up_soon_and_verbose_says_why(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v2/graphql"
    started = time.monotonic()
    env = {"BO_SYNC_HUB_URL": url, "BO_SYNC_API_KEY": KEY}
    done = bo_sync(write(tmp_path, ROOT), "apply", "--yes", "--verbose", env=env)
    assert time.monotonic() - started < 30
    assert (done.code, done.out) == (1, "")
    assert done.complaint[0].endswith(f": no answer from {url}: no connection could be made")
    assert done.complaint[1] == "next: check the address, the network and the proxy settings, then try again"
    assert done.complaint[2].startswith("detail: ConnectionError < ")
    assert len(done.complaint) == 3


def test_an_error_in_the_files_waits_for_no_hub(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and never answers
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/v2/graphql"
        started = time.monotonic()
        done = bo_sync(
            write(tmp_path, {"users/a.yaml": "x"}), "plan", env={"BO_SYNC_HUB_URL": url, "BO_SYNC_API_KEY": KEY}
        )
        assert time.monotonic() - started < 15
    assert done.code == 3


MAY_NOT = "the hub says that the key may not do this"
NOT_READ = {
    "wrong": ("the hub does not accept the key: UNAUTHENTICATED: “Invalid or missing authentication token”", VALID),
    "sandbox-none": (
        f"{MAY_NOT}: FORBIDDEN: “Insufficient permissions: adminUsers needs role.VIEWER”",
        f"adminUsers needs role.VIEWER or more: give the key that access, or use another key; {DOCTOR}",
    ),
}


@pytest.mark.parametrize("key", NOT_READ)
@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes", "--verbose"), ("users", "--live")], ids=" ".join)
def test_a_key_that_may_not_read(quiet_hub: Served, tmp_path: Path, key: str, command: tuple[str, ...]) -> None:
    done = bo_sync(write(tmp_path, ROOT), *command, env=quiet_hub.env(key))
    assert (done.code, done.out) == (1, "")
    told, hint = NOT_READ[key]
    assert done.complaint[0].partition(": ")[2].partition(": ")[2] == told
    assert done.complaint[1:] == (f"next: {hint}",)


def test_a_key_that_may_only_read_applies_nothing_and_the_report_says_so(quiet_hub: Served, tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    done = bo_sync(root, "apply", "--yes", "--format", "json", env=quiet_hub.env("sandbox-viewer"))
    assert done.code == 5
    report = json.loads(done.out)
    assert (sum(report["summary"].values()), report["summary"]["failed"]) == (1, 1)
    (outcome,) = report["outcomes"]
    assert outcome.pop("error") == (
        "adminUserUpdate of bob@example.com: the hub says that the key may not do this: FORBIDDEN: "
        "“Insufficient permissions: adminUserUpdate needs role.EDITOR”"
    )
    assert outcome == {"email": "bob@example.com", "action": "update", "outcome": "failed"}


class Refuses:
    def __init__(self, email: str) -> None:
        self.email = email

    def before(self, request: HubRequest, /) -> HubAnswer | None:
        if request.operation == "adminUserUpdate" and request.variables.get("email") == self.email:
            return HubAnswer(
                200, b'{"data": null, "errors": [{"message": "No", "extensions": {"code": "BAD_REQUEST"}}]}'
            )
        return None

    def after(self, _request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        return answer


def test_one_users_failure_stops_nobody_else_and_running_again_converges(tmp_path: Path) -> None:
    everybody = ("ada@example.com", "bob@example.com", "cy@example.com")
    root = write(tmp_path, files(*(file(email, "phone: '2'") for email in everybody)))
    interceptor = Refuses("bob@example.com")
    with observed({"users": [user(email) for email in everybody]}, interceptor) as hub:
        done = bo_sync(root, "apply", "--yes", env=hub.env())
        held = {user["email"]: seen(user).profile.get("phone") for user in hub.holds()["users"]}
        interceptor.email = ""
        again = bo_sync(root, "apply", "--yes", env=hub.env())
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
    assert (done.code, again.code, left.code) == (5, 0, 0)
    assert held == {"ada@example.com": "2", "bob@example.com": None, "cy@example.com": "2"}
    assert "Failed, maybe partly done: run plan again, it shows what is left\n  ! bob@example.com" in done.out
    assert done.out.endswith("3 people: 2 applied, 1 failed.\n")
    assert again.out.endswith("1 person: 1 applied.\n")


def test_fail_fast_begins_nothing_more(tmp_path: Path) -> None:
    everybody = ("ada@example.com", "bob@example.com", "cy@example.com")
    root = write(tmp_path, files(*(file(email, "phone: '2'") for email in everybody)))
    with observed({"users": [user(email) for email in everybody]}, Refuses("bob@example.com")) as hub:
        done = bo_sync(root, "apply", "--yes", "--fail-fast", "--concurrency", "1", env=hub.env())
    assert done.code == 5
    assert "Not attempted: nothing was sent for these people; plan and apply again" in done.out
    assert done.out.endswith("3 people: 1 applied, 1 failed, 1 not attempted.\n")
