"""Notices: what is told, in which order, and by what each is known again."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Finding
from bo_sync.core.text import Message, Text
from bo_sync.render.notices import Checked, Notice, files_notices, fingerprints, place_of, plan_notices
from bo_sync.render.sections import sections
from tests.render.cases import PLANS, guardrail_row
from tests.render.report_cases import CHECKED, VIOLATED
from tests.support.builders import delete, plan, source

JANE = source("users/jane.yaml", 7, 3)


def problem(message: str, line: int = 7, severity: Severity = Severity.ERROR) -> Problem:
    return Problem(source("users/jane.yaml", line, 3), Message(message), severity)


def told(found: tuple[Notice, ...]) -> list[tuple[str, str, str]]:
    return [(notice.check, notice.severity.value, notice.told) for notice in found]


def test_errors_come_before_warnings_and_warnings_before_notes() -> None:
    for found in (*map(plan_notices, PLANS.values()), *map(files_notices, CHECKED.values())):
        weights = [list(Severity).index(notice.severity) for notice in found]
        assert weights == sorted(weights)


def test_the_order_of_problems_does_not_matter() -> None:
    problems = CHECKED["errors"].problems
    assert files_notices(Checked(problems)) == files_notices(Checked(tuple(reversed(problems))))


def test_a_guardrail_that_refuses_is_told_for_each_user_with_its_measure_and_the_way_past() -> None:
    rows = (
        guardrail_row("ann@example.com", "would be deleted: state: absent", JANE),
        guardrail_row("bob@example.com", "too"),
    )
    found = plan_notices(plan(guardrails=(GuardrailResult("max_user_deletes", 2, 1, ok=False, rows=rows),)))
    way = "(2 deletions, limit 1); way past: if this is meant, pass --allow max_user_deletes=2"
    assert told(found) == [
        ("guardrail/max_user_deletes", "error", f"ann@example.com: would be deleted: state: absent {way}"),
        ("guardrail/max_user_deletes", "error", f"bob@example.com: too {way}"),
    ]
    assert [notice.source for notice in found] == [JANE, None]
    assert {notice.title for notice in found} == {"the guardrail max_user_deletes refuses"}


def test_a_guardrail_without_rows_is_told_once_and_one_that_holds_not_at_all() -> None:
    guardrails = (GuardrailResult("empty", 0, 1, ok=False), GuardrailResult("self", 0, 0, ok=True))
    (found,) = plan_notices(plan(guardrails=guardrails))
    assert found.told.startswith("0 people in the files, at least 1; way past: add at least one file")


def test_a_policy_is_an_error_only_when_it_refuses() -> None:
    found = [(notice.check, notice.severity.value) for notice in plan_notices(replace(VIOLATED, findings=()))]
    assert found == [
        ("policy/owners", "error"),
        ("policy/prices", "error"),
        ("policy/prices", "error"),
        ("policy/noted", "warning"),
        ("policy/self", "warning"),
        ("policy/warned", "warning"),
    ]


def test_who_has_no_file_is_told_of_where_the_policy_stands() -> None:
    (ann, bob) = (notice for notice in plan_notices(VIOLATED) if notice.check == "policy/prices")
    assert (str(ann.source), str(bob.source)) == ("users/ann.yaml:3:1", "policies/prices.yaml:1:1")
    assert bob.message == "pricing owner: priceUpdate; Few prices: 2 people, none allowed (Prices are money.)"


def test_users_who_are_wanting_are_told_once_where_the_policy_stands() -> None:
    (found,) = (notice for notice in plan_notices(VIOLATED) if notice.check == "policy/owners")
    assert (found.email, str(found.source)) == (None, "policies/owners.yaml:1:1")


def test_a_guardrail_and_a_policy_of_one_name_are_two_checks() -> None:
    refusing = replace(VIOLATED, guardrails=(GuardrailResult("self", 1, 0, ok=False),))
    assert {"guardrail/self", "policy/self"} <= {notice.check for notice in plan_notices(refusing)}


@pytest.mark.parametrize("name", PLANS)
def test_the_changes_are_those_that_the_text_says_need_attention(name: str) -> None:
    attention = [section for section in sections(PLANS[name]) if section.title == "Needs attention"]
    rows = [row for section in attention for row in section.rows if row.symbol != "!"]
    found = [notice for notice in plan_notices(PLANS[name]) if notice.check in {"deletion", "delicate_access"}]
    assert len(rows) == len(found)
    for row, notice in zip(rows, found, strict=True):
        assert row.effect in notice.message
        assert row.meaning in notice.message


def test_files_that_were_not_judged_have_their_problems_alone() -> None:
    assert {notice.check for notice in files_notices(CHECKED["errors"])} == {"files"}


def test_an_unknown_finding_is_called_by_its_number() -> None:
    (found,) = plan_notices(plan(findings=(Finding("BOS999", Severity.INFO, Message("new")),)))
    assert found.title == "BOS999"


def test_what_no_file_says_stands_in_the_settings() -> None:
    (found,) = plan_notices(plan(delete("karel@example.com"), findings=(), guardrails=()))
    assert str(place_of(replace(found, source=None), "access/")) == "access/bo-sync.yaml:1:1"


def known(*found: Notice) -> tuple[str, ...]:
    return fingerprints(found)


FINDING = Finding(
    "BOS003", Severity.WARNING, Message("`pricing: editor` ends on 2026-06-20, in 5 days; then"), Text("j@x"), JANE
)


def of_finding(finding: Finding) -> Notice:
    return plan_notices(plan(findings=(finding,)))[0]


STAYS: dict[str, Callable[[Finding], Finding]] = {
    "the line moves": lambda it: replace(it, source=source("users/jane.yaml", 99, 1)),
    "the file moves to another folder": lambda it: replace(it, source=source("users/sales/nl/jane.yml", 7)),
    "a day passes": lambda it: replace(it, message=Message("`pricing: editor` ends tomorrow; then")),
    "the end moves": lambda it: replace(it, message=Message("`pricing: editor` ends on 2027-01-01, in 200 days; then")),
    "the address is written in capitals": lambda it: replace(it, email=Text("J@X")),
}
CHANGES: dict[str, Callable[[Finding], Finding]] = {
    "it is another person": lambda it: replace(it, email=Text("k@x")),
    "it is another grant": lambda it: replace(it, message=Message("`order_data: editor` ends tomorrow; then")),
    "it is another finding": lambda it: replace(it, rule="BOS001"),
    "it is another file": lambda it: replace(it, source=source("users/karel.yaml", 7, 3)),
}


@pytest.mark.parametrize("moved", STAYS.values(), ids=STAYS)
def test_a_finding_is_known_again_when(moved: Callable[[Finding], Finding]) -> None:
    assert known(of_finding(moved(FINDING))) == known(of_finding(FINDING))


@pytest.mark.parametrize("changed", CHANGES.values(), ids=CHANGES)
def test_a_finding_is_a_new_one_when(changed: Callable[[Finding], Finding]) -> None:
    assert known(of_finding(changed(FINDING))) != known(of_finding(FINDING))


def test_a_problem_is_known_again_when_its_line_and_numbers_move() -> None:
    def of(message: str, line: int) -> tuple[str, ...]:
        return known(*files_notices(Checked((problem(message, line),))))

    assert of("declared twice; first at users/a.yaml:3", 7) == of("declared twice; first at users/a.yaml:12", 30)
    assert of('unknown key "a"', 7) != of('unknown key "b"', 7)


def test_no_two_notices_of_one_list_have_one_fingerprint_and_none_shows_an_address() -> None:
    for found in (plan_notices(PLANS["everything"]), files_notices(CHECKED["everything"]), plan_notices(VIOLATED)):
        assert len(set(fingerprints(found))) == len(found)
        assert all(set(entry) <= set("0123456789abcdef:") for entry in fingerprints(found))


def test_equal_notices_are_numbered() -> None:
    first, second = known(of_finding(FINDING), of_finding(FINDING))
    assert (first[-2:], second[-2:]) == (":1", ":2")
    assert first[:-2] == second[:-2]


def test_other_notices_change_no_fingerprint() -> None:
    alone = set(known(*plan_notices(replace(VIOLATED, findings=()))))
    assert alone < set(known(*plan_notices(VIOLATED)))
