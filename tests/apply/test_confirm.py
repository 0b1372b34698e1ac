"""The read-back after an apply: what is read when, and the verdict on each change.

Each row of a table is one change, the users that the hub shows afterwards, and the verdict.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from bo_sync.apply.confirm import Confirmation, Sent, confirm
from bo_sync.core.changes import Change
from bo_sync.core.model import Access, GrantRow, LiveUser
from bo_sync.core.text import Message, Text
from tests.support.builders import create, delete, duplicate, field_change, revoke, set_grant, text, update, value
from tests.support.hub_double import Event, InMemoryHub, Operation, unreachable
from tests.support.users import holds, hub_of, indexed, row

JANE, KIM, LEE = "jane@example.com", "kim@example.com", "lee@example.com"
EARLIER, OURS, LATER = "2026-06-15T09:00:00Z", "2026-06-15T10:00:00.000Z", "2026-06-15T10:00:00.001Z"
ROLES = indexed().definitions
APPLIED = Confirmation("applied", Message(""))


@dataclass
class Asked(InMemoryHub):
    """Keeps the addresses and the ids for which it was asked, in order."""

    asked: list[list[str] | list[int]] = field(default_factory=list)

    def read_users(self, emails: Sequence[Text]) -> tuple[LiveUser, ...]:
        self.asked.append([email.raw for email in emails])
        return super().read_users(emails)

    def read_rows_of(self, user_ids: Sequence[int]) -> dict[int, tuple[GrantRow, ...]]:
        self.asked.append(list(user_ids))
        return super().read_rows_of(user_ids)


@dataclass
class Pauses:
    """Waits no time. `kept` has the seconds, and the pauses after the first `whole` ones end early."""

    whole: int = 99
    kept: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> bool:
        self.kept.append(seconds)
        return len(self.kept) <= self.whole


def unconfirmed(told: str) -> Confirmation:
    return Confirmation("unconfirmed", Message(f"the hub answered success, but shows another value: {told}"))


def unread(told: str) -> Confirmation:
    return Confirmation("unconfirmed", Message(f"sent and answered, but it could not be read again: {told}"))


def later(told: str) -> Confirmation:
    return Confirmation("later", Message(f"warning: changed in the hub after this run: {told}"))


def user(*rows: GrantRow, at: str | None = LATER, number: int = 7, **values: str | None) -> LiveUser:
    """The user at JANE's address; `at` is the moment of their profile and of each row."""
    dated = tuple(replace(each, updated_at=text(at)) for each in rows)
    return replace(holds(number, JANE, *dated, **values), updated_at=text(at))


@dataclass(frozen=True, slots=True)
class Case:
    """A change, what the hub shows, the verdict, and the hub's own moment of the last write."""

    change: Change
    found: tuple[LiveUser, ...]
    verdict: Confirmation
    moment: str | None = OURS


PHONE = update(JANE, profile=(field_change("phone", "1", "2"),))
THIRD_PHONE = "phone: sent “2”, found “3”"
SPACED_PHONE = update(JANE, profile=(field_change("phone", "1 2", "3 4"),))
JOB_TOO = update(JANE, profile=(field_change("phone", "1", "2"), field_change("job", None, "Clerk")))

