"""Two tables of users against roles, compared cell by cell."""

from datetime import date
from random import Random

from bo_sync.access.provenance import HubPlace, Provenance
from bo_sync.access.user_access import Contrast, Differing, Matrix, UserAccess, against_one, against_users
from bo_sync.core.model import ROLES, Access
from bo_sync.core.text import Text
from tests.access.asking import holding, random_levels, random_users, user

HERE = Provenance(None, None, None, date(2026, 11, 22))
SIDES: tuple[Provenance | HubPlace, Text] = (HERE, Text("there"))


def matrix(*users: UserAccess) -> Matrix:
    return Matrix(users, ROLES)


def cells(found: Differing) -> list[tuple[str, str, str]]:
    return [(cell.role, cell.here.word, cell.there.word) for cell in found.cells]


def told(contrast: Contrast) -> list[str]:
    return [entry.email.raw for entry in contrast.users]


def compared(here: UserAccess, *there: UserAccess) -> Contrast:
    return against_users(matrix(here), there, SIDES)


def test_a_table_does_not_differ_from_itself_nor_by_the_case_of_an_address() -> None:
    for seed in range(20):
        users = random_users(seed)
        found = against_users(matrix(*users), users, SIDES)
        assert (found.users, found.same) == ((), len(users))
    upper = UserAccess(Text("P1@EXAMPLE.COM"), user(1, pricing=Access.VIEWER).grants)
    found = compared(user(1, pricing=Access.VIEWER), upper)
    assert (found.users, found.same) == ((), 1)


def test_every_cell_that_differs_is_told_and_no_other() -> None:
    chance = Random(5)
    for _ in range(100):
        here, there = random_levels(chance), random_levels(chance)
        found = against_users(matrix(holding(1, here)), [holding(1, there)], SIDES)
        wanted = [
            (role, here.get(role, Access.NONE).word, there.get(role, Access.NONE).word)
            for role in ROLES
            if here.get(role) != there.get(role)
        ]
        assert [cells(entry) for entry in found.users] == ([wanted] if wanted else [])
        assert found.same == (0 if wanted else 1)


def test_whoever_is_on_one_side_only_is_told_with_everything_they_hold() -> None:
    here, there = user(1, pricing=Access.VIEWER), user(2, order_data=Access.OWNER)
    found = compared(here, there).users
    assert [(entry.email, entry.is_here, entry.is_there, cells(entry)) for entry in found] == [
        (here.email, True, False, [("pricing", "viewer", "none")]),
        (there.email, False, True, [("order_data", "none", "owner")]),
    ]
    nothing = compared(user(1))
    assert [(entry.is_there, entry.cells, nothing.same) for entry in nothing.users] == [(False, (), 0)]


def test_two_users_of_the_hub_with_one_address_are_compared_one_by_one() -> None:
    other = UserAccess(Text("P1@example.com"), user(1, pricing=Access.OWNER).grants)
    found = compared(user(1, pricing=Access.VIEWER), user(1, pricing=Access.VIEWER), other)
    differing = [(entry.email.raw, cells(entry)) for entry in found.users]
    assert (differing, found.same) == ([("P1@example.com", [("pricing", "viewer", "owner")])], 1)


def test_users_are_told_in_the_order_of_their_addresses() -> None:
    here = [user(number, pricing=Access.VIEWER) for number in (3, 1)]
    there = [user(number) for number in (2, 1)]
    found = against_users(matrix(*here), there, SIDES)
    assert told(found) == ["p1@example.com", "p2@example.com", "p3@example.com"]


def test_everybody_is_compared_with_one_user_but_that_one() -> None:
    one = user(1, pricing=Access.VIEWER, order_data=Access.OWNER)
    found = against_one(matrix(one, user(2, pricing=Access.VIEWER), holding(3, dict(one.held))), one, HERE)
    assert told(found) == ["p2@example.com"]
    assert cells(found.users[0]) == [("order_data", "none", "owner")]
    assert (found.here, found.there, found.same) == (HERE, one.email, 1)
