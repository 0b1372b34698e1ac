"""One step towards the hub, settled: what is sent, what is read after a doubt, and what is said in the end.

Each row of a table scripts what befalls the write, and says which calls are made and how it ends.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bo_sync.apply.writes import Target, create, delete, strip_defaults, update_profile, write_grants
from bo_sync.core.changes import DeleteUser, GrantChange, RevokeGrant
from bo_sync.core.model import ACCESS_WORDS, Access, GrantRow, LiveUser, Role, RoleDefinition
from bo_sync.core.text import Text
from bo_sync.errors import (
    HubDeniedError,
    HubError,
    HubFateUnknownError,
    HubMovedError,
    HubUnconfirmedError,
    HubUnreachableError,
    WrongUserError,
)
from bo_sync.ports import Created
from tests.support import builders
from tests.support.builders import duplicate, field_change, revoke, set_grant, value
from tests.support.cases import cases
from tests.support.hub_double import (
    CUT,
    LOST,
    Event,
    InMemoryHub,
    Operation,
    definitions_with,
    denied,
    moved,
    refused,
    unknown,
    unreachable,
)
from tests.support.users import DEFINITIONS, full_profile, holds, hub_of, row

JANE = "jane@example.com"
TARGET = Target(Text(JANE), 7, {Role(found.id.removeprefix("definition-")): found.id for found in DEFINITIONS})


def another_value() -> HubError:
    return HubUnconfirmedError("the hub stored another value", operation="adminUserCreate")


def first(done: Callable[[InMemoryHub], None], error: Callable[[], HubError] = unknown) -> Event:
    """Somebody else does something, then the call is in doubt and has no effect."""
    return Event(error, 0, done)


ENDS: dict[str, type[HubError]] = {
    "error": HubError,
    "moved": HubMovedError,
    "fate unknown": HubFateUnknownError,
    "unconfirmed": HubUnconfirmedError,
    "denied": HubDeniedError,
    "unreachable": HubUnreachableError,
    "wrong user": WrongUserError,
}


def run(case: str, write: Operation, hub: InMemoryHub, step: Callable[[InMemoryHub], object]) -> object:
    """Runs the step, asserts the calls and the end of it, and returns what it returned.

    A case says what befalls the write (W), a read of the user (R) or of the rows (L), which of them are called, and
    how it ends: an error and words of its message, or neither.
    """
    operations: dict[str, Operation] = {"W": write, "R": "read_user", "L": "read_rows"}
    befalls, calls, *end = " ".join(case.split()).split(" | ")
    for operation, _, events in (each.partition(": ") for each in befalls.split("; ") if each != "-"):
        hub.script(operations[operation], JANE, *(EVENTS[event] for event in events.split()))
    answered: object = None
    if not end:
        answered = step(hub)
    else:
        error, _, says = end[0].partition(": ")
        with pytest.raises(HubError) as caught:
            step(hub)
        assert type(caught.value) is ENDS[error]
        assert says in caught.value.message
    assert [operation for operation, _ in hub.log] == [operations[call] for call in calls.split()]
    return answered


NEW = builders.create(JANE, profile=(value("phone", "1"), value("job", None)))
ASKED_FOR = full_profile(phone="1")
DEFAULTS = definitions_with(Access.VIEWER, DEFINITIONS)


def somebody(*rows: GrantRow, number: int = 9, **values: str | None) -> Callable[[InMemoryHub], None]:
    return lambda hub: hub.put(LiveUser(number, Text(JANE), full_profile(**values), rows))


CREATES = """
all is well
    - | W
it happened, and the answer was lost
    W: CUT | W R
it did not happen
    W: LOST | W R W
it happened at the second try
    W: LOST CUT | W R W R
it happened late, so the second try found it
    W: LOST asked-for | W R W R
it did not happen twice
    W: LOST LOST | W R W R | error: sent twice, and it does not hold
the person cannot be read
    W: CUT; R: UNREACHABLE | W R | fate unknown: reading again failed: no answer
