"""Each guardrail: what it refuses, what it just allows, what passes it, and what it says."""

from dataclasses import fields, replace
from datetime import date
from typing import Final

import pytest

from bo_sync.core.changes import Cause, Change, CreateUser, DeleteUser, UpdateUser
from bo_sync.core.diff import Diff, SharedAddress, diff
from bo_sync.core.guardrail_checks import GuardrailRow, Situation, role_owners
from bo_sync.core.guardrails import GUARDRAILS, NAMES, NUMERIC, GuardrailResult, check, way_past
from bo_sync.core.live import LiveIndex
from bo_sync.core.model import Departure, DesiredUser, LiveUser
from bo_sync.core.settings import LIMITS, GuardrailLimits, Settings, Unmanaged
from bo_sync.core.text import Message, Text
from bo_sync.core.user_matching import IdentityConflict
from tests.support.builders import create, delete, duplicate, field_change, revoke, set_grant, source, update
from tests.support.cases import cases
from tests.support.users import SETTINGS, absent, grant, holds, indexed, owner, profile, row, wants

Allowed = dict[str, int]

PHONE = (field_change("phone", "1", "2"),)
NOBODY = indexed()


def situation(
    *changes: Change,
    live: LiveIndex = NOBODY,
    settings: Settings = SETTINGS,
    viewer: str | None = None,
    allowed: Allowed | None = None,
) -> Situation:
    return Situation(Diff(changes), Diff(changes), live, settings, 1, Text(viewer) if viewer else None, allowed or {})


def result(guardrail: str, of: Situation) -> GuardrailResult:
    return next(found for found in check(of) if found.guardrail == guardrail)


def population(count: int) -> tuple[LiveUser, ...]:
    return tuple(holds(number, f"p{number:03}@example.com", row("pricing", "owner")) for number in range(1, count + 1))


def test_every_guardrail_answers_in_the_declared_order() -> None:
    judging = [guardrail.name for guardrail in GUARDRAILS if guardrail.check or guardrail.remaining]
    assert [found.guardrail for found in check(situation())] == judging
    assert all(found.ok and found.rows == () and found.allowed_by is None for found in check(situation()))


def test_a_guardrail_without_a_limit_in_the_settings_says_what_to_do_instead_of_an_override() -> None:
    assert sorted(NUMERIC) == sorted(each.name for each in fields(GuardrailLimits))
    assert [guardrail.name for guardrail in GUARDRAILS if guardrail.population] == list(LIMITS)


@pytest.mark.parametrize("guardrail", NAMES)
def test_these_guardrails_alone_are_about_single_users(guardrail: str) -> None:
    of_user = guardrail in {"email_change", "removed_file", "ambiguous_address", "protected"}
    assert GuardrailResult(guardrail, 0, 0, ok=True).of == ("user" if of_user else "run")


def test_no_user_files_at_all_are_refused() -> None:
    assert result("empty", replace(situation(), users=0)) == GuardrailResult("empty", 0, 1, ok=False)
    assert result("empty", replace(situation(), users=1)) == GuardrailResult("empty", 1, 1, ok=True)


def test_every_refused_identity_is_a_row() -> None:
    conflict = IdentityConflict(Text("jane@example.com"), source(line=3), Message("id 7 is somebody else"))
    row = GuardrailRow(conflict.email, Message("id 7 is somebody else"), source(line=3))
    expected = GuardrailResult("email_change", 1, 0, ok=False, rows=(row,))
    assert result("email_change", replace(situation(), difference=Diff(conflicts=(conflict,)))) == expected


def test_a_shared_address_blocks_only_where_something_cannot_be_done() -> None:
    harmless = SharedAddress(Text("ann@example.com"), (1, 2), source(line=2), chosen=1)
    blocked = SharedAddress(Text("jane@example.com"), (7, 8), source(line=3), blocked="two users have this address")
    row = GuardrailRow(blocked.email, Message("two users have this address"), source(line=3))
    expected = GuardrailResult("ambiguous_address", 1, 0, ok=False, rows=(row,))
    of = replace(situation(), difference=Diff(shared=(harmless, blocked)))
    assert result("ambiguous_address", of) == expected


