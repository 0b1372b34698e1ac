"""How a step that is not done ends: what keeps it from being sent again, and the errors, word for word."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from bo_sync.apply.writes import Target, create, delete, update_profile, write_grants
from bo_sync.core.model import LiveUser, Role
from bo_sync.core.text import Text
from bo_sync.errors import (
    HubDeniedError,
    HubError,
    HubFateUnknownError,
    HubMovedError,
    HubUnconfirmedError,
    HubUnreachableError,
)
from bo_sync.ports import Again
from tests.support import builders
from tests.support.builders import duplicate, field_change, set_grant, value
from tests.support.hub_double import CUT, LOST, Event, InMemoryHub, Operation, Repeating, denied, moved, unreachable
from tests.support.users import DEFINITIONS, holds, hub_of, row

JANE = "jane@example.com"
TARGET = Target(Text(JANE), 7, {Role(found.id.removeprefix("definition-")): found.id for found in DEFINITIONS})
ROWS = (row("pricing", "viewer"), row("logistics", "owner"), row("logistics", "viewer", "surplus-logistics"))
BEFORE = holds(7, JANE, *ROWS, phone="1")

GOING = builders.delete(JANE)
RAISE = (set_grant("pricing", "viewer", "editor", "row-pricing"),)
SURPLUS = (duplicate("logistics", "viewer", "owner"),)

Step = Callable[[InMemoryHub], None]


def creating(hub: InMemoryHub) -> None:
    create(hub, builders.create(JANE, profile=(value("phone", "2"),)), DEFINITIONS)


def editing(hub: InMemoryHub) -> None:
    update_profile(hub, TARGET, (field_change("phone", "1", "2"),))


def deleting(hub: InMemoryHub) -> None:
    delete(hub, GOING)


def raising(hub: InMemoryHub) -> None:
    write_grants(hub, TARGET, RAISE)


def raising_by_id(hub: InMemoryHub) -> None:
    write_grants(hub, replace(TARGET, is_shared=True), RAISE)


def tidying(hub: InMemoryHub) -> None:
    write_grants(hub, TARGET, SURPLUS)


# The errors. The doubts of these hubs have an operation, a code and a detail of their own.

NEXT = "run plan again: it shows what is left to do"


def cut_off() -> HubError:
    return HubFateUnknownError("the line broke", operation="adminUserSent", code="BROKEN", detail="after 3 s")


def not_there() -> HubError:
    return HubMovedError("not found", operation="adminUserSent", code="NOT_FOUND", detail="in 3 places")


def stored_another() -> HubError:
    return HubUnconfirmedError("the hub stored another value", operation="adminUserSent")


BROKEN = Event(cut_off)
MISSED = Event(not_there)


def first(user: LiveUser | None, error: Callable[[], HubError] = cut_off) -> Event:
    """Another client puts another Jane in her place, or none, and then the call is in doubt."""

    def exchange(hub: InMemoryHub) -> None:
        hub.remove(JANE)
        if user is not None:
            hub.put(user)

    return Event(error, 0, exchange)


@dataclass(frozen=True, slots=True)
class End:
    """A step, what befalls its write and the reads after it, and the error that it ends with."""

    step: Step
    operation: Operation
    writes: tuple[Event, ...]
    error: HubError
    reads: tuple[Event, ...] = ()
    read: Operation = "read_user"


def meanwhile(said: str, operation: str, code: str = "") -> HubError:
    return HubMovedError(f"{operation} {JANE}: {said}", operation=operation, code=code, hint="run plan again")


def unread() -> HubError:
    message = "the line broke; and reading again failed: the key lacks the access"
    return HubFateUnknownError(message, operation="adminUserSent", code="FORBIDDEN", hint=NEXT)


def twice(said: str, code: str, detail: str) -> HubError:
    return HubError(said, operation="adminUserSent", code=code, hint=NEXT, detail=detail)


THIRD, RAISED = holds(7, JANE, phone="3"), holds(7, JANE, row("pricing", "owner"))
OTHER_ROW = "another client set the other row of logistics to viewer, so this one is not a duplicate"
NO_ROW = "the other row of logistics is gone, so this one is no duplicate any more"
ON_ITS_WAY = "the line broke; sent twice, and it does not hold; should a request still be on its way, it may yet"
ENDS: dict[str, End] = {
    "somebody else created the person": End(
        *(creating, "create_user", (first(holds(9, JANE, phone="3")),)),
        meanwhile("somebody else created this person meanwhile", "adminUserCreate"),
    ),
    "somebody else changed the profile": End(
        editing, "update_profile", (first(THIRD),), meanwhile("somebody else changed phone meanwhile", "adminUser")
    ),
    "somebody else changed the access": End(
        raising, "write_rows", (first(RAISED),), meanwhile("somebody else set pricing to owner meanwhile", "roles")
    ),
    "somebody else took the row that was to stay": End(
        tidying, "write_rows", (first(holds(7, JANE, ROWS[2])),), meanwhile(NO_ROW, "roles")
    ),
    "another client lowered the row that was to stay": End(
        *(tidying, "write_rows", (first(holds(7, JANE, row("logistics", "viewer"), ROWS[2])),)),
        meanwhile(OTHER_ROW, "roles"),
    ),
    "the hub answered with another field value, which a read shows": End(
        editing, "update_profile", (first(THIRD, stored_another),), stored_another()
    ),
    "the hub answered with another access, which a read shows": End(
        raising, "write_rows", (first(RAISED, stored_another),), stored_another()
    ),
    "the person is gone": End(
        *(editing, "update_profile", (first(None),)),
        meanwhile("the hub has nobody there any more", "adminUserSent", "BROKEN"),
    ),
    "another person is there": End(
        *(deleting, "delete_user", (first(holds(8, JANE)),)),
        meanwhile("this address has another id (8) in the hub by now", "adminUserSent", "BROKEN"),
    ),
    "the person cannot be read": End(editing, "update_profile", (BROKEN,), unread(), reads=(Event(denied),)),
    "the rows of a user with a shared address cannot be read": End(
        raising_by_id, "write_rows", (BROKEN,), unread(), reads=(Event(denied),), read="read_rows"
    ),
    "nothing came of it, and nobody answered for it": End(
        raising, "write_rows", (BROKEN, BROKEN), twice(ON_ITS_WAY, "BROKEN", "after 3 s")
    ),
    "nothing came of it, and the hub said so": End(
        *(deleting, "delete_user", (MISSED, MISSED)),
        twice("not found; sent twice, and it does not hold", "NOT_FOUND", "in 3 places"),
    ),
}


def told(error: HubError) -> tuple[type[HubError], str, str, str, str, str]:
    return type(error), error.message, error.operation, error.code, error.hint, error.detail


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())
def test_a_step_ends_with_an_error_that_says(end: End) -> None:
    hub = InMemoryHub(hub_of() if end.step is creating else hub_of(BEFORE))
    hub.script(end.operation, JANE, *end.writes).script(end.read, JANE, *end.reads)
    with pytest.raises(HubError) as caught:
        end.step(hub)
    assert told(caught.value) == told(end.error)


def test_a_user_with_a_shared_address_is_read_again_by_id() -> None:
    hub = InMemoryHub(hub_of(holds(6, JANE), BEFORE)).script("write_rows", JANE, CUT)
    raising_by_id(hub)
    assert hub.log == [("write_rows", JANE), ("read_rows", JANE)]


SECOND: dict[str, tuple[Event, Event, type[HubError], type[object]]] = {
    "the second try is denied": (LOST, Event(denied), HubDeniedError, HubFateUnknownError),
    "the second try is not sent": (LOST, Event(unreachable), HubUnreachableError, HubFateUnknownError),
    "the hub moved before the second try, and again at it": (LOST, Event(moved), HubError, HubFateUnknownError),
    "neither try did it": (LOST, LOST, HubError, HubFateUnknownError),
    "the first try did not happen, so is no cause": (Event(moved), Event(denied), HubDeniedError, type(None)),
}


@pytest.mark.parametrize(("tried", "again", "error", "cause"), SECOND.values(), ids=SECOND.keys())
def test_a_first_try_that_may_happen_yet_is_the_cause_of_however_it_ends(
    tried: Event, again: Event, error: type[HubError], cause: type[object]
) -> None:
    hub = InMemoryHub(hub_of(BEFORE)).script("delete_user", JANE, tried, again)
    with pytest.raises(error) as caught:
        delete(hub, GOING)
    assert isinstance(caught.value.__cause__, cause)


def objecting() -> None:
    raise HubError("not again", operation="roles")


GUARDED: dict[str, tuple[Operation, Callable[[InMemoryHub, Again], object]]] = {
    "a deletion": ("delete_user", lambda hub, again: delete(hub, GOING, again)),
    "a raise": ("write_rows", lambda hub, again: write_grants(hub, TARGET, RAISE, again)),
    "the removal of a duplicate": ("write_rows", lambda hub, again: write_grants(hub, TARGET, SURPLUS, again)),
}


@pytest.mark.parametrize(("operation", "step"), GUARDED.values(), ids=GUARDED.keys())
def test_what_is_objected_to_is_not_sent_a_second_time(
    operation: Operation, step: Callable[[InMemoryHub, Again], None]
) -> None:
    hub = InMemoryHub(hub_of(BEFORE)).script(operation, JANE, LOST)
    with pytest.raises(HubError, match="not again") as caught:
        step(hub, objecting)
    assert isinstance(caught.value.__cause__, HubFateUnknownError)
    assert hub.calls(operation) == {JANE: 1}
    assert hub.state == hub_of(BEFORE)
    waiting = Repeating(hub_of(BEFORE))
    with pytest.raises(HubError, match="not again"):
        step(waiting, objecting)
    assert waiting.calls(operation) == {}


def test_a_duplicate_is_looked_at_again_before_a_hub_that_was_told_to_wait_repeats_its_removal() -> None:
    hub = Repeating(hub_of(BEFORE))
    hub.meanwhile = lambda found: found.put(holds(7, JANE, *ROWS[2:]))
    with pytest.raises(HubMovedError, match="the other row of logistics is gone"):
        tidying(hub)
    assert hub.calls("write_rows") == {}
