"""`bo-sync matrix`: all users against all roles."""

from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.output import ReportFile, report_option, write_reports
from bo_sync.cli.source import Company, Whose, company, company_of_hub, whose

if TYPE_CHECKING:
    from bo_sync.access.provenance import AnyPlace
    from bo_sync.access.user_access import Contrast, Matrix
    from bo_sync.render.layout import Page

FORMS: Final = ("text", "csv", "json")
LIVE: Final = "live"


@click.command(name="matrix", short_help="Everybody against every role, or where two sides differ.")
@common
@whose
@output_format(*FORMS)
@report_option(*FORMS)
@redactable
@click.option(
    "--diff-with",
    "other",
    metavar="live|EMAIL",
    help="Only the cells that differ: from the hub, or everybody's from this person's.",
)
def command(asked: Whose, chosen: Common, *, form: str, reports: tuple[ReportFile, ...], other: str | None) -> None:
    """Show the access of all users in all roles: one row per user, one column per role."""
    from bo_sync.access.user_access import Matrix
    from bo_sync.cli.console import coloured, result, width
    from bo_sync.render.layout import Page

    if other == LIVE and asked.is_live:
        raise click.UsageError("--live and --diff-with live are the same side: leave one of them out")
    found = company(chosen, asked)
    matrix = Matrix(found.users, found.settings.roles)
    place = shown(found.place)
    told = shown(matrix if other is None else _compared(matrix, found, other, (chosen, asked)))
    result(_rendered(told, place, form, Page(width(), coloured())))
    write_reports(reports, lambda wanted: _rendered(told, place, wanted, Page()))


def _compared(matrix: "Matrix", found: Company, other: str, given: tuple[Common, Whose]) -> "Contrast":
    """Raises UsageError for an unknown address, HubError as reading the hub does."""
    from bo_sync.access.user_access import against_one, against_users
    from bo_sync.cli.source import nobody, somebody
    from bo_sync.core.text import Text

    if other == LIVE:
        chosen, asked = given
        hub = company_of_hub(chosen, asked.hub, found.files)
        return against_users(matrix, hub.users, (found.place, Text(hub.place.short)))
    user = somebody(other, found.users)
    if user is None:
        raise nobody(other, found.place.short, found.users)
    return against_one(matrix, user, found.place)


def _rendered(told: "Matrix | Contrast", place: "AnyPlace", form: str, page: "Page") -> str:
    """In one of `FORMS`. CSV has no room for the provenance; `page` is for text."""
    from bo_sync.access.user_access import Matrix

    return _matrix(told, place, form, page) if isinstance(told, Matrix) else _contrast(told, form, page)


def _matrix(matrix: "Matrix", place: "AnyPlace", form: str, page: "Page") -> str:
    if form == "json":
        from bo_sync.render.access_json import matrix_json

        return matrix_json(matrix, place)
    from bo_sync.render.access_text import matrix_csv, matrix_text

    return matrix_csv(matrix) if form == "csv" else matrix_text(matrix, place.told, page)


def _contrast(contrast: "Contrast", form: str, page: "Page") -> str:
    if form == "json":
        from bo_sync.render.access_json import contrast_json

        return contrast_json(contrast)
    from bo_sync.render.access_text import contrast_csv, contrast_text

    return contrast_csv(contrast) if form == "csv" else contrast_text(contrast, page)
