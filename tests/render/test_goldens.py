"""Every renderer's output, compared exactly with what somebody read and found good."""

import re
from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from bo_sync.core.base_compare import Comparison
from bo_sync.render.text import comparison_text, plan_text, problems_text, report_text, users_text
from tests.render import access_cases, comment_cases, report_cases
from tests.render.cases import COMPARISONS, FINDINGS, PLANS, PROBLEMS, REPORTS, USERS, reported
from tests.support.discovered import discovered
from tests.support.golden import GOLDENS, check_golden

Render = Callable[[], str]
READ: Final = (
    "everything",
    "refused-by-every-guardrail",
    "hostile",
    "wide-characters",
    "users-left-out",
    "said-by-own-entries",
    "deleted-by-each-cause",
    "without-a-file-by-each-policy",
    "no-change-yet-refused",
    "nothing-to-do",
    "nothing-to-do-but-people-without-a-file",
    "nothing-to-do-for-one-person-of-many",
    "nothing-to-do-but-to-look-at",
    "nothing-to-do-but-a-weakened-guard",
    "nothing-to-do-and-no-guard-weakened",
    "one-person",
)
"""The plans whose texts have different layouts."""
AT_80: Final = ("everything", "refused-by-every-guardrail", "wide-characters", "weakened-guards")
LIKE_OTHERS: Final = frozenset({"refused-with-no-change", "base-content"})
"""Reports and comparisons whose layout is that of another one, with less."""


def _cases() -> dict[str, Render]:
    everything, comparison = PLANS["everything"], COMPARISONS["base-refused"]
    cases: dict[str, Render] = {
        "plan-everything-in-colour.txt": partial(plan_text, everything, width=100, color=True),
        "plan-everything-explained.txt": partial(plan_text, everything, width=None, color=False, explain=True),
        "plan-everything-explained-80.txt": partial(plan_text, everything, width=80, color=False, explain=True),
        "validate-findings.txt": partial(problems_text, PROBLEMS["problems"][1:2], FINDINGS),
        "validate-base-refused-80.txt": partial(_compared, comparison, 80),
        "users-people-80.txt": partial(users_text, USERS["people"], 80),
    }
    cases |= {f"plan-{name}.txt": partial(plan_text, PLANS[name], width=None, color=False) for name in READ}
    cases |= {f"plan-{name}-80.txt": partial(plan_text, PLANS[name], width=80, color=False) for name in AT_80}
    cases |= {
        f"report-{name}.txt": partial(report_text, each, reported(name))
        for name, each in REPORTS.items()
        if name not in LIKE_OTHERS
    }
    cases |= {f"validate-{name}.txt": partial(problems_text, problems) for name, problems in PROBLEMS.items()}
    cases |= {
        f"validate-{name}.txt": partial(_compared, each, None)
        for name, each in COMPARISONS.items()
        if name not in LIKE_OTHERS
    }
    return cases | {f"users-{name}.txt": partial(users_text, rows, None) for name, rows in USERS.items()}


def _compared(comparison: Comparison, width: int | None) -> str:
    return comparison_text(comparison, PROBLEMS["problems"], color=False, width=width)


CASES: Final = {**_cases(), **access_cases.cases(), **report_cases.cases(), **comment_cases.cases()}


@pytest.mark.parametrize("name", CASES)
def test_output_is_what_it_was_when_it_was_last_read(name: str) -> None:
    check_golden(name, CASES[name]())


def test_each_golden_file_is_read_by_a_test() -> None:
    tests = (path.read_text(encoding="utf-8") for path in discovered((GOLDENS.parent / "end_to_end").glob("*.py")))
    named = {name for text in tests for name in re.findall(r'check_golden\(\s*"([^"]+)"', text)}
    assert {path.name for path in discovered(GOLDENS.iterdir())} == {*CASES, *named}
