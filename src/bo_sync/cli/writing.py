"""Writing the configuration's files: each in one step, or not at all."""

import os
from pathlib import Path

from bo_sync.core.text import Text
from bo_sync.errors import FilesError


def create_file(root: Path, path: str, text: str) -> None:
    """Writes a new file below `root`, never over one that is there. Raises FilesError."""
    place = root / path
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as err:
        raise _unwritable(path, err) from err


def replace_file(root: Path, path: str, text: str) -> None:
    """Puts `text` in the place of a file below `root`; its mode stays, and so do links to it. Raises FilesError."""
    place = (root / path).resolve()
    beside = place.with_name(f".{place.name}.bo-sync")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.chmod(place.stat().st_mode & 0o7777)
        beside.replace(place)
    except OSError as err:
        beside.unlink(missing_ok=True)
        raise _unwritable(path, err) from err


def _unwritable(path: str, err: OSError) -> FilesError:
    return FilesError(f"{Text(path)} cannot be written: {err.strerror}", hint="what was written before it is sound")