the person cannot be read after the second try
    W: LOST CUT; R: OK UNREACHABLE | W R W R | fate unknown: reading again failed: no answer
somebody else created another one
    W: another-first | W R | moved: somebody else created this person meanwhile
somebody else created one with access
    W: with-access-first | W R | moved: somebody else created this person meanwhile
the address is taken by another one
    W: another | W R | moved: somebody else created this person meanwhile
the address is taken by the one we asked for
    W: with-row-of-none | W R
the address is taken and nobody is there
    W: MOVED MOVED | W R W R | error: sent twice, and it does not hold
it was answered with another value, and a read shows what was sent
    W: other-value-done | W R
it was answered with another value, and a read shows that
    W: other-value-third | W R | unconfirmed: stored another value
it was answered with another value, and no read shows the user yet
    W: other-value | W R | unconfirmed: stored another value
a second try was answered with another value
    W: LOST other-value-third | W R W R | unconfirmed: stored another value
the hub refuses
    W: NO | W | error: the hub said no
the key may not
    W: DENIED | W | denied: lacks the access
the key may not at the second try
    W: LOST DENIED | W R W | denied: lacks the access
it was never sent
    W: UNREACHABLE | W | unreachable: no answer
"""


@pytest.mark.parametrize("case", cases(CREATES))
def test_creating(case: str) -> None:
    hub = InMemoryHub(hub_of())
    number = run(case, "create_user", hub, lambda found: create(found, NEW, DEFINITIONS).id)
    if number is not None:
        assert (hub.user(JANE).id, hub.user(JANE).profile) == (number, ASKED_FOR)


@pytest.mark.parametrize("known", [DEFAULTS, DEFINITIONS], ids=["the hub gives access", "the hub gives rows with none"])
def test_a_new_user_with_what_the_hub_gives_by_itself_is_the_one_we_asked_for(
    known: tuple[RoleDefinition, ...],
) -> None:
    given = {found.id: found.default_access for found in known} | {"definition-rma": Access.OWNER}
    hub = InMemoryHub(hub_of(definitions=known), given).script("create_user", JANE, CUT)
    assert create(hub, NEW, known).id == hub.user(JANE).id
    hub = InMemoryHub(hub_of(definitions=known), {"definition-pricing": Access.EDITOR}).script("create_user", JANE, CUT)
    with pytest.raises(HubMovedError, match="somebody else created"):
        create(hub, NEW, known)


TAKEN = """
the answer has a taken id
    - | W | wrong user: another user
the second answer has a taken id
    W: LOST | W R W | wrong user: another user
the user that a read finds has a taken id
    W: taken-id-first | W R | moved: somebody else created this person meanwhile
"""


@pytest.mark.parametrize("case", cases(TAKEN))
def test_an_id_that_the_hub_had_before_is_another_user(case: str) -> None:
    run(case, "create_user", InMemoryHub(hub_of()), lambda hub: create(hub, NEW, DEFINITIONS, {1}))


def test_a_created_user_that_a_read_finds_has_the_hubs_moment() -> None:
    made = replace(holds(9, JANE, phone="1"), updated_at=Text("2026-06-15T08:00:00Z"))
    hub = InMemoryHub(hub_of()).script("create_user", JANE, first(lambda found: found.put(made)))
    assert create(hub, NEW, DEFINITIONS) == Created(9, made.updated_at)


def test_a_created_user_is_found_by_a_phone_number_without_its_blanks() -> None:
    hub = InMemoryHub(hub_of()).script("create_user", JANE, first(somebody(phone="12")))
    assert create(hub, builders.create(JANE, profile=(value("phone", "1 2"),)), DEFINITIONS).id == 9


FIELDS = (field_change("phone", "1", "2"), field_change("job", "x", None))
BEFORE = holds(7, JANE, phone="1", job="x", language="NL")


def sets(**values: str | None) -> Callable[[InMemoryHub], None]:
    return lambda hub: hub.put(holds(7, JANE, language="NL", **values))


PROFILES = """
all is well
    - | W
it happened, and the answer was lost
    W: CUT | W R
it did not happen
    W: LOST | W R W