FIELDS: dict[str, Case] = {
    "a field is as sent": Case(PHONE, (user(phone="2"),), APPLIED),
    "a field is as sent, and another client changed a field that was not sent": Case(
        PHONE, (user(phone="2", job="Boss"),), APPLIED
    ),
    "a field is stored in normal form": Case(
        update(JANE, profile=(field_change("job", None, "Head  of sales "),)), (user(job="Head of sales"),), APPLIED
    ),
    "a phone number is stored without its spaces": Case(SPACED_PHONE, (user(phone="34"),), APPLIED),
    "a field is cleared as sent": Case(update(JANE, profile=(field_change("phone", "1", None),)), (user(),), APPLIED),
    "a field has its old value, with a later moment": Case(
        PHONE, (user(phone="1"),), unconfirmed("phone: sent “2”, found “1”")
    ),
    "a phone number has its old value without its spaces, with a later moment": Case(
        SPACED_PHONE, (user(phone="12"),), unconfirmed("phone: sent “3 4”, found “12”")
    ),
    "a field was not cleared": Case(
        update(JANE, profile=(field_change("phone", "1", None),)),
        (user(phone="1"),),
        unconfirmed("phone: sent nothing, found “1”"),
    ),
    "a field has a third value with a later moment": Case(PHONE, (user(phone="3"),), later(THIRD_PHONE)),
    "a field was cleared later": Case(PHONE, (user(),), later("phone: sent “2”, found nothing")),
    "a field has a third value with the moment of our write": Case(
        PHONE, (user(phone="3", at=OURS),), unconfirmed(THIRD_PHONE)
    ),
    "a field has a third value with an earlier moment": Case(
        PHONE, (user(phone="3", at=EARLIER),), unconfirmed(THIRD_PHONE)
    ),
    "a field has a third value and the user has no moment": Case(
        PHONE, (user(phone="3", at=None),), unconfirmed(THIRD_PHONE)
    ),
    "a field has a third value and the moment of our write is unknown": Case(
        PHONE, (user(phone="3"),), unconfirmed(THIRD_PHONE), moment=None
    ),
    "a field has a third value and no moment is known": Case(
        PHONE, (user(phone="3", at=None),), unconfirmed(THIRD_PHONE), moment=None
    ),
    "a field has a third value and a moment that is not a time": Case(
        PHONE, (user(phone="3", at="tomorrow"),), unconfirmed(THIRD_PHONE)
    ),
    "a field has a third value and a moment without a time zone": Case(
        PHONE, (user(phone="3", at="2099-01-01T00:00:00"),), unconfirmed(THIRD_PHONE)
    ),
    "two fields were changed later": Case(
        JOB_TOO, (user(phone="3", job="Boss"),), later(f"{THIRD_PHONE}; job: sent “Clerk”, found “Boss”")
    ),
    "one field was changed later, the other was never stored": Case(
        JOB_TOO, (user(phone="3"),), unconfirmed(f"{THIRD_PHONE}; job: sent “Clerk”, found nothing")
    ),
    "the updated user does not exist": Case(PHONE, (), unconfirmed("sent an update, found no user with this id")),
    "the updated user was created again with another id": Case(
        PHONE, (user(number=8, phone="2"),), unconfirmed("sent an update, found no user with this id")
    ),
}

RAISE = update(JANE, set_grant("pricing", "viewer", "owner", "row-pricing"))
LOWER = update(JANE, set_grant("pricing", "owner", "viewer", "row-pricing"))
REVOKE = update(JANE, revoke("pricing", "owner"))
NOT_A_DUPLICATE = update(JANE, duplicate("pricing", "viewer", "editor"))
TWO_DUPLICATES = update(JANE, duplicate("pricing", "viewer", "editor"), duplicate("api_keys", "owner", "owner"))

