"""Every renderer's output, compared exactly with what somebody read and found good."""

from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from bo_sync import __version__
from bo_sync.core.plan import Plan
from bo_sync.render.history import comparison_text
from bo_sync.render.json import plan_json, problems_json, report_json, users_json
from bo_sync.render.text import plan_text, problems_text, report_text, users_text
from tests.render import access_cases, comment_cases, report_cases
from tests.render.cases import COMPARISONS, FINDINGS, PLANS, PROBLEMS, REPORTS, USERS, reported
from tests.support.golden import GOLDENS, check_golden

Render = Callable[[], str]


def _cases() -> dict[str, Render]:
    cases: dict[str, Render] = {
        "plan-everything-in-colour.txt": _colour,
        "plan-everything-explained.txt": partial(_explained, None),
        "plan-everything-explained-80.txt": partial(_explained, 80),
    }
    for name, plan in PLANS.items():
        cases[f"plan-{name}.txt"] = partial(plan_text, plan, width=None, color=False)
        cases[f"plan-{name}-80.txt"] = partial(plan_text, plan, width=80, color=False)
        cases[f"plan-{name}.json"] = partial(_any_version, plan)
    for name, report in REPORTS.items():
        cases[f"report-{name}.txt"] = partial(report_text, report, reported(name))
        cases[f"report-{name}.json"] = partial(report_json, report, reported(name))
    for name, problems in PROBLEMS.items():
        cases[f"validate-{name}.txt"] = partial(problems_text, problems)
        cases[f"validate-{name}.json"] = partial(problems_json, problems, 15, 5)
    cases["validate-findings.txt"] = partial(problems_text, PROBLEMS["problems"][1:2], FINDINGS)
    cases["validate-findings.json"] = partial(problems_json, PROBLEMS["problems"][1:2], 15, 5, findings=FINDINGS)
    cases["validate-not-judged.json"] = partial(problems_json, PROBLEMS["problems"], 15, 5, findings=None)
    for name, comparison in COMPARISONS.items():
        shown = partial(comparison_text, comparison, PROBLEMS["problems"], color=False)
        cases[f"validate-{name}.txt"] = partial(shown, width=None)
        cases[f"validate-{name}-80.txt"] = partial(shown, width=80)
        cases[f"validate-{name}.json"] = partial(problems_json, PROBLEMS["problems"], 15, 5, comparison)
    for name, rows in USERS.items():
        cases[f"users-{name}.txt"] = partial(users_text, rows, None)
        cases[f"users-{name}-80.txt"] = partial(users_text, rows, 80)
        cases[f"users-{name}.json"] = partial(users_json, rows)
    return cases


def _any_version(plan: Plan) -> str:
    return plan_json(plan).replace(f'"{__version__}"', '"(any)"', 1)


def _colour() -> str:
    return plan_text(PLANS["everything"], width=100, color=True)


def _explained(width: int | None) -> str:
    return plan_text(PLANS["everything"], width=width, color=False, explain=True)


CASES: Final = {**_cases(), **access_cases.cases(), **report_cases.cases(), **comment_cases.cases()}


@pytest.mark.parametrize("name", CASES)
def test_output_is_what_it_was_when_it_was_last_read(name: str) -> None:
    check_golden(name, CASES[name]())


def test_no_golden_file_is_left_without_a_case() -> None:
    ours = {path.name for path in GOLDENS.iterdir() if not path.name.startswith("workflow-")}
    assert ours == set(CASES), "those of the workflows are tests/end_to_end/test_workflows.py's"
