"""`bo-sync pull`: the live people as files."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bo_sync.cli.options import Common, HubChoice, common, hub_choice
from bo_sync.core.text import Text
from bo_sync.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bo_sync.cli.session import Files
    from bo_sync.core.diff import Difference
    from bo_sync.core.live import LiveIndex, LivePerson

FOLDER: Final = "users"


@click.command(name="pull", short_help="Write the live people as files.")
@common
@hub_choice
@click.option("--update", is_flag=True, help="Also edit files whose person drifted: the hub wins.")
def command(choice: HubChoice, chosen: Common, *, update: bool) -> int:
    """Write a file for everybody in the hub who has none, in the shortest form that means the same.

    Existing files are left as they are; with --update those of people who drifted are edited so that they say what the
    hub says, comments kept. Nothing is deleted, and nobody who is absent or past their end date is revived. What was
    left alone is listed, with the reason.
    """
    from bo_sync.cli.session import hub_session, load_files
    from bo_sync.cli.talk import progress, say
    from bo_sync.core.diff import diff
    from bo_sync.core.live import index
    from bo_sync.core.settings import Unmanaged
    from bo_sync.reconcile import read_both

    with hub_session(chosen, choice) as hub, progress(quiet=chosen.quiet) as watched:
        files, live = read_both(lambda: load_files(chosen), hub, watched)
    live_index = index(live, files.desired.settings)
    settings = replace(files.desired.settings, unmanaged=Unmanaged.REPORT)
    difference = diff(files.desired.users, live_index, settings)
    for line in _write_new(chosen.root, files, live_index, difference):
        click.echo(line)
    if update:
        from bo_sync.cli.pull_update import update_files

        for line in update_files(chosen.root, files, live_index, difference):
            click.echo(line)
    if not chosen.quiet:
        for line in _left_alone(difference, update=update):
            say(line)
    return ExitCode.OK
