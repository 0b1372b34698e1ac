"""`bo-sync apply`: make the plan, show it, ask, apply it, report."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click

from bo_sync.cli.app import stop_signals
from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, HubChoice, Narrowing, common, hub_choice, narrowing, output_format, taken
from bo_sync.cli.output import (
    APPLY_FORMS,
    AskedAs,
    Wanted,
    check_writable,
    report_option,
    say_others,
    stale_told,
    tell,
    tell_not_run,
)
from bo_sync.cli.output import ReportFile as Written
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Message, Text
from bo_sync.errors import AfterWriteError, UsageError
from bo_sync.exit_codes import ExitCode
from bo_sync.hub.hub_url import SANDBOX
from bo_sync.render.json import plan_json

if TYPE_CHECKING:
    from bo_sync.apply.planner import Reading
    from bo_sync.core.apply_report import Report
    from bo_sync.core.plan import Plan
    from bo_sync.hub.client import CommerceHub


P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The options of a run. `invite` is the URL in the mail to new users; "" for no mail."""

    yes: bool
    fail_fast: bool
    invite: str


def asked(command: Callable[Concatenate[ApplyOptions, P], R]) -> Callable[P, R]:
    """--yes, --fail-fast and --invite, passed as an `ApplyOptions` first argument."""

    @click.option("-y", "--yes", is_flag=True, help="Do not ask; for pipelines.")
    @click.option("--fail-fast", is_flag=True, help="Begin nothing more after the first failure.")
    @click.option("--invite", metavar="URL", help="Mail new users a link to set a password, then to URL.")
    @wraps(command)
    def gathered(*args: P.args, **kwargs: P.kwargs) -> R:
        yes, fail_fast, invite = (taken(kwargs, name) for name in ("yes", "fail_fast", "invite"))
        if invite is not None:
            _check_invite(invite)
        return command(ApplyOptions(yes, fail_fast, invite or ""), *args, **kwargs)

    return gathered


def _check_invite(url: str) -> None:
    """Raises UsageError unless the URL is one that a mail may contain."""
    hint = "give an address such as https://backoffice.example.com"
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        is_sound = False
    if not is_sound or not url.isascii() or not url.isprintable() or " " in url:
        raise UsageError(
            Message("--invite: found {}; expected an https address without a user", Text(url[:80])), hint=hint
        )


@click.command(name="apply", short_help="Make the hub say what the files say.")
@click.argument("saved", metavar="[PLAN.json]", required=False, type=click.Path(path_type=Path))
@common
@hub_choice
@narrowing
@output_format(*APPLY_FORMS)
@report_option(*APPLY_FORMS)
@redactable
@asked
def command(
    given: ApplyOptions,
    narrowed: Narrowing,
    choice: HubChoice,
    chosen: Common,
    *,
    saved: Path | None,
    form: str,
    reports: tuple[Written, ...],
) -> int:
    """Show the changes, ask for confirmation, then apply exactly that plan.

    PLAN.json is a plan saved by `plan --out`. It is applied only if it is unaltered and equals a plan made now. If the
    hub or the files change before the confirmation, nothing is applied. Both exit 6. Each request is recorded in
    .bo-sync/journal before it is sent; `bo-sync journal` shows it. A second apply at the same time exits 1.
    Exits 0 when all was applied, 4 when a guardrail or a policy blocks or --skip-blocked leaves users out, else 5.
    """
    from bo_sync.cli.context import hub_session, read_plan
    from bo_sync.cli.github_actions import below, failures_annotated

    _check_day(chosen, choice)
    run, wanted = new_run(), Wanted(form, reports, below(chosen.root))
    _check_somebody_answers(yes=given.yes)
    check_writable(reports)
    content = None if saved is None else _content_of(saved)
    with failures_annotated(form), hub_session(chosen, choice) as hub, _alone(chosen, run, hub.url):
        reading = read_plan(chosen, hub, narrowed)
        _check_same(content, reading, wanted, "the saved plan")
        _show(reading, form, quiet=chosen.quiet)
        reason = _why_not(reading, yes=given.yes)
        if reason is None and not given.yes:  # the answer may have taken hours
            before, reading = reading.plan, read_plan(replace(chosen, quiet=True), hub, narrowed)
            _check_shown(before, reading, wanted)
            reason = _why_not(reading, yes=True)
        if reason is not None:
            return _not_run(reading, wanted, reason, AskedAs(chosen, choice, narrowed, saved, yes=given.yes))
        orders = _Orders(run, choice.concurrency, given.fail_fast, narrowed.allowed, given.invite)
        ran = _run(chosen, hub, reading, orders)
    return _told(ran, reading.plan, wanted)


