"""A date that has passed when it is written announces nothing: such ends count against the limits of losses."""

from collections.abc import Mapping
from datetime import date
from typing import Final

import pytest

from bo_sync.core.base_compare import Snapshot, compare
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.presets import resolve
from bo_sync.core.text import Message, Text
from tests.config.trees import tree
from tests.support.cases import cases

TODAY: Final = date(2026, 6, 15)
NAMES: Final = ("Ann", "Bea", "Cas", "Dee", "Eve", "Fay", "Gus", "Hal", "Ian", "Jan", "Kit", "Lea", "Mia")
LIMITS: Final = ("max_user_deletes", "max_access_losses", "max_grant_losses")
PASSED: Final = "until: 2025-12-31"
COMING: Final = "until: 2026-12-31"
ON: Final = "platform: {backoffice: true}"
OFF_BY_TYPO: Final = "platform: {backoffice: {access: true, until: 2025-12-31}}"
GRANTS: Final = ("pricing", "logistics", "order_data")
HELD: Final = f"modules: {{{', '.join(f'{role}: editor' for role in GRANTS)}}}"
HELD_PAST: Final = f"modules: {{{', '.join(f'{role}: {{access: editor, {PASSED}}}' for role in GRANTS)}}}"
GIVES: Final = {"presets/p.yaml": HELD}
WAYS: Final = {
    "max_user_deletes": ("correct `until`; to delete these users, write `state: absent` instead, which a plan counts"),
    "max_grant_losses": "correct `until`; to revoke these grants, remove them instead, which a plan counts",
}


def users(*lines: str, each: int = len(NAMES)) -> dict[str, str]:
    return {
        f"users/{name}.yaml": "\n".join(
            (f"email: {name.lower()}@example.com", f"first_name: {name}", "last_name: Doe", *lines, "")
        )
        for name in NAMES[:each]
    }


def snapshot(files: Mapping[str, str]) -> Snapshot:
    read = tree(files)
    assert not read.errors
    users = tuple(resolve(entry, read.presets, read.settings, TODAY) for entry in read.declarations)
    return Snapshot(read.declarations, read.settings, users=users)


def limits(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, GuardrailResult]:
    results = compare(snapshot(before), snapshot(after), TODAY)[1]
    return {result.guardrail: result for result in results if result.guardrail in LIMITS}


def settings(line: str) -> dict[str, str]:
    return {"bo-sync.yaml": f"{line}\n"}


WORDS: Final = {
    "PASSED": PASSED,
    "COMING": COMING,
    "LONG-PASSED": "until: 2025-01-31",
    "TODAY": "until: 2026-06-15",
    "ABSENT": "state: absent",
    "ON": ON,
    "OFF-BY-TYPO": OFF_BY_TYPO,
    "BOTH-ON": "platform: {backoffice: true, sales_hub: true}",
    "ONE-OFF": "platform: {backoffice: {access: true, until: 2025-12-31}, sales_hub: true}",
    "HELD": HELD,
    "HELD-PAST": HELD_PAST,
    "PRESET": "preset: p",
}
FILES: Final = {
    "GIVES": GIVES,
    "PROTECTED": settings("protect: ['*@example.com']"),
    "THREE": settings("guardrails: {max_user_deletes: 3}"),
}
# The files before and after (of 13 users, or of so many), and each guardrail with what it counts and its limit.
COUNTED: Final = """
a year that has passed, for ten
    13 => 10 PASSED | max_user_deletes 10 > 2
an announced end that is moved into the past
    13 COMING => 3 PASSED | max_user_deletes 3 > 2
as many as the limit
    13 => 2 PASSED | max_user_deletes 2 <= 2
users who are not in the base
    1 => 13 PASSED | max_user_deletes 13 > 1
an end that had passed at the base
    13 PASSED => 13 LONG-PASSED
an end that is today
    13 => 13 TODAY
an announced end that is still to come
    13 COMING => 13 COMING
users who were absent at the base
    13 ABSENT => 13 PASSED
absent users, whom a plan counts
    13 => 13 ABSENT PASSED
protected users, who stay
    13 => 13 PASSED PROTECTED
a limit in the files
    13 => 3 PASSED THREE | max_user_deletes 3 <= 3
grants whose year has passed
    13 ON HELD => 13 ON HELD-PAST | max_grant_losses 39 > 13
grants of a preset that become own grants in the past
    13 ON PRESET GIVES => 13 ON HELD-PAST GIVES | max_grant_losses 39 > 13
grants that a preset keeps giving
    13 ON HELD => 13 ON HELD-PAST PRESET GIVES
grants that had expired at the base
    13 ON HELD-PAST => 13 ON HELD-PAST
removed grants, which a plan counts
    13 ON HELD => 13 ON
grants of users who are not in the base
    0 => 13 ON HELD-PAST
grants of protected users, which stay
    13 ON HELD => 13 ON HELD-PAST PROTECTED
the last platform area
    13 ON => 13 OFF-BY-TYPO | max_access_losses 13 > 2 | max_grant_losses 13 > 11
one of two platform areas
    13 BOTH-ON => 13 ONE-OFF | max_grant_losses 13 > 11
"""


