"""Showing and saving plans and reports, the same way for every command."""

import os
import stat
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bo_sync.cli.destination import destination
from bo_sync.cli.forms import PLAN_REPORTS, plan_report
from bo_sync.cli.options import Common, HubChoice, Narrowing, command_line
from bo_sync.cli.redacting import is_redacting
from bo_sync.cli.secrecy import holds_secret, without_secrets
from bo_sync.cli.talk import coloured, result, say, width
from bo_sync.cli.writing import link_in
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text
from bo_sync.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from bo_sync.reconcile import Reading


@dataclass(frozen=True, slots=True)
class AskedAs:
    """How a run was asked for: its options, with which saved plan, and whether without a question."""

    common: Common
    choice: HubChoice
    narrowing: Narrowing
    saved: Path | None = None
    yes: bool = False


def show_plan(plan: Plan, form: str, *, explain: bool = False, below: str = "") -> None:
    """Prints a plan to stdout; `explain` names all that it opens and closes, `below` as in `plan_as`."""
    if form == "text":
        from bo_sync.render.text import plan_text

        result(plan_text(plan, width=width(), color=coloured(), explain=explain))
    else:
        result(plan_as(plan, form, explain=explain, below=below))


PLAN_FORMS: Final = ("text", "json", "markdown", "github", *PLAN_REPORTS)
"""The forms of a plan; `plan_as` makes each."""


def plan_as(plan: Plan, form: str, *, explain: bool = False, below: str = "") -> str:
    """A plan in one of `PLAN_FORMS`, as it is written to a file: nothing wrapped, nothing coloured.

    `below` is the folder of the configuration in the repository, for forms in which files are found by their path.
    """
    match form:
        case "text":
            from bo_sync.render.text import plan_text

            return plan_text(plan, width=None, color=False, explain=explain)
        case "json":
            from bo_sync.render.json import plan_json

            return plan_json(plan)
        case "markdown":
            from bo_sync.render.markdown import plan_markdown

            return plan_markdown(plan, explain=explain)
        case "github":
            from bo_sync.render.github import plan_github

            return f"{plan_as(plan, 'text', explain=explain)}\n{plan_github(plan, below)}"
        case _:
            return plan_report(plan, form, below)


def say_others(code: ExitCode, reading: "Reading", how: AskedAs) -> ExitCode:
    """Says which command runs the others, where a plan is blocked because of some users; returns `code`.

    Not of another day on a real hub, where that cannot be applied, nor with addresses that are to be hidden.
    """
    chosen, choice = how.common, how.choice
    if not reading.others or chosen.quiet or (is_redacting() and how.narrowing.only):
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
    """Writes a plan for `apply`, whole or not at all, readable by its owner alone.

    Raises UsageError where a value is a secret of ours: it must not be written, and without it this is another plan.
    """
    from bo_sync.render.json import plan_json

    text = plan_json(plan)
    if holds_secret(text):
        hint = "change it in the hub or the files, and consider the key known; `apply` without a saved plan still runs"
        raise UsageError("this plan cannot be saved: a value in it holds the API key or token", hint=hint)
    write_whole(path, text)


def write_whole(path: Path, text: str) -> None:
    """Puts `text` at `path` in one step (mode 0600), without our secrets. Raises UsageError where that cannot be."""
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
    """Raises UsageError where `path` is something else than a file, or a part of it is a link in a checkout: a device
    would be replaced by a file, and a link may lead anywhere."""
    if os.path.lexists(path) and not stat.S_ISREG(path.lstat().st_mode):
        raise unwritable(path, OSError(0, "it is a link, a folder or a device; expected a file"))
    if (link := link_in(path)) is not None:
        raise unwritable(path, OSError(0, f"{Text(link.name)} is a link; expected a folder"))


def unwritable(path: Path, why: OSError) -> UsageError:
    """The error for a file that cannot be written."""
    return UsageError(f"{Text(str(path))} cannot be written: {why.strerror}", hint="name a path that can be written")
