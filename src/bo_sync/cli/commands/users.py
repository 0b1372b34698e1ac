"""`bo-sync users`: list users as the backoffice does."""

from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.console import redactable, shown
from bo_sync.cli.options import Common, HubChoice, common, hub_choice, output_format
from bo_sync.cli.output import ReportFile, report_option, write_reports

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bo_sync.cli.context import Files
    from bo_sync.core.live import HubUser
    from bo_sync.core.model import DesiredUser, Profile, ProfileField
    from bo_sync.core.presets import Presets
    from bo_sync.core.text import Text
    from bo_sync.render.wording import UserRow

FORMS: Final = ("text", "json", "csv")
COLUMNS: Final = ("id", "name", "email", "phone", "created", "updated", "preset")


@click.command(name="users", short_help="List people, from the files or from the hub.")
@common
@hub_choice
@output_format(*FORMS)
@report_option(*FORMS)
@redactable
@click.option("--live", is_flag=True, help="From the hub instead of the files.")
@click.option("--sort", type=click.Choice(COLUMNS), default="email", show_default=True, help="The column to sort by.")
def command(
    choice: HubChoice, chosen: Common, *, form: str, reports: tuple[ReportFile, ...], live: bool, sort: str
) -> None:
    """List users with id, name, email, phone, times of creation and update, and the matching preset, or Custom.

    From the files as of today (without absent and expired users), or with --live from the hub.
    """
    from bo_sync.cli.console import result, width
    from bo_sync.cli.context import load_files
    from bo_sync.render.text import users_text

    files = load_files(chosen)
    rows = _live_rows(chosen, choice, files) if live else _file_rows(files)
    rows.sort(key=lambda row: (_sortable(row, sort), row.email.folded))
    result(users_text(rows, width()) if form == "text" else _rendered(rows, form))
    write_reports(reports, lambda wanted: _rendered(rows, wanted))


def _rendered(rows: "Sequence[UserRow]", form: str) -> str:
    """In one of `FORMS`, as written to a file: not wrapped."""
    match form:
        case "text":
            from bo_sync.render.text import users_text

            return users_text(rows, None)
        case "json":
            from bo_sync.render.json import users_json

            return users_json(rows)
        case "csv":
            from bo_sync.render.csv import users_csv

            return users_csv(rows)
        case _:
            raise ValueError(form)


def _sortable(row: "UserRow", column: str) -> tuple[bool, int, str]:
    """Numbers as numbers, text case-folded, missing values last."""
    if column == "id":
        return (row.id is None, row.id or 0, "")
    text = {
        "name": row.name,
        "email": row.email,
        "phone": row.phone,
        "created": row.created,
        "updated": row.updated,
        "preset": row.preset,
    }[column]
    return (text is None or not text.raw, 0, text.folded if text else "")


def _file_rows(files: "Files") -> list["UserRow"]:
    return [_file_row(user, files.tree.presets) for user in files.desired.users if user.departure is None]


def _file_row(user: "DesiredUser", presets: "Presets") -> "UserRow":
    from bo_sync.core.presets import preset_of
    from bo_sync.render.wording import UserRow

    grants = {grant.role: grant.access for grant in user.grants}
    row = UserRow(
        id=user.id,
        name=_name(shown(user.profile)),
        email=user.email,
        phone=_field(user.profile, "phone"),
        created=None,
        updated=None,
        preset=_preset(preset_of(grants, presets, user.presets)),
    )
    return shown(row)


def _live_rows(chosen: Common, choice: HubChoice, files: "Files") -> list["UserRow"]:
    from bo_sync.access.user_access import named_presets
    from bo_sync.cli.console import progress
    from bo_sync.cli.context import hub_session
    from bo_sync.core.live import index

    with hub_session(chosen, choice) as hub, progress(quiet=chosen.quiet) as watched:
        live = hub.read_all(watched)
    named = named_presets(files.desired.users)
    users = index(live, files.desired.settings).everybody
    return [_live_row(user, files.tree.presets, named.get(user.user.email.folded, ())) for user in users]


def _live_row(hub_user: "HubUser", presets: "Presets", named: tuple[str, ...]) -> "UserRow":
    """`named` are the presets of the entry with that address."""
    from bo_sync.core.presets import preset_of
    from bo_sync.render.wording import UserRow

    user = hub_user.user
    row = UserRow(
        id=user.id,
        name=_name(shown(user.profile)),
        email=hub_user.name,
        phone=_field(user.profile, "phone"),
        created=user.created_at,
        updated=user.updated_at,
        preset=_preset(preset_of(hub_user.grants, presets, named)),
    )
    return shown(row)


def _name(profile: "Profile") -> "Text":
    from bo_sync.core.text import Text

    parts = (_field(profile, "first_name"), _field(profile, "middle_name"), _field(profile, "last_name"))
    return Text(" ".join(part.raw for part in parts if part))


def _field(profile: "Profile", name: "ProfileField") -> "Text | None":
    return next((entry.value for entry in profile if entry.field == name), None)


def _preset(name: str | None) -> "Text | None":
    from bo_sync.core.text import Text

    return None if name is None else Text(name)
