"""`bo-sync diff`: access gained and lost between two states of the files."""

from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.output import ReportFile, report_option, write_reports
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from bo_sync.cli.source import ComparedSides
    from bo_sync.render.access_diff import AccessDiff

FORMS: Final = ("text", "json", "markdown", "csv")


@click.command(name="diff", short_help="Who gained and who lost what between two revisions.")
@click.argument("revisions", metavar="[REV [REV]]", nargs=-1)
@common
@output_format(*FORMS)
@report_option(*FORMS)
@redactable
@click.option("--explain", is_flag=True, help="Name every menu item and operation.")
@click.option(
    "--exit-code-on",
    "alarm",
    type=click.Choice(["gained", "lost", "any"]),
    help="Exit 2 when somebody gained, or lost, or when anything differs: a person, or a guard that is loosened.",
)
def command(
    chosen: Common,
    *,
    revisions: tuple[str, ...],
    form: str,
    reports: tuple[ReportFile, ...],
    explain: bool,
    alarm: str | None,
) -> int:
    """Show the access that each user gained or lost from the first REV to the second: grants, menu items, operations.

    REV is a git revision, or a day: @2026-03-01 is the last first-parent commit up to that day, and each `until` is
    judged on that day. One REV is compared with the working tree; without any, HEAD is. Guards that bo-sync.yaml or
    a policy weakens come first.

    Needs no hub, no key and no network, and runs nothing of the repository, so it is safe on a fork's pull request.

    Exits 0, 2 when --exit-code-on applies, or 3 when files of either side have errors.
    """
    from bo_sync.cli.source import sides

    if len(revisions) > 2:
        raise click.UsageError("diff compares two states of the files: give two revisions at most")
    found = shown(_difference(chosen, sides(chosen, *revisions)))
    _show(found, form, explain=explain)
    write_reports(reports, lambda wanted: _rendered(found, wanted, explain=explain))
    return ExitCode.PENDING if _is_alarming(found, alarm) else ExitCode.OK


def _difference(chosen: Common, pair: "ComparedSides") -> "AccessDiff":
    from bo_sync.access.access_diff import Side, difference, differing, with_kept
    from bo_sync.access.capabilities import powers
    from bo_sync.access.catalogue import in_use
    from bo_sync.access.user_access import of_files
    from bo_sync.cli.context import warn_of_age
    from bo_sync.core.weakened_guards import weakened, weakened_ignores, weakened_policies
    from bo_sync.render.access_diff import AccessDiff

    base, head = pair.base.files, pair.head.files
    users = base.desired.users, head.desired.users
    if base.tree.settings.role_definitions == head.tree.settings.role_definitions:
        users = differing(*users)
    warn_of_age(chosen, head.tree.settings)
    facts = in_use(head.tree.settings)  # one table for both sides: a newer one changes no grants
    then = Side(of_files(users[0]), powers(base.tree.settings, facts))
    now = Side(of_files(users[1]), powers(head.tree.settings, facts))
    guards = (
        *weakened(base.tree.settings, head.tree.settings),
        *weakened_policies(base.tree.policies, head.tree.policies),
        *weakened_ignores(base.tree.declarations, head.tree.declarations, pair.head.place.day),
    )
    settings = base.tree.settings, head.tree.settings
    found = with_kept(difference(then, now), head.desired.users, settings, then.powers)
    return AccessDiff(pair.base.place, pair.head.place, guards, found)


def _show(found: "AccessDiff", form: str, *, explain: bool) -> None:
    from bo_sync.cli.console import coloured, result, width

    if form == "text":
        from bo_sync.render.access_diff import difference_text

        result(difference_text(found, width=width(), color=coloured(), explain=explain))
    else:
        result(_rendered(found, form, explain=explain))


def _rendered(found: "AccessDiff", form: str, *, explain: bool) -> str:
    """In one of `FORMS`, as written to a file: not wrapped, not coloured."""
    match form:
        case "text":
            from bo_sync.render.access_diff import difference_text

            return difference_text(found, width=None, color=False, explain=explain)
        case "json":
            from bo_sync.render.access_diff import difference_json

            return difference_json(found)
        case "markdown":
            from bo_sync.render.access_diff import difference_markdown

            return difference_markdown(found, explain=explain)
        case "csv":
            from bo_sync.render.csv import difference_csv

            return difference_csv(found)
        case _:
            raise ValueError(form)


def _is_alarming(found: "AccessDiff", alarm: str | None) -> bool:
    match alarm:
        case "gained":
            return any(user.gains for user in found.users)
        case "lost":
            return any(user.loses for user in found.users)
        case "any":
            return bool(found.users or found.weakened)
        case _:
            return False
