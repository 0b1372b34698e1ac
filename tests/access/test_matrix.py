"""Two tables of people against roles, compared cell by cell."""

from datetime import date
from random import Random

from bo_sync.access.matrix import Contrast, Differing, Matrix, against_one, against_people
from bo_sync.access.people import Person
from bo_sync.access.place import HubPlace, Place
from bo_sync.core.model import ROLES, Access
from bo_sync.core.text import Text
from tests.access.asking import holding, person, random_levels, random_people

HERE = Place(None, None, None, date(2026, 11, 22))
SIDES: tuple[Place | HubPlace, Text] = (HERE, Text("there"))


def matrix(*people: Person) -> Matrix:
    return Matrix(people, ROLES)


def cells(found: Differing) -> list[tuple[str, str, str]]:
    return [(cell.role, cell.here.word, cell.there.word) for cell in found.cells]


def told(contrast: Contrast) -> list[str]:
    return [entry.email.raw for entry in contrast.people]


def test_a_table_does_not_differ_from_itself() -> None:
    for seed in range(20):
        people = random_people(seed)
        found = against_people(matrix(*people), people, SIDES)
        assert (found.people, found.same) == ((), len(people))


def test_every_cell_that_differs_is_told_and_no_other() -> None:
    chance = Random(5)
    for _ in range(100):
        here, there = random_levels(chance), random_levels(chance)
        found = against_people(matrix(holding(1, here)), [holding(1, there)], SIDES)
        wanted = [
            (role, here.get(role, Access.NONE).word, there.get(role, Access.NONE).word)
            for role in ROLES
            if here.get(role) != there.get(role)
        ]
        assert [cells(entry) for entry in found.people] == ([wanted] if wanted else [])
        assert found.same == (0 if wanted else 1)


def test_whoever_is_on_one_side_only_is_told_with_everything_they_hold() -> None:
    here, there = person(1, pricing=Access.VIEWER), person(2, order_data=Access.OWNER)
    one, two = against_people(matrix(here), [there], SIDES).people
    assert (one.email, one.is_here, one.is_there, cells(one)) == (
        here.email,
        True,
        False,
        [("pricing", "viewer", "none")],
    )
    assert (two.email, two.is_here, two.is_there, cells(two)) == (
        there.email,
        False,
        True,
        [("order_data", "none", "owner")],
    )


def test_whoever_is_on_one_side_only_and_holds_nothing_is_told_too() -> None:
    found = against_people(matrix(person(1)), [], SIDES)
    assert [(entry.is_there, entry.cells) for entry in found.people] == [(False, ())]
    assert found.same == 0


def test_the_case_of_an_address_does_not_matter() -> None:
    upper = Person(Text("P1@EXAMPLE.COM"), person(1, pricing=Access.VIEWER).grants)
    found = against_people(matrix(person(1, pricing=Access.VIEWER)), [upper], SIDES)
    assert (found.people, found.same) == ((), 1)


def test_two_people_of_the_hub_with_one_address_are_compared_one_by_one() -> None:
    twins = [person(1, pricing=Access.VIEWER), Person(Text("P1@example.com"), person(1, pricing=Access.OWNER).grants)]
    found = against_people(matrix(person(1, pricing=Access.VIEWER)), twins, SIDES)
    assert [(entry.email.raw, cells(entry)) for entry in found.people] == [
        ("P1@example.com", [("pricing", "viewer", "owner")])
    ]
    assert found.same == 1


def test_people_are_told_in_the_order_of_their_addresses() -> None:
    here = [person(number, pricing=Access.VIEWER) for number in (3, 1)]
    there = [person(number) for number in (2, 1)]
    found = against_people(matrix(*here), there, SIDES)
    assert told(found) == ["p1@example.com", "p2@example.com", "p3@example.com"]


def test_everybody_is_compared_with_one_person_but_that_one() -> None:
    one = person(1, pricing=Access.VIEWER, order_data=Access.OWNER)
    found = against_one(matrix(one, person(2, pricing=Access.VIEWER), holding(3, dict(one.held))), one, HERE)
    assert told(found) == ["p2@example.com"]
    assert cells(found.people[0]) == [("order_data", "none", "owner")]
    assert (found.here, found.there, found.same) == (HERE, one.email, 1)
