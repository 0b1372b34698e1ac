"""`bo-sync show`: one user's access in full."""

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, common, output_format
from bo_sync.cli.source import Company, Whose, company, whose

if TYPE_CHECKING:
    from bo_sync.access.user_access import Panel
    from bo_sync.core.model import DesiredUser


@click.command(name="show", short_help="One person's access, and what it lets them do.")
@click.argument("email")
@common
@whose
@output_format("text", "json")
@redactable
def command(asked: Whose, chosen: Common, *, email: str, form: str) -> None:
    """Show the access of the user with the address EMAIL, and what it allows.

    Platform areas and modules, each with its source; the preset that gives exactly this, or Custom; menu items that
    open, and what the others need; the hub's operations by module, those that read and those that act; and, from
    files, the findings about the user (docs/findings.md).
    """
    from bo_sync.cli.console import coloured, result, width
    from bo_sync.cli.context import warn_of_age
    from bo_sync.render.layout import Page

    found = company(chosen, asked)
    warn_of_age(chosen, found.settings)
    panel, place = shown(_panel(found, email)), shown(found.place)
    if form == "json":
        from bo_sync.render.access_json import panel_json

        result(panel_json(panel, place))
    else:
        from bo_sync.render.access_text import panel_text

        result(panel_text(panel, place.told, Page(width(), coloured())))


def _panel(found: Company, email: str) -> "Panel":
    """Raises UsageError for an unknown address."""
    from bo_sync.access.capabilities import powers
    from bo_sync.access.user_access import UserAccess, panel_of
    from bo_sync.cli.source import nobody, somebody

    user = somebody(email, found.users)
    leaves: DesiredUser | None = None
    if user is None:
        leaves = somebody(email, found.leaving)
        if leaves is None:
            raise nobody(email, found.place.short, (*found.users, *found.leaving))
        user = UserAccess(leaves.email, source=leaves.source)
    panel = panel_of(user, powers(found.settings), found.presets, found.settings.roles)
    return replace(
        panel,
        leaves=leaves,
        is_protected=found.settings.is_protected(user.email),
        findings=found.files.judged.of(user.email) if found.files is not None else (),
    )
