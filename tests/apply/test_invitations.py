"""Inviting new users: once each, only those whom the run created and whose grants hold, only where mail may go."""

from typing import Final

import pytest

from bo_sync.apply.writes import Inviting, invite
from bo_sync.core.apply_report import InvitationOutcome, InvitedUser, Outcome, Report, UserOutcome
from bo_sync.core.changes import Change
from bo_sync.core.plan import Action
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubUnreachableError
from bo_sync.ports import Invitation
from tests.support.builders import create, delete, plan, update, value

URL = "https://backoffice.example.com"
A = Text("a@example.com")


CREATED: Final[tuple[Action, Outcome]] = ("create", Outcome.APPLIED)


class Mail:
    """Remembers what was asked for, and raises what it is told to."""

    def __init__(self, *errors: HubError | None) -> None:
        self.asked: list[Invitation] = []
        self._errors = list(errors)

    def __call__(self, invitation: Invitation) -> None:
        self.asked.append(invitation)
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error

    @property
    def to(self) -> list[str]:
        return [invitation.email.raw for invitation in self.asked]


def report(**outcomes: tuple[Action, Outcome]) -> Report:
    users = (UserOutcome(Text(f"{name}@example.com"), *done) for name, done in outcomes.items())
    return Report("run", "sha256:0", tuple(users))


def new(*names: str) -> tuple[Change, ...]:
    return tuple(create(f"{name}@example.com") for name in names)


def run(done: Report, mail: Mail, *changes: Change, domains: tuple[str, ...] = (), stop: int = 99) -> Report:
    how = Inviting(URL, tuple(map(Text, domains)), mail, lambda: len(mail.asked) >= stop)
    return invite(done, plan(*changes), how)


@pytest.mark.parametrize(
    ("action", "outcome", "is_invited"),
    [
        pytest.param("create", Outcome.APPLIED, True, id="created, and the grants hold"),
        pytest.param("create", Outcome.FAILED, False, id="created, and a grant failed"),
        pytest.param("create", Outcome.UNKNOWN, False, id="nobody knows whether created"),
        pytest.param("create", Outcome.NOT_ATTEMPTED, False, id="not created in this run"),
        pytest.param("update", Outcome.APPLIED, False, id="updated"),
        pytest.param("delete", Outcome.APPLIED, False, id="deleted"),
    ],
)
def test_only_users_whom_the_run_created_are_invited(action: Action, outcome: Outcome, is_invited: bool) -> None:
    mail = Mail()
    found = run(report(a=(action, outcome)), mail, *new("a"))
    assert mail.to == (["a@example.com"] if is_invited else [])
    assert [user.outcome for user in found.invitations] == ([InvitationOutcome.SENT] if is_invited else [])


UNKNOWN = HubFateUnknownError("sent, and no answer came", operation="x", hint="")
DENIED = HubDeniedError("FORBIDDEN", operation="x", hint="", code="FORBIDDEN")
AWAY = HubUnreachableError("no answer", operation="x", hint="")


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        pytest.param(None, InvitationOutcome.SENT, id="the hub says so"),
        pytest.param(UNKNOWN, InvitationOutcome.UNKNOWN, id="a lost answer"),
        pytest.param(DENIED, InvitationOutcome.FAILED, id="a key that may not"),
        pytest.param(AWAY, InvitationOutcome.FAILED, id="a hub that cannot be reached"),
        pytest.param(HubError("broken", operation="x", hint=""), InvitationOutcome.FAILED, id="a hub that says no"),
    ],
)
def test_each_is_asked_for_once_and_one_failure_stops_nobody_else(
    error: HubError | None, outcome: InvitationOutcome
) -> None:
    mail = Mail(error)
    found = run(report(a=CREATED, b=CREATED), mail, *new("a", "b"))
    assert mail.to == ["a@example.com", "b@example.com"]
    assert [user.outcome for user in found.invitations] == [outcome, InvitationOutcome.SENT]
    assert [user.email for user in found.invitations] == [asked.email for asked in mail.asked]
    assert found.invitations[0].error == (None if error is None else error.message)
    assert found.complete is (error is None)


@pytest.mark.parametrize(
    ("domains", "sent"),
    [
        pytest.param((), True, id="no domains"),
        pytest.param(("example.com",), True, id="the domain of the user"),
        pytest.param(("EXAMPLE.com", "other.example"), True, id="in other letters, among others"),
        pytest.param(("other.example",), False, id="another domain"),
        pytest.param(("ample.com",), False, id="an end of the domain"),
        pytest.param(("sub.example.com",), False, id="a domain below"),
    ],
)
def test_mail_goes_only_to_the_domains_of_the_settings(domains: tuple[str, ...], sent: bool) -> None:
    mail = Mail()
    found = run(report(a=CREATED), mail, *new("a"), domains=domains)
    assert bool(mail.asked) is sent
    not_sent = InvitedUser(A, InvitationOutcome.NOT_SENT, Message("the address has none of the email_domains"))
    assert found.invitations == ((InvitedUser(A, InvitationOutcome.SENT),) if sent else (not_sent,))
    assert found.complete is sent


def test_the_domain_of_an_address_is_what_follows_the_last_at_sign() -> None:
    mail, user = Mail(), UserOutcome(Text("a@x.org@example.com"), *CREATED)
    run(Report("run", "sha256:0", (user,)), mail, domains=("example.com",))
    assert mail.to == ["a@x.org@example.com"]


def test_a_run_that_is_stopped_sends_no_more() -> None:
    mail = Mail()
    found = run(report(a=CREATED, b=CREATED), mail, *new("a", "b"), stop=1)
    assert mail.to == ["a@example.com"]
    assert found.invitations == (
        InvitedUser(A, InvitationOutcome.SENT),
        InvitedUser(Text("b@example.com"), InvitationOutcome.NOT_SENT, Message("the run was stopped")),
    )


@pytest.mark.parametrize(
    ("language", "sent"),
    [
        pytest.param("EN", "en", id="the user's own"),
        pytest.param("nl", "nl", id="as the file spells it"),
        pytest.param(None, "nl", id="a language that is cleared"),
        pytest.param("", "nl", id="no language at all"),
    ],
)
def test_the_language_is_always_sent(language: str | None, sent: str) -> None:
    mail = Mail()
    profile = (value("first_name", "Ann"), *(() if language == "" else (value("language", language),)))
    run(report(a=CREATED), mail, create("a@example.com", profile=profile))
    assert mail.asked == [Invitation(Text("a@example.com"), sent, URL)]


def test_only_what_is_created_has_a_language_and_without_a_plan_there_is_one_too() -> None:
    mail = Mail()
    run(report(a=CREATED, b=CREATED), mail, *new("a"), update("c@example.com"), delete("d@example.com"))
    assert [(asked.email.raw, asked.language) for asked in mail.asked] == [
        ("a@example.com", "nl"),
        ("b@example.com", "nl"),
    ]


def test_a_run_without_new_users_has_nothing_to_invite() -> None:
    found = run(report(a=("update", Outcome.APPLIED)), Mail(), update("a@example.com"))
    assert found.invitations == ()
    assert found.complete
