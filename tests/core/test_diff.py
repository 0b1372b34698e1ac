"""Desired against live: every kind of change, every rule of identity, and what is never touched."""

from dataclasses import replace
from itertools import permutations

import pytest

from bo_sync.core.changes import (
    Cause,
    CreateUser,
    DeleteUser,
    Direction,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
    UpdateUser,
)
from bo_sync.core.diff import Diff, MissingDefinition, ProfileNote, SharedAddress, UnmanageableUser, UnmanagedUser, diff
from bo_sync.core.live import index
from bo_sync.core.model import (
    ACCESS_WORDS,
    Access,
    Departure,
    DesiredGrant,
    DesiredUser,
    GrantRow,
    LiveUser,
    Override,
    ProfileField,
    Role,
)
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.core.user_matching import Pair, match
from tests.support.builders import field_change, source
from tests.support.cases import cases
from tests.support.users import (
    DEFINITIONS,
    SETTINGS,
    TODAY,
    YESTERDAY,
    absent,
    full_profile,
    grant,
    holds,
    hub_of,
    indexed,
    override,
    profile,
    row,
    wants,
)

JANE = "jane@example.com"
BACKOFFICE = Role("backoffice")
PRICING = Role("pricing")


def compare(desired: tuple[DesiredUser, ...], live: tuple[LiveUser, ...], settings: Settings = SETTINGS) -> Diff:
    return diff(desired, indexed(*live, settings=settings), settings)


def the_update(wanted: DesiredUser, live: LiveUser) -> UpdateUser | None:
    changes = compare((wanted,), (live,)).changes
    if not changes:
        return None
    (change,) = changes
    assert isinstance(change, UpdateUser)
    return change


def sets(role: str, before: str, after: str, row_id: str | None = None) -> SetGrant:
    return SetGrant(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after], f"definition-{role}", row_id)


def takes(role: str, before: str, row_id: str) -> RevokeGrant:
    return RevokeGrant(Role(role), ACCESS_WORDS[before], row_id)


def removes(role: str, before: str, after: str, row_id: str) -> RemoveDuplicate:
    return RemoveDuplicate(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after], row_id)


def edit(word: str) -> GrantChange:
    """`role:before>after:row` sets, `-role:before:row` revokes, `=role:surplus/stays:row` removes a duplicate."""
    role, levels, *row_id = word.lstrip("-=").split(":")
    if word[0] == "-":
        return takes(role, levels, *row_id)
    if word[0] == "=":
        return removes(role, *levels.split("/"), *row_id)
    return sets(role, *levels.split(">"), *row_id)


# What is wanted, the rows that are held, and the changes.
GRANTS = """
equal access is no change
    pricing:viewer | pricing:viewer |
nothing wanted and nothing held is no change
    | |
a row with none equals no row
    | pricing:none |
without a row access is added
    pricing:viewer | | pricing:none>viewer
where a row with none stands, it is updated
    pricing:viewer | pricing:none:r1 | pricing:none>viewer:r1
more access raises the row
    pricing:owner | pricing:viewer:r1 | pricing:viewer>owner:r1
less access lowers the row
    pricing:viewer | pricing:owner:r1 | pricing:owner>viewer:r1
access that no file gives is revoked
    | pricing:editor:r1 | -pricing:editor:r1
a surplus row is removed, and nothing else
    pricing:owner | pricing:owner:r2 pricing:viewer:r1 | =pricing:viewer/owner:r1
each surplus row is a change of its own, lowest id first
    pricing:owner | pricing:owner:r3 pricing:none:r2 pricing:owner:r1
        | =pricing:none/owner:r2 =pricing:owner/owner:r3
surplus rows of access that nobody wants are removed beside the revoke
    | pricing:owner:r2 pricing:viewer:r1 | -pricing:owner:r2 =pricing:viewer/owner:r1
the row that counts is raised and the surplus removed
    pricing:owner | pricing:viewer:r1 pricing:editor:r2 | pricing:editor>owner:r2 =pricing:viewer/editor:r1
the row that counts is lowered although the surplus has that access
    pricing:viewer | pricing:viewer:r1 pricing:owner:r2 | pricing:owner>viewer:r2 =pricing:viewer/owner:r1
of rows that all have none, one stays
    | pricing:none:r1 pricing:none:r2 | =pricing:none/none:r2
a wish on two rows with none updates one and removes the other
    pricing:viewer | pricing:none:r1 pricing:none:r2 | pricing:none>viewer:r1 =pricing:none/none:r2
a platform area that is on at any access is on
    backoffice:owner | backoffice:viewer |
a platform area is switched on with owner
    backoffice:owner | backoffice:none:r1 | backoffice:none>owner:r1
a platform area that is on at any access is switched off
    | backoffice:editor:r1 | -backoffice:owner:r1
a role definition that we do not know is never touched
    pricing:viewer | pricing:viewer rma:owner:x1 rma:owner:x2 |
changes stand in the order of the roles
    order_data:viewer sales_hub:owner api_keys:viewer | logistics:owner:r1
        | sales_hub:none>owner api_keys:none>viewer -logistics:owner:r1 order_data:none>viewer
"""