somebody else did just the same
    W: same-first | W R
somebody else did half of it
    W: half-first | W R W
somebody else set a third value
    W: third-first | W R | moved: somebody else changed phone meanwhile
somebody else deleted the person
    W: gone | W R | moved: the hub has nobody there any more
the address is another person's by now
    W: exchanged-first | W R | moved: this address has another id (8) in the hub by now
the address is another person's when it is sent
    W: exchanged | W R | moved: this address has another id (8) in the hub by now
it was not found, yet stands as planned
    W: MOVED | W R W
it happened at the second try
    W: LOST CUT | W R W R
it did not happen twice
    W: LOST LOST | W R W R | error: sent twice, and it does not hold
the person cannot be read
    W: CUT; R: DENIED | W R
        | fate unknown: the connection was cut; and reading again failed: the key lacks the access
the hub refuses
    W: NO | W | error: the hub said no
the hub refuses at the second try
    W: LOST NO | W R W | error: the hub said no
"""


@pytest.mark.parametrize("case", cases(PROFILES))
def test_profiles(case: str) -> None:
    hub = InMemoryHub(hub_of(BEFORE))
    run(case, "update_profile", hub, lambda found: update_profile(found, TARGET, FIELDS))
    if ": " not in case.partition(" | ")[2]:
        assert hub.user(JANE).profile == full_profile(phone="2", language="NL")


@pytest.mark.parametrize(
    ("held", "calls"),
    [
        pytest.param("34", ["update_profile", "read_user"], id="the new number needs no second try"),
        pytest.param("12", ["update_profile", "read_user", "update_profile"], id="the old number is not a third one"),
    ],
)
def test_a_phone_number_without_its_blanks_is_the_same(held: str, calls: list[Operation]) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, phone=held))).script("update_profile", JANE, LOST)
    update_profile(hub, TARGET, (field_change("phone", "1 2", "3 4"),))
    assert [operation for operation, _ in hub.log] == calls


GOING = builders.delete(JANE)

DELETIONS = """
all is well
    - | W
it happened, and the answer was lost
    W: CUT | W R
it did not happen
    W: LOST | W R W
somebody else did it
    W: gone | W R
the first try took effect late
    W: LOST gone | W R W R
the address is another person's by now
    W: exchanged-first | W R | moved: this address has another id (8) in the hub by now
the address is another person's when it is sent
    W: exchanged | W R | moved: this address has another id (8) in the hub by now
it did not happen twice
    W: LOST LOST | W R W R | error: sent twice, and it does not hold
the person cannot be read
    W: CUT; R: UNREACHABLE | W R | fate unknown: reading again failed: no answer
the key may not
    W: DENIED | W | denied: lacks the access
"""


@pytest.mark.parametrize("case", cases(DELETIONS))
def test_deletions(case: str) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE)))
    run(case, "delete_user", hub, lambda found: delete(found, GOING))
    assert hub.has(JANE) is (": " in case.partition(" | ")[2] and "CUT" not in case)


def test_a_deletion_asks_by_the_hubs_spelling() -> None:
    hub = InMemoryHub(hub_of(holds(7, "JANE@example.com"))).script("delete_user", "JANE@example.com", CUT)
    delete(hub, DeleteUser(Text(JANE), None, 7, Text("JANE@example.com"), GOING.cause, ()))
    assert [email for _, email in hub.log] == ["JANE@example.com"] * 2


HELD = (
    row("pricing", "viewer"),
    row("logistics", "owner"),
    row("api_keys", "editor"),
    row("product_data", "owner"),
    row("product_data", "viewer", "surplus-product_data"),
    row("user_management", "none"),
)
WANTED: tuple[GrantChange, ...] = (
    set_grant("order_data", "none", "viewer"),
    set_grant("pricing", "viewer", "editor", "row-pricing"),
    set_grant("user_management", "none", "owner", "row-user_management"),
    set_grant("logistics", "owner", "viewer", "row-logistics"),
    revoke("api_keys", "editor"),
    duplicate("product_data", "viewer", "owner"),
)
AFTER = {
    "order_data": "viewer",
    "pricing": "editor",
    "user_management": "owner",
    "logistics": "viewer",
    "api_keys": "none",
    "product_data": "owner",
}


def edits(change: Callable[[tuple[GrantRow, ...]], tuple[GrantRow, ...]]) -> Callable[[InMemoryHub], None]:
    """Somebody else edits Jane's rows."""
    return lambda hub: hub.put(replace(hub.user(JANE), rows=change(hub.user(JANE).rows)))


