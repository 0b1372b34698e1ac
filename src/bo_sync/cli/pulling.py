"""What a pull makes of the files at hand, before anything is written."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

from bo_sync.cli.secrecy import holds_secret
from bo_sync.config.files import walk
from bo_sync.core.model import LiveState
from bo_sync.pull import Here, Pulled, pull

if TYPE_CHECKING:
    from bo_sync.cli.session import Files

_HELD: Final = "the file would hold the API key or token of this run: change that value in the hub, and the key too"


def pulled(root: Path, files: "Files", live: LiveState, *, update: bool) -> Pulled:
    """As `pull`, from all files below `root` as they are on the disk.

    A file that would hold a secret of this run is not written, and its users are left alone: git would keep the secret,
    and with a mask in its place the file would ask for another name.
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
