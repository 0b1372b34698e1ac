"""The catalogue in use: what the table that a repository names adds to the built-in one, and never takes away."""

from datetime import date
from random import Random

import pytest

from bo_sync.access.capabilities import Powers, among, powers
from bo_sync.access.catalogue import (
    CatalogueError,
    age_in_days,
    catalogue,
    in_use,
    kept,
    read_operations,
    write_operations,
)
from bo_sync.access.query_terms import ToRun, read_question
from bo_sync.core.hub_operations import AddedOperations, Operation
from bo_sync.core.model import ROLES, Access, Role
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


TABLE = (
    "# taken 2026-11-01\n"
    "operation,kind,any_of_minimum_access,system_roles,or_when,deprecated\n"
    "x,mutation,order.OWNER,,{},false\n"
    "y,mutation,order.OWNER,,,false\n"
)


@pytest.mark.parametrize(
    ("when", "shown"),
    [
        pytest.param("a\u2028z,query,order.VIEWER,,,false", r"\u2028", id="a line separator"),
        pytest.param("a\u2029b", r"\u2029", id="a paragraph separator"),
        pytest.param("a\x0cz,query,order.VIEWER,,,false", r"\x0c", id="a form feed"),
        pytest.param("a\x0bb", r"\x0b", id="a vertical tab"),
        pytest.param("a\x85b", r"\x85", id="a next line"),
        pytest.param("a\rz,query,order.VIEWER,,,false", r"\r", id="a carriage return without a line feed"),
        pytest.param("a\x1eb", r"\x1e", id="a record separator"),
        pytest.param("a\u202eb", r"\u202e", id="a character that reorders"),
        pytest.param("a\u200bb", r"\u200b", id="a character without a width"),
        pytest.param("a\u3164b", r"\u3164", id="a character that is drawn as nothing"),
        pytest.param("a\x00b", r"\x00", id="a null"),
    ],
)
def test_a_table_with_an_invisible_character_is_refused_in_its_line(when: str, shown: str) -> None:
    with pytest.raises(CatalogueError) as raised:
        read_operations(TABLE.format(when))
    assert (raised.value.what, raised.value.line) == (f"the line holds the invisible character {shown}", 3)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(TABLE.format('"a'), 3, id="a quotation mark that is not closed in its line"),
        pytest.param(TABLE.format('"a\nb"'), 3, id="a cell over two lines"),
        pytest.param(TABLE.format("") + "\nz,mutation,order.OWNER,,,false\n", 5, id="an empty line"),
        pytest.param("\u202e" + TABLE, 1, id="an invisible character in the first line"),
        pytest.param("", 1, id="no line"),
    ],
)
def test_a_table_that_cannot_be_read_names_the_line(text: str, line: int) -> None:
    with pytest.raises(CatalogueError) as raised:
        read_operations(text)
    assert raised.value.line == line


@pytest.mark.parametrize("ending", ["\n", "\r\n"], ids=["of Unix", "of Windows"])
def test_a_table_is_read_with_line_ends(ending: str) -> None:
    taken, operations = read_operations(TABLE.format("\u00e4 note").replace("\n", ending))
    assert (taken, [(entry.name, entry.when) for entry in operations]) == (
        "2026-11-01",
        [("x", "\u00e4 note"), ("y", "")],
    )
    assert read_operations(write_operations(catalogue().taken, catalogue().operations))[1] == catalogue().operations