def without(row_id: str) -> Callable[[InMemoryHub], None]:
    return edits(lambda rows: tuple(found for found in rows if found.id != row_id))


def with_row(added: GrantRow) -> Callable[[InMemoryHub], None]:
    return edits(lambda rows: (*rows, added))


def at(row_id: str, access: Access) -> Callable[[InMemoryHub], None]:
    return edits(lambda rows: tuple(replace(found, access=access) if found.id == row_id else found for found in rows))


def in_turn(*done: Callable[[InMemoryHub], None]) -> Callable[[InMemoryHub], None]:
    def both(hub: InMemoryHub) -> None:
        for one in done:
            one(hub)

    return both


# What other clients do to a role: the access that they set, and the access of a row that they made anew.
SET_BY_OTHERS = [
    *(("pricing", "editor"), ("pricing", "owner"), ("api_keys", "none"), ("api_keys", "viewer")),
    *(("product_data", "editor"), ("product_data", "none")),
]
MADE_ANEW = [*(("user_management", "none"), ("api_keys", "editor"), ("pricing", "editor"), ("product_data", "owner"))]


# The rows are looked at first, since a duplicate is removed.
GRANTS = """
all is well, in one request
    - | L W
it happened, and the answer was lost
    W: CUT | L W R
it did not happen
    W: LOST | L W R W
1 of 6 happened
    W: 1-of-6 | L W R W
2 of 6 happened
    W: 2-of-6 | L W R W
3 of 6 happened
    W: 3-of-6 | L W R W
4 of 6 happened
    W: 4-of-6 | L W R W
5 of 6 happened
    W: 5-of-6 | L W R W
half happened, the other half at the second try, both answers lost
    W: 3-of-6 CUT | L W R W R
some of it did not happen twice
    W: 3-of-6 2-of-6 | L W R W R | error: sent twice, and it does not hold
a row exists by now, with none
    W: order_data+none | L W R W
a row exists by now, as wanted
    W: order_data+viewer | L W R W
a row exists by now, with a third access
    W: order_data+owner | L W R | moved: somebody else set order_data to owner meanwhile
two rows exist by now, of which the higher counts
    W: order_data+none+owner | L W R | moved: somebody else set order_data to owner meanwhile
somebody else raised it already
    W: pricing=editor | L W R W
somebody else raised it further
    W: pricing=owner | L W R | moved: somebody else set pricing to owner meanwhile
somebody else revoked it already
    W: api_keys=none | L W R W
somebody else lowered what is to be revoked
    W: api_keys=viewer | L W R | moved: somebody else set api_keys to viewer meanwhile
the row to be raised is gone
    W: -pricing | L W R | moved: somebody else set pricing to none meanwhile
the row with none is gone
    W: -user_management | L W R W
the row with none was made anew
    W: -user_management+none | L W R W
the row to be revoked is gone
    W: -api_keys | L W R W
the row to be revoked was made anew
    W: -api_keys+editor | L W R | moved: somebody else set api_keys to editor meanwhile
the row to be raised was made anew
    W: -pricing+editor | L W R | moved: somebody else set pricing to editor meanwhile
the surplus row is gone
    W: -surplus | L W R
the row that was to stay is gone before anything is sent
    L: -product_data | L | moved: the other row of product_data is gone, so this one is no duplicate any more
what else is to be written is not looked at before anything is sent
    L: pricing:owner | L W
the rows of a duplicate cannot be read
    L: UNREACHABLE | L | unreachable: no answer
the row that was to stay is gone
    W: -product_data-first | L W R | moved: the other row of product_data is gone, so this one is no duplicate any more
the row that was to stay is lowered before anything is sent
    L: product_data:editor | L
        | moved: another client set the other row of product_data to editor, so this one is not a duplicate
the row that was to stay is lowered
    W: product_data=none | L W R
        | moved: another client set the other row of product_data to none, so this one is not a duplicate
the row that was to stay is gone, and a third one gives the access
    L: -product_data+owner | L W
the person is gone
    W: gone-first | L W R | moved: the hub has nobody there any more
the address is another person's by now
    W: exchanged-and-moved | L W R | moved: this address has another id (8) in the hub by now
the person cannot be read
    W: CUT; R: UNREACHABLE | L W R | fate unknown: reading again failed: no answer
the person cannot be read after the second try
    W: LOST CUT; R: OK UNREACHABLE | L W R W R | fate unknown: reading again failed: no answer
the key may not
    W: DENIED | L W | denied: lacks the access
the key may not at the second try
    W: LOST DENIED | L W R W | denied: lacks the access
"""