GRANTS: dict[str, Case] = {
    "a grant is as sent": Case(RAISE, (user(row("pricing", "owner")),), APPLIED),
    "a grant is as sent, and another client gave another role": Case(
        RAISE, (user(row("pricing", "owner"), row("logistics", "owner")),), APPLIED
    ),
    "a platform area is on with another access": Case(
        update(JANE, set_grant("backoffice", "none", "owner")), (user(row("backoffice", "viewer")),), APPLIED
    ),
    "a revoked grant has an empty row": Case(REVOKE, (user(row("pricing", "none")),), APPLIED),
    "a revoked grant has no row": Case(REVOKE, (user(),), APPLIED),
    "a grant has its old access, with a later moment": Case(
        RAISE, (user(row("pricing", "viewer")),), unconfirmed("pricing: sent owner, found viewer")
    ),
    "a revoked grant has its old access, with a later moment": Case(
        REVOKE, (user(row("pricing", "owner")),), unconfirmed("pricing: sent none, found owner")
    ),
    "a grant was lowered later": Case(
        RAISE, (user(row("pricing", "editor")),), later("pricing: sent owner, found editor")
    ),
    "a grant was raised later": Case(
        LOWER, (user(row("pricing", "editor")),), later("pricing: sent viewer, found editor")
    ),
    "a grant was revoked later": Case(
        LOWER, (user(row("pricing", "none")),), later("pricing: sent viewer, found none")
    ),
    "a grant has another access with an earlier moment": Case(
        RAISE, (user(row("pricing", "editor"), at=EARLIER),), unconfirmed("pricing: sent owner, found editor")
    ),
    "a grant has another access and the moment of our write is unknown": Case(
        RAISE, (user(row("pricing", "editor")),), unconfirmed("pricing: sent owner, found editor"), moment=None
    ),
    "a grant has no row, so no moment": Case(LOWER, (user(),), unconfirmed("pricing: sent viewer, found none")),
    "the user of a grant does not exist": Case(RAISE, (), unconfirmed("pricing: sent owner, found none")),
    "the user of a field and a grant does not exist": Case(
        replace(PHONE, grants=RAISE.grants),
        (),
        unconfirmed("sent an update, found no user with this id; pricing: sent owner, found none"),
    ),
    "a field and a grant were changed later": Case(
        replace(PHONE, grants=RAISE.grants),
        (user(row("pricing", "editor"), phone="3"),),
        later(f"{THIRD_PHONE}; pricing: sent owner, found editor"),
    ),
    "a duplicate is removed": Case(NOT_A_DUPLICATE, (user(row("pricing", "editor")),), APPLIED),
    "a duplicate is removed, and the row that stays was raised": Case(
        NOT_A_DUPLICATE, (user(row("pricing", "owner")),), APPLIED
    ),
    "a duplicate is not removed": Case(
        NOT_A_DUPLICATE,
        (user(row("pricing", "editor"), row("pricing", "viewer", "surplus-pricing")),),
        unconfirmed("pricing: sent the removal of a duplicate role row, found the row"),
    ),
    "a duplicate is removed, and the row that stays was lowered": Case(
        NOT_A_DUPLICATE,
        (user(row("pricing", "viewer")),),
        unconfirmed("pricing: the row beside the duplicate had editor, found viewer"),
    ),
    "a duplicate of two roles is removed, and no row stays": Case(
        TWO_DUPLICATES,
        (user(),),
        unconfirmed(
            "pricing: the row beside the duplicate had editor, found none; "
            "api_keys: the row beside the duplicate had owner, found none"
        ),
    ),
    "a duplicate is removed, and the row that stays is lowered as sent": Case(
        update(JANE, *LOWER.grants, duplicate("pricing", "viewer", "owner")), (user(row("pricing", "viewer")),), APPLIED
    ),
    "a duplicate is removed from two roles, and one row was lowered after it was set": Case(
        update(JANE, *LOWER.grants, *TWO_DUPLICATES.grants),
        (user(row("pricing", "none"), row("api_keys", "viewer")),),
        unconfirmed("pricing: sent viewer, found none; api_keys: the row beside the duplicate had owner, found viewer"),
    ),
}

NEW = create(JANE, set_grant("pricing", "none", "editor"), profile=(value("phone", "1"), value("job", None)))
NO_NEW_USER = unconfirmed("sent a new user, found none with the id that the hub answered")

NEW_USERS: dict[str, Case] = {
    "a new user is as sent": Case(NEW, (user(row("pricing", "editor"), phone="1"),), APPLIED),
    "a new user is as sent, with an empty row by default": Case(
        NEW, (user(row("pricing", "editor"), row("logistics", "none"), phone="1"),), APPLIED
    ),
    "a new user has a grant in a role that the settings do not name": Case(
        NEW, (user(row("pricing", "editor"), row("other", "owner"), phone="1"),), APPLIED
    ),
    "a new user does not exist": Case(NEW, (), NO_NEW_USER),
    "a new user has another id": Case(NEW, (user(row("pricing", "editor"), number=8, phone="1"),), NO_NEW_USER),
    "a new user has no value in a field, with a later moment": Case(
        NEW, (user(row("pricing", "editor")),), unconfirmed("phone: sent “1”, found nothing")
    ),
    "a new user's field was changed later": Case(
        NEW, (user(row("pricing", "editor"), phone="2"),), later("phone: sent “1”, found “2”")
    ),
    "a new user's empty field was filled later": Case(
        NEW, (user(row("pricing", "editor"), phone="1", job="Boss"),), later("job: sent nothing, found “Boss”")
    ),
    "a new user has a grant that the file does not give, with a later moment": Case(
        NEW,
        (user(row("pricing", "editor"), row("logistics", "viewer"), phone="1"),),
        unconfirmed("logistics: sent none, found viewer"),
    ),
    "a new user has more access than the file gives, with a later moment": Case(
        NEW, (user(row("pricing", "owner"), phone="1"),), unconfirmed("pricing: sent editor, found owner")
    ),
    "a new user has less access than the file gives, with a later moment": Case(
        NEW, (user(row("pricing", "viewer"), phone="1"),), later("pricing: sent editor, found viewer")
    ),
    "a new user has less access than the file gives, and no moment": Case(
        NEW, (user(row("pricing", "viewer"), phone="1", at=None),), unconfirmed("pricing: sent editor, found viewer")
    ),
    "a new user did not get a grant, with a later moment": Case(
        NEW, (user(row("pricing", "none"), phone="1"),), unconfirmed("pricing: sent editor, found none")
    ),
    "a new user has a platform area that the file does not give": Case(
        NEW,
        (user(row("pricing", "editor"), row("sales_hub", "viewer"), phone="1"),),
        unconfirmed("sales_hub: sent none, found owner"),
    ),
}

