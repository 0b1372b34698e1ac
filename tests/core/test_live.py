"""The live side under our names: which row counts, who stands where, whatever the order of what was read."""

from dataclasses import replace
from itertools import permutations

import pytest

from bo_sync.core.live import (
    Holding,
    LiveIndex,
    effective,
    grants_of_unmanageable,
    index,
    key_of,
    keyed,
    known_definitions,
    mapped_away,
    why_unmanageable,
)
from bo_sync.core.model import PLATFORM, Access, GrantRow, LiveState, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.support.builders import delete
from tests.support.users import DEFINITIONS, SETTINGS, definition, holds, hub_of, indexed, row

ROWS: dict[str, tuple[tuple[GrantRow, ...], Holding]] = {
    "one row counts": ((row("pricing", "viewer"),), Holding(row("pricing", "viewer"))),
    "of two the highest counts": (
        (row("pricing", "viewer", "1"), row("pricing", "owner", "2")),
        Holding(row("pricing", "owner", "2"), (row("pricing", "viewer", "1"),)),
    ),
    "at a tie the lowest id counts": (
        (row("pricing", "editor", "3"), row("pricing", "editor", "2"), row("pricing", "none", "1")),
        Holding(row("pricing", "editor", "2"), (row("pricing", "none", "1"), row("pricing", "editor", "3"))),
    ),
    "numbers are compared as numbers": (
        (row("pricing", "editor", "10"), row("pricing", "editor", "9")),
        Holding(row("pricing", "editor", "9"), (row("pricing", "editor", "10"),)),
    ),
    "of two rows with none one stays": (
        (row("pricing", "none", "2"), row("pricing", "none", "1")),
        Holding(row("pricing", "none", "1"), (row("pricing", "none", "2"),)),
    ),
    "a platform row of any access is on": (
        (row("backoffice", "viewer", "1"), row("backoffice", "editor", "2")),
        Holding(row("backoffice", "owner", "2"), (row("backoffice", "owner", "1"),)),
    ),
    "a platform row with none is off": ((row("backoffice", "none"),), Holding(row("backoffice", "none"))),
}


@pytest.mark.parametrize(("rows", "expected"), ROWS.values(), ids=ROWS.keys())
def test_which_row_counts(rows: tuple[GrantRow, ...], expected: Holding) -> None:
    for order in permutations(rows):
        (user,) = indexed(holds(1, "j@example.com", *order)).users
        assert list(user.holdings.values()) == [expected]


def test_a_row_with_none_equals_no_row() -> None:
    (user,) = indexed(holds(1, "j@example.com", row("pricing", "none"))).users
    assert user.grants == {}
    assert user.access(Role("pricing")) is user.access(Role("logistics")) is Access.NONE


def test_rows_of_definitions_that_we_do_not_know_are_left_out() -> None:
    live = hub_of(holds(1, "j@example.com", row("rma", "owner")), definitions=(*DEFINITIONS, definition("rma")))
    assert index(live, SETTINGS).users[0].holdings == {}
    assert index(live, SETTINGS).grant_count == 0


def test_a_role_is_known_by_its_name_in_the_settings() -> None:
    settings = Settings(role_definitions=((Role("returns"), Text("rma")),))
    live = hub_of(holds(1, "j@example.com", row("rma", "owner")), definitions=(definition("rma"),))
    assert index(live, settings).users[0].grants == {"returns": Access.OWNER}


def test_a_definition_name_is_compared_exactly() -> None:
    assert known_definitions([definition("pricing", "Pricing")], SETTINGS) == {}


def test_of_two_definitions_with_one_name_the_lowest_id_counts_in_any_order() -> None:
    first, second = (replace(definition("pricing"), id=number) for number in ("9", "10"))
    assert known_definitions([first, second], SETTINGS) == known_definitions([second, first], SETTINGS)
    assert known_definitions([second, first], SETTINGS)[Role("pricing")] == first


def test_definitions_stand_in_our_order() -> None:
    assert list(known_definitions(reversed(DEFINITIONS), SETTINGS)) == list(SETTINGS.roles)