def exchange(hub: InMemoryHub) -> None:
    hub.remove(JANE)
    hub.put(holds(8, JANE, phone="1", job="x"))


def gone(hub: InMemoryHub) -> None:
    hub.remove(JANE)


EVENTS: dict[str, Event] = {
    "OK": Event(),
    "LOST": LOST,
    "CUT": CUT,
    "NO": Event(refused),
    "DENIED": Event(denied),
    "MOVED": Event(moved),
    **{f"{done}-of-6": Event(unknown, done) for done in range(1, 6)},
    "UNREACHABLE": Event(unreachable),
    "asked-for": Event(meanwhile=somebody(phone="1")),
    "another": Event(meanwhile=somebody(phone="2")),
    "another-first": first(somebody(phone="2")),
    "with-access-first": first(somebody(row("pricing", "viewer"), phone="1")),
    "with-row-of-none": Event(meanwhile=somebody(row("pricing", "none"), phone="1")),
    "taken-id-first": first(somebody(number=1, phone="1")),
    "other-value": Event(another_value),
    "other-value-done": Event(another_value, 99),
    "other-value-third": first(somebody(phone="3"), another_value),
    "same-first": first(sets(phone="2")),
    "half-first": first(sets(phone="2", job="x")),
    "third-first": first(sets(phone="3", job="x")),
    "gone": Event(meanwhile=gone),
    "gone-first": first(gone, moved),
    "exchanged": Event(meanwhile=exchange),
    "exchanged-first": first(exchange),
    "exchanged-and-moved": first(exchange, moved),
    **{
        f"order_data+{word}": Event(meanwhile=with_row(row("order_data", word))) for word in ("none", "viewer", "owner")
    },
    "order_data+none+owner": Event(
        meanwhile=in_turn(with_row(row("order_data", "none", "1")), with_row(row("order_data", "owner", "2")))
    ),
    **{f"{role}={word}": first(at(f"row-{role}", ACCESS_WORDS[word])) for role, word in SET_BY_OTHERS},
    **{f"{role}:{word}": Event(meanwhile=at(f"row-{role}", ACCESS_WORDS[word])) for role, word in SET_BY_OTHERS},
    **{f"-{role}": Event(meanwhile=without(f"row-{role}")) for role, _ in MADE_ANEW},
    **{
        f"-{role}+{word}": Event(meanwhile=in_turn(without(f"row-{role}"), with_row(row(role, word, "new"))))
        for role, word in MADE_ANEW
    },
    "-product_data-first": first(without("row-product_data")),
    "-surplus": Event(meanwhile=without("surplus-product_data")),
}


@pytest.mark.parametrize("case", cases(GRANTS))
def test_grants(case: str) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, *HELD)))
    run(case, "write_rows", hub, lambda found: write_grants(found, TARGET, WANTED))
    if ": " not in case.partition(" | ")[2]:
        rows = hub.user(JANE).rows
        held = {found.definition_id.removeprefix("definition-"): found.access.word for found in rows}
        assert {**dict.fromkeys(AFTER, "none"), **held} == AFTER
        assert len(held) == len(rows)