GONE = delete(JANE, ("pricing", "editor"))

DELETED: dict[str, Case] = {
    "a deleted user does not exist": Case(GONE, (), APPLIED),
    "a deleted user exists, with a later moment": Case(GONE, (user(),), unconfirmed("sent a deletion, found the user")),
    "another user has the address of a deleted one": Case(GONE, (user(row("pricing", "owner"), number=8),), APPLIED),
}
CASES = FIELDS | GRANTS | NEW_USERS | DELETED


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_verdict_compares_what_was_sent_with_what_the_hub_shows(case: Case) -> None:
    hub = InMemoryHub(hub_of(*case.found))
    assert confirm(hub, [Sent(case.change, 7, text(case.moment))], ROLES, Pauses()) == {JANE: case.verdict}


def test_a_new_user_who_kept_the_access_by_default_was_not_changed_later() -> None:
    hub = InMemoryHub(hub_of(user(row("pricing", "viewer"), phone="1")))
    definitions = {role: replace(found, default_access=Access.VIEWER) for role, found in ROLES.items()}
    verdicts = confirm(hub, [Sent(NEW, 7, Text(OURS))], definitions, Pauses())
    assert verdicts == {JANE: unconfirmed("pricing: sent editor, found viewer")}


BOTH = replace(PHONE, grants=RAISE.grants)

READS: dict[str, tuple[Change, list[list[str] | list[int]]]] = {
    "of a change of fields, the user": (PHONE, [[JANE]]),
    "of a user whose address the hub spells in another way, the user by that address": (
        replace(PHONE, hub_email=Text("Jane@Example.com")),
        [["Jane@Example.com"]],
    ),
    "of a change of grants, the rows": (RAISE, [[7]]),
    "of a change of both, the user and then the rows": (BOTH, [[JANE], [7]]),
    "of a new user with a grant, the user and then the rows": (NEW, [[JANE], [7]]),
    "of a new user without grants, the user and then the rows": (create(JANE), [[JANE], [7]]),
    "of a deleted user with grants, the user": (GONE, [[JANE]]),
    "of a deleted user without grants, the user": (delete(JANE), [[JANE]]),
}


@pytest.mark.parametrize(("change", "asked"), READS.values(), ids=READS.keys())
def test_only_what_a_change_needs_is_read(change: Change, asked: list[list[str] | list[int]]) -> None:
    hub = Asked(hub_of())
    confirm(hub, [Sent(change, 7, None)], ROLES, Pauses(whole=0))
    assert hub.asked == asked


def test_the_changes_of_several_users_are_read_together() -> None:
    sent = [Sent(create(LEE), 9, None), Sent(PHONE, 7, None), Sent(RAISE, 3, None), Sent(delete(KIM), 4, None)]
    hub = Asked(hub_of())
    confirm(hub, sent, ROLES, Pauses(whole=0))
    assert hub.asked == [[LEE, JANE, KIM], [3, 9]]


def test_each_user_is_judged_by_their_own_values() -> None:
    sent = [Sent(PHONE, 7, Text(OURS)), Sent(update(KIM, *RAISE.grants, user_id=8), 8, Text(OURS))]
    hub = InMemoryHub(hub_of(user(row("pricing", "viewer"), phone="2"), holds(8, KIM, row("pricing", "owner"))))
    assert confirm(hub, sent, ROLES, Pauses()) == {JANE: APPLIED, KIM: APPLIED}


def test_the_verdict_is_found_by_the_address_in_lower_case() -> None:
    change = replace(PHONE, email=Text("Jane@Example.com"))
    assert confirm(InMemoryHub(hub_of(user(phone="2"))), [Sent(change, 7, None)], ROLES, Pauses()) == {JANE: APPLIED}


# When it is read again.


def test_without_changes_nothing_is_read_and_no_time_is_spent() -> None:
    hub, pauses = InMemoryHub(hub_of()), Pauses()
    assert confirm(hub, [], ROLES, pauses) == {}
    assert (hub.log, pauses.kept) == ([], [])


