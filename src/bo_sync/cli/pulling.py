"""Carrying out a pull: what was made in memory, and checked there, is written below the root."""

from pathlib import Path
from typing import TYPE_CHECKING

from bo_sync.cli.writing import create_file, replace_file
from bo_sync.config.files import walk
from bo_sync.core.model import LiveState
from bo_sync.pull import Here, Pulled, pull

if TYPE_CHECKING:
    from bo_sync.cli.session import Files


def pull_into(root: Path, files: "Files", live: LiveState, *, update: bool) -> Pulled:
    """Writes what `pull` makes, and returns it. Raises FilesError; what was written before that is sound."""
    pulled = pull(Here(dict(walk(root).files), files.tree, files.day), live, update=update)
    for draft in pulled.new:
        create_file(root, draft.path, draft.text)
    for draft in pulled.edited:
        replace_file(root, draft.path, draft.text)
    return pulled
