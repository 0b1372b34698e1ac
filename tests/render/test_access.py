"""Hostile text in every place of panels, answers and matrices: it shows, and does nothing; rows stand by themselves."""

import csv
import json
import re
from collections.abc import Iterable
from io import StringIO
from typing import Final

import pytest

from bo_sync.access.user_access import Granted, Matrix
from bo_sync.core.model import PLATFORM, ROLES, Access
from bo_sync.render.access_json import answer_json, contrast_json, needs_json, panel_json
from bo_sync.render.access_text import contrast_csv, matrix_text
from bo_sync.render.layout import Page
from tests.render.access_cases import (
    ANSWERS,
    CONTRASTS,
    EVERYBODY,
    FILES,
    NARROW,
    NEEDS,
    OFF,
    PANELS,
    THEN,
    hostile_csv,
    hostile_json,
    hostile_texts,
    texts,
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


@pytest.mark.parametrize("name", texts(NARROW))
def test_in_80_columns_only_what_has_no_blank_is_wider(name: str) -> None:
    for line in texts(NARROW)[name]().splitlines():
        assert len(line) <= 80 or " " not in line.strip(), line


@pytest.mark.parametrize("name", [name for name in texts(OFF) if name != "matrix"])
def test_in_80_columns_the_words_are_those_off_a_terminal(name: str) -> None:
    """A matrix that has no room is a list of what each user holds."""
    assert set(texts(NARROW)[name]().split()) == set(texts(OFF)[name]().split())


def test_every_row_of_an_answer_names_its_user_in_a_pipe() -> None:
    for name, given in ANSWERS.items():
        rows = [line for line in texts(OFF)[f"who-can-{name}"]().splitlines() if line.startswith(("  =", "  !"))]
        addresses = [able.user.email.raw for able in given.able for _ in able.because]
        addresses += [entry.user.email.raw for entry in given.reaching]
        assert [row.split()[1] for row in rows] == addresses


def test_a_matrix_has_a_line_a_user_and_a_column_a_role_where_there_is_room() -> None:
    for page in (OFF, Page(200)):
        head, *lines, count = matrix_text(Matrix(EVERYBODY, ROLES), "the files", page).splitlines()
        assert head.split() == ["EMAIL", *ROLES]
        assert [line.split()[0] for line in lines] == [user.email.raw for user in EVERYBODY]
        assert {len(line.split()) for line in lines} == {len(ROLES) + 1}
        assert count == "3 people, by the files."


def test_colour_paints_titles_alone_and_changes_no_word() -> None:
    from bo_sync.render.access_text import panel_text

    shown, where = PANELS["custom"]
    painted = panel_text(shown, where.told, Page(None, color=True))
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == panel_text(shown, where.told, OFF)
    assert "\x1b[1mModules\x1b[0m" in painted


def given(grants: Iterable[Granted]) -> list[dict[str, str | None]]:
    return [
        {
            "role": grant.role,
            "access": grant.access.word,
            "preset": grant.preset,
            "source": grant.source.short.raw if grant.source else None,
            "until": grant.until.isoformat() if grant.until else None,
            "reason": grant.reason.raw if grant.reason else None,
        }
        for grant in grants
    ]


@pytest.mark.parametrize("name", PANELS)
def test_json_of_a_user_holds_each_grant_and_item_and_where_it_comes_from(name: str) -> None:
    shown, of = PANELS[name]
    document = json.loads(panel_json(shown, of))
    held = {role: shown.user.held.get(role, Access.NONE) for role in shown.roles}
    assert document["platform"] | document["modules"] == {
        role: held[role] is not Access.NONE if role in PLATFORM else held[role].word for role in shown.roles
    }
    assert document["grants"] == given(shown.user.grants)
    assert document["menu"]["open"] == [item.name for item in shown.open]
    assert document["menu"]["closed"] == [
        {"item": entry.item.name, "missing": list(entry.missing)} for entry in shown.closed
    ]
    operations = document["operations"]
    assert [operations[key] for key in ("allowed", "unknown", "conditional")] == [
        *map(list, (shown.allowed, shown.unknown, shown.conditional))
    ]
    assert operations["by_role"] == {
        entry.role: {"read": list(entry.reads), "act": list(entry.acts)} for entry in shown.by_role
    }
    assert (
        document["of"]
        == {
            "custom": {"revision": None, "commit": "3f2c1ab0de", "dirty": True, "day": "2026-06-15"},
            "preset": {"revision": None, "commit": "3f2c1ab0de", "dirty": True, "day": "2026-06-15"},
            "live": {"hub": "https://hub.example.com/v2/graphql", "day": "2026-06-15"},
            "leaves": {"revision": "@2026-03-01", "commit": "0a1b2c3d4e", "dirty": False, "day": "2026-03-01"},
        }[name]
    )
    assert [document[key] for key in ("preset", "leaves", "protected", "source")] == {
        "custom": [None, None, True, "users/ada.yaml:2"],
        "preset": ["clerk", None, False, "users/carl.yaml:1"],
        "live": [None, None, False, None],
        "leaves": [None, "until", False, "users/gone.yaml:1"],
    }[name]


QUESTIONS: Final = {
    "operation": "orderUpdate",
    "operation-of-two-ways": "attributeUpdate",
    "item": "Sales > Orders",
    "grant": "pricing:editor",
    "area": "backoffice:on",
    "unknown": "bundles",
    "conditional": "claimsReset",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_json_of_an_answer_holds_each_user_and_step(name: str) -> None:
    answer = ANSWERS[name]
    document = json.loads(answer_json(answer, FILES, indirect=True))
    assert (document["question"], document["known"]) == (QUESTIONS[name], name != "unknown")
    assert document["users"] == [{"email": able.user.email.raw, "because": given(able.because)} for able in answer.able]
    assert [(entry["email"], entry["certain"]) for entry in document["indirect"]] == [
        (entry.user.email.raw, entry.is_certain) for entry in answer.reaching
    ]
    steps = [step for entry in answer.reaching for step in entry.steps]
    assert [step["operation"] for entry in document["indirect"] for step in entry["steps"]] == [
        step.operation for step in steps
    ]
    assert document["notes"] == list(answer.notes)
    is_operation = {"deprecated", "system_roles", "or_when"} <= set(document)
    assert is_operation == (":" not in QUESTIONS[name] and ">" not in QUESTIONS[name])


LEAST: Final = {
    "all": [
        ({"backoffice": True}, {"user_management": "editor", "logistics": "viewer", "order_data": "editor"}),
        ({"backoffice": True}, {"logistics": "viewer", "product_data": "editor", "order_data": "editor"}),
    ],
    "unanswered": [({}, {"order_data": "editor"})],
    "nothing": [({}, {})],
}


@pytest.mark.parametrize("name", NEEDS)
def test_json_of_what_is_needed_holds_each_minimal_set(name: str) -> None:
    document = json.loads(needs_json(NEEDS[name], THEN))
    sets = [(each["platform"], each["modules"]) for each in (document, *document["alternatives"])]
    assert sets == LEAST[name]
    assert {entry["question"]: entry["known"] for entry in document["unanswered"]} == {
        "all": {},
        "unanswered": {"logout": True, "bundles": False},
        "nothing": {"claimsReset": True},
    }[name]
    assert document["deprecated"] == (["logout"] if name == "unanswered" else [])


def test_json_and_csv_of_a_comparison_hold_the_cells_that_differ() -> None:
    for contrast in CONTRASTS.values():
        document = json.loads(contrast_json(contrast))
        assert (document["diff_with"], document["same"]) == (contrast.there.raw, contrast.same)
        found = [
            (user["email"], user["here"], user["there"], role, *cell.values())
            for user in document["users"]
            for role, cell in user["grants"].items()
        ]
        expected = [
            (each.email.raw, each.is_here, each.is_there, cell.role, cell.here.word, cell.there.word)
            for each in contrast.users
            for cell in each.cells
        ]
        assert found == expected
        rows = [row for row in list(csv.reader(StringIO(contrast_csv(contrast))))[1:] if row[1]]
        assert [row[:2] for row in rows] == [[email, role] for email, _, _, role, *_ in expected]