@pytest.mark.parametrize(
    ("late", "waited"),
    [
        pytest.param(0, [], id="at once, after no wait"),
        pytest.param(1, [1.0], id="one read late, after one second"),
        pytest.param(2, [1.0, 3.0], id="two reads late, after three more seconds"),
        pytest.param(3, [1.0, 3.0, 9.0], id="three reads late, after nine more seconds"),
        pytest.param(4, [1.0, 3.0, 9.0, 20.0], id="four reads late, after twenty more seconds"),
    ],
)
def test_a_value_that_the_hub_shows_late_is_applied(late: int, waited: list[float]) -> None:
    stored = Event(meanwhile=lambda hub: hub.put(user(phone="2")))
    hub = InMemoryHub(hub_of(user(phone="1"))).script("read_users", "", *[Event()] * late, stored)
    pauses = Pauses()
    assert confirm(hub, [Sent(PHONE, 7, None)], ROLES, pauses) == {JANE: APPLIED}
    assert (pauses.kept, len(hub.log)) == (waited, late + 1)


def test_a_value_that_the_hub_never_shows_is_read_five_times() -> None:
    hub, pauses = InMemoryHub(hub_of(user(phone="1"))), Pauses()
    verdicts = confirm(hub, [Sent(PHONE, 7, None)], ROLES, pauses)
    assert verdicts == {JANE: unconfirmed("phone: sent “2”, found “1”")}
    assert [part for part in verdicts[JANE].told.parts if isinstance(part, Text)] == [Text("2"), Text("1")]
    assert (pauses.kept, hub.calls("read_users")[""]) == ([1.0, 3.0, 9.0, 20.0], 5)


def test_a_value_that_was_changed_later_is_not_read_again() -> None:
    hub, pauses = InMemoryHub(hub_of(user(phone="3"))), Pauses()
    assert confirm(hub, [Sent(PHONE, 7, Text(OURS))], ROLES, pauses) == {JANE: later(THIRD_PHONE)}
    assert (pauses.kept, len(hub.log)) == ([], 1)


@pytest.mark.parametrize("whole", [0, 2])
def test_a_wait_that_is_ended_early_is_followed_by_no_read(whole: int) -> None:
    hub, pauses = InMemoryHub(hub_of(user(phone="1"))), Pauses(whole)
    verdicts = confirm(hub, [Sent(PHONE, 7, None)], ROLES, pauses)
    assert verdicts == {JANE: unconfirmed("phone: sent “2”, found “1”")}
    assert (len(pauses.kept), len(hub.log)) == (whole + 1, whole + 1)


TWO = [Sent(PHONE, 7, None), Sent(update(KIM, profile=PHONE.profile, user_id=8), 8, None)]


def kim(phone: str) -> LiveUser:
    return holds(8, KIM, phone=phone)


def test_only_the_user_who_is_not_confirmed_is_read_again() -> None:
    stored = Event(meanwhile=lambda hub: hub.put(kim("2")))
    hub = Asked(hub_of(user(phone="2"), kim("1")))
    hub.script("read_users", "", Event(), Event(), stored)
    assert confirm(hub, TWO, ROLES, Pauses()) == {JANE: APPLIED, KIM: APPLIED}
    assert hub.asked == [[JANE, KIM], [KIM], [KIM]]


@pytest.mark.parametrize(
    ("operation", "change"), [("read_users", PHONE), ("read_rows_of", RAISE)], ids=["a user", "the rows of a user"]
)
def test_what_cannot_be_read_is_unconfirmed_and_not_read_again(operation: Operation, change: Change) -> None:
    hub, pauses = InMemoryHub(hub_of(user(row("pricing", "owner"), phone="2"))), Pauses()
    hub.script(operation, "", Event(unreachable))
    assert confirm(hub, [Sent(change, 7, None)], ROLES, pauses) == {JANE: unread("no answer")}
    assert (pauses.kept, len(hub.log)) == ([], 1)


def test_a_later_read_that_fails_leaves_the_users_who_were_confirmed() -> None:
    hub = InMemoryHub(hub_of(user(phone="2"), kim("1"))).script("read_users", "", Event(), Event(unreachable))
    assert confirm(hub, TWO, ROLES, Pauses()) == {JANE: APPLIED, KIM: unread("no answer")}
    assert len(hub.log) == 2