def test_grants_are_counted_in_the_roles_we_know_without_none_and_once_a_pair() -> None:
    counted = indexed(
        holds(1, "a@example.com", row("pricing", "viewer", "1"), row("pricing", "owner", "2"), row("rma", "owner")),
        holds(2, "b@example.com", row("pricing", "none"), row("backoffice", "owner")),
    )
    assert counted.grant_count == 2


def test_users_who_differ_only_in_case_share_an_address() -> None:
    emails = {2: "Jane@example.com", 1: "jane@Example.com", 3: "joe@example.com", 4: "ann@example.com"}
    twins = indexed(*(holds(number, email) for number, email in emails.items()))
    assert [user.user.id for user in twins.by_address["jane@example.com"]] == [1, 2]
    assert [user.user.id for user in twins.users] == [4, 1, 2, 3]


def test_an_index_does_not_depend_on_the_order_of_users() -> None:
    users = (holds(2, "B@example.com"), holds(1, "a@example.com"), holds(3, "b@example.com"))
    assert len({repr(_shown(index(LiveState(order, DEFINITIONS), SETTINGS))) for order in permutations(users)}) == 1


def _shown(found: LiveIndex) -> object:
    return found.users, found.by_address, found.by_id[2]


@pytest.mark.parametrize("role", [*PLATFORM, Role("pricing"), Role("returns")])
@pytest.mark.parametrize("access", Access)
def test_a_platform_area_is_on_or_off(role: Role, access: Access) -> None:
    is_switch_on = role in PLATFORM and access is not Access.NONE
    assert effective(role, access) is (Access.OWNER if is_switch_on else access)


def test_a_user_without_a_usable_address_is_named_by_id_and_comes_in_the_order_of_names() -> None:
    live = indexed(holds(3, "b@example.com"), holds(7, " "), holds(2, "B@example.com"), holds(1, "z@example.com"))
    assert [(user.name.raw, user.user.id) for user in live.everybody] == [
        ("B@example.com", 2),
        ("b@example.com", 3),
        ("id 7", 7),
        ("z@example.com", 1),
    ]


def test_what_a_user_without_a_usable_address_holds_is_known_by_id() -> None:
    live = indexed(holds(7, " ", row("pricing", "owner")), holds(1, "z@example.com", row("pricing", "viewer")))
    assert grants_of_unmanageable(live) == {"id 7": {"pricing": Access.OWNER}}
    assert why_unmanageable(Text("a@example.com b")) == "an invalid address"


def test_the_access_of_a_user_is_that_of_the_row_that_counts() -> None:
    (user,) = indexed(holds(1, "j@example.com", row("pricing", "editor"))).users
    assert user.access(Role("pricing")) is Access.EDITOR


def test_users_who_share_a_spelling_are_told_apart_by_id() -> None:
    live = indexed(holds(1, "j@example.com"), holds(2, "j@example.com"), holds(3, "k@example.com"))
    assert [key for key, _ in keyed(live.users)] == ["j@example.com (id 1)", "j@example.com (id 2)", "k@example.com"]
    assert list(live.held) == ["j@example.com (id 1)", "j@example.com (id 2)", "k@example.com"]
    for number, key in ((1, "j@example.com (id 1)"), (2, "j@example.com (id 2)"), (4, "j@example.com")):
        assert key_of(delete("j@example.com", user_id=number), live.held) == key


MAPPED: dict[str, tuple[str, str, tuple[str, ...], tuple[str, str, str] | None]] = {
    "the usual name": ("pricing", "pricing", ("pricing",), None),
    "another name, and the hub has the usual one": (
        "pricing",
        "prices",
        ("pricing", "prices"),
        ("pricing", "prices", "pricing"),
    ),
    "another name, and the hub lacks the usual one": ("pricing", "prices", ("prices",), None),
    "a role that no document names": ("returns", "rma", ("rma", "returns"), None),
}


@pytest.mark.parametrize(("role", "name", "hub", "found"), MAPPED.values(), ids=MAPPED)
def test_a_documented_role_that_is_mapped_away(
    role: str, name: str, hub: tuple[str, ...], found: tuple[str, str, str] | None
) -> None:
    settings = Settings(role_definitions=((Role("order_data"), Text("order")), (Role(role), Text(name))))
    away = mapped_away([definition(each) for each in ("order", *hub)], settings)
    assert (away and (away[0], away[1].raw, away[2].raw)) == found
