"""Hostile text in every place of panels, answers and matrices: it shows, and does nothing; rows stand by themselves."""

import csv
import json
import re
from io import StringIO

import pytest

from bo_sync.access.matrix import Matrix
from bo_sync.core.model import ROLES
from bo_sync.render.layout import Page
from bo_sync.render.matrix import matrix_text
from tests.render.access_cases import (
    ANSWERS,
    EVERYBODY,
    OFF,
    PANELS,
    cases,
    hostile_csv,
    hostile_json,
    hostile_texts,
)
from tests.support.hostile import HOSTILE

every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
FORMULA = re.compile(r" *[=+\-@\uff1d\uff0b\uff0d\uff20]")


@every_attack
@pytest.mark.parametrize("page", [OFF, Page(80), Page(1)], ids=["a pipe", "80 columns", "1 column"])
def test_nothing_in_a_text_acts(attack: str, page: Page) -> None:
    for name, rendered in hostile_texts(attack, page).items():
        for line in rendered.split("\n"):
            assert line.isprintable(), name
            assert not line.lstrip().startswith("::"), name
            assert not re.search(r"##\w*\[", line), name


@every_attack
def test_no_text_adds_or_hides_a_row_of_a_pipe(attack: str) -> None:
    benign = {name: rendered.count("\n") for name, rendered in hostile_texts("x", OFF).items()}
    assert {name: rendered.count("\n") for name, rendered in hostile_texts(attack, OFF).items()} == benign


@every_attack
def test_json_is_ascii_and_keeps_the_exact_characters(attack: str) -> None:
    for rendered in hostile_json(attack).values():
        assert rendered.isascii()
        assert not re.search(r"##\w*\[", rendered)
        assert attack in strings(json.loads(rendered))


def strings(found: object) -> set[str]:
    if isinstance(found, dict):
        return set().union(*map(strings, found.values()))
    if isinstance(found, list):
        return set().union(*map(strings, found))
    return {found} if isinstance(found, str) else set()


@every_attack
def test_no_cell_of_a_spreadsheet_is_a_formula_or_adds_a_row(attack: str) -> None:
    benign = hostile_csv("x")
    for name, rendered in hostile_csv(attack).items():
        lines = list(csv.reader(StringIO(rendered)))
        assert len(lines) == benign[name].count("\n")
        assert len({len(line) for line in lines}) == 1
        for cell in (cell for line in lines for cell in line):
            assert cell.isprintable()
            assert not FORMULA.match(cell), cell


@pytest.mark.parametrize("name", [name for name in cases() if name.endswith("-80.txt")])
def test_in_80_columns_only_what_has_no_blank_is_wider(name: str) -> None:
    for line in cases()[name]().splitlines():
        assert len(line) <= 80 or " " not in line.strip(), line


def test_every_row_of_an_answer_names_its_person_in_a_pipe() -> None:
    for name, given in ANSWERS.items():
        rows = [line for line in cases()[f"who-can-{name}.txt"]().splitlines() if line.startswith(("  =", "  !"))]
        addresses = [able.person.email.raw for able in given.able for _ in able.because]
        addresses += [entry.person.email.raw for entry in given.reaching]
        assert [row.split()[1] for row in rows] == addresses


def test_a_matrix_has_a_line_a_person_and_a_column_a_role_where_there_is_room() -> None:
    for page in (OFF, Page(200)):
        head, *lines, count = matrix_text(Matrix(EVERYBODY, ROLES), "the files", page).splitlines()
        assert head.split() == ["EMAIL", *ROLES]
        assert [line.split()[0] for line in lines] == [person.email.raw for person in EVERYBODY]
        assert {len(line.split()) for line in lines} == {len(ROLES) + 1}
        assert count == "3 people, by the files."


def test_colour_paints_titles_alone_and_changes_no_word() -> None:
    from bo_sync.render.panel import panel_text

    shown, where = PANELS["custom"]
    painted = panel_text(shown, where.told, Page(None, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == panel_text(shown, where.told, OFF)
    assert "\x1b[1mModules\x1b[0m" in painted