@pytest.mark.parametrize("case", cases(GRANTS))
def test_grants(case: str) -> None:
    wanted, held, expected = (part.split() for part in case.split("|"))
    grants = [grant(role, access) for role, access in (each.split(":") for each in wanted)]
    for order in permutations([row(*each.split(":")) for each in held]):
        change = the_update(wants(JANE, *grants), holds(7, JANE, *order))
        assert (change.grants if change else ()) == tuple(map(edit, expected))


EXPLAINED: dict[str, tuple[tuple[DesiredGrant, ...], str, str, bool]] = {
    "an entry that gave access explains why it is taken": ((), "owner", "owner", True),
    "an entry that gave more explains why there is less": ((grant("pricing", "viewer"),), "owner", "editor", True),
    "an entry that gave just that explains no loss": ((grant("pricing", "viewer"),), "owner", "viewer", False),
    "an entry that gave less explains no loss": ((grant("pricing", "editor"),), "owner", "viewer", False),
    "an entry that gave less explains why there is more": ((grant("pricing", "owner"),), "viewer", "editor", True),
    "an entry that kept access away explains why it is given": ((grant("pricing", "owner"),), "none", "none", True),
    "an entry that gave just that explains no gain": ((grant("pricing", "editor"),), "viewer", "editor", False),
    "an entry that gave more explains no gain": ((grant("pricing", "editor"),), "viewer", "owner", False),
}


@pytest.mark.parametrize(("wanted", "held", "ended", "explains"), EXPLAINED.values(), ids=EXPLAINED.keys())
def test_an_end_that_has_passed_explains_a_change(
    wanted: tuple[DesiredGrant, ...], held: str, ended: str, explains: bool
) -> None:
    own = (override("pricing", ended, YESTERDAY), override("logistics", ended, TODAY))
    change = the_update(replace(wants(JANE, *wanted), expired=own), holds(7, JANE, row("pricing", held)))
    assert change is not None
    (edit,) = change.grants
    assert not isinstance(edit, RemoveDuplicate)
    assert (edit.role, edit.expired) == (PRICING, YESTERDAY if explains else None)


def places(change: CreateUser | UpdateUser | None) -> dict[str, int | None]:
    """The line of each change of access, by role; None where it has no place of its own."""
    assert change is not None
    edits = [edit for edit in change.grants if not isinstance(edit, RemoveDuplicate)]
    assert len(edits) == len(change.grants)
    return {edit.role: edit.source.line if edit.source else None for edit in edits}


def by_preset(role: str, access: str, line: int) -> DesiredGrant:
    return replace(grant(role, access, line), preset="clerk")


def at(line: int, own: Override) -> Override:
    return replace(own, source=source(line=line))


def test_a_change_stands_where_the_users_own_entry_does_and_a_presets_nowhere() -> None:
    both = (grant("pricing", "owner", 5), by_preset("logistics", "owner", 6))
    (created,) = compare((wants("new@example.com", *both),), ()).changes
    assert isinstance(created, CreateUser)
    assert places(created) == {"pricing": 5, "logistics": None}
    withheld = replace(wants(JANE, *both), withheld=(at(7, override("api_keys", "none")),))
    held = holds(7, JANE, row("pricing", "viewer"), row("api_keys", "viewer"), row("order_data", "viewer"))
    assert places(the_update(withheld, held)) == {"pricing": 5, "logistics": None, "api_keys": 7, "order_data": None}