def planned(
    guardrail: str, desired: tuple[DesiredUser, ...], live: LiveIndex, settings: Settings = SETTINGS
) -> GuardrailResult:
    whole = diff(desired, live, settings)
    return result(guardrail, Situation(whole, whole, live, settings, len(desired)))


def old(**values: str) -> LiveUser:
    return holds(7, "old@example.com", **values)


def same_as_old(shared: str, number: int = 7, email: str = "old@example.com") -> str:
    return (
        f"has the same {shared} as {email} (id {number}), who is in the hub without a file; an address cannot change: "
        f"add a file for {email} with `state: absent`, beside the one for jane@example.com; are they two people, give "
        f"{email} a file of their own"
    )


JANE_DOE = wants("jane@example.com", first_name="Jane", last_name="Doe", phone="+31 6 1234")

LOOK_ALIKES: dict[str, tuple[LiveUser, str]] = {
    "by both names": (old(first_name="jane", last_name="DOE"), "first and last name"),
    "by phone and first name": (old(first_name="Jane", phone="+31-6-1234"), "phone and first name"),
    "by phone and last name": (old(last_name="Doe", phone="+3161234"), "phone and last name"),
    "by everything, which is said once and by the plainest": (
        old(first_name="Jane", last_name="Doe", phone="+3161234"),
        "first and last name",
    ),
}


