"""What became of a plan, told in every form that was asked for; also when nothing was begun, and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bo_sync.cli.redacting import shown
from bo_sync.cli.reports import Report as Written
from bo_sync.cli.reports import write_reports
from bo_sync.errors import BoSyncError, ExitCode, StalePlanError, UsageError

if TYPE_CHECKING:
    from bo_sync.core.plan import Plan
    from bo_sync.core.report import Report


@dataclass(frozen=True, slots=True)
class Wanted:
    """In which forms a report is wanted, and the folder of the configuration in the repository."""

    form: str
    reports: tuple[Written, ...]
    below: str


def tell(done: "Report", run: "Plan", wanted: Wanted, code: ExitCode) -> None:
    """Prints the report, unless its form is empty, and writes it in its other forms, also where nobody reads what is
    printed.

    Raises BoSyncError, for it was no usage that failed, where one cannot be written after all.
    """
    from bo_sync.cli.github import apply_told
    from bo_sync.render.redaction import redacted_plan, redacted_report

    report, plan = shown(done, redacted_report), shown(run, redacted_plan)
    try:
        _print(report, plan, wanted)
        apply_told(wanted.form, plan, report, code)
    finally:
        _write(report, plan, wanted)


def _print(report: "Report", plan: "Plan", wanted: Wanted) -> None:
    from bo_sync.cli.forms import apply_as
    from bo_sync.cli.talk import result, width
    from bo_sync.render.text import report_text

    form = wanted.form
    if form:
        result(report_text(report, plan, width()) if form == "text" else apply_as(report, plan, form, wanted.below))


def _write(report: "Report", plan: "Plan", wanted: Wanted) -> None:
    from bo_sync.cli.forms import apply_as

    try:
        write_reports(wanted.reports, lambda form: apply_as(report, plan, form, wanted.below))
    except UsageError as err:
        raise BoSyncError(err.message, hint="what was done is in the journal: bo-sync journal") from err


def tell_not_run(plan: "Plan", wanted: Wanted, why: str, code: ExitCode) -> ExitCode:
    """The same of a plan that was shown and is not run. Its text stands there already, so only the reason is added."""
    from bo_sync.cli.talk import say
    from bo_sync.execute import unattempted

    if wanted.form == "text" and code is not ExitCode.OK:
        say(f"Nothing was sent: {why}.")
    tell(unattempted(plan, "" if code is ExitCode.OK else why), plan, _beside_text(wanted), code)
    return code


@contextmanager
def stale_told(plan: "Plan", wanted: Wanted, why: str) -> Iterator[None]:
    """A StalePlanError that ends the block is told too, as `why`: of a plan that is not `plan`, the one made now.

    As text, and beside a workflow's lines, the error itself tells it.
    """
    from bo_sync.execute import unattempted

    try:
        yield
    except StalePlanError as stale:
        lines = tuple(line.strip() for line in stale.message.splitlines())
        report = unattempted(plan, why, lines[1:] or lines)
        tell(report, plan, _beside_text(wanted), stale.exit_code)
        raise


def _beside_text(wanted: Wanted) -> Wanted:
    return replace(wanted, form="") if wanted.form == "text" else wanted