def test_a_change_that_an_end_explains_stands_at_the_ended_entry_unless_at_one_of_its_own() -> None:
    ended = (at(8, override("pricing", "owner", YESTERDAY)), at(9, override("logistics", "owner", YESTERDAY)))
    wanted = replace(wants(JANE, grant("pricing", "viewer", 5), by_preset("logistics", "viewer", 6)), expired=ended)
    held = holds(7, JANE, row("pricing", "editor"), row("logistics", "editor"))
    assert places(the_update(wanted, held)) == {"pricing": 5, "logistics": 9}
    surplus = replace(wants(JANE, grant("pricing", "owner")), expired=(override("pricing", "editor", YESTERDAY),))
    change = the_update(surplus, holds(7, JANE, row("pricing", "viewer", "r1"), row("pricing", "owner", "r2")))
    assert change is not None
    assert change.grants == (removes("pricing", "viewer", "owner", "r1"),), "an end explains no surplus row"


DIRECTIONS: dict[str, tuple[GrantChange | LostGrant, Direction]] = {
    "from nothing is added": (sets("pricing", "none", "viewer"), Direction.ADDED),
    "on a row with none is added too": (sets("pricing", "none", "viewer", "r1"), Direction.ADDED),
    "upward is raised": (sets("pricing", "viewer", "editor"), Direction.RAISED),
    "downward is lowered": (sets("pricing", "editor", "viewer"), Direction.LOWERED),
    "to none is revoked": (takes("pricing", "viewer", "r1"), Direction.REVOKED),
    "a surplus row is a duplicate": (removes("pricing", "owner", "owner", "r1"), Direction.DUPLICATE),
    "what ends with an account is revoked": (LostGrant(PRICING, Access.VIEWER), Direction.REVOKED),
}


@pytest.mark.parametrize(("change", "direction"), DIRECTIONS.values(), ids=DIRECTIONS.keys())
def test_directions(change: GrantChange | LostGrant, direction: Direction) -> None:
    assert change.direction is direction
    assert isinstance(change, RemoveDuplicate) or (change.after is Access.NONE) == (direction is Direction.REVOKED)


# The fields that are wanted, those that are held, and the changes; null clears, and nothing is empty.
PROFILES = """
an equal field is no change
    phone=1 | phone=1 |
another value is a change
    phone=2 | phone=1 | phone:1>2
a field that the hub leaves empty is filled
    phone=2 | | phone:>2
null clears
    phone= | phone=1 | phone:1>
null where nothing stands is no change
    phone= | |
a field that is not managed is left
    | phone=1 job=x |
case counts in a name
    first_name=Jane | first_name=jane | first_name:jane>Jane
a language in upper case on both sides is equal
    language=NL | language=NL |
changes stand in the order of the form
    language=NL gender=female last_name=Doe | language=EN | gender:>female last_name:>Doe language:EN>NL
"""


@pytest.mark.parametrize("case", cases(PROFILES))
def test_profiles(case: str) -> None:
    wanted, held, expected = (part.split() for part in case.split("|"))
    asked, stored = ({key: value or None for key, value in (word.split("=") for word in of)} for of in (wanted, held))
    desired = DesiredUser(Text(JANE), source(), profile=profile(**asked))
    change = the_update(desired, LiveUser(7, Text(JANE), full_profile(**stored)))
    told = [
        f"{one.field}:{one.before.raw if one.before else ''}>{one.after.raw if one.after else ''}"
        for one in (change.profile if change else ())
    ]
    assert told == expected


def test_a_new_user_is_created_with_what_the_file_gives_and_clears() -> None:
    wanted = wants(JANE, grant("backoffice", "owner"), grant("pricing", "viewer"), phone="1", job=None)
    grants = (sets("backoffice", "none", "owner"), sets("pricing", "none", "viewer"))
    created = CreateUser(Text(JANE), wanted.source, profile(phone="1", job=None), grants)
    assert compare((wanted,), ()).changes == (created,)


def test_an_update_names_its_file_and_both_spellings_of_the_address() -> None:
    wanted = wants("Jane@Example.com", phone="1")
    change = the_update(wanted, holds(7, JANE))
    assert change == UpdateUser(wanted.email, wanted.source, 7, Text(JANE), (field_change("phone", None, "1"),), ())


