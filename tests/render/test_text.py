"""What a plan's text promises beyond its golden files: rows, numbers, widths."""

import re
from collections import Counter

import pytest

from bo_sync.core.changes import Direction
from bo_sync.core.plan import Plan
from bo_sync.render.layout import cells
from bo_sync.render.text import plan_text
from tests.render.cases import PLANS
from tests.support.builders import delete, field_change, plan, set_grant, update

every_plan = pytest.mark.parametrize("shown", PLANS.values(), ids=PLANS)


def lines(shown: Plan, width: int | None = None) -> list[str]:
    return plan_text(shown, width=width, color=False).split("\n")


def test_every_row_of_a_change_names_the_user_and_the_file() -> None:
    shown = PLANS["everything"]
    rows = [line for line in lines(shown) if re.match(r"  [+~▲▼-] ", line)]
    assert not [row for row in rows if not re.search(r" \S+@example\.com .*  users/\S+:\d+(  |$)", row)]
    assert len(rows) == 3 + 9 + 1 + 1 + 3


def test_the_sentence_counts_what_the_rows_show() -> None:
    found = Counter(line[2] for line in lines(PLANS["everything"]) if re.match(r"  [+~▲▼-] ", line))
    grants = PLANS["everything"].summary.grants
    assert found["+"] == PLANS["everything"].summary.create
    assert found["-"] == PLANS["everything"].summary.delete + grants[Direction.DUPLICATE]
    assert found["▼"] == grants[Direction.LOWERED] + grants[Direction.REVOKED]
    created = sum(len(change.grants) for change in PLANS["everything"].changes[:3])
    assert found["▲"] + created == grants[Direction.ADDED] + grants[Direction.RAISED]


@every_plan
@pytest.mark.parametrize("width", [80, 120])
def test_only_a_word_that_is_too_long_by_itself_leaves_the_page(shown: Plan, width: int) -> None:
    wide = [line for line in lines(shown, width) if cells(line) > width]
    assert all(max(map(cells, line.split(" "))) > width - 30 for line in wide)


@every_plan
def test_at_80_columns_the_words_are_those_off_a_terminal(shown: Plan) -> None:
    wide, narrow = (set(" ".join(lines(shown, width)).split()) for width in (None, 80))
    assert narrow == wide


@every_plan
def test_no_line_ends_in_a_blank(shown: Plan) -> None:
    assert not [line for width in (None, 80) for line in lines(shown, width) if line.endswith(" ")]


@every_plan
def test_colour_adds_nothing_but_colour(shown: Plan) -> None:
    for width in (None, 80):
        coloured = plan_text(shown, width=width, color=True)
        assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == plan_text(shown, width=width, color=False)


def test_an_address_is_never_cut() -> None:
    long = f"{'a' * 200}@example.com"
    assert long in plan_text(plan(update(long, set_grant("pricing", "none", "owner"))), width=40, color=False)


def test_an_address_with_a_blank_cannot_pretend_a_column() -> None:
    shown = plan_text(plan(delete("root@example.com   unchanged")), width=None, color=False)
    assert '- "root@example.com   unchanged"  deleted' in shown


def test_a_value_cannot_pretend_to_be_two() -> None:
    shown = plan_text(
        plan(update("j@example.com", profile=(field_change("job", 'a" → "b', "c"),))), width=None, color=False
    )
    assert r'"a\" → \"b" → "c"' in shown