@pytest.mark.parametrize("unmanaged", [Unmanaged.REPORT, Unmanaged.IGNORE, Unmanaged.DELETE])
@pytest.mark.parametrize(("user", "shared"), LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_a_newcomer_who_looks_like_somebody_without_a_file_is_refused(
    user: LiveUser, shared: str, unmanaged: Unmanaged
) -> None:
    found = planned("email_change", (JANE_DOE,), indexed(user), Settings(unmanaged=unmanaged))
    row = GuardrailRow(JANE_DOE.email, Message(same_as_old(shared)), JANE_DOE.source)
    assert found == GuardrailResult("email_change", 1, 0, ok=False, rows=(row,))


def test_a_newcomer_is_refused_for_each_user_without_a_file_whom_they_look_like() -> None:
    names = {"first_name": "Jane", "last_name": "Doe"}
    live = indexed(old(**names), holds(8, "older@example.com", **names))
    assert [row.message for row in planned("email_change", (JANE_DOE,), live).rows] == [
        same_as_old("first and last name"),
        same_as_old("first and last name", 8, "older@example.com"),
    ]


def test_refused_identities_stand_before_look_alikes() -> None:
    live = indexed(old(first_name="Jane", last_name="Doe"))
    found = planned("email_change", (JANE_DOE, wants("zoe@example.com", pin=9)), live)
    assert [row.email.raw for row in found.rows] == ["zoe@example.com", "jane@example.com"]
    assert (found.actual, found.ok) == (2, False)


OLD_JANE = old(first_name="Jane", last_name="Doe")
SAME_JANE = holds(7, "jane@example.com", first_name="Jane", last_name="Do")
NO_LOOK_ALIKES: dict[str, tuple[tuple[DesiredUser, ...], LiveUser]] = {
    "the other one has a file": ((JANE_DOE, wants("old@example.com", phone="9")), OLD_JANE),
    "the other one has a file that deletes them": ((JANE_DOE, absent("old@example.com")), OLD_JANE),
    "one name in common is not enough": ((JANE_DOE,), old(first_name="Jane")),
    "who is there already is no newcomer": (
        (wants("jane@example.com", first_name="Jane", last_name="Doe"),),
        SAME_JANE,
    ),
}


@pytest.mark.parametrize("unmanaged", Unmanaged)
@pytest.mark.parametrize(("desired", "other"), NO_LOOK_ALIKES.values(), ids=NO_LOOK_ALIKES.keys())
def test_who_is_no_look_alike(desired: tuple[DesiredUser, ...], other: LiveUser, unmanaged: Unmanaged) -> None:
    live = indexed(other, holds(8, "x@example.com", first_name="X", last_name="Y"))
    assert planned("email_change", desired, live, Settings(unmanaged=unmanaged)).ok


# The newcomer and other files, the users in the hub, and who blocks the newcomer. All others have one phone.
SHARING: Final = """
one user has the phone and the first name
    hire Jane Doe | jane1 Jane Roe | jane1
of all who have the phone, one has a name too
    hire Jane Doe | jane1 Jane Roe; tom2 Tom Poe; kim3 Kim Lee | jane1
two users have phone and first name
    hire Jane Doe | jane1 Jane Roe; jane2 Jane Poe |
one has phone and first, one last name
    hire Jane Doe | jane1 Jane Roe; tom2 Tom Doe |
of two who have phone and first name, one has a file
    hire Jane Doe; jane2 Jane Poe | jane1 Jane Roe; jane2 Jane Poe |
the only one with phone and first name has a file
    hire Jane Doe; jane1 Jane Roe | jane1 Jane Roe |
a full name counts however many have the phone
    hire Jane Doe | jane1 Jane Doe; jane2 Jane Poe | jane1
a last name of punctuation
    help Support - without | support Support - without | support
a last name of punctuation, where the old address is absent
    help Support - without; support absent | support Support - without |
a phone and a last name of punctuation
    sales Sales - | support1 Support - |
"""


def person(words: str) -> tuple[str, dict[str, str]]:
    """The address and the profile of `jane Jane Doe`, with the phone unless it says `without`."""
    name, first, last, *without = words.split()
    phone = {} if without else {"phone": "+31 20 123 4567"}
    return f"{name}@example.com", {"first_name": first, "last_name": last, **phone}


@pytest.mark.parametrize("unmanaged", Unmanaged)
@pytest.mark.parametrize("case", cases(SHARING))
def test_a_full_name_or_a_phone_and_name_of_one_user_identify(case: str, unmanaged: Unmanaged) -> None:
    files, hub, blocked_by = (part.strip() for part in case.split("|"))
    desired = []
    for words in files.split("; "):
        if words.endswith(" absent"):
            desired.append(absent(f"{words.removesuffix(' absent')}@example.com"))
        else:
            email, values = person(words)
            desired.append(replace(wants(email), profile=profile(**values)))
    people = [person(words) for words in hub.split("; ")]
    live = indexed(*(holds(number, email, **values) for number, (email, values) in enumerate(people, 1)))
    found = planned("email_change", tuple(desired), live, Settings(unmanaged=unmanaged))
    assert [row.email for row in found.rows] == [desired[0].email] * bool(blocked_by)
    assert all(f"{blocked_by}@example.com" in row.message for row in found.rows)


@pytest.mark.parametrize("unmanaged", [Unmanaged.REPORT, Unmanaged.DELETE])
def test_a_plan_for_some_users_still_sees_whom_they_look_like(unmanaged: Unmanaged) -> None:
    settings = Settings(unmanaged=unmanaged)
    live = indexed(old(first_name="Jane", last_name="Doe"))
    whole = diff((JANE_DOE, replace(JANE_DOE, email=Text("jo@example.com"))), live, settings)
    narrowed = Diff(tuple(change for change in whole.changes if change.email == JANE_DOE.email))
    found = result("email_change", Situation(narrowed, whole, live, settings, 1))
    assert [(row.email, row.message) for row in found.rows] == [(JANE_DOE.email, same_as_old("first and last name"))]


@pytest.mark.parametrize(("user", "shared"), LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
def test_a_plan_for_only_the_user_without_a_file_sees_whose_address_may_have_changed(
    user: LiveUser, shared: str
) -> None:
    settings = Settings(unmanaged=Unmanaged.DELETE)
    live = indexed(user, holds(8, "other@example.com"))
    whole = diff((JANE_DOE,), live, settings)
    narrowed = Diff(tuple(change for change in whole.changes if change.email == user.email))
    assert [type(change) for change in narrowed.changes] == [DeleteUser]
    message = (
        f"would be deleted without a file, but jane@example.com in the files has the same {shared}; an address cannot "
        "change: to delete this user, add a file with `state: absent`"
    )
    found = result("email_change", Situation(narrowed, whole, live, settings, 1))
    assert found.rows == (GuardrailRow(user.email, Message(message), JANE_DOE.source),)
    other = Diff(tuple(change for change in whole.changes if change.email.raw == "other@example.com"))
    assert result("email_change", Situation(other, whole, live, settings, 1)).ok


def test_a_row_may_stand_for_no_file() -> None:
    assert GuardrailRow(Text("jane@example.com"), Message("x")) == GuardrailRow(
        Text("jane@example.com"), Message("x"), source=None
    )


PROTECTING = Settings(protect=(Text("boss@example.com"), Text("*@vendor.example")))

CREATED, CHANGED, DELETED = (f"is protected, yet would be {what}" for what in ("created", "changed", "deleted"))

PROTECTED: dict[str, tuple[Change, str | None]] = {
    "a creation is blocked": (create("Boss@example.com"), CREATED),
    "a creation by a pattern is blocked": (create("new@vendor.example"), CREATED),
    "an update that a plan should never hold is blocked": (update("Boss@example.com", profile=PHONE), CHANGED),
    "a deletion is refused": (delete("x@vendor.example"), DELETED),
    "an end date is refused": (delete("boss@example.com", cause=Cause.UNTIL_PASSED), DELETED),
    "somebody else may be changed": (update("jane@example.com", profile=PHONE), None),
    "the file's spelling of the address counts": (
        replace(update("BOSS@example.com", profile=PHONE), hub_email=Text("jane@example.com")),
        CHANGED,
    ),
    "the hub's spelling of the address counts too": (
        replace(update("jane@example.com", profile=PHONE), hub_email=Text("BOSS@example.com")),
        CHANGED,
    ),
}


@pytest.mark.parametrize(("change", "message"), PROTECTED.values(), ids=PROTECTED.keys())
def test_protected(change: Change, message: str | None) -> None:
    live = indexed(holds(7, change.email.raw if isinstance(change, CreateUser) else change.hub_email.raw))
    found = result("protected", situation(change, live=live, settings=PROTECTING))
    rows = (GuardrailRow(change.email, Message(message), change.source),) if message else ()
    assert found == GuardrailResult("protected", len(rows), 0, ok=not rows, rows=rows)


BOSS: Final = holds(7, "boss@example.com", row("pricing", "owner"), job="Boss")
LATER: Final = date(2026, 12, 31)

X: Final = holds(8, "x@example.com")

PROTECTED_FILES: dict[str, tuple[DesiredUser, LiveUser, str | None]] = {
    "a file that changes nothing": (wants("boss@example.com", grant("pricing", "owner")), BOSS, None),
    "a mere difference in access and profile": (wants("boss@example.com", job="Poet"), BOSS, None),
    "state: absent": (absent("boss@example.com"), BOSS, DELETED),
    "state: absent, for who is not in the hub": (absent("boss@example.com"), X, None),
    "an end date that has passed": (wants("boss@example.com", departure=Departure.UNTIL_PASSED), BOSS, DELETED),
    "an end date to come": (
        *(replace(wants("boss@example.com"), until=LATER), BOSS),
        "is protected, yet its account ends after 2026-12-31",
    ),
    "an end date to come, of who is not protected": (replace(wants("x@example.com"), until=LATER), X, None),
    "a creation": (wants("new@vendor.example"), BOSS, CREATED),
    "a creation with an end date is one row": (replace(wants("new@vendor.example"), until=LATER), BOSS, CREATED),
    "the hub's spelling is the protected one": (absent("Boss@Example.com"), BOSS, DELETED),
}


@pytest.mark.parametrize(("file", "live", "message"), PROTECTED_FILES.values(), ids=PROTECTED_FILES.keys())
def test_what_a_file_of_a_protected_user_may_say(file: DesiredUser, live: LiveUser, message: str | None) -> None:
    found = planned("protected", (file,), indexed(live), PROTECTING)
    assert found.rows == ((GuardrailRow(file.email, Message(message), file.source),) if message else ())


GLASS: Final = holds(1, "break-glass@example.com")
TEMP: Final = holds(2, "temp@example.com")
PLACE: Final = source("bo-sync.yaml", 3)

NEAR: Final = "protects no user, and nearly matches break-glass@example.com{}, to be deleted without a file"
UNLIKE: Final = "protects no user, while users without a file would be deleted (2)"

UNPROTECTED: dict[str, tuple[str, str | None]] = {
    "the very address": ("break-glass@example.com", None),
    "the address in another case": ("Break-Glass@Example.com", None),
    "a pattern that matches": ("*-glass@example.com", None),
    "another separator": ("breakglass@example.com", NEAR.format("")),
    "one letter too few": ("break-glas@example.com", NEAR.format("")),
    "a pattern with two letters swapped": ("*@exmaple.com", NEAR.format(" and 1 more")),
    "an address like no other, with a capital X": ("emergency.Xena@example.com", UNLIKE),
    "an address like no other": ("emergency@example.com", UNLIKE),
    "a pattern like no other": ("*@vendor.example", None),
    "a pattern of some letters": ("emergenc[xyz]@example.com", None),
    "a pattern of one letter": ("emergenc?@example.com", None),
}


@pytest.mark.parametrize(("entry", "message"), UNPROTECTED.values(), ids=UNPROTECTED.keys())
def test_an_entry_that_protects_no_user_blocks_deletions_without_a_file(entry: str, message: str | None) -> None:
    settings = Settings(unmanaged=Unmanaged.DELETE, protect=(Text(entry),), protect_places=(PLACE,))
    rows = (GuardrailRow(Text(entry), Message(message), PLACE),) if message else ()
    assert planned("protected", (), indexed(GLASS, TEMP), settings).rows == rows
    assert planned("protected", (), NOBODY, settings).ok, "no deletion"


def test_an_entry_that_protects_no_user_blocks_no_deletion_by_a_file() -> None:
    settings = Settings(protect=(Text("emergency@example.com"),))
    assert [change.email for change in diff((absent("temp@example.com"),), indexed(GLASS, TEMP), settings).changes] == [
        TEMP.email
    ]
    assert planned("protected", (absent("temp@example.com"),), indexed(GLASS, TEMP), settings).ok


ROLES_LOWERED = set_grant("roles_permissions", "owner", "viewer", "r1")

SELF: dict[str, tuple[Change, str]] = {
    "deleting oneself is refused": (delete("me@example.com"), "be deleted"),
    "deleting oneself is one harm, whatever ends with it": (
        delete("me@example.com", ("backoffice", "owner"), ("roles_permissions", "owner")),
        "be deleted",
    ),
    "the hub's spelling says who it is": (
        replace(delete("you@example.com"), hub_email=Text("ME@example.com")),
        "be deleted",
    ),
    "lowering one's Roles & permissions is refused": (
        update("Me@Example.com", ROLES_LOWERED),
        "lose roles_permissions",
    ),
    "revoking both names both": (
        update("me@example.com", revoke("backoffice", "owner"), revoke("roles_permissions", "editor")),
        "lose roles_permissions; lose backoffice",
    ),
    "raising one's Roles & permissions is allowed": (
        update("me@example.com", set_grant("roles_permissions", "viewer", "owner", "r1")),
        "",
    ),
    "losing another role is allowed": (update("me@example.com", revoke("pricing", "owner")), ""),
    "losing a surplus row is allowed": (update("me@example.com", duplicate("backoffice", "owner", "owner")), ""),
    "another profile is allowed": (update("me@example.com", profile=PHONE), ""),
    "somebody else may be deleted": (delete("you@example.com"), ""),
}


@pytest.mark.parametrize(("change", "harms"), SELF.values(), ids=SELF.keys())
def test_self(change: Change, harms: str) -> None:
    hub_email = change.email if isinstance(change, CreateUser) else change.hub_email
    live = indexed(holds(7, hub_email.raw, row("backoffice", "owner")))
    told = [f"is the person whose session runs, and would {harm}" for harm in harms.split("; ") if harm]
    rows = tuple(GuardrailRow(change.email, Message(message), change.source) for message in told)
    found = result("self", situation(change, live=live, viewer="me@example.com"))
    assert found == GuardrailResult("self", len(rows), 0, ok=not rows, rows=rows)
    assert result("self", situation(change, live=live)).ok, "an API key has no person"


THREE = (owner(1, "a@example.com"), owner(2, "b@example.com"), owner(3, "c@example.com"))
OWNER = owner(1000, "owner@example.com")


def demote(user: LiveUser) -> UpdateUser:
    return update(user.email.raw, ROLES_LOWERED, user_id=user.id)


def switch_off(user: LiveUser) -> UpdateUser:
    return update(user.email.raw, revoke("backoffice", "owner"), user_id=user.id)


def promoted(email: str) -> Change:
    grants = (set_grant("backoffice", "none", "owner"), set_grant("roles_permissions", "none", "owner"))
    return create(email, *grants)


A, B, C = THREE
NEW = promoted("d@example.com")

OWNERS: dict[str, tuple[tuple[Change, ...], tuple[LiveUser, ...], int | None, tuple[int, int, bool]]] = {
    "one of three may go": ((demote(A),), THREE, None, (2, 2, True)),
    "two of three may not": ((demote(A), demote(B)), THREE, None, (1, 2, False)),
    "with Backoffice off nobody owns": ((switch_off(A), switch_off(B)), THREE, None, (1, 2, False)),
    "a deletion counts": ((delete("a@example.com"), demote(B)), THREE, None, (1, 2, False)),
    "a new owner makes up for one": ((*map(demote, THREE[:2]), NEW), THREE, None, (2, 2, True)),
    "an override allows it": ((*map(demote, THREE[:2]),), THREE, 1, (1, 1, True)),
    "an override of 0 counts as 1": ((*map(demote, THREE),), THREE, 0, (0, 1, False)),
    "an override of -5 counts as 1": ((*map(demote, THREE),), THREE, -5, (0, 1, False)),
    "a stricter override refuses more": ((demote(A),), THREE, 3, (2, 3, False)),
    "too few that stay as few are not refused": ((), (A,), None, (1, 2, True)),
    "too few that become more are not refused": ((NEW,), (), None, (1, 2, True)),
    "too few that are exchanged are not refused": ((demote(A), NEW), (A,), None, (1, 2, True)),
    "too few that become fewer are refused": ((demote(A),), (A,), None, (0, 2, False)),
    "nobody where nobody was is not refused": ((), (), None, (0, 2, True)),
}


@pytest.mark.parametrize(("changes", "live", "allowed", "expected"), OWNERS.values(), ids=OWNERS.keys())
def test_min_role_owners(
    changes: tuple[Change, ...], live: tuple[LiveUser, ...], allowed: int | None, expected: tuple[int, int, bool]
) -> None:
    override = {} if allowed is None else {"min_role_owners": allowed}
    found = result("min_role_owners", situation(*changes, live=indexed(*live), allowed=override))
    assert (found.actual, found.limit, found.ok) == expected
    assert found.allowed_by == (None if allowed is None else f"--allow min_role_owners={allowed}")


def test_a_minimum_of_0_in_the_settings_counts_as_1() -> None:
    settings = Settings(guardrails=GuardrailLimits(min_role_owners=0))
    found = result("min_role_owners", situation(*map(demote, THREE), live=indexed(*THREE), settings=settings))
    assert (found.limit, found.ok) == (1, False)


def test_who_would_no_longer_own_is_a_row_and_nobody_else() -> None:
    changes = (demote(THREE[0]), switch_off(THREE[1]), update("c@example.com", revoke("pricing", "owner")))
    found = result("min_role_owners", situation(*changes, live=indexed(*THREE)))
    message = "would no longer own Roles & permissions with Backoffice on"
    assert found.rows == tuple(GuardrailRow(change.email, Message(message), change.source) for change in changes[:2])


def test_an_owner_whom_a_file_spells_otherwise_is_a_row() -> None:
    change = replace(demote(THREE[0]), email=Text("A@Example.com"))
    (found,) = result("min_role_owners", situation(change, live=indexed(*THREE))).rows
    assert (found.email, found.source) == (change.email, change.source)


ROLE_OWNERS: dict[str, tuple[str, bool]] = {
    "owner with Backoffice on": ("roles_permissions owner, backoffice owner", True),
    "owner with Backoffice on at any access": ("roles_permissions owner, backoffice viewer", True),
    "owner with Backoffice off": ("roles_permissions owner, backoffice none", False),
    "owner without a row of Backoffice": ("roles_permissions owner", False),
    "editor with Backoffice on": ("roles_permissions editor, backoffice owner", False),
    "owner by the higher of two rows": ("roles_permissions viewer, roles_permissions owner, backoffice owner", True),
}


@pytest.mark.parametrize(("held", "owns"), ROLE_OWNERS.values(), ids=ROLE_OWNERS)
def test_who_owns_the_roles(held: str, owns: bool) -> None:
    rows = [row(role, access, f"r{at}") for at, (role, access) in enumerate(map(str.split, held.split(", ")))]
    assert role_owners(indexed(holds(1, "a@example.com", *rows))) == (
        frozenset({"a@example.com"}) if owns else frozenset()
    )


NO_DEFINITION = "would lose access, but the hub has no role definition named role, so its owners are unknown"
NO_OWNER = "would lose access, but no user in the hub counts as owner of Roles & permissions with Backoffice on"


def refused(guardrail: str, actual: int, limit: int, message: str = "", *, way: str = "") -> GuardrailResult:
    rows = (GuardrailRow(Text("a@example.com"), Message(message)),) if message else ()
    found = GuardrailResult(guardrail, actual, limit, ok=False, rows=rows)
    return replace(found, way=way) if way else found


WAYS: dict[str, tuple[GuardrailResult, str]] = {
    "empty": (
        refused("empty", 0, 1),
        "add at least one file to users/; to remove people, give their files `state: absent`",
    ),
    "email_change": (refused("email_change", 1, 0), "nothing passes this guardrail; each row says what to do"),
    "removed_file": (
        refused("removed_file", 1, 0),
        "nothing passes this guardrail: keep the file with `state: absent`, or set `unmanaged: delete`",
    ),
    "ambiguous_address": (
        refused("ambiguous_address", 1, 0),
        "add `id` to the file, or delete the other user in the backoffice; each row says which",
    ),
    "protected": (
        refused("protected", 1, 0),
        (
            "nothing passes this guardrail: correct the file, or the entry of `protect` in bo-sync.yaml, in a reviewed "
            "change"
        ),
    ),
    "self": (refused("self", 1, 0), "nothing passes this guardrail: let somebody else, or an API key, run it"),
    "min_role_owners": (refused("min_role_owners", 1, 2), "if this is meant, pass --allow min_role_owners=1"),
    "min_role_owners, nobody left": (
        refused("min_role_owners", 0, 2),
        "nothing passes this guardrail here: one owner always remains, so make somebody else an owner first",
    ),
    "min_role_owners, no definition of it": (
        refused("min_role_owners", 0, 2, NO_DEFINITION),
        "nothing passes this guardrail here: restore the role definition named role in the hub",
    ),
    "min_role_owners, no owner counted": (
        refused("min_role_owners", 0, 2, NO_OWNER),
        (
            "nothing passes this guardrail here: check `role_definitions` and the API key, or first apply a plan that "
            "only makes a user an owner"
        ),
    ),
    "min_role_owners, for another reason": (
        refused("min_role_owners", 0, 2, "x"),
        "nothing passes this guardrail here: one owner always remains, so make somebody else an owner first",
    ),
    "a guardrail that has a way of its own": (refused("self", 1, 0, way="ask"), "ask"),
    "max_user_deletes": (refused("max_user_deletes", 7, 2), "if this is meant, pass --allow max_user_deletes=7"),
    "max_user_deletes, when not even none was allowed": (
        refused("max_user_deletes", 0, -1),
        "if this is meant, pass --allow max_user_deletes=0",
    ),
    "max_access_losses": (refused("max_access_losses", 11, 2), "if this is meant, pass --allow max_access_losses=11"),
    "max_grant_losses": (refused("max_grant_losses", 30, 15), "if this is meant, pass --allow max_grant_losses=30"),
    "max_expiries": (refused("max_expiries", 30, 15), "if this is meant, pass --allow max_expiries=30"),
}


@pytest.mark.parametrize(("of", "way"), WAYS.values(), ids=WAYS.keys())
def test_the_exact_way_past(of: GuardrailResult, way: str) -> None:
    assert way_past(of) == way
    assert of.way in {"", way}


@pytest.mark.parametrize(
    "of",
    [
        situation(
            *(delete(f"p{number:03}@example.com") for number in range(1, 6)), live=indexed(*population(9), OWNER)
        ),
        situation(
            *(update(f"p{number:03}@example.com", revoke("pricing", "owner")) for number in range(1, 41)),
            live=indexed(*population(40), OWNER),
        ),
        situation(*map(demote, THREE[:2]), live=indexed(*THREE)),
    ],
    ids=["deletions", "losses", "owners"],
)
def test_the_way_past_does_pass(of: Situation) -> None:
    (refused,) = [found for found in check(of) if not found.ok]
    name, _, number = way_past(refused).rpartition(" ")[2].partition("=")
    (guardrail,) = [guardrail for guardrail in NUMERIC if guardrail == name]
    passed = result(guardrail, replace(of, allowed={guardrail: int(number)}))
    assert (passed.ok, passed.allowed_by) == (True, f"--allow {name}={number}")


def test_nothing_passes_the_loss_of_the_last_owner() -> None:
    of = situation(*map(demote, THREE), live=indexed(*THREE))
    for number in range(-2, 9):
        assert not result("min_role_owners", replace(of, allowed={"min_role_owners": number})).ok


def test_the_guardrails_judge_what_a_diff_finds() -> None:
    live = indexed(*population(6), *THREE)
    desired = (
        absent("p001@example.com"),
        absent("p002@example.com"),
        wants("a@example.com", grant("pricing", "owner")),
    )
    whole = diff(desired, live, SETTINGS)
    found = check(Situation(whole, whole, live, SETTINGS, 3))
    assert {(one.guardrail, one.actual, one.limit) for one in found if not one.ok} == {("max_user_deletes", 2, 1)}


GIVES_OR_TAKES = (
    pytest.param(update("a@example.com", revoke("pricing", "owner")), True, id="a revoked grant"),
    pytest.param(update("a@example.com", set_grant("pricing", "owner", "viewer")), True, id="a lowered grant"),
    pytest.param(delete("a@example.com"), True, id="a deletion"),
    pytest.param(update("a@example.com", set_grant("logistics", "none", "owner")), False, id="an added grant"),
    pytest.param(update("a@example.com", duplicate("pricing", "owner", "owner")), False, id="a duplicate role row"),
    pytest.param(update("a@example.com", profile=PHONE), False, id="a profile"),
    pytest.param(create("b@example.com", set_grant("pricing", "none", "owner")), False, id="a creation"),
)


def unknown_owners(*, lacks_definition: bool) -> LiveIndex:
    """A hub of which bo-sync counts no owner: it lacks the definition, or no user has both halves of ownership."""
    others = (holds(2, "c@example.com", row("roles_permissions", "owner")), holds(3, "d@example.com"))
    live = indexed(holds(1, "a@example.com", row("pricing", "owner"), row("backoffice", "owner")), *others)
    known = {role: it for role, it in live.definitions.items() if role != "roles_permissions" or not lacks_definition}
    return replace(live, definitions=known)


@pytest.mark.parametrize("lacks_definition", [True, False], ids=["no definition", "no owner"])
@pytest.mark.parametrize(("change", "taken"), GIVES_OR_TAKES)
def test_where_no_owner_is_counted_nothing_may_be_taken(change: Change, *, taken: bool, lacks_definition: bool) -> None:
    told, live = NO_DEFINITION if lacks_definition else NO_OWNER, unknown_owners(lacks_definition=lacks_definition)
    found = result("min_role_owners", situation(change, live=live))
    assert (found.actual, found.limit, found.ok) == (0, 2, not taken)
    assert list(found.rows) == [GuardrailRow(change.email, Message(told), change.source)] * taken
    passed = result("min_role_owners", situation(change, live=live, allowed={"min_role_owners": 1}))
    assert (passed.limit, passed.allowed_by, passed.ok) == (1, "--allow min_role_owners=1", not taken)


def test_a_new_owner_in_the_same_plan_does_not_excuse_a_loss_where_no_owner_is_counted() -> None:
    live = unknown_owners(lacks_definition=False)
    owners = [promoted(f"new{number}@example.com") for number in range(3)]
    found = result("min_role_owners", situation(*owners, delete("a@example.com"), live=live))
    assert (found.actual, found.ok, len(found.rows)) == (0, False, 1)
    assert result("min_role_owners", situation(*owners, live=live)).actual == 3


def test_without_the_hubs_definition_of_backoffice_every_owner_of_the_roles_counts() -> None:
    live = indexed(holds(1, "a@example.com", row("roles_permissions", "owner")))
    bare = replace(live, definitions={role: it for role, it in live.definitions.items() if role != "backoffice"})
    assert (role_owners(live), role_owners(bare)) == (frozenset(), frozenset({"a@example.com"}))