@pytest.mark.parametrize(
    ("departure", "cause"), [(Departure.STATE_ABSENT, Cause.STATE_ABSENT), (Departure.UNTIL_PASSED, Cause.UNTIL_PASSED)]
)
def test_a_deletion_names_both_spellings_and_its_cause_and_lists_the_grants_that_end(
    departure: Departure, cause: Cause
) -> None:
    live = holds(7, JANE, row("pricing", "owner"), row("backoffice", "viewer"), row("logistics", "none"))
    wanted = wants("JANE@example.com", departure=departure)
    lost = (LostGrant(BACKOFFICE, Access.OWNER), LostGrant(PRICING, Access.OWNER))
    deleted = DeleteUser(Text("JANE@example.com"), wanted.source, 7, Text(JANE), cause, lost)
    assert compare((wanted,), (live,)).changes == (deleted,)


@pytest.mark.parametrize("why", Departure)
@pytest.mark.parametrize("number", [None, 9], ids=["without an id", "with an id"])
def test_who_is_gone_and_wanted_gone_counts_as_unchanged(why: Departure, number: int | None) -> None:
    assert compare((wants(JANE, pin=number, departure=why),), ()) == Diff(unchanged=(Text(JANE),))
    as_wanted = compare((wants("Jane@example.com"),), (holds(7, JANE),))
    assert as_wanted == Diff(unchanged=(Text("Jane@example.com"),)), "in the file's spelling"


@pytest.mark.parametrize(
    ("field", "live", "wanted"),
    [
        pytest.param("first_name", "Jose\u0301", "Jos\u00e9", id="NFD in the hub"),
        pytest.param("first_name", "Jos\u00e9", "Jose\u0301", id="NFD in the file"),
        pytest.param("last_name", " Doe ", "Doe", id="outer white space"),
        pytest.param("last_name", "van  der  Berg", "van der Berg", id="several spaces"),
        pytest.param("job", "Account\u00a0manager", "Account manager", id="a no-break space"),
        pytest.param("phone", "+31201234567", "+31 20 123 4567", id="a phone without spaces"),
        pytest.param("phone", "+31\u00a020 1234567", "+31201234567", id="a phone with spaces of two kinds"),
        pytest.param("middle_name", "  ", None, id="white space alone where the file says nothing"),
        pytest.param("middle_name", None, " ", id="white space alone where the hub has nothing, without a note"),
    ],
)
def test_text_that_differs_only_in_form_is_no_change(field: ProfileField, live: str | None, wanted: str | None) -> None:
    user = replace(wants(JANE), profile=profile(**{field: wanted}))
    notes = (ProfileNote(user.email, user.source, field, is_odd=False),) if live else ()
    assert compare((user,), (holds(7, JANE, **{field: live}),)) == Diff(unchanged=(Text(JANE),), notes=notes)


@pytest.mark.parametrize(
    ("field", "live", "wanted"),
    [
        pytest.param("first_name", "Jose", "Jos\u00e9", id="another letter"),
        pytest.param("last_name", "vander Berg", "van der Berg", id="a space in a name"),
        pytest.param("job", "account manager", "Account manager", id="another case"),
        pytest.param("phone", "+31-201234567", "+31201234567", id="another sign in a phone"),
        pytest.param("middle_name", " ", "van", id="white space alone where the file says something"),
        pytest.param("job", "o\ufb03ce", "office", id="a ligature"),
    ],
)
def test_other_text_is_sent_as_the_file_says_it(field: ProfileField, live: str, wanted: str) -> None:
    update = the_update(replace(wants(JANE), profile=profile(**{field: wanted})), holds(7, JANE, **{field: live}))
    assert update is not None
    assert update.profile == (field_change(field, live, wanted),)


def test_a_profile_with_a_lone_surrogate_stays_while_grants_and_deletion_are_managed() -> None:
    live = holds(7, JANE, row("pricing", "owner"), last_name="D\ud800", phone="1")
    user = wants(JANE, last_name="Doe", phone="2")
    difference = compare((user,), (live,))
    assert difference.changes == (
        UpdateUser(Text(JANE), user.source, 7, Text(JANE), (), (takes("pricing", "owner", "row-pricing"),)),
    )
    assert difference.notes == (ProfileNote(Text(JANE), user.source, "last_name", is_odd=True),)
    assert [type(change) for change in compare((absent(JANE),), (live,)).changes] == [DeleteUser]
    assert compare((wants(JANE, grant("pricing", "owner"), phone="2"),), (live,)).unchanged == ()


ODD_ADDRESSES = ["", "  ", "jane", "jane doe@example.com", "a@b@example.com", "@example.com", "j\ud800@example.com"]


