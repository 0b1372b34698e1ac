"""One step towards the hub, settled: what is sent, what is read after a doubt, and what is said in the end.

Each row of a table scripts what befalls the write, and says which calls are made and how it ends.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bo_sync.apply.writes import Target, create, delete, strip_defaults, update_profile, write_grants
from bo_sync.core.changes import DeleteUser, GrantChange, RevokeGrant
from bo_sync.core.model import Access, GrantRow, LiveUser, Role, RoleDefinition
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
NO = Event(refused)
DENIED = Event(denied)
UNREACHABLE = Event(unreachable)
MOVED = Event(moved)


def another_value() -> HubError:
    return HubUnconfirmedError("the hub stored another value", operation="adminUserCreate")


def first(done: Callable[[InMemoryHub], None], error: Callable[[], HubError] = unknown) -> Event:
    """Somebody else does something, then the call is in doubt and has no effect."""
    return Event(error, 0, done)


@dataclass(frozen=True, slots=True)
class Case:
    """What befalls the calls, which calls are made, and how it ends: an error and words of its message, or neither."""

    befalls: tuple[tuple[Operation, tuple[Event, ...]], ...]
    calls: tuple[Operation, ...]
    error: type[HubError] | None = None
    says: str = ""


def run(case: Case, hub: InMemoryHub, step: Callable[[InMemoryHub], object]) -> object:
    """Runs the step, asserts the calls and the end of it, and returns what it returned."""
    for operation, events in case.befalls:
        hub.script(operation, JANE, *events)
    answered: object = None
    if case.error is None:
        answered = step(hub)
    else:
        with pytest.raises(HubError) as caught:
            step(hub)
        assert type(caught.value) is case.error
        assert case.says in caught.value.message
    assert tuple(operation for operation, _ in hub.log) == case.calls
    return answered


GIVEN_UP = "sent twice, and it does not hold"
READ_FAILED = "reading again failed: no answer"

# Creating somebody.

NEW = builders.create(JANE, profile=(value("phone", "1"), value("job", None)))
ASKED_FOR = full_profile(phone="1")
DEFAULTS = definitions_with(Access.VIEWER, DEFINITIONS)


def somebody(*rows: GrantRow, number: int = 9, **values: str | None) -> Callable[[InMemoryHub], None]:
    return lambda hub: hub.put(LiveUser(number, Text(JANE), full_profile(**values), rows))


CREATES: dict[str, Case] = {
    "all is well": Case((), ("create_user",)),
    "it happened, and the answer was lost": Case((("create_user", (CUT,)),), ("create_user", "read_user")),
    "it did not happen": Case((("create_user", (LOST,)),), ("create_user", "read_user", "create_user")),
    "it happened at the second try": Case(
        (("create_user", (LOST, CUT)),), ("create_user", "read_user", "create_user", "read_user")
    ),
    "it happened late, so the second try found it": Case(
        (("create_user", (LOST, Event(meanwhile=somebody(phone="1")))),),
        ("create_user", "read_user", "create_user", "read_user"),
    ),
    "it did not happen twice": Case(
        (("create_user", (LOST, LOST)),),
        ("create_user", "read_user", "create_user", "read_user"),
        HubError,
        GIVEN_UP,
    ),
    "the person cannot be read": Case(
        (("create_user", (CUT,)), ("read_user", (UNREACHABLE,))),
        ("create_user", "read_user"),
        HubFateUnknownError,
        READ_FAILED,
    ),
    "the person cannot be read after the second try": Case(
        (("create_user", (LOST, CUT)), ("read_user", (Event(), UNREACHABLE))),
        ("create_user", "read_user", "create_user", "read_user"),
        HubFateUnknownError,
        READ_FAILED,
    ),
    "somebody else created another one": Case(
        (("create_user", (first(somebody(phone="2")),)),),
        ("create_user", "read_user"),
        HubMovedError,
        "somebody else created this person meanwhile",
    ),
    "somebody else created one with access": Case(
        (("create_user", (first(somebody(row("pricing", "viewer"), phone="1")),)),),
        ("create_user", "read_user"),
        HubMovedError,
        "somebody else created this person meanwhile",
    ),
    "the address is taken by another one": Case(
        (("create_user", (Event(meanwhile=somebody(phone="2")),)),),
        ("create_user", "read_user"),
        HubMovedError,
        "somebody else created this person meanwhile",
    ),
    "the address is taken by the one we asked for": Case(
        (("create_user", (Event(meanwhile=somebody(row("pricing", "none"), phone="1")),)),),
        ("create_user", "read_user"),
    ),
    "the address is taken and nobody is there": Case(
        (("create_user", (MOVED, MOVED)),),
        ("create_user", "read_user", "create_user", "read_user"),
        HubError,
        GIVEN_UP,
    ),
    "it was answered with another value, and a read shows what was sent": Case(
        (("create_user", (Event(another_value, 99),)),), ("create_user", "read_user")
    ),
    "it was answered with another value, and a read shows that": Case(
        (("create_user", (first(somebody(phone="3"), another_value),)),),
        ("create_user", "read_user"),
        HubUnconfirmedError,
        "stored another value",
    ),
    "it was answered with another value, and no read shows the user yet": Case(
        (("create_user", (Event(another_value),)),),
        ("create_user", "read_user"),
        HubUnconfirmedError,
        "stored another value",
    ),
    "a second try was answered with another value": Case(
        (("create_user", (LOST, first(somebody(phone="3"), another_value))),),
        ("create_user", "read_user", "create_user", "read_user"),
        HubUnconfirmedError,
        "stored another value",
    ),
    "the hub refuses": Case((("create_user", (NO,)),), ("create_user",), HubError, "the hub said no"),
    "the key may not": Case((("create_user", (DENIED,)),), ("create_user",), HubDeniedError, "lacks the access"),
    "the key may not at the second try": Case(
        (("create_user", (LOST, DENIED)),),
        ("create_user", "read_user", "create_user"),
        HubDeniedError,
        "lacks the access",
    ),
    "it was never sent": Case((("create_user", (UNREACHABLE,)),), ("create_user",), HubUnreachableError, "no answer"),
}


@pytest.mark.parametrize("case", CREATES.values(), ids=CREATES.keys())
def test_creating(case: Case) -> None:
    hub = InMemoryHub(hub_of())
    number = run(case, hub, lambda found: create(found, NEW, DEFINITIONS).id)
    if case.error is None:
        assert (hub.user(JANE).id, hub.user(JANE).profile) == (number, ASKED_FOR)


@pytest.mark.parametrize("known", [DEFAULTS, DEFINITIONS], ids=["the hub gives access", "the hub gives rows with none"])
def test_a_new_user_with_what_the_hub_gives_by_itself_is_the_one_we_asked_for(
    known: tuple[RoleDefinition, ...],
) -> None:
    given = {found.id: found.default_access for found in known} | {"definition-rma": Access.OWNER}
    hub = InMemoryHub(hub_of(definitions=known), given).script("create_user", JANE, CUT)
    assert create(hub, NEW, known).id == hub.user(JANE).id


def test_a_user_with_more_than_the_hub_gives_by_itself_is_somebody_elses() -> None:
    hub = InMemoryHub(hub_of(definitions=DEFAULTS), {"definition-pricing": Access.EDITOR})
    hub.script("create_user", JANE, CUT)
    with pytest.raises(HubMovedError, match="somebody else created"):
        create(hub, NEW, DEFAULTS)


TAKEN: dict[str, Case] = {
    "the answer has a taken id": Case((), ("create_user",), WrongUserError, "another user"),
    "the second answer has a taken id": Case(
        (("create_user", (LOST,)),), ("create_user", "read_user", "create_user"), WrongUserError, "another user"
    ),
    "the user that a read finds has a taken id": Case(
        (("create_user", (first(somebody(number=1, phone="1")),)),),
        ("create_user", "read_user"),
        HubMovedError,
        "somebody else created this person meanwhile",
    ),
}


@pytest.mark.parametrize("case", TAKEN.values(), ids=TAKEN.keys())
def test_an_id_that_the_hub_had_before_is_another_user(case: Case) -> None:
    run(case, InMemoryHub(hub_of()), lambda hub: create(hub, NEW, DEFINITIONS, {1}))


def test_a_created_user_that_a_read_finds_has_the_hubs_moment() -> None:
    made = replace(holds(9, JANE, phone="1"), updated_at=Text("2026-06-15T08:00:00Z"))
    hub = InMemoryHub(hub_of()).script("create_user", JANE, first(lambda found: found.put(made)))
    assert create(hub, NEW, DEFINITIONS) == Created(9, made.updated_at)


def test_a_created_user_is_found_by_a_phone_number_without_its_blanks() -> None:
    hub = InMemoryHub(hub_of()).script("create_user", JANE, first(somebody(phone="12")))
    assert create(hub, builders.create(JANE, profile=(value("phone", "1 2"),)), DEFINITIONS).id == 9


# Profiles.

FIELDS = (field_change("phone", "1", "2"), field_change("job", "x", None))
BEFORE = holds(7, JANE, phone="1", job="x", language="NL")


def sets(**values: str | None) -> Callable[[InMemoryHub], None]:
    return lambda hub: hub.put(holds(7, JANE, language="NL", **values))


PROFILES: dict[str, Case] = {
    "all is well": Case((), ("update_profile",)),
    "it happened, and the answer was lost": Case((("update_profile", (CUT,)),), ("update_profile", "read_user")),
    "it did not happen": Case((("update_profile", (LOST,)),), ("update_profile", "read_user", "update_profile")),
    "somebody else did just the same": Case(
        (("update_profile", (first(sets(phone="2")),)),), ("update_profile", "read_user")
    ),
    "somebody else did half of it": Case(
        (("update_profile", (first(sets(phone="2", job="x")),)),), ("update_profile", "read_user", "update_profile")
    ),
    "somebody else set a third value": Case(
        (("update_profile", (first(sets(phone="3", job="x")),)),),
        ("update_profile", "read_user"),
        HubMovedError,
        "somebody else changed phone meanwhile",
    ),
    "somebody else deleted the person": Case(
        (("update_profile", (Event(meanwhile=lambda hub: hub.remove(JANE)),)),),
        ("update_profile", "read_user"),
        HubMovedError,
        "the hub has nobody there any more",
    ),
    "the address is another person's by now": Case(
        (("update_profile", (first(lambda hub: _exchange(hub, holds(8, JANE, phone="1", job="x"))),)),),
        ("update_profile", "read_user"),
        HubMovedError,
        "this address has another id (8) in the hub by now",
    ),
    "the address is another person's when it is sent": Case(
        (("update_profile", (Event(meanwhile=lambda hub: _exchange(hub, holds(8, JANE, phone="1", job="x"))),)),),
        ("update_profile", "read_user"),
        HubMovedError,
        "this address has another id (8) in the hub by now",
    ),
    "it was not found, yet stands as planned": Case(
        (("update_profile", (MOVED,)),), ("update_profile", "read_user", "update_profile")
    ),
    "it happened at the second try": Case(
        (("update_profile", (LOST, CUT)),), ("update_profile", "read_user", "update_profile", "read_user")
    ),
    "it did not happen twice": Case(
        (("update_profile", (LOST, LOST)),),
        ("update_profile", "read_user", "update_profile", "read_user"),
        HubError,
        GIVEN_UP,
    ),
    "the person cannot be read": Case(
        (("update_profile", (CUT,)), ("read_user", (DENIED,))),
        ("update_profile", "read_user"),
        HubFateUnknownError,
        "the connection was cut; and reading again failed: the key lacks the access",
    ),
    "the hub refuses": Case((("update_profile", (NO,)),), ("update_profile",), HubError, "the hub said no"),
    "the hub refuses at the second try": Case(
        (("update_profile", (LOST, NO)),),
        ("update_profile", "read_user", "update_profile"),
        HubError,
        "the hub said no",
    ),
}


def _exchange(hub: InMemoryHub, user: LiveUser) -> None:
    hub.remove(user.email.raw)
    hub.put(user)


@pytest.mark.parametrize("case", PROFILES.values(), ids=PROFILES.keys())
def test_profiles(case: Case) -> None:
    hub = InMemoryHub(hub_of(BEFORE))
    run(case, hub, lambda found: update_profile(found, TARGET, FIELDS))
    if case.error is None:
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


# Deletions.

GOING = builders.delete(JANE)

DELETIONS: dict[str, Case] = {
    "all is well": Case((), ("delete_user",)),
    "it happened, and the answer was lost": Case((("delete_user", (CUT,)),), ("delete_user", "read_user")),
    "it did not happen": Case((("delete_user", (LOST,)),), ("delete_user", "read_user", "delete_user")),
    "somebody else did it": Case(
        (("delete_user", (Event(meanwhile=lambda hub: hub.remove(JANE)),)),), ("delete_user", "read_user")
    ),
    "the first try took effect late": Case(
        (("delete_user", (LOST, Event(meanwhile=lambda hub: hub.remove(JANE)))),),
        ("delete_user", "read_user", "delete_user", "read_user"),
    ),
    "the address is another person's by now": Case(
        (("delete_user", (first(lambda hub: _exchange(hub, holds(8, JANE))),)),),
        ("delete_user", "read_user"),
        HubMovedError,
        "this address has another id (8) in the hub by now",
    ),
    "the address is another person's when it is sent": Case(
        (("delete_user", (Event(meanwhile=lambda hub: _exchange(hub, holds(8, JANE))),)),),
        ("delete_user", "read_user"),
        HubMovedError,
        "this address has another id (8) in the hub by now",
    ),
    "it did not happen twice": Case(
        (("delete_user", (LOST, LOST)),),
        ("delete_user", "read_user", "delete_user", "read_user"),
        HubError,
        GIVEN_UP,
    ),
    "the person cannot be read": Case(
        (("delete_user", (CUT,)), ("read_user", (UNREACHABLE,))),
        ("delete_user", "read_user"),
        HubFateUnknownError,
        READ_FAILED,
    ),
    "the key may not": Case((("delete_user", (DENIED,)),), ("delete_user",), HubDeniedError, "lacks the access"),
}


@pytest.mark.parametrize("case", DELETIONS.values(), ids=DELETIONS.keys())
def test_deletions(case: Case) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE)))
    run(case, hub, lambda found: delete(found, GOING))
    assert hub.has(JANE) is (case.error is not None and case.befalls[0][1] != (CUT,))


def test_a_deletion_asks_by_the_hubs_spelling() -> None:
    hub = InMemoryHub(hub_of(holds(7, "JANE@example.com"))).script("delete_user", "JANE@example.com", CUT)
    delete(hub, DeleteUser(Text(JANE), None, 7, Text("JANE@example.com"), GOING.cause, ()))
    assert [email for _, email in hub.log] == ["JANE@example.com"] * 2


# Grants.

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


LOOKED: tuple[Operation, ...] = ("read_rows",)  # for WANTED removes a duplicate
ONCE: tuple[Operation, ...] = (*LOOKED, "write_rows")
READ: tuple[Operation, ...] = (*ONCE, "read_user")
TWICE: tuple[Operation, ...] = (*READ, "write_rows")
READ_TWICE: tuple[Operation, ...] = (*TWICE, "read_user")

GRANTS: dict[str, Case] = {
    "all is well, in one request": Case((), ONCE),
    "it happened, and the answer was lost": Case((("write_rows", (CUT,)),), READ),
    "it did not happen": Case((("write_rows", (LOST,)),), TWICE),
    **{
        f"{done} of 6 happened": Case((("write_rows", (Event(unknown, done),)),), TWICE)
        for done in range(1, len(WANTED))
    },
    "half happened, the other half at the second try, both answers lost": Case(
        (("write_rows", (Event(unknown, 3), CUT)),), READ_TWICE
    ),
    "some of it did not happen twice": Case(
        (("write_rows", (Event(unknown, 3), Event(unknown, 2))),), READ_TWICE, HubError, GIVEN_UP
    ),
    "a row exists by now, with none": Case(
        (("write_rows", (Event(meanwhile=with_row(row("order_data", "none"))),)),), TWICE
    ),
    "a row exists by now, as wanted": Case(
        (("write_rows", (Event(meanwhile=with_row(row("order_data", "viewer"))),)),), TWICE
    ),
    "a row exists by now, with a third access": Case(
        (("write_rows", (Event(meanwhile=with_row(row("order_data", "owner"))),)),),
        READ,
        HubMovedError,
        "somebody else set order_data to owner meanwhile",
    ),
    "two rows exist by now, of which the higher counts": Case(
        (
            (
                "write_rows",
                (
                    Event(
                        meanwhile=in_turn(
                            with_row(row("order_data", "none", "1")), with_row(row("order_data", "owner", "2"))
                        )
                    ),
                ),
            ),
        ),
        READ,
        HubMovedError,
        "somebody else set order_data to owner meanwhile",
    ),
    "somebody else raised it already": Case((("write_rows", (first(at("row-pricing", Access.EDITOR)),)),), TWICE),
    "somebody else raised it further": Case(
        (("write_rows", (first(at("row-pricing", Access.OWNER)),)),),
        READ,
        HubMovedError,
        "somebody else set pricing to owner meanwhile",
    ),
    "somebody else revoked it already": Case((("write_rows", (first(at("row-api_keys", Access.NONE)),)),), TWICE),
    "somebody else lowered what is to be revoked": Case(
        (("write_rows", (first(at("row-api_keys", Access.VIEWER)),)),),
        READ,
        HubMovedError,
        "somebody else set api_keys to viewer meanwhile",
    ),
    "the row to be raised is gone": Case(
        (("write_rows", (Event(meanwhile=without("row-pricing")),)),),
        READ,
        HubMovedError,
        "somebody else set pricing to none meanwhile",
    ),
    "the row with none is gone": Case((("write_rows", (Event(meanwhile=without("row-user_management")),)),), TWICE),
    "the row with none was made anew": Case(
        (
            (
                "write_rows",
                (
                    Event(
                        meanwhile=in_turn(
                            without("row-user_management"), with_row(row("user_management", "none", "new"))
                        )
                    ),
                ),
            ),
        ),
        TWICE,
    ),
    "the row to be revoked is gone": Case((("write_rows", (Event(meanwhile=without("row-api_keys")),)),), TWICE),
    "the row to be revoked was made anew": Case(
        (
            (
                "write_rows",
                (Event(meanwhile=in_turn(without("row-api_keys"), with_row(row("api_keys", "editor", "new")))),),
            ),
        ),
        READ,
        HubMovedError,
        "somebody else set api_keys to editor meanwhile",
    ),
    "the row to be raised was made anew": Case(
        (
            (
                "write_rows",
                (Event(meanwhile=in_turn(without("row-pricing"), with_row(row("pricing", "editor", "new")))),),
            ),
        ),
        READ,
        HubMovedError,
        "somebody else set pricing to editor meanwhile",
    ),
    "the surplus row is gone": Case((("write_rows", (Event(meanwhile=without("surplus-product_data")),)),), READ),
    "the row that was to stay is gone before anything is sent": Case(
        (("read_rows", (Event(meanwhile=without("row-product_data")),)),),
        LOOKED,
        HubMovedError,
        "the other row of product_data is gone, so this one is no duplicate any more",
    ),
    "what else is to be written is not looked at before anything is sent": Case(
        (("read_rows", (Event(meanwhile=at("row-pricing", Access.OWNER)),)),), ONCE
    ),
    "the rows of a duplicate cannot be read": Case(
        (("read_rows", (UNREACHABLE,)),), LOOKED, HubUnreachableError, "no answer"
    ),
    "the row that was to stay is gone": Case(
        (("write_rows", (first(without("row-product_data")),)),),
        READ,
        HubMovedError,
        "the other row of product_data is gone, so this one is no duplicate any more",
    ),
    "the row that was to stay is lowered before anything is sent": Case(
        (("read_rows", (Event(meanwhile=at("row-product_data", Access.EDITOR)),)),),
        LOOKED,
        HubMovedError,
        "another client set the other row of product_data to editor, so this one is not a duplicate",
    ),
    "the row that was to stay is lowered": Case(
        (("write_rows", (first(at("row-product_data", Access.NONE)),)),),
        READ,
        HubMovedError,
        "another client set the other row of product_data to none, so this one is not a duplicate",
    ),
    "the row that was to stay is gone, and a third one gives the access": Case(
        (
            (
                "read_rows",
                (
                    Event(
                        meanwhile=in_turn(without("row-product_data"), with_row(row("product_data", "owner", "third")))
                    ),
                ),
            ),
        ),
        ONCE,
    ),
    "the person is gone": Case(
        (("write_rows", (first(lambda hub: hub.remove(JANE), moved),)),),
        READ,
        HubMovedError,
        "the hub has nobody there any more",
    ),
    "the address is another person's by now": Case(
        (("write_rows", (first(lambda hub: _exchange(hub, holds(8, JANE)), moved),)),),
        READ,
        HubMovedError,
        "this address has another id (8) in the hub by now",
    ),
    "the person cannot be read": Case(
        (("write_rows", (CUT,)), ("read_user", (UNREACHABLE,))), READ, HubFateUnknownError, READ_FAILED
    ),
    "the person cannot be read after the second try": Case(
        (("write_rows", (LOST, CUT)), ("read_user", (Event(), UNREACHABLE))),
        READ_TWICE,
        HubFateUnknownError,
        READ_FAILED,
    ),
    "the key may not": Case((("write_rows", (DENIED,)),), ONCE, HubDeniedError, "lacks the access"),
    "the key may not at the second try": Case(
        (("write_rows", (LOST, DENIED)),), TWICE, HubDeniedError, "lacks the access"
    ),
}


@pytest.mark.parametrize("case", GRANTS.values(), ids=GRANTS.keys())
def test_grants(case: Case) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, *HELD)))
    run(case, hub, lambda found: write_grants(found, TARGET, WANTED))
    if case.error is None:
        rows = hub.user(JANE).rows
        held = {found.definition_id.removeprefix("definition-"): found.access.word for found in rows}
        assert {**dict.fromkeys(AFTER, "none"), **held} == AFTER
        assert len(held) == len(rows)


@pytest.mark.parametrize(
    ("role", "stays", "grants", "removed"),
    [
        pytest.param("pricing", "owner", [duplicate("pricing", "owner", "owner")], True, id="the access of the plan"),
        pytest.param("pricing", "owner", [duplicate("pricing", "none", "editor")], True, id="more than planned"),
        pytest.param("pricing", "editor", [duplicate("pricing", "none", "owner")], False, id="less, beside none"),
        pytest.param("pricing", "none", [duplicate("pricing", "owner", "owner")], False, id="none, beside owner"),
        pytest.param(
            "backoffice", "viewer", [duplicate("backoffice", "owner", "owner")], True, id="a platform area on"
        ),
        pytest.param(
            "backoffice", "none", [duplicate("backoffice", "owner", "owner")], False, id="a platform area off"
        ),
        pytest.param(
            "pricing",
            "viewer",
            [set_grant("pricing", "owner", "viewer", "row-pricing"), duplicate("pricing", "owner", "owner")],
            True,
            id="lowered already, as planned",
        ),
        pytest.param(
            "pricing",
            "none",
            [set_grant("pricing", "owner", "viewer", "row-pricing"), duplicate("pricing", "owner", "owner")],
            False,
            id="lowered further than planned",
        ),
        pytest.param(
            "pricing",
            "none",
            [revoke("pricing", "owner"), duplicate("pricing", "owner", "owner")],
            True,
            id="revoked already, as planned",
        ),
        pytest.param(
            "pricing",
            "viewer",
            [set_grant("pricing", "viewer", "owner", "row-pricing"), duplicate("pricing", "none", "viewer")],
            True,
            id="not raised yet",
        ),
    ],
)
def test_a_duplicate_is_removed_only_beside_a_row_that_gives_the_planned_access(
    *, role: str, stays: str, grants: list[GrantChange], removed: bool
) -> None:
    hub = InMemoryHub(hub_of(holds(7, JANE, row(role, stays), row(role, "none", f"surplus-{role}"))))
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


# What the hub gives new users by itself.


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
