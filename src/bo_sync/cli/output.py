"""Show, save and report results in every requested format (`--format`, `--report`, `--out`)."""

import os
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import click

from bo_sync.cli.api_key import holds_secret, without_secrets
from bo_sync.cli.console import coloured, is_redacting, result, say, shown, width
from bo_sync.cli.file_writer import link_in
from bo_sync.cli.hub_choice import destination
from bo_sync.cli.options import Common, HubChoice, Narrowing, command_line
from bo_sync.core.plan import Plan
from bo_sync.core.text import Message, Text
from bo_sync.errors import BoSyncError, StalePlanError, UsageError
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bo_sync.apply.planner import Reading
    from bo_sync.core.apply_report import Report
    from bo_sync.render.notices import Checked


PLAN_REPORTS: Final = ("sarif", "junit", "gitlab-codequality", "gitlab-plan", "csv")
FILES_REPORTS: Final = ("sarif", "junit", "gitlab-codequality")
APPLY_FORMS: Final = ("text", "json", "markdown", "github", "junit")


def plan_report(plan: Plan, form: str, below: str = "") -> str:
    """A plan in one of `PLAN_REPORTS`. `below` is the folder of the configuration in the repository: `access/`."""
    from bo_sync.render.csv import plan_csv
    from bo_sync.render.gitlab import codequality, plan_widget
    from bo_sync.render.junit import plan_junit
    from bo_sync.render.notices import plan_notices
    from bo_sync.render.sarif import sarif

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
    """The results for `files`, in one of `FILES_REPORTS`. `below` is as in `plan_report`."""
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
    """The report of an apply of `plan`, in one of `APPLY_FORMS`, as written to a file: not wrapped.

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


@dataclass(frozen=True, slots=True)
class AskedAs:
    """How a run was requested: its options, the saved plan, and whether without a confirmation."""

    common: Common
    choice: HubChoice
    narrowing: Narrowing
    saved: Path | None = None
    yes: bool = False


def show_plan(plan: Plan, form: str, *, explain: bool = False, below: str = "") -> None:
    """Prints a plan to stdout; `explain` names everything that it opens and closes, `below` as in `plan_as`."""
    if form == "text":
        from bo_sync.render.text import plan_text

        result(plan_text(plan, width=width(), color=coloured(), explain=explain))
    else:
        result(plan_as(plan, form, explain=explain, below=below))


PLAN_FORMS: Final = ("text", "json", "markdown", "github", *PLAN_REPORTS)
"""The forms of a plan, made by `plan_as`."""


def plan_as(plan: Plan, form: str, *, explain: bool = False, below: str = "") -> str:
    """A plan in one of `PLAN_FORMS`, as written to a file: not wrapped, not coloured.

    `below` is the folder of the configuration in the repository, for forms that link files by their path.
    """
    match form:
        case "text":
            from bo_sync.render.text import plan_text

            return plan_text(plan, width=None, color=False, explain=explain)
        case "json":
            from bo_sync.render.json import plan_json

            return plan_json(plan)
        case "markdown":
            from bo_sync.render.markdown_plan import plan_markdown

            return plan_markdown(plan, explain=explain)
        case "github":
            from bo_sync.render.github import plan_github

            return f"{plan_as(plan, 'text', explain=explain)}\n{plan_github(plan, below)}"
        case _:
            return plan_report(plan, form, below)


def say_others(code: ExitCode, reading: "Reading", how: AskedAs) -> ExitCode:
    """Prints the command for the other users, where some users block a plan; returns `code`.

    Not for another day on a real hub, where it cannot be applied, nor with --redact, since it quotes the command line.
    """
    chosen, choice = how.common, how.choice
    if not reading.others or chosen.quiet or is_redacting():
        return code
    if chosen.today is not None and destination(choice).address.scheme == "https":
        return code
    skipping = replace(how.narrowing, skip_blocked=True)
    yes = ["--yes"] if how.yes or not sys.stdin.isatty() else []
    command = command_line("apply", chosen, choice, skipping, *([str(how.saved)] if how.saved else []), *yes)
    if how.saved:
        command = f"{command_line('plan', chosen, choice, skipping, '--out', str(how.saved))} && {command}"
    users = f"{reading.others} user{'' if reading.others == 1 else 's'}"
    say(f"hint: to leave out the blocked users and apply the changes of the other {users}: {command}")
    return code


def save(plan: Plan, path: Path) -> None:
    """Writes a plan for `apply`, whole or not at all, readable only by its owner.

    Raises UsageError where a value is a secret of ours: it must not be written, and without it the plan differs.
    """
    from bo_sync.render.json import plan_json

    text = plan_json(plan)
    if holds_secret(text):
        hint = "change it in the hub or the files, and consider the key known; `apply` without a saved plan still runs"
        raise UsageError("this plan cannot be saved: a value in it holds the API key or token", hint=hint)
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Writes `text` to `path` atomically (mode 0600), without our secrets. Raises UsageError where that fails."""
    check_plain(path)
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
                file.write(without_secrets(text))
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as err:
        raise unwritable(path, err) from err


