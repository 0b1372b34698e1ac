"""What a pull makes of the files at hand, before anything is written."""

from pathlib import Path
from typing import TYPE_CHECKING

from bo_sync.config.files import walk
from bo_sync.core.model import LiveState
from bo_sync.pull import Here, Pulled, pull

if TYPE_CHECKING:
    from bo_sync.cli.session import Files


def pulled(root: Path, files: "Files", live: LiveState, *, update: bool) -> Pulled:
    """As `pull`, from all files below `root` as they are on the disk."""
    return pull(Here(dict(walk(root).files), files.tree, files.day), live, update=update)
