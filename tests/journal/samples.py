"""A run to write and to read back: three users, one for each kind of change, in a hub in memory."""

from dataclasses import replace
from typing import Any, Final

from bo_sync.core.changes import FieldChange
from bo_sync.core.live import LiveIndex
from bo_sync.core.model import Access, FieldValue, GrantRow, LiveState, Role
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text
from bo_sync.journal.records import Header, Who
from bo_sync.journal.writer import Beginning, header_of
from tests.support.builders import create, delete, plan, revoke, set_grant, update, value
from tests.support.hub_double import InMemoryHub
from tests.support.users import holds, hub_of, indexed, owner, row

RUN: Final = "20260615T080910Z-0a1b2c"
STARTED: Final = Text("2026-06-15T08:09:10.000Z")
WHO: Final = Who(None, Text("ci"), Text("runner-1"))
BEGINNING: Final = Beginning(RUN, STARTED, WHO, (("max_user_deletes", 3),))

ADA: Final = "ada@example.com"
BOB: Final = "bob@example.com"
CY: Final = "cy@example.com"


def live_state() -> LiveState:
    """Bob with pricing viewer and order owner, Cy with a role that we do not know, and somebody who stays."""
    bob = holds(
        7, BOB, row("pricing", "viewer"), row("order_data", "owner"), first_name="Bob", last_name="B", phone="1"
    )
    loyal = GrantRow("row-loyalty", "definition-loyalty", Access.EDITOR)
    cy = holds(8, CY, row("product_data", "editor", "row-8"), loyal, first_name="Cy", last_name="C", language="NL")
    return hub_of(bob, cy, owner(9, "boss@example.com"))


def live_index() -> LiveIndex:
    return indexed(*live_state().users)


def a_plan() -> Plan:
    return plan(
        create(
            ADA,
            set_grant("pricing", "none", "viewer"),
            profile=(value("first_name", "Ada"), value("last_name", "A")),
        ),
        update(
            BOB,
            set_grant("pricing", "viewer", "editor", "row-pricing"),
            revoke("order_data", "owner"),
            profile=(FieldChange("phone", Text("1"), Text("2")), FieldChange("job", None, Text("Poet"))),
        ),
        delete(CY, ("product_data", "editor"), user_id=8),
    )


def a_header() -> Header:
    return header_of(a_plan(), live_index(), BEGINNING)


def a_hub() -> InMemoryHub:
    return InMemoryHub(live_state())


PHONE: Final = (FieldValue("phone", Text("2")),)
PRICING: Final = Role("pricing")


class Clock:
    """A second passes at each look."""

    def __init__(self) -> None:
        self.seconds = 10

    def __call__(self) -> Text:
        self.seconds += 1
        return Text(f"2026-06-15T08:09:{self.seconds:02}.000Z")


def replaced(**changes: Any) -> Header:
    """The header with something else in it."""
    return replace(a_header(), **changes)
