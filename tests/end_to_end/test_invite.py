"""`apply --invite`: the hub is asked for one mail to each new user, after their grants, and never twice."""

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Final

import pytest

from bo_sync.sandbox.interception import HubAnswer
from bo_sync.sandbox.population import baseline_population
from tests.cli.lying import JSON, Liar, fault, page
from tests.end_to_end.hubs import ObservedHub, observed
from tests.end_to_end.world import file, files, rows, user
from tests.support.inside import inside
from tests.support.process import Ran, write

INVITE: Final = "triggerPasswordSendInitEmailEvent"
URL: Final = "https://backoffice.example.com/welcome"
FILES: Final = files(
    file("new@example.com", "language: de", "platform: {backoffice: true}", "modules: {pricing: viewer}"),
    file("old@example.com", "job: Poet"),
)


@pytest.fixture
def liar() -> Liar:
    return Liar()


@pytest.fixture
def hub(liar: Liar, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObservedHub]:
    start = baseline_population()
    with observed({**start, "users": [*start["users"], user("old@example.com", *rows(order="OWNER"))]}, liar) as made:
        for name, value in made.env().items():
            monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def apply(root: Path, *words: str) -> Ran:
    return inside("apply", "--yes", "-q", "-C", str(root), *words)


def asked(hub: ObservedHub) -> list[Any]:
    return [request.variables["input"] for request in hub.traffic.requests if INVITE in request.roots]


def invitations(ran: Ran) -> list[tuple[str, str]]:
    return [(user["email"], user["outcome"]) for user in json.loads(ran.out)["invitations"]]


def test_each_new_user_is_invited_once_after_their_grants(root: Path, hub: ObservedHub) -> None:
    ran = apply(root, "--invite", URL)
    assert ran.code == 0, ran
    assert ran.out.endswith("Invited by mail: 1 of 1 new user.\n")
    assert asked(hub) == [{"email": "new@example.com", "redirectUrl": URL, "language": "de"}]
    ways = {INVITE, "roleCreate", "adminUserCreate"}
    assert [name for _, roots in hub.traffic.sent for name in roots if name in ways] == [
        "adminUserCreate",
        "roleCreate",
        "roleCreate",
        INVITE,
    ]
    hub.traffic.clear()
    ran = apply(root, "--invite", URL, "--format", "json")
    assert (ran.code, invitations(ran), asked(hub)) == (0, [], [])


def test_without_it_the_last_line_says_that_new_users_get_no_mail(root: Path, hub: ObservedHub) -> None:
    ran = apply(root)
    assert ran.code == 0
    assert ran.out.endswith(
        "1 new user gets no mail from the hub. Invite them there, or next time with --invite URL.\n"
    )
    assert asked(hub) == []
    assert "no mail" not in apply(root).out


def test_the_journal_has_the_intent_and_the_outcome(root: Path, hub: ObservedHub) -> None:
    run = json.loads(apply(root, "--invite", URL, "--format", "json").out)["run"]
    shown = json.loads(inside("journal", run, "-C", str(root), "--format", "json").out)
    (request,) = [one for one in shown["requests"] if one["operation"] == "invite_user"]
    assert (request["email"], request["outcome"]) == ("new@example.com", "applied")
    assert [one["outcome"] for one in shown["outcomes"]] == ["applied", "applied"]


LOST: Final = page(502, "<h1>Bad gateway</h1>")
ANSWERS: Final = [
    pytest.param(LOST, "unknown", id="a gateway that lost the answer"),
    pytest.param(page(200, "not JSON", JSON), "unknown", id="an answer that is not GraphQL"),
    pytest.param(page(429, "slow down"), "failed", id="a hub that is too busy"),
    pytest.param(fault("no", code="FORBIDDEN"), "failed", id="a key that may not"),
    pytest.param(
        fault("Failed to trigger", code="TRIGGER_SEND_PASSWORD_INIT_EVENT_ERROR"),
        "unknown",
        id="a hub that failed while it sent it",
    ),
]


@pytest.mark.parametrize(("answer", "outcome"), ANSWERS)
def test_whatever_the_hub_answers_a_mail_is_asked_for_once_and_the_user_stays_created(
    root: Path, hub: ObservedHub, liar: Liar, *, answer: HubAnswer, outcome: str
) -> None:
    liar.roots, liar.said = frozenset({INVITE}), lambda _: answer
    ran = apply(root, "--invite", URL, "--format", "json")
    assert ran.code == 5
    found = json.loads(ran.out)
    assert invitations(ran) == [("new@example.com", outcome)]
    assert found["summary"]["applied"] == 2
    assert len(asked(hub)) == 1
    text = inside("journal", found["run"], "-C", str(root)).out
    assert ("Unknown: 1 request" in text) is (outcome == "unknown")
    assert "bo-sync plan shows" not in text
    hub.traffic.clear()
    assert apply(root, "--invite", URL).code == 0, "running again does nothing, and sends nothing"
    assert asked(hub) == []


@pytest.mark.parametrize("form", ["text", "markdown", "github", "junit"])
def test_every_form_says_that_an_invitation_is_unknown(root: Path, hub: ObservedHub, liar: Liar, form: str) -> None:
    liar.roots, liar.said = frozenset({INVITE}), lambda _: LOST
    ran = apply(root, "--invite", URL, "--format", form)
    assert ran.code == 5
    assert "invitation unknown" in ran.out
    assert re.search(r"\bnew\b.{0,20}example\.com", unescape(ran.out))


@pytest.mark.usefixtures("hub")
def test_redacted_output_names_no_new_user(root: Path, liar: Liar) -> None:
    liar.roots, liar.said = frozenset({INVITE}), lambda _: LOST
    ran = apply(root, "--invite", URL, "--redact", "--format", "json")
    assert ran.code == 5
    assert "new@example.com" not in ran.out + ran.err


def test_a_user_whose_grant_fails_is_not_invited(root: Path, hub: ObservedHub, liar: Liar) -> None:
    liar.roots, liar.said = frozenset({"roleCreate"}), lambda _: fault("no", code="INTERNAL_SERVER_ERROR")
    ran = apply(root, "--invite", URL, "--format", "json")
    assert (ran.code, invitations(ran), asked(hub)) == (5, [], [])


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://backoffice.example.com", id="without encryption"),
        pytest.param("http://127.0.0.1/x", id="loopback"),
        pytest.param("javascript:alert(1)", id="another scheme"),
        pytest.param("backoffice.example.com", id="no scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://me:pass@backoffice.example.com", id="a user"),
        pytest.param("https://backoffice.example.com/a b", id="a blank"),
        pytest.param("https://backoffice.example.com/\u202e", id="a letter that hides"),
        pytest.param("https://backoffice.example.com:port", id="no port"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_address_without_https_is_a_usage_error_and_nothing_is_sent(root: Path, hub: ObservedHub, url: str) -> None:
    ran = apply(root, "--invite", url)
    assert (ran.code, ran.out) == (64, "")
    assert ran.complaint[0].startswith("error: --invite: found ")
    assert hub.traffic.count == 0