def _not_run(reading: "Reading", wanted: "Wanted", reason: tuple[str, ExitCode], how: AskedAs) -> ExitCode:
    """Reports why a plan is not applied, and the command for the users who are not blocked."""
    return say_others(tell_not_run(reading.plan, wanted, *reason), reading, how)


def _told(ran: "_Ran", plan: "Plan", wanted: "Wanted") -> ExitCode:
    """Prints the report; then raises the error that ended the run early, if any.

    Raises AfterWriteError for that, and for a report that cannot be printed, once a write was sent.
    """
    applied = ExitCode.REFUSED if plan.skipped else ExitCode.OK
    code = applied if ran.report.complete else ExitCode.PARTIAL
    if ran.trouble is not None:
        code = ExitCode.PARTIAL if ran.has_sent else ExitCode.FAILED
    try:
        tell(ran.report, plan, wanted, code)
        sys.stdout.flush()
        _raise(ran.trouble)
    except Exception as err:
        if ran.has_sent:
            raise AfterWriteError from err
        raise
    return code


def _raise(trouble: BaseException | None) -> None:
    if trouble is not None:
        raise trouble


def _check_day(chosen: Common, choice: HubChoice) -> None:
    """Another day is only for trials: it would bring back expired access and expired exceptions."""
    from bo_sync.cli.hub_choice import destination

    address = destination(choice).address
    if chosen.today is not None and address.scheme == "https":
        raise UsageError(
            f"--today {chosen.today} is for trials: what is applied to {address.url} is judged on the day that it is",
            hint="leave it out; plan takes it, to see what another day would change",
        )


def _check_somebody_answers(*, yes: bool) -> None:
    if not yes and not sys.stdin.isatty():
        raise UsageError(
            "apply asks before it writes, and there is nobody to ask", hint="give --yes if this is meant to run"
        )


def _content_of(path: Path) -> str:
    from bo_sync.cli.file_writer import open_named

    try:
        with os.fdopen(open_named(path), encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError as err:
        shown = Text(str(path))
        raise UsageError(
            Message("{} cannot be read: {}", shown, err.strerror), hint="make one with plan --out FILE"
        ) from err


def _check_same(content: str | None, reading: "Reading", wanted: Wanted, which: str) -> None:
    """Raises StalePlanError, reported, unless `content`, if any, is an unaltered saved plan equal to the one made now.

    Checked after files and hub are read, since their errors come first. `which` names the plan.
    """
    from bo_sync.errors import StalePlanError
    from bo_sync.render.saved_plan import differences, read_plan, read_saved

    if content is None:
        return
    with stale_told(reading.plan, wanted, f"{which} is stale"):
        if moved := differences(read_saved(content), reading.plan):
            hint = "plan again, and have that plan reviewed"
            raise StalePlanError(f"{which} is not what would be done now:", lines=moved, hint=hint)
        read_plan(content)  # nothing in the file may be unknown or contradict the rest


def _check_shown(plan: "Plan", reading: "Reading", wanted: Wanted) -> None:
    """Raises as `_check_same` does for a saved plan. The digest covers all that it compares, except for the tenant."""
    if (digest(plan), plan.hub.tenant) != (digest(reading.plan), reading.plan.hub.tenant):
        _check_same(plan_json(plan), reading, wanted, "the plan that was shown")


def _show(reading: "Reading", form: str, *, quiet: bool) -> None:
    """Prints the plan before any question; to stderr where the report has another form."""
    from bo_sync.cli.console import say
    from bo_sync.cli.output import show_plan
    from bo_sync.render.text import plan_text

    plan = shown(reading.plan)
    if form == "text":
        show_plan(plan, form)
    elif not quiet:
        for line in plan_text(plan, width=None, color=False).splitlines():
            say(line)


def _why_not(reading: "Reading", *, yes: bool) -> tuple[str, ExitCode] | None:
    """Why the shown plan is not applied, with the exit code; None when it is. Asks, unless `yes`."""
    from bo_sync.render.guardrails import refusing_of

    if refusing := refusing_of(reading.plan):
        return Message("refused by {}", refusing), ExitCode.REFUSED
    if not reading.plan.changes:
        left_out = ", ".join(guardrail.guardrail for guardrail in reading.plan.skipped)
        return (
            (f"nothing else to do, blocked by {left_out}", ExitCode.REFUSED)
            if left_out
            else ("nothing to do", ExitCode.OK)
        )
    if not yes and not _confirmed():
        return "not confirmed", ExitCode.PARTIAL
    return None


def _confirmed() -> bool:
    click.echo("Apply this plan? Only a typed yes does: ", nl=False, err=True)
    typed = sys.stdin.readline()
    if not typed.endswith("\n"):
        click.echo(err=True)
    return typed.strip() == "yes"


@dataclass(frozen=True, slots=True)
class _Orders:
    """How to run: the name, the number of concurrent requests, the guardrails overridden by number, and the URL in the
    mail to new users ("" for no mail)."""

    run: str
    concurrency: int
    fail_fast: bool
    allowed: tuple[tuple[str, int], ...]
    invite: str = ""
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True)
class _Ran:
    """The result of a run, and the error that ended it early: a defect, or a full disk. `has_sent`: any write."""

    report: "Report"
    trouble: BaseException | None
    has_sent: bool