@pytest.mark.parametrize("unmanaged", Unmanaged)
@pytest.mark.parametrize("email", ODD_ADDRESSES)
def test_a_user_whom_no_file_can_name_is_listed_and_left(email: str, unmanaged: Unmanaged) -> None:
    live = (holds(7, email, row("pricing", "owner")), holds(8, email))
    difference = compare((), live, Settings(unmanaged=unmanaged))
    reason = "an invalid address" if email.strip() else "no address"
    assert difference == Diff(unmanageable=tuple(UnmanageableUser(user.id, reason, user.email) for user in live))
    assert [user.email.raw for user in difference.unmanageable] == [email, email]
    assert indexed(*live).grant_count == 0


def test_an_unmanageable_user_of_a_saved_plan_has_no_address_and_is_the_same() -> None:
    assert UnmanageableUser(7, "no address", Text(" ")) == UnmanageableUser(7, "no address", Text(""))
    assert UnmanageableUser(7, "no address").email == Text("")


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(wants(JANE, pin=7), id="by its id"),
        pytest.param(absent(JANE, pin=7), id="by its id, absent"),
        pytest.param(absent("jane doe@example.com"), id="by the address"),
    ],
)
def test_a_file_about_a_user_whom_no_file_can_name_is_refused(wanted: DesiredUser) -> None:
    difference = compare((wanted,), (holds(7, "Jane Doe@example.com"),))
    (conflict,) = difference.conflicts
    assert conflict.message == (
        "id 7 has an invalid address in the hub, so no file can manage it: "
        "create this user again in the backoffice, with an address, and drop `id`"
    )
    assert difference.changes == ()


def test_an_unmanageable_user_concerns_no_file_of_another_user() -> None:
    difference = compare((wants(JANE),), (holds(1, "Jane Doe@example.com"), holds(7, JANE)))
    assert (difference.unchanged, difference.conflicts) == ((Text(JANE),), ())


def test_a_user_whose_address_no_other_user_has_is_paired_without_twins() -> None:
    wanted, live = wants(JANE), indexed(holds(7, JANE))
    assert match(wanted, live) == Pair(wanted, live.by_id[7], twins=())
    assert compare((wants(JANE, pin=7),), (holds(7, JANE),)).unchanged == (Text(JANE),)


ANOTHER_ADDRESS = (
    "id 7 is old@example.com in the hub, not jane@example.com; an address cannot change: keep the file of "
    "old@example.com with `state: absent`, and add a file without `id` for jane@example.com"
)
ANOTHER_ID = (
    "jane@example.com has id 8 in the hub, not 7: deleted and made anew; "
    "check that this is the same person, then drop `id`"
)

NEITHER = "the hub has neither id 7 nor jane@example.com; to create this person anew, drop `id`"
HOSTILE = ANOTHER_ADDRESS.replace("old@example.com", "old\\x1b[2J@example.com")
OLD = holds(7, "old@example.com")
REFUSALS: dict[str, tuple[tuple[LiveUser, ...], str]] = {
    "the id lives under another address": ((OLD,), ANOTHER_ADDRESS),
    "the id lives under another address, and the address under another id": ((OLD, holds(8, JANE)), ANOTHER_ADDRESS),
    "the address lives under another id": ((holds(8, JANE),), ANOTHER_ID),
    "neither lives": ((), NEITHER),
    "a hostile address is harmless": ((holds(7, "old\x1b[2J@example.com"),), HOSTILE),
}


