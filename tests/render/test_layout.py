"""Columns count what a terminal draws, and wrapping loses no word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.render.layout import Columns, Page, cells, lay_out, row

WIDTHS = [
    ("letters take one column", "abc", 3),
    ("Chinese takes two", "山田", 4),
    ("an emoji takes two", "\U0001f600", 2),
    ("a full-width letter takes two", "\uff21", 2),
    ("a combining mark takes none", "e\u0308", 1),
    ("our own symbols take one", "▲▼→", 3),
]


@pytest.mark.parametrize(("text", "columns"), [case[1:] for case in WIDTHS], ids=[case[0] for case in WIDTHS])
def test_width(text: str, columns: int) -> None:
    assert cells(text) == columns


@given(st.text(st.sampled_from("ab山 "), max_size=200), st.integers(1, 60), st.integers(0, 20))
def test_wrapping_keeps_every_word_and_fits(text: str, width: int, hang: int) -> None:
    lines = Page(width).wrap(text, hang)
    assert " ".join(lines).split() == text.split()
    room = max(width - hang, 24)
    assert all(cells(line) <= room or " " not in line for line in lines)


def test_off_a_terminal_a_row_is_one_line_and_columns_align() -> None:
    rows = [
        row("▲", "山田@example.com", "none → viewer", topic="pricing", source="users/a.yaml:1"),
        row("▲", "bo@example.com", "off → on", topic="sales_hub", source="users/b.yaml:1"),
    ]
    lines = list(lay_out(rows, Columns(20, 10, 14), Page()))
    assert len({cells(line[: line.index("users/")]) for line in lines}) == 1


def test_colour_is_used_only_where_it_is_wanted() -> None:
    rows = [row("+", "a@example.com", "created")]
    assert list(lay_out(rows, Columns(), Page(color=False))) == ["  + a@example.com  created"]
    assert "\x1b[32m" in next(iter(lay_out(rows, Columns(), Page(color=True))))
