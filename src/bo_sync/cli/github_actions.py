"""GitHub Actions: step summary, outputs, and annotations.

Only with `--format github`, and only where GitHub names the files to write. A failure to write them changes no exit
code.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bo_sync.cli.api_key import discreet, without_secrets
from bo_sync.cli.console import is_redacting, result, say, shown
from bo_sync.errors import BoSyncError, StalePlanError
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from bo_sync.core.apply_report import Report
    from bo_sync.core.plan import Plan


GITHUB: Final = "github"
_SAFE: Final = re.compile(r"[A-Za-z0-9:_.-]*").fullmatch
"""Characters of an output's value: none can begin another output."""


def below(root: Path) -> str:
    """The folder of the configuration in the repository, as in `access/`; "" for its root, and with --redact."""
    if is_redacting():
        return ""
    workspace = Path(os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR") or ".").resolve()
    place = root.resolve()
    if place == workspace or not place.is_relative_to(workspace):
        return ""
    return f"{place.relative_to(workspace).as_posix()}/"


def summarise(form: str, told: Callable[[], str]) -> None:
    """Adds Markdown to the summary of the step."""
    if form == GITHUB:
        _append("GITHUB_STEP_SUMMARY", told)


def put_out(form: str, code: int, values: Mapping[str, str]) -> None:
    """Sets the step's outputs `exitcode` and `values`."""
    if form == GITHUB:
        outputs = {"exitcode": str(int(code)), **values}
        _append("GITHUB_OUTPUT", lambda: "".join(f"{name}={_checked(value)}\n" for name, value in outputs.items()))


def _checked(value: str) -> str:
    if not _SAFE(value):
        raise ValueError(value)
    return value


def _append(variable: str, told: Callable[[], str]) -> None:
    place = os.environ.get(variable)
    if not place:
        return
    text = without_secrets(told())
    try:
        with Path(place).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except OSError as err:
        say(f"{variable} cannot be written: {err.strerror}")


def plan_told(form: str, plan: "Plan", code: int) -> None:
    """Writes a plan to the step's summary, and its counts and digest to the outputs."""
    if form == GITHUB:
        from bo_sync.core.plan_digest import digest
        from bo_sync.render.github import plan_outputs
        from bo_sync.render.markdown_blocks import SUMMARY_LIMIT
        from bo_sync.render.markdown_plan import plan_markdown

        summarise(form, lambda: plan_markdown(plan, limit=SUMMARY_LIMIT))
        put_out(form, code, plan_outputs(plan, digest(plan)))


def files_told(form: str, told: Callable[[int], str], code: int) -> None:
    """Writes the report about files, of a maximum size in bytes, to the step's summary; outputs only the exit code."""
    if form == GITHUB:
        from bo_sync.render.markdown_blocks import SUMMARY_LIMIT

        summarise(form, lambda: told(SUMMARY_LIMIT))
        put_out(form, code, {})


def apply_told(form: str, plan: "Plan", report: "Report", code: int) -> None:
    """Writes a plan and its report to the step's summary; the outputs are those of the plan.

    A blocked plan shows that itself, and one that differs from the saved one was never asked for.
    """
    if report.moved:
        from bo_sync.core.plan_digest import digest
        from bo_sync.render.github import plan_outputs

        put_out(form, code, plan_outputs(plan, digest(plan)))
    else:
        plan_told(form, plan, code)
    if report.run or report.moved:
        from bo_sync.render.markdown_blocks import SUMMARY_LIMIT
        from bo_sync.render.markdown_report import report_markdown

        room = SUMMARY_LIMIT // 20
        summarise(form, lambda: "\n" + report_markdown(report, plan, limit=room))


@contextmanager
def failures_annotated(form: str) -> Iterator[None]:
    """An error that ends the block also becomes an annotation, and its exit code an output."""
    try:
        yield
    except BoSyncError as error:
        if form == GITHUB:
            from bo_sync.render.github import failure_github

            lines = error.lines if isinstance(error, StalePlanError) else ()
            result(failure_github(discreet("\n".join(map(str, shown((error.message, *lines)))))))
            put_out(form, ExitCode(error.exit_code), {})
        raise
