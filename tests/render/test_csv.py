"""Tables for spreadsheets are read back by others, say what the plan says, and are no formula."""

import csv
import json
import re
from io import StringIO
from typing import Any, Final

import clevercsv
import pytest

from bo_sync.core.model import ACCESS_WORDS, Role
from bo_sync.core.plan import Plan
from bo_sync.render.csv import difference_csv, foreign, plan_csv, users_csv
from bo_sync.render.guardrails import after_of, before_of
from bo_sync.render.json import plan_json
from bo_sync.render.wording import level
from tests.render.cases import PLANS, USERS
from tests.render.report_cases import COMPLETE, VIOLATED, csv_of, difference
from tests.support.hostile import HOSTILE

every_plan = pytest.mark.parametrize(
    "shown", [*PLANS.values(), VIOLATED, COMPLETE], ids=[*PLANS, "violated", "complete"]
)
every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)


def read_csv(text: str) -> list[list[str]]:
    """The rows, read alike by Python's reader and by one that guesses the dialect."""
    rows = list(csv.reader(StringIO(text)))
    guessed = clevercsv.Sniffer().sniff(text[:4000])
    assert guessed is not None
    assert guessed.delimiter == ","
    assert [list(row) for row in clevercsv.reader(StringIO(text), delimiter=",", quotechar='"')] == rows
    assert {len(row) for row in rows} == {len(rows[0])}
    return rows


COUNTS: Final = ["menu_opened", "menu_closed", "operations_gained", "operations_lost"]
HEAD: Final = ["email", "action", "role", "before", "after", "direction", "source"]


def grants(change: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Each grant's cells: what is `none` or more of an area is off or on."""
    return [
        (
            grant["role"],
            *(level(Role(grant["role"]), ACCESS_WORDS[grant[side]]) for side in ("before", "after")),
            grant["direction"],
        )
        for grant in change["grants"]
    ] or [("", "", "", "")]


@every_plan
def test_csv_of_a_plan_has_one_row_a_user_and_grant_as_in_the_json(shown: Plan) -> None:
    head, *rows = read_csv(plan_csv(shown))
    assert head == [*HEAD, *COUNTS]
    guards, rows = rows[: len(shown.weakened)], rows[len(shown.weakened) :]
    assert guards == [
        ["", "guard", entry.guard, foreign(before_of(entry)), foreign(after_of(entry)), "loosened", *[""] * 5]
        for entry in shown.weakened
    ]
    changes = [(change, grant) for change in json.loads(plan_json(shown))["changes"] for grant in grants(change)]
    assert [row[:6] for row in rows] == [
        [foreign(change["email"]), change["action"], *grant] for change, grant in changes
    ]
    for row, (change, (role, *_)) in zip(rows, changes, strict=True):
        places = {place["role"]: place["source"] for place in change["places"]}
        assert row[6] == foreign(places.get(role, change["source"] or ""))


def test_csv_of_a_difference_adds_up_to_what_the_users_gain_and_lose() -> None:
    found = difference()
    head, *rows = read_csv(difference_csv(found))
    assert head == ["email", "status", *HEAD[2:], *COUNTS]
    totals = [sum(int(row[head.index(name)] or 0) for row in rows) for name in head[-4:]]
    shifts = [user.shift for user in found.users if user.kept is None]
    assert totals == [
        sum(len(part) for part in parts)
        for parts in zip(*((it.opened, it.closed, it.gained, it.lost) for it in shifts), strict=True)
    ]
    assert [row[1] for row in rows] == ["guard"] * 3 + ["stays", "stays", "joined", "left", "joined", "stays", "kept"]
    assert rows[-1][2:6] == ["pricing", "owner", "none", "kept"]


@pytest.mark.parametrize("name", USERS)
def test_csv_of_users_has_one_row_a_user(name: str) -> None:
    head, *rows = read_csv(users_csv(USERS[name]))
    assert head == ["id", "name", "email", "phone", "created", "updated", "preset"]
    assert rows == [
        [
            str(entry.id or ""),
            *map(str, (entry.name, entry.email)),
            *("" if cell is None else foreign(cell.raw) for cell in (entry.phone, entry.created, entry.updated)),
            str(entry.preset or "Custom"),
        ]
        for entry in USERS[name]
    ]


@every_attack
def test_hostile_text_is_no_formula_no_command_and_no_row_of_a_table(attack: str) -> None:
    shapes = {name: len(list(csv.reader(StringIO(text)))) for name, text in csv_of("x").items()}
    for name, text in csv_of(attack).items():
        rows = list(csv.reader(StringIO(text)))
        assert len(rows) == shapes[name] == text.count("\n")
        assert {len(row) for row in rows} == {len(rows[0])}
        for cell in (cell for row in rows for cell in row):
            assert cell.isprintable()
            assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell)
        assert not re.search(r"^\s*::|##\w*\[", text, re.MULTILINE)


FORMULA: Final = re.compile(r"\s*[=+\-@\t\r]")
INJECTIONS: Final = ["=1+1", "x;=1+1;y", 'x; "=1+1"', ";;@SUM(1)", "a;b;\t=1", '";=1', 'x;"";=1']


@pytest.mark.parametrize("attack", [*HOSTILE.values(), *INJECTIONS])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"], ids=["comma", "semicolon", "tab"])
def test_no_cell_is_a_formula_whatever_a_spreadsheet_takes_for_the_end_of_a_cell(attack: str, delimiter: str) -> None:
    for text in csv_of(attack).values():
        for row in csv.reader(StringIO(text), delimiter=delimiter):
            assert [cell for cell in row if FORMULA.match(cell)] == []