def check_plain(path: Path) -> None:
    """Raises UsageError where `path` is not a plain file, or a part of it is a link in a checkout: a device would be
    replaced by a file, and a link may lead anywhere."""
    with suppress(OSError, ValueError):  # a path that cannot be looked at cannot be written either
        if not stat.S_ISREG(path.lstat().st_mode):
            raise unwritable(path, OSError(0, "it is a link, a folder or a device; expected a file"))
    if (link := link_in(path)) is not None:
        raise unwritable(path, OSError(0, Message("{} is a link; expected a folder", Text(link.name))))


def unwritable(path: Path, why: OSError) -> UsageError:
    """The error for a file that cannot be written."""
    return UsageError(
        Message("{} cannot be written: {}", Text(str(path)), why.strerror), hint="name a path that can be written"
    )


P = ParamSpec("P")
R = TypeVar("R")
ReportFile = tuple[str, Path]


class ReportTo(click.ParamType[ReportFile]):
    """A format and the path to write it to."""

    name = "FORMAT=PATH"

    def __init__(self, formats: Sequence[str]) -> None:
        self._formats = formats

    def convert(self, value: str | ReportFile, param: click.Parameter | None, ctx: click.Context | None) -> ReportFile:
        if isinstance(value, tuple):
            return value
        form, _, path = value.partition("=")
        if form not in self._formats or not path:
            known = ", ".join(self._formats)
            self.fail(
                f"{value!r} is not a format and a path, as in {self._formats[0]}=FILE; formats: {known}", param, ctx
            )
        return form, Path(path)


def report_option(*formats: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """--report, which may be repeated; passed as the keyword `reports`."""
    return click.option(
        "--report", "reports", type=ReportTo(formats), multiple=True, help="Also write this form of it to a file."
    )


def check_writable(wanted: Sequence[ReportFile]) -> None:
    """Raises UsageError where a report could not be written, for a command that acts before it reports."""
    for _, path in wanted:
        check_plain(path)
        try:
            tempfile.TemporaryFile(dir=path.parent).close()
        except OSError as err:
            raise unwritable(path, err) from err


def write_reports(wanted: Sequence[ReportFile], rendered: Callable[[str], str]) -> None:
    """Writes each report whole or not at all. Raises UsageError where that fails."""
    for form, path in wanted:
        write_whole(path, rendered(form))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The forms of a report, and the folder of the configuration in the repository."""

    form: str
    reports: tuple[ReportFile, ...]
    below: str


def tell(done: "Report", run: "Plan", wanted: Wanted, code: ExitCode) -> None:
    """Prints the report, unless its form is empty, and writes it in its other forms, even if stdout is closed.

    Raises BoSyncError, since it is not a usage error, where one cannot be written.
    """
    from bo_sync.cli.github_actions import apply_told

    report, plan = shown(done), shown(run)
    try:
        _print(report, plan, wanted)
        apply_told(wanted.form, plan, report, code)
    finally:
        _write(report, plan, wanted)


def _print(report: "Report", plan: "Plan", wanted: Wanted) -> None:
    from bo_sync.cli.console import result, width
    from bo_sync.render.text import report_text

    form = wanted.form
    if form:
        result(report_text(report, plan, width()) if form == "text" else apply_as(report, plan, form, wanted.below))


def _write(report: "Report", plan: "Plan", wanted: Wanted) -> None:

    try:
        write_reports(wanted.reports, lambda form: apply_as(report, plan, form, wanted.below))
    except UsageError as err:
        raise BoSyncError(err.message, hint="what was done is in the journal: bo-sync journal") from err


def tell_not_run(plan: "Plan", wanted: Wanted, why: str, code: ExitCode) -> ExitCode:
    """The same for a shown plan that is not applied. Its text is printed already, so only the reason is added."""
    from bo_sync.apply.executor import unattempted
    from bo_sync.cli.console import say

    if wanted.form == "text" and code is not ExitCode.OK:
        say(Message("Nothing was sent: {}.", why))
    tell(unattempted(plan, "" if code is ExitCode.OK else why), plan, _beside_text(wanted), code)
    return code


@contextmanager
def stale_told(plan: "Plan", wanted: Wanted, why: str) -> Iterator[None]:
    """Reports a StalePlanError that ends the block, as `why`: its plan is not `plan`, the one made now.

    As text and as annotations, the error itself reports it.
    """
    from bo_sync.apply.executor import unattempted

    try:
        yield
    except StalePlanError as stale:
        report = unattempted(plan, why, stale.lines or (stale.message,))
        tell(report, plan, _beside_text(wanted), stale.exit_code)
        raise


def _beside_text(wanted: Wanted) -> Wanted:
    return replace(wanted, form="") if wanted.form == "text" else wanted
