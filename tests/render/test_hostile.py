"""Hostile text in every field of everything that is rendered: it shows, and does nothing."""

import json
import re

import pytest

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Finding
from bo_sync.core.text import Message, Text
from bo_sync.render.escape import terminal
from bo_sync.render.json import plan_json, problems_json, report_json, users_json
from bo_sync.render.saved_plan import differences, read_saved
from bo_sync.render.text import comparison_text, plan_text, problems_text, report_text, users_text
from bo_sync.render.wording import UserRow
from tests.render.cases import PLANS, hostile, hostile_comparison
from tests.support.builders import plan, source
from tests.support.hostile import HOSTILE

every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)


def report(text: str) -> Report:
    outcomes = (UserOutcome(Text(text), "update", outcome, Message("says {}", Text(text))) for outcome in Outcome)
    return Report(text, "sha256:0", tuple(outcomes))


def problems(text: str) -> tuple[Problem, ...]:
    return (Problem(source(text), Message("found {}", Text(text))),)


def findings(text: str) -> tuple[Finding, ...]:
    said = Message("the `ignore` of {} accepts nothing", Text(text))
    return (Finding("BOS016", Severity.WARNING, said, Text(text), source(text)),)


def users(text: str) -> tuple[UserRow, ...]:
    return (UserRow(1, *(Text(text) for _ in range(6))),)


def texts(text: str) -> dict[str, str]:
    return {
        "plan": plan_text(hostile(text), width=None, color=False),
        "plan in 80 columns": plan_text(hostile(text), width=80, color=False),
        "plan in 1 column": plan_text(hostile(text), width=1, color=False),
        "report": report_text(report(text), PLANS["one-person"]),
        "problems": problems_text(problems(text)),
        "findings": problems_text((), findings(text)),
        "a comparison": comparison_text(hostile_comparison(text), problems(text), width=None, color=False),
        "a comparison in 40 columns": comparison_text(hostile_comparison(text), problems(text), width=40, color=False),
        "users": users_text(users(text), None),
        "users in 40 columns": users_text(users(text), 40),
        "differences": "\n".join(map(terminal, differences(read_saved(plan_json(hostile(text))), plan()))),
    }


@every_attack
def test_nothing_in_a_text_acts(attack: str) -> None:
    for name, rendered in texts(attack).items():
        for line in rendered.split("\n"):
            assert line.isprintable(), name
            assert not line.lstrip().startswith("::"), name
            assert not re.search(r"##\w*\[", line), name


@every_attack
def test_no_text_adds_or_hides_a_line(attack: str) -> None:
    benign = plan_text(hostile("x"), width=None, color=False)
    assert plan_text(hostile(attack), width=None, color=False).count("\n") == benign.count("\n")


@every_attack
def test_json_is_ascii_and_keeps_the_exact_characters(attack: str) -> None:
    for rendered in (
        plan_json(hostile(attack)),
        report_json(report(attack), PLANS["one-person"]),
        problems_json(problems(attack), 1, 1),
        problems_json((), 1, 1, findings=findings(attack)),
        problems_json((), 1, 1, hostile_comparison(attack)),
        users_json(users(attack)),
    ):
        assert rendered.isascii()
        assert attack in _strings(json.loads(rendered))


def _strings(found: object) -> set[str]:
    if isinstance(found, dict):
        return set().union(*map(_strings, found.values()))
    if isinstance(found, list):
        return set().union(*map(_strings, found))
    return {found} if isinstance(found, str) else set()


def test_colour_is_ours_alone() -> None:
    rendered = plan_text(hostile("\x1b[5mblink"), width=80, color=True)
    assert re.sub(r"\x1b\[(?:0|1|2|31|32|33|1;31)m", "", rendered).replace("\n", "").isprintable()
