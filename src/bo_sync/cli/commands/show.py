"""`bo-sync show`: everything about one person's access."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.redacting import redactable, shown
from bo_sync.cli.whose import Company, Whose, company, whose

if TYPE_CHECKING:
    from bo_sync.access.panel import Panel
    from bo_sync.core.model import DesiredUser


@click.command(name="show", short_help="One person's access, and what it lets them do.")
@click.argument("email")
@common
@whose
@output_format("text", "json")
@redactable
def command(asked: Whose, chosen: Common, *, email: str, form: str) -> None:
    """Show the access of the person with the address EMAIL, and what it means.

    Platform areas and modules, each with where it comes from; the preset that gives exactly this, or Custom; menu items
    that open, and what is missing for the others; the hub's operations by module: those that read, and those that act;
    and, from files, the findings about the person (docs/findings.md).
    """
    from bo_sync.cli.session import warn_of_age
    from bo_sync.cli.talk import coloured, result, width
    from bo_sync.render.layout import Page
    from bo_sync.render.redaction_access import redacted_panel, redacted_place

    found = company(chosen, asked)
    warn_of_age(chosen, found.settings)
    panel, place = shown(_panel(found, email), redacted_panel), shown(found.place, redacted_place)
    if form == "json":
        from bo_sync.render.access_json import panel_json

        result(panel_json(panel, place))
    else:
        from bo_sync.render.panel import panel_text

        result(panel_text(panel, place.told, Page(width(), coloured())))


def _panel(found: Company, email: str) -> "Panel":
    """Raises UsageError when nobody has the address."""
    from bo_sync.access.panel import panel_of
    from bo_sync.access.people import Person
    from bo_sync.access.powers import powers
    from bo_sync.cli.addressed import nobody, somebody

    person = somebody(email, found.people)
    leaves: DesiredUser | None = None
    if person is None:
        leaves = somebody(email, found.leaving)
        if leaves is None:
            raise nobody(email, found.place.short, (*found.people, *found.leaving))
        person = Person(leaves.email, source=leaves.source)
    panel = panel_of(person, powers(found.settings), found.presets, found.settings.roles)
    return replace(
        panel,
        leaves=leaves,
        is_protected=found.settings.is_protected(person.email),
        findings=found.files.judged.of(person.email) if found.files is not None else (),
    )