def _run(chosen: Common, hub: "CommerceHub", reading: "Reading", orders: _Orders) -> _Ran:
    """Applies the plan with a journal."""
    from bo_sync.apply.executor import BrokenRunError, Options, apply_plan
    from bo_sync.apply.writes import Inviting, invite
    from bo_sync.cli.api_key import without_secrets
    from bo_sync.cli.console import progress
    from bo_sync.cli.context import load_settings
    from bo_sync.journal.writer import Beginning, Journaled, begun, header_of, now, who_runs

    beginning = Beginning(orders.run, now(), who_runs(reading.viewer), orders.allowed)
    domains = load_settings(chosen).email_domains if orders.invite else ()
    header = header_of(reading.plan, reading.live, beginning)
    with (
        _stop_on_signals(hub) as stopped,
        progress(quiet=chosen.quiet) as watched,
        begun(chosen.root, header, masked=without_secrets) as journal,
    ):
        options = Options(
            orders.run,
            orders.concurrency,
            fail_fast=orders.fail_fast,
            stopped=lambda: journal.is_broken or stopped(),
            sleep=orders.sleep,
        )
        defect: BaseException | None = None
        try:
            journaled = Journaled(hub, journal, reading.live)
            report = apply_plan(reading, journaled, options, watched)
            if orders.invite:
                how = Inviting(orders.invite, domains, partial(journaled.invite_user, hub), options.stopped)
                report = invite(report, reading.plan, how)
        except BrokenRunError as broken:
            report, defect = broken.report, broken.__cause__
        journal.end(report)
        return _Ran(report, defect or journal.trouble, journal.has_intents)


@contextmanager
def _alone(chosen: Common, run: str, url: str) -> Iterator[None]:
    """Holds the locks of configuration and hub while the block runs. Raises JournalError when another apply runs."""
    from bo_sync.cli.console import say
    from bo_sync.journal.lock import Holder, sole_apply, sole_apply_to
    from bo_sync.journal.writer import now

    holder = Holder(os.getpid(), now(), run)
    with sole_apply(chosen.root, holder):
        if url == SANDBOX:  # its database is in the same folder as the lock
            yield
            return
        with sole_apply_to(url, holder, os.environ) as warning:
            if warning:
                say(warning)
            yield


def new_run() -> str:
    """A name for this run: the moment in UTC, which sorts, and a suffix that makes it unique within a second."""
    import secrets
    from datetime import UTC, datetime

    moment = datetime.now(UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{moment.microsecond // 16:04x}{secrets.token_hex(1)}"


@contextmanager
def _stop_on_signals(hub: "CommerceHub") -> Iterator[Callable[[], bool]]:
    """From here on Ctrl-C, SIGTERM and SIGHUP let requests in flight finish; nothing begins, and nothing waits.

    The handlers stay after the block: only the report is left, and a second Ctrl-C must not prevent it. They take no
    lock twice, since a signal may arrive while another one is handled.
    """
    pressed: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        del frame
        pressed.append(number)
        if len(pressed) == 1:
            hub.stop()

    for number in stop_signals():
        signal.signal(number, note)
    yield lambda: bool(pressed)
