"""The forms that other programs read: what each command has of them, and how each is made."""

from typing import TYPE_CHECKING, Final

from bo_sync.core.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bo_sync.core.report import Report
    from bo_sync.core.text import Text
    from bo_sync.render.notices import Checked

PLAN_REPORTS: Final = ("sarif", "junit", "gitlab-codequality", "gitlab-plan", "csv")
FILES_REPORTS: Final = ("sarif", "junit", "gitlab-codequality")
APPLY_FORMS: Final = ("text", "json", "markdown", "github", "junit")


def plan_report(plan: Plan, form: str, below: str = "") -> str:
    """A plan in one of `PLAN_REPORTS`. `below` is the folder of the configuration in the repository: `access/`."""
    from bo_sync.render.gitlab import codequality, plan_widget
    from bo_sync.render.junit import plan_junit
    from bo_sync.render.notices import plan_notices
    from bo_sync.render.sarif import sarif
    from bo_sync.render.tables import plan_csv

    match form:
        case "sarif":
            return sarif(plan_notices(plan), below)
        case "junit":
            return plan_junit(plan)
        case "gitlab-codequality":
            return codequality(plan_notices(plan), below)
        case "gitlab-plan":
            return plan_widget(plan)
        case "csv":
            return plan_csv(plan)
        case _:
            raise ValueError(form)


def files_report(checked: "Checked", files: "Iterable[Text]", form: str, below: str = "") -> str:
    """What was found in `files`, in one of `FILES_REPORTS`. `below` is as in `plan_report`."""
    from bo_sync.render.gitlab import codequality
    from bo_sync.render.junit import files_junit
    from bo_sync.render.notices import files_notices
    from bo_sync.render.sarif import sarif

    match form:
        case "sarif":
            return sarif(files_notices(checked), below)
        case "junit":
            return files_junit(checked, files, below)
        case "gitlab-codequality":
            return codequality(files_notices(checked), below)
        case _:
            raise ValueError(form)


def apply_as(report: "Report", plan: Plan, form: str, below: str = "") -> str:
    """What an apply of `plan` did, in one of `APPLY_FORMS`, as it is written to a file: nothing wrapped.

    `below` is as in `plan_report`.
    """
    match form:
        case "text":
            from bo_sync.render.text import report_text

            return report_text(report, plan)
        case "json":
            from bo_sync.render.json import report_json

            return report_json(report, plan)
        case "markdown":
            from bo_sync.render.markdown_report import report_markdown

            return report_markdown(report, plan)
        case "github":
            from bo_sync.render.github import plan_github, report_github

            is_refused = (plan.refused or plan.violated) and not report.moved
            told = plan_github(plan, below) if is_refused else report_github(report, plan)
            return f"{apply_as(report, plan, 'text')}\n{told}"
        case "junit":
            from bo_sync.render.junit import report_junit

            return report_junit(report, plan)
        case _:
            raise ValueError(form)
