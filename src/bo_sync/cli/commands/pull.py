"""`bo-sync pull`: the live people as files."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bo_sync.cli.options import Common, HubChoice, common, hub_choice
from bo_sync.errors import ExitCode

if TYPE_CHECKING:
    from bo_sync.pull import Pulled


@click.command(name="pull", short_help="Write the live people as files.")
@common
@hub_choice
@click.option("--update", is_flag=True, help="Also edit files whose person drifted: the hub wins.")
def command(choice: HubChoice, chosen: Common, *, update: bool) -> int:
    """Write a file for everybody in the hub who has none, in the shortest form that means the same.

    Existing files stay as they are. With --update, the files of users with drift get the values of the hub and keep
    their comments. Nothing is deleted. Absent users, expired users and expired grants stay as the file has them. What
    was left out is listed with the reason.
    """
    from bo_sync.cli.pulling import pulled
    from bo_sync.cli.session import addresses, hub_session, load_files
    from bo_sync.cli.talk import progress
    from bo_sync.reconcile import read_both

    with hub_session(chosen, choice) as hub, progress(quiet=chosen.quiet) as watched:
        files, live = read_both(lambda: load_files(chosen), hub, watched, addresses)
    found = pulled(chosen.root, files, live, update=update)
    write(chosen.root, found)
    _tell(found, quiet=chosen.quiet)
    return ExitCode.OK


def write(root: Path, found: "Pulled") -> None:
    """Writes what was pulled. Raises FilesError; what was written before that is sound."""
    from bo_sync.cli.writing import create_file, replace_file

    for draft in found.new:
        create_file(root, draft.path, draft.text)
    for draft in found.edited:
        replace_file(root, draft.path, draft.text)


def _tell(pulled: "Pulled", *, quiet: bool) -> None:
    from bo_sync.cli.talk import result, say
    from bo_sync.core.text import Text
    from bo_sync.render.escape import terminal

    for draft in pulled.new:
        result(terminal(f"wrote {Text(draft.path)}"))
    for draft in pulled.edited:
        result(terminal(f"updated {Text(draft.path)}"))
    if not pulled.new and not pulled.edited:
        result("Nothing to write.")
    for email, reason in () if quiet else pulled.left:
        say(f"left alone: {email}: {reason}")
