"""The golden files of comments and annotations."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from bo_sync.core.plan import Plan
from bo_sync.render.github import files_github, plan_github, report_github
from bo_sync.render.markdown import plan_markdown
from bo_sync.render.markdown_files import Validated, files_markdown
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.notices import Checked
from bo_sync.render.pseudonyms import Pseudonyms
from bo_sync.render.redaction import redacted_plan, redacted_report
from tests.render.cases import COMPARISONS, FINDINGS, PLANS, PROBLEMS, REPORTS, reported
from tests.render.report_cases import POLICIES, VIOLATED

WITH_POLICIES: Final = {
    "violated": VIOLATED,
    "everything-with-policies": replace(PLANS["everything"], policies=POLICIES),
}

FILES: Final[dict[str, Validated]] = {
    "nothing-to-say": Validated(15, 5, Checked()),
    "everything": Validated(
        15,
        5,
        Checked(
            PROBLEMS["problems"][1:2],
            FINDINGS,
            POLICIES,
            COMPARISONS["base-refused"].guardrails,
            COMPARISONS["base-refused"].loosened,
        ),
        COMPARISONS["base-refused"].revision,
        COMPARISONS["base-refused"].commit,
    ),
    "behind": Validated(
        15,
        5,
        Checked(),
        COMPARISONS["base-behind"].revision,
        COMPARISONS["base-behind"].commit,
        COMPARISONS["base-behind"].tip,
    ),
    "errors": Validated(14, 5, Checked(PROBLEMS["problems"], None, None)),
}


def cases() -> dict[str, Callable[[], str]]:
    found: dict[str, Callable[[], str]] = {
        "plan-everything-explained.md": partial(plan_markdown, PLANS["everything"], explain=True),
        "plan-everything-redacted.md": partial(_redacted, PLANS["everything"]),
        "plan-everything-shortened.md": partial(plan_markdown, PLANS["everything"], limit=4_000),
        "plan-everything-cut-to-counts.md": partial(plan_markdown, PLANS["everything"], limit=2_500),
        "report-every-outcome-redacted.md": lambda: report_markdown(
            redacted_report(REPORTS["every-outcome"], Pseudonyms()), PLANS["nothing-to-do"]
        ),
    }
    for name, plan in {**PLANS, **WITH_POLICIES}.items():
        found[f"plan-{name}.md"] = partial(plan_markdown, plan)
        found[f"plan-{name}.github"] = partial(plan_github, plan)
    for name, report in REPORTS.items():
        found[f"report-{name}.md"] = partial(report_markdown, report, reported(name))
        found[f"report-{name}.github"] = partial(report_github, report, reported(name))
    for name, files in FILES.items():
        found[f"validate-{name}.md"] = partial(files_markdown, files)
        found[f"validate-{name}.github"] = partial(files_github, files.checked, "access/")
    return found


def _redacted(plan: Plan) -> str:
    return plan_markdown(redacted_plan(plan, Pseudonyms()))
