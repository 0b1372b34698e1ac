"""The catalogue in use: what the table that a repository names adds to the built-in one, and never takes away."""

from datetime import date
from random import Random

import pytest

from bo_sync.access.capabilities import among
from bo_sync.access.catalogue import age_in_days, catalogue, in_use, kept
from bo_sync.access.powers import Powers, powers
from bo_sync.access.words import ToRun, read_question
from bo_sync.core.model import ROLES, Access, Role
from bo_sync.core.operations import AddedOperations, Operation
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from tests.access.asking import BOUND, Levels, random_levels

VIEWER, EDITOR, OWNER = Access.VIEWER, Access.EDITOR, Access.OWNER
DRAWS = 60


def added(*operations: Operation, taken: str = "2026-11-01") -> AddedOperations:
    return AddedOperations(Text("catalogue/operations.csv"), date.fromisoformat(taken), operations)


def bound(*operations: Operation) -> Powers:
    return powers(Settings(catalogue=added(*operations)))


def mutation(name: str, *ways: tuple[str, Access], when: str = "", is_annotated: bool = True) -> Operation:
    return Operation(name, True, ways, when=when, is_annotated=is_annotated)


def least(name: str, *operations: Operation) -> dict[str, Access]:
    return dict(bound(*operations).operation(name).alternatives)


@pytest.mark.parametrize(
    ("said", "expected", "is_kept"),
    [
        pytest.param(mutation("orderUpdate", ("order", EDITOR)), {"order": EDITOR}, False, id="the same level"),
        pytest.param(mutation("orderUpdate", ("order", OWNER)), {"order": EDITOR}, True, id="a higher level"),
        pytest.param(mutation("orderUpdate", ("order", VIEWER)), {"order": VIEWER}, False, id="a lower level"),
        pytest.param(
            mutation("orderUpdate", ("pricing", VIEWER)),
            {"order": EDITOR, "pricing": VIEWER},
            True,
            id="another definition",
        ),
        pytest.param(
            mutation("orderUpdate", ("pricing", VIEWER), ("order", EDITOR)),
            {"order": EDITOR, "pricing": VIEWER},
            False,
            id="one definition more, in another order",
        ),
        pytest.param(mutation("orderUpdate", is_annotated=False), {"order": EDITOR}, True, id="no annotation"),
        pytest.param(mutation("orderUpdate"), {"order": EDITOR}, True, id="no grant at all"),
        pytest.param(
            Operation("orderUpdate", False, (("order", OWNER),)), {"order": EDITOR}, True, id="of another kind"
        ),
    ],
)
def test_a_built_in_operation_keeps_its_lowest_level(
    said: Operation, expected: dict[str, Access], is_kept: bool
) -> None:
    assert least("orderUpdate", said) == expected
    assert kept(added(said)) == (("orderUpdate",) if is_kept else ())
    assert bound(said).operation("orderUpdate").is_mutation
    assert bound(said).operation("orderUpdate").is_annotated


def test_a_newer_operation_is_added_in_its_place_with_the_day_of_its_table() -> None:
    facts = bound(mutation("productAddToCategory", ("product", EDITOR))).facts
    assert len(facts.operations) == len(catalogue().operations) + 1
    assert [entry.name for entry in facts.operations] == [
        entry.name for entry in sorted(facts.operations, key=lambda entry: (entry.is_mutation, entry.name))
    ]
    assert facts.taken == "2026-11-01"
    assert kept(added(mutation("productAddToCategory", ("product", EDITOR)))) == ()


def test_an_older_table_adds_too_but_the_newest_day_counts() -> None:
    settings = Settings(catalogue=added(mutation("x", ("order", VIEWER)), taken="2025-01-01"))
    assert in_use(settings).taken == catalogue().taken
    assert "x" in {entry.name for entry in in_use(settings).operations}


def test_what_was_unknown_becomes_known() -> None:
    assert not BOUND.operation("bundles").is_annotated
    known = bound(Operation("bundles", False, (("product", VIEWER),)))
    assert "bundles" in known.of({Role("product_data"): VIEWER}).operations


def draw(chance: Random) -> tuple[Operation, ...]:
    """Random rows about built-in and about new operations."""
    names = chance.sample([entry.name for entry in catalogue().operations], 40) + [f"new{n}" for n in range(5)]
    definitions = ["order", "product", "role", "apikey", "loyalty"]
    return tuple(
        Operation(
            name,
            chance.random() < 0.5,
            tuple((one, chance.choice((VIEWER, EDITOR, OWNER))) for one in chance.sample(definitions, 2)),
            is_annotated=chance.random() < 0.8,
        )
        for name in names
    )


def test_no_table_takes_away_what_the_built_in_one_allows_and_capabilities_follow_the_union() -> None:
    chance = Random(11)
    for _ in range(DRAWS):
        union, held = bound(*draw(chance)), random_levels(chance)
        before, after = BOUND.of(held), union.of(held)
        assert before.operations <= after.operations
        assert before.menu == after.menu
        assert set(among(before.operations)) <= set(among(after.operations))


def test_a_capability_that_only_the_added_table_gives_is_one() -> None:
    held: Levels = {Role("logistics"): VIEWER}
    assert among(BOUND.of(held).operations) == ()
    found = among(bound(Operation("gqlApiKeys", False, (("logistics", VIEWER),))).of(held).operations)
    assert [entry.words for entry in found] == ["read the values of API keys"]


def test_a_question_finds_a_newer_operation() -> None:
    known = bound(mutation("productAddToCategory", ("product", EDITOR)))
    assert read_question("productAddToCategory", known, ROLES) == ToRun(known.operation("productAddToCategory"))


@pytest.mark.parametrize(
    ("today", "days"),
    [
        pytest.param("2026-05-17", 0, id="on its day"),
        pytest.param("2026-05-16", 0, id="the day before, elsewhere"),
        pytest.param("2026-11-13", 180, id="after 180 days"),
        pytest.param("2026-11-14", 181, id="after 181 days"),
    ],
)
def test_a_table_has_an_age(today: str, days: int) -> None:
    assert age_in_days(catalogue(), date.fromisoformat(today)) == days