def files(words: str) -> dict[str, str]:
    each, *others = words.split()
    found = users(*(WORDS[word] for word in others if word in WORDS), each=int(each))
    return found | {path: text for word in others if word in FILES for path, text in FILES[word].items()}


@pytest.mark.parametrize("case", cases(COUNTED))
def test_what_ends_without_notice_is_counted(case: str) -> None:
    states, *counted = case.strip().split(" | ")
    found = limits(*map(files, states.split(" => "))).values()
    assert [
        f"{result.guardrail} {result.actual} {'<=' if result.ok else '>'} {result.limit}" for result in found
    ] == counted


ENDS = "`until: 2025-12-31` has passed, so would be deleted; at the base the account"
PRICING: Final = "modules: {pricing: editor}"
PRICING_PAST: Final = "modules: {pricing: {access: editor, until: 2025-12-31}}"
GRANT_ROW: Final = "pricing editor → none: `until: 2025-12-31` has passed, and the base gives it today"


@pytest.mark.parametrize(
    ("before", "after", "row"),
    [
        pytest.param(users(each=1), PASSED, f"{ENDS} has no end", id="no end at the base"),
        pytest.param(users(COMING, each=1), PASSED, f"{ENDS} ends after 2026-12-31", id="a later end at the base"),
        pytest.param({}, PASSED, f"{ENDS} has no entry", id="no entry at the base"),
        pytest.param(users(PRICING, each=1), PRICING_PAST, GRANT_ROW, id="a grant"),
    ],
)
def test_a_row_shows_both_days_and_the_place(before: Mapping[str, str], after: str, row: str) -> None:
    (result,) = limits(before, users(after, each=1)).values()
    assert [(str(each.email), each.message) for each in result.rows] == [("ann@example.com", row)]
    (place,) = [each.source for each in result.rows]
    assert place is not None
    assert place.path == Text("users/Ann.yaml")
    assert result.way == WAYS[result.guardrail]


def test_both_last_areas_are_shown() -> None:
    off = f"{{access: true, {PASSED}}}"
    areas = users("platform: {sales_hub: true, backoffice: true}", each=1)
    found = limits(areas, users(f"platform: {{sales_hub: {off}, backoffice: {off}}}", each=1))
    (row,) = found["max_access_losses"].rows
    assert row.message == "would lose the last platform area: sales_hub, backoffice"


def test_the_last_area_is_shown_with_its_user_and_place() -> None:
    found = limits(users(ON, each=1), users(OFF_BY_TYPO, each=1))
    (area,), (grant,) = found["max_access_losses"].rows, found["max_grant_losses"].rows
    entry = tree(users(OFF_BY_TYPO, each=1)).declarations[0]
    assert area == GuardrailRow(
        Text("ann@example.com"), Message("would lose the last platform area: backoffice"), entry.source
    )
    assert (grant.email, grant.source) == (Text("ann@example.com"), entry.overrides[0].source)
    assert grant.source != area.source
    assert found["max_access_losses"].way == found["max_grant_losses"].way


@pytest.mark.parametrize(
    ("was", "own", "left", "counts"),
    [
        pytest.param("owner", "owner", "editor", True, id="more than the preset leaves"),
        pytest.param("owner", "editor", "editor", False, id="no more than the preset leaves"),
        pytest.param("owner", "viewer", "editor", False, id="less than the preset leaves"),
        pytest.param("editor", "owner", "editor", False, id="of which the base gave no more than is left"),
    ],
)
def test_an_expired_grant_counts_where_it_gave_more(was: str, own: str, left: str, *, counts: bool) -> None:
    preset = {"presets/p.yaml": f"modules: {{pricing: {left}}}"}
    after = users("preset: p", f"modules: {{pricing: {{access: {own}, {PASSED}}}}}", each=1) | preset
    found = limits(users(f"modules: {{pricing: {was}}}", each=1), after)
    said = "pricing owner → editor: `until: 2025-12-31` has passed, and the base gives it today"
    assert [row.message for result in found.values() for row in result.rows] == ([said] if counts else [])


def test_the_grants_of_an_account_that_ends_too_are_not_counted_again() -> None:
    found = limits(users(ON, HELD, each=1), users(ON, HELD_PAST, PASSED, each=1))
    assert {name: result.actual for name, result in found.items()} == {"max_user_deletes": 1}
