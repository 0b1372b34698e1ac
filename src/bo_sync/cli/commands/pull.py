"""`bo-sync pull`: write the hub's users as files."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from bo_sync.apply.pull import Here, Pulled, pull
from bo_sync.cli.api_key import holds_secret
from bo_sync.cli.options import Common, HubChoice, common, hub_choice
from bo_sync.config.files import walk
from bo_sync.core.model import LiveState
from bo_sync.core.text import Message
from bo_sync.exit_codes import ExitCode

if TYPE_CHECKING:
    from bo_sync.cli.context import Files


_HELD: Final = "the file would hold the API key or token of this run: change that value in the hub, and the key too"


def pulled(root: Path, files: "Files", live: LiveState, *, update: bool) -> Pulled:
    """As `pull`, from all files below `root` as they are on the disk.

    A file with a secret of this run is not written, and its users are skipped: git would keep the secret, and a mask
    would ask for another name.
    """
    found = pull(Here(dict(walk(root).files), files.tree, files.day), live, update=update)
    secret = [draft for draft in (*found.new, *found.edited) if holds_secret(f"{draft.path} {draft.text}")]
    if not secret:
        return found
    left = [(email, _HELD) for draft in secret for email in draft.emails]
    return Pulled(
        tuple(draft for draft in found.new if draft not in secret),
        tuple(draft for draft in found.edited if draft not in secret),
        tuple(sorted((*found.left, *left))),
    )


@click.command(name="pull", short_help="Write the live people as files.")
@common
@hub_choice
@click.option("--update", is_flag=True, help="Also edit files whose person drifted: the hub wins.")
def command(choice: HubChoice, chosen: Common, *, update: bool) -> int:
    """Write a file for each unmanaged user of the hub, in the shortest form with the same meaning.

    Existing files stay unchanged. With --update, the files of users with drift get the values of the hub and keep
    their comments. Nothing is deleted. Absent users, expired users and expired grants stay as in the file. Skipped
    users are listed with the reason.
    """
    from bo_sync.apply.planner import read_both
    from bo_sync.cli.console import progress
    from bo_sync.cli.context import addresses, hub_session, load_files

    with hub_session(chosen, choice) as hub, progress(quiet=chosen.quiet) as watched:
        files, live = read_both(lambda: load_files(chosen), hub, watched, addresses)
    found = pulled(chosen.root, files, live, update=update)
    write(chosen.root, found)
    _tell(found, quiet=chosen.quiet)
    return ExitCode.OK


def write(root: Path, found: "Pulled") -> None:
    """Writes what was pulled. Raises FilesError; files written before that are complete."""
    from bo_sync.cli.file_writer import create_file, replace_file

    for draft in found.new:
        create_file(root, draft.path, draft.text)
    for draft in found.edited:
        replace_file(root, draft.path, draft.text)


def _tell(pulled: "Pulled", *, quiet: bool) -> None:
    from bo_sync.cli.console import result, say
    from bo_sync.core.text import Text
    from bo_sync.render.escape import terminal

    for draft in pulled.new:
        result(terminal(Message("wrote {}", Text(draft.path))))
    for draft in pulled.edited:
        result(terminal(Message("updated {}", Text(draft.path))))
    if not pulled.new and not pulled.edited:
        result("Nothing to write.")
    for email, reason in () if quiet else pulled.left:
        say(Message("left alone: {}: {}", email, reason))