@pytest.mark.parametrize("unmanaged", Unmanaged)
@pytest.mark.parametrize(("live", "message"), REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_identities_touch_nobody(live: tuple[LiveUser, ...], message: str, unmanaged: Unmanaged) -> None:
    for wanted in (wants(JANE, pin=7), *([absent(JANE, pin=7)] if live else [])):
        difference = compare((wanted,), live, Settings(unmanaged=unmanaged))
        (conflict,) = difference.conflicts
        assert (conflict.email, conflict.source, conflict.message) == (wanted.email, wanted.source, message)
        assert (difference.changes, difference.unmanaged, difference.unchanged) == ((), (), ())


TWINS = (holds(7, JANE, row("pricing", "owner")), holds(8, "Jane@Example.com"))


OTHER = "JANE@example.com"
"""A third spelling, which no live user has."""
UNCERTAIN = "is the address of several users in the hub (id 7, id 8): add the `id` of the right one"


def not_deleted(chosen: int, other: int) -> str:
    return f"id {chosen} cannot be deleted: the hub deletes by address, which is also that of id {other}"


@pytest.mark.parametrize(
    ("wanted", "chosen", "kept", "blocked"),
    [
        pytest.param(wants(JANE, grant("pricing", "owner")), 7, (), "", id="the exact spelling, nothing to do"),
        pytest.param(wants(JANE, phone="1"), 7, ("phone",), "", id="the exact spelling, another profile"),
        pytest.param(wants("Jane@Example.com", pin=8), 8, (), "", id="the spelling and the id of one"),
        pytest.param(wants(JANE, pin=8), 8, (), "", id="the id of one, the spelling of the other"),
        pytest.param(wants(OTHER, pin=7), 7, (), "", id="the id of one, no spelling of any"),
        pytest.param(wants(OTHER), None, (), UNCERTAIN, id="no spelling of any"),
        pytest.param(absent(OTHER), None, (), UNCERTAIN, id="no spelling of any, absent"),
        pytest.param(absent(JANE), 7, (), not_deleted(7, 8), id="absent"),
        pytest.param(absent(OTHER, pin=8), 8, (), not_deleted(8, 7), id="absent, by its id"),
        pytest.param(wants(JANE, departure=Departure.UNTIL_PASSED), 7, (), not_deleted(7, 8), id="expired"),
    ],
)
def test_of_several_users_with_one_address_the_file_is_about(
    wanted: DesiredUser, chosen: int | None, kept: tuple[ProfileField, ...], blocked: str
) -> None:
    difference = compare((wanted,), TWINS, Settings(unmanaged=Unmanaged.DELETE))
    assert difference.shared == (SharedAddress(wanted.email, (7, 8), wanted.source, chosen, kept, blocked),)
    others = {7: "same address as id 8", 8: "same address as id 7"} if chosen else {}
    assert {user.id: user.reason for user in difference.unmanageable} == {
        number: reason for number, reason in others.items() if number != chosen
    }
    assert not any(isinstance(change, CreateUser | DeleteUser) for change in difference.changes)
    assert {change.id for change in difference.changes if isinstance(change, UpdateUser)} <= {chosen}
    assert (difference.unmanaged, difference.conflicts) == ((), ())
    is_done = not difference.changes and not kept and not blocked
    assert difference.unchanged == ((wanted.email,) if is_done else ())


def test_grants_of_the_chosen_user_change_and_the_profile_does_not() -> None:
    wanted = wants(JANE, grant("pricing", "viewer"), grant("logistics", "owner"), phone="1")
    grants = (sets("pricing", "owner", "viewer", "row-pricing"), sets("logistics", "none", "owner"))
    assert compare((wanted,), TWINS).changes == (UpdateUser(Text(JANE), wanted.source, 7, Text(JANE), (), grants),)


REAL = (row("pricing", "owner", "real"),)


@pytest.mark.parametrize(
    ("wanted", "others", "chosen"),
    [
        pytest.param(wants(JANE), (REAL,), None, id="the other one holds a grant"),
        pytest.param(absent(JANE), (REAL,), None, id="the other one holds a grant, and the file is absent"),
        pytest.param(wants(JANE, departure=Departure.UNTIL_PASSED), (REAL,), None, id="and the file is expired"),
        pytest.param(wants(JANE, grant("pricing", "owner")), ((), REAL), None, id="the third one holds a grant"),
        pytest.param(wants(JANE, pin=7), (REAL,), 7, id="the `id` decides"),
        pytest.param(wants(JANE, pin=8), (REAL,), 8, id="the `id` of the other one decides"),
        pytest.param(wants(JANE), ((),), 7, id="the other one holds no row"),
        pytest.param(wants(JANE), ((row("pricing", "none"),),), 7, id="the other one holds a row of none"),
        pytest.param(wants(JANE), ((row("rma", "owner"),),), 7, id="the other one holds an unmanaged grant"),
    ],
)
@pytest.mark.parametrize("held", [(), (row("backoffice", "owner"),)], ids=["without grants", "with a grant"])
def test_a_spelling_hides_no_user_who_holds_grants(
    wanted: DesiredUser, others: tuple[tuple[GrantRow, ...], ...], chosen: int | None, held: tuple[GrantRow, ...]
) -> None:
    spelled = ("Jane@Example.com", OTHER)
    twins = (holds(7, JANE, *held), *(holds(8 + at, spelled[at], *rows) for at, rows in enumerate(others)))
    difference = compare((wanted,), twins)
    (shared,) = difference.shared
    assert shared.chosen == chosen
    assert shared.blocked.endswith("add the `id` of the right one") is (chosen is None)
    assert {change.id for change in difference.changes if isinstance(change, UpdateUser)} <= {chosen}
    assert not any(isinstance(change, CreateUser | DeleteUser) for change in difference.changes)


@pytest.mark.parametrize("why", Departure)
def test_the_deletion_of_a_user_who_shares_the_address_is_the_revoke_of_every_grant(why: Departure) -> None:
    rows = (row("pricing", "owner"), row("pricing", "viewer", "second"), row("backoffice", "viewer"))
    twins = (holds(7, JANE, *rows), holds(8, "Jane@Example.com", row("pricing", "owner", "theirs")))
    ended = YESTERDAY if why is Departure.UNTIL_PASSED else None
    wanted = replace(wants(JANE, departure=why, pin=7), expired_on=ended)
    grants = tuple(
        map(edit, ("-backoffice:owner:row-backoffice", "-pricing:owner:row-pricing", "=pricing:viewer/owner:second"))
    )
    assert compare((wanted,), twins).changes == (UpdateUser(Text(JANE), wanted.source, 7, Text(JANE), (), grants),)


def test_the_revokes_of_an_expired_account_are_those_of_its_last_day() -> None:
    ended = replace(wants(JANE, departure=Departure.UNTIL_PASSED), expired_on=YESTERDAY)
    for user, day in ((ended, YESTERDAY), (absent(JANE), None)):
        (change,) = compare((user,), TWINS).changes
        (revoked,) = change.grants
        assert isinstance(revoked, RevokeGrant)
        assert (revoked.expired, revoked.source) == (day, user.source if day else None)


@pytest.mark.parametrize(
    "twins",
    [
        pytest.param(TWINS, id="that differ in case"),
        pytest.param((holds(7, JANE), holds(8, JANE)), id="that are the same"),
        pytest.param((holds(7, "jos\u00e9@example.com"), holds(8, "jose\u0301@example.com")), id="in NFC and in NFD"),
        pytest.param((holds(7, JANE), holds(8, OTHER), holds(9, "jANE@example.com")), id="of three users"),
        pytest.param((holds(8, OTHER), holds(7, JANE)), id="in any order"),
    ],
)
@pytest.mark.parametrize("unmanaged", Unmanaged)
def test_without_a_file_nothing_is_done_about_addresses(twins: tuple[LiveUser, ...], unmanaged: Unmanaged) -> None:
    difference = compare((), twins, Settings(unmanaged=unmanaged))
    ids = tuple(sorted(user.id for user in twins))
    assert (difference.changes, difference.unmanaged) == ((), ())
    first = min(twins, key=lambda user: user.id)
    assert [user.email for user in difference.shared] == [first.email]
    assert [(user.id, user.email) for user in difference.unmanageable] == [(number, first.email) for number in ids]
    assert [(shared.ids, shared.chosen, shared.blocked) for shared in difference.shared] == [(ids, None, "")]


def test_two_users_with_the_very_same_address_are_told_apart_by_the_id_alone() -> None:
    twins = (holds(7, JANE, row("pricing", "owner")), holds(8, JANE))
    assert compare((absent(JANE),), twins).changes == ()
    (change,) = compare((absent(JANE, pin=7),), twins).changes
    assert isinstance(change, UpdateUser)
    assert (change.id, change.grants) == (7, (takes("pricing", "owner", "row-pricing"),))


@pytest.mark.parametrize("unmanaged", Unmanaged)
@pytest.mark.parametrize("number", [99, 9], ids=["of nobody", "that lives elsewhere"])
def test_an_id_of_another_is_refused_although_the_address_is_shared(number: int, unmanaged: Unmanaged) -> None:
    live = (*TWINS, *([holds(9, "old@example.com")] if number == 9 else []))
    difference = compare((wants(JANE, pin=number),), live, Settings(unmanaged=unmanaged))
    assert [conflict.email for conflict in difference.conflicts] == [Text(JANE)]
    assert (difference.changes, difference.unmanaged) == ((), ())


STRANGER = holds(9, "Stranger@example.com", row("pricing", "owner"), phone="1")


@pytest.mark.parametrize("unmanaged", [Unmanaged.REPORT, Unmanaged.IGNORE])
def test_who_has_no_file_is_listed_and_left(unmanaged: Unmanaged) -> None:
    difference = compare((), (STRANGER,), Settings(unmanaged=unmanaged))
    assert difference == Diff(unmanaged=(UnmanagedUser(Text("Stranger@example.com"), unmanaged.value),))


def test_who_has_no_file_is_deleted_when_the_settings_say_so() -> None:
    difference = compare((), (STRANGER,), Settings(unmanaged=Unmanaged.DELETE))
    assert difference.unmanaged == ()
    assert difference.changes == (
        DeleteUser(STRANGER.email, None, 9, STRANGER.email, Cause.UNMANAGED, (LostGrant(PRICING, Access.OWNER),)),
    )


@pytest.mark.parametrize("unmanaged", Unmanaged)
def test_who_is_protected_needs_no_file(unmanaged: Unmanaged) -> None:
    settings = Settings(unmanaged=unmanaged, protect=(Text("stranger@*"),))
    difference = compare((), (STRANGER,), settings)
    assert difference == Diff(unmanaged=(UnmanagedUser(STRANGER.email, "protected"),))


GUARDED = Settings(unmanaged=Unmanaged.DELETE, protect=(Text("stranger@*"),))


def test_a_difference_of_a_protected_user_is_told_and_not_planned() -> None:
    file = wants("Stranger@example.com", grant("pricing", "viewer"), phone="2")
    difference = compare((file, wants(JANE, phone="2")), (STRANGER, holds(10, JANE, phone="1")), GUARDED)
    (held_back,) = difference.protected
    assert [change.email.raw for change in difference.changes] == [JANE], "who is not protected is planned"
    assert (difference.unchanged, difference.unmanaged) == ((), ())
    assert (held_back.email, [entry.field for entry in held_back.profile]) == (STRANGER.email, ["phone"])
    assert [edit.role for edit in held_back.grants] == ["pricing"]
    same = wants("Stranger@example.com", grant("pricing", "owner"), phone="1")
    assert compare((same,), (STRANGER,), GUARDED) == Diff(unchanged=(STRANGER.email,))


def test_another_spelling_in_the_file_does_not_take_the_protection_away() -> None:
    settings = Settings(protect=(Text("stranger@example.com"),))
    difference = compare((wants("STRANGER@example.com", phone="2"),), (STRANGER,), settings)
    assert (difference.changes, len(difference.protected)) == ((), 1)


def test_an_end_date_of_a_protected_user_is_told() -> None:
    file = replace(wants("Stranger@example.com", grant("pricing", "owner")), until=TODAY)
    assert compare((file,), (STRANGER,), GUARDED).ending == (file,)
    assert compare((file,), (STRANGER,), SETTINGS).ending == ()
    assert compare((file,), (), GUARDED).ending == (), "a user who is not in the hub yet"
    assert compare((wants("Stranger@example.com"),), (STRANGER,), GUARDED).ending == ()


def test_a_missing_definition_is_named_only_where_a_file_grants_it() -> None:
    without = tuple(found for found in DEFINITIONS if found.name.raw != "pricing")
    live = index(hub_of(holds(7, JANE), definitions=without), SETTINGS)
    wanted = wants(JANE, grant("pricing", "viewer", line=4), grant("logistics", "viewer"))
    for user in (wanted, replace(wanted, email=Text("new@example.com"))):
        difference = diff((user,), live, SETTINGS)
        assert difference.missing == (MissingDefinition(PRICING, Text("pricing"), user.email, source(line=4)),)
        (change,) = difference.changes
        assert isinstance(change, CreateUser | UpdateUser)
        assert change.grants == (sets("logistics", "none", "viewer"),)
    assert diff((wants(JANE),), live, SETTINGS).missing == ()


def test_users_are_sorted_by_folded_address() -> None:
    desired = (wants("Zoe@example.com"), wants("b@example.com"), wants("A@example.com"))
    live = (holds(5, "C@example.com"), holds(4, "zoe@example.com", phone="1"))
    for order in permutations(desired):
        difference = compare(order, live, Settings(unmanaged=Unmanaged.DELETE))
        assert [change.email.raw for change in difference.changes] == [
            "A@example.com",
            "b@example.com",
            "C@example.com",
        ]
        assert difference.unchanged == (Text("Zoe@example.com"),)
