"""The golden files of comments and annotations."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from bo_sync.core.plan import Plan
from bo_sync.render.github import files_github, plan_github, report_github
from bo_sync.render.markdown_files import Validated, files_markdown
from bo_sync.render.markdown_plan import plan_markdown
from bo_sync.render.markdown_report import report_markdown
from bo_sync.render.notices import Checked
from bo_sync.render.redact import Redactor
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
            COMPARISONS["base-refused"].weakened,
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
COMMENTED: Final = (
    "everything",
    "everything-with-policies",
    "refused-by-every-guardrail",
    "hostile",
    "weakened-guards",
    "users-left-out",
    "said-by-own-entries",
    "deleted-by-each-cause",
    "nothing-to-do",
)
"""The plans whose comments have different layouts."""


def cases() -> dict[str, Callable[[], str]]:
    found: dict[str, Callable[[], str]] = {
        "plan-everything-explained.md": partial(plan_markdown, PLANS["everything"], explain=True),
        "plan-everything-redacted.md": partial(_redacted, PLANS["everything"]),
        "plan-everything-shortened.md": partial(plan_markdown, PLANS["everything"], limit=4_000),
        "plan-everything-cut-to-counts.md": partial(plan_markdown, PLANS["everything"], limit=2_500),
        "report-every-outcome-redacted.md": lambda: report_markdown(
            Redactor().redacted(REPORTS["every-outcome"]), PLANS["nothing-to-do"]
        ),
    }
    found |= {f"plan-{name}.md": partial(plan_markdown, {**PLANS, **WITH_POLICIES}[name]) for name in COMMENTED}
    for name in ("all-applied", "every-outcome", "nothing-was-to-be-done", "refused", "stale"):
        found[f"report-{name}.md"] = partial(report_markdown, REPORTS[name], reported(name))
    found |= {f"validate-{name}.md": partial(files_markdown, files) for name, files in FILES.items()}
    for name in ("everything-with-policies", "refused-by-every-guardrail"):
        found[f"plan-{name}.github"] = partial(plan_github, {**PLANS, **WITH_POLICIES}[name])
    found["report-every-outcome.github"] = partial(report_github, REPORTS["every-outcome"], reported("every-outcome"))
    found["validate-everything.github"] = partial(files_github, FILES["everything"].checked, "access/")
    return found


def _redacted(plan: Plan) -> str:
    return plan_markdown(Redactor().redacted(plan))
