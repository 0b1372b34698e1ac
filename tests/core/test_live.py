"""The live side under our names: which row counts, who stands where, whatever the order of what was read."""

from dataclasses import replace
from itertools import permutations

import pytest

from bo_sync.core.live import (
    Holding,
    effective,
    grants_of_unmanageable,
    index,
    key_of,
    keyed,
    known_definitions,
    mapped_away,
    why_unmanageable,
)
from bo_sync.core.model import PLATFORM, Access, LiveState, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.support.builders import delete
from tests.support.cases import cases
from tests.support.users import DEFINITIONS, SETTINGS, definition, holds, hub_of, indexed, row

# The rows of a user, the one that counts, and the surplus in its order.
ROWS = """
one row counts
    pricing:viewer:1 | pricing:viewer:1 |
of two the highest counts
    pricing:viewer:1 pricing:owner:2 | pricing:owner:2 | pricing:viewer:1
at a tie the lowest id counts
    pricing:editor:3 pricing:editor:2 pricing:none:1 | pricing:editor:2 | pricing:none:1 pricing:editor:3
numbers are compared as numbers
    pricing:editor:10 pricing:editor:9 | pricing:editor:9 | pricing:editor:10
of two rows with none one stays
    pricing:none:2 pricing:none:1 | pricing:none:1 | pricing:none:2
a platform row of any access is on
    backoffice:viewer:1 backoffice:editor:2 | backoffice:owner:2 | backoffice:owner:1
a platform row with none is off
    backoffice:none:1 | backoffice:none:1 |
"""


@pytest.mark.parametrize("case", cases(ROWS))
def test_which_row_counts(case: str) -> None:
    held, (counts,), surplus = ([row(*each.split(":")) for each in part.split()] for part in case.split("|"))
    for order in permutations(held):
        (user,) = indexed(holds(1, "j@example.com", *order)).users
        assert list(user.holdings.values()) == [Holding(counts, tuple(surplus))]


def test_a_row_with_none_equals_no_row() -> None:
    (user,) = indexed(holds(1, "j@example.com", row("pricing", "none"), row("api_keys", "editor"))).users
    assert user.grants == {"api_keys": Access.EDITOR}
    assert user.access(Role("api_keys")) is Access.EDITOR
    assert user.access(Role("pricing")) is user.access(Role("logistics")) is Access.NONE


def test_a_role_is_known_by_its_name_in_the_settings_and_others_are_left_out() -> None:
    user = holds(1, "j@example.com", row("rma", "owner"))
    live = hub_of(user, definitions=(*DEFINITIONS, definition("rma")))
    assert index(live, SETTINGS).users[0].holdings == {}
    assert index(live, SETTINGS).grant_count == 0
    named = Settings(role_definitions=((Role("returns"), Text("rma")),))
    assert index(hub_of(user, definitions=(definition("rma"),)), named).users[0].grants == {"returns": Access.OWNER}
    assert known_definitions([definition("pricing", "Pricing")], SETTINGS) == {}, "exactly"


def test_of_two_definitions_with_one_name_the_lowest_id_counts_in_any_order() -> None:
    first, second = (replace(definition("pricing"), id=number) for number in ("9", "10"))
    assert known_definitions([first, second], SETTINGS) == known_definitions([second, first], SETTINGS)
    assert known_definitions([second, first], SETTINGS)[Role("pricing")] == first
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
    found = [index(LiveState(order, DEFINITIONS), SETTINGS) for order in permutations(users)]
    assert len({repr((each.users, each.by_address, each.by_id[2])) for each in found}) == 1


@pytest.mark.parametrize("role", [*PLATFORM, Role("pricing"), Role("returns")])
@pytest.mark.parametrize("access", Access)
def test_a_platform_area_is_on_or_off(role: Role, access: Access) -> None:
    is_switch_on = role in PLATFORM and access is not Access.NONE
    assert effective(role, access) is (Access.OWNER if is_switch_on else access)


def test_a_user_without_a_usable_address_is_named_by_id_and_comes_in_the_order_of_names() -> None:
    nobody, other = holds(7, " ", row("pricing", "owner")), holds(1, "z@example.com", row("pricing", "viewer"))
    live = indexed(holds(3, "b@example.com"), nobody, holds(2, "B@example.com"), other)
    names = [("B@example.com", 2), ("b@example.com", 3), ("id 7", 7), ("z@example.com", 1)]
    assert [(user.name.raw, user.user.id) for user in live.everybody] == names
    assert grants_of_unmanageable(live) == {"id 7": {"pricing": Access.OWNER}}
    assert why_unmanageable(Text("a@example.com b")) == "an invalid address"


def test_users_who_share_a_spelling_are_told_apart_by_id() -> None:
    live = indexed(holds(1, "j@example.com"), holds(2, "j@example.com"), holds(3, "k@example.com"))
    assert [key for key, _ in keyed(live.users)] == ["j@example.com (id 1)", "j@example.com (id 2)", "k@example.com"]
    assert list(live.held) == ["j@example.com (id 1)", "j@example.com (id 2)", "k@example.com"]
    for number, key in ((1, "j@example.com (id 1)"), (2, "j@example.com (id 2)"), (4, "j@example.com")):
        assert key_of(delete("j@example.com", user_id=number), live.held) == key


MAPPED: dict[str, tuple[str, str, str, bool]] = {
    "the usual name": ("pricing", "pricing", "pricing", False),
    "another name, and the hub has the usual one": ("pricing", "prices", "pricing prices", True),
    "another name, and the hub lacks the usual one": ("pricing", "prices", "prices", False),
    "a role that no document names": ("returns", "rma", "rma returns", False),
}


@pytest.mark.parametrize(("role", "name", "hub", "is_away"), MAPPED.values(), ids=MAPPED)
def test_a_documented_role_that_is_mapped_away(role: str, name: str, hub: str, is_away: bool) -> None:
    settings = Settings(role_definitions=((Role("order_data"), Text("order")), (Role(role), Text(name))))
    away = mapped_away([definition(each) for each in ("order", *hub.split())], settings)
    assert (away and (away[0], away[1].raw, away[2].raw)) == ((role, name, role) if is_away else None)