@pytest.mark.parametrize(
    ("role", "stays", "planned", "surplus", "removed"),
    [
        pytest.param("pricing", "owner", "owner", "owner", True, id="the access of the plan"),
        pytest.param("pricing", "owner", "editor", "none", True, id="more than planned"),
        pytest.param("pricing", "editor", "owner", "none", False, id="less, beside none"),
        pytest.param("pricing", "none", "owner", "owner", False, id="none, beside owner"),
        pytest.param("backoffice", "viewer", "owner", "owner", True, id="a platform area on"),
        pytest.param("backoffice", "none", "owner", "owner", False, id="a platform area off"),
        pytest.param("pricing", "viewer", "owner > viewer", "owner", True, id="lowered already, as planned"),
        pytest.param("pricing", "none", "owner > viewer", "owner", False, id="lowered further than planned"),
        pytest.param("pricing", "none", "owner > none", "owner", True, id="revoked already, as planned"),
        pytest.param("pricing", "viewer", "viewer > owner", "none", True, id="not raised yet"),
    ],
)
def test_a_duplicate_is_removed_only_beside_a_row_that_gives_the_planned_access(
    *, role: str, stays: str, planned: str, surplus: str, removed: bool
) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, row(role, stays), row(role, "none", f"surplus-{role}"))))
    before, _, after = planned.partition(" > ")
    grants: list[GrantChange] = [duplicate(role, surplus, before)]
    if after:
        edit = revoke(role, before) if after == "none" else set_grant(role, before, after, f"row-{role}")
        grants.insert(0, edit)
    if removed:
        write_grants(hub, TARGET, grants)
    else:
        with pytest.raises(HubMovedError):
            write_grants(hub, TARGET, grants)
        assert hub.log == [("read_rows", JANE)]
    assert (len(hub.user(JANE).rows) == 1) is removed


def test_where_nothing_is_removed_nothing_is_read_before() -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, *HELD)))
    write_grants(hub, TARGET, [revoke("api_keys", "editor")])
    assert hub.log == [("write_rows", JANE)]


def test_of_two_rows_the_one_that_the_plan_named_is_what_counts() -> None:
    surplus = row("logistics", "editor", "surplus-logistics")
    hub = InMemoryHub(hub_of(holds(7, JANE, surplus, row("logistics", "owner")))).script("write_rows", JANE, CUT)
    write_grants(hub, TARGET, [set_grant("logistics", "owner", "viewer", "row-logistics")])
    assert [operation for operation, _ in hub.log] == ["write_rows", "read_user"]
    assert hub.user(JANE).rows == (surplus, row("logistics", "viewer"))


def test_a_platform_row_of_any_access_is_on_when_it_is_read_again() -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, row("backoffice", "viewer")))).script("write_rows", JANE, LOST)
    write_grants(hub, TARGET, [RevokeGrant(Role("backoffice"), Access.OWNER, "row-backoffice")])
    assert hub.user(JANE).rows == (row("backoffice", "none"),)


@pytest.mark.parametrize("event", [Event(), LOST, CUT], ids=["at once", "lost at first", "with its answer lost"])
def test_what_the_hub_gives_by_itself_is_taken_in_the_definitions_that_we_know(event: Event) -> None:
    given = (row("pricing", "viewer"), row("backoffice", "viewer"), row("api_keys", "none"), row("rma", "owner"))
    hub = InMemoryHub(hub_of(holds(7, JANE, *given))).script("write_rows", JANE, event)
    strip_defaults(hub, TARGET)
    assert {found.definition_id: found.access for found in hub.user(JANE).rows} == {
        "definition-pricing": Access.NONE,
        "definition-backoffice": Access.NONE,
        "definition-api_keys": Access.NONE,
        "definition-rma": Access.OWNER,
    }


def test_where_the_hub_gives_nothing_by_itself_nothing_is_sent() -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, row("pricing", "none"))))
    strip_defaults(hub, TARGET)
    assert hub.log == [("read_rows", JANE)]
