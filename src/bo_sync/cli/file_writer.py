"""Write configuration files: each atomically or not at all."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from bo_sync.config.files import SETTINGS_FILE
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError
from bo_sync.journal.directory import open_plain

_SOUND: Final = "what was written before it is sound"
_CHECKOUT: Final = (".git", SETTINGS_FILE)
"""A folder with one of these entries may hold links that another user committed."""


def link_in(path: Path) -> Path | None:
    """The first part of `path` that is a symbolic link inside a checkout or below the current folder, or None.

    Links above those, such as /tmp on macOS, are followed: contributors cannot set them.
    """
    here = Path.cwd()
    reached = Path(path.anchor) if path.is_absolute() else here
    for part in path.parts[1:] if path.is_absolute() else path.parts:
        step = reached.parent if part == ".." else reached / part
        if step.is_symlink() and _is_guarded(reached, here):
            return step
        reached = Path(os.path.realpath(step)) if step.is_symlink() else step
    return None


def open_named(path: Path) -> int:
    """A descriptor to read the file that an argument names; inside a checkout only a plain file, without links.

    Elsewhere a link, a pipe and a device are read too, as in /dev/stdin. Raises OSError.
    """
    if (link := link_in(path)) is not None:
        raise OSError(0, Message("{} is a link; expected a file that no link leads to", Text(link.name)))
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if _is_guarded(Path(os.path.realpath(path.parent)), Path.cwd()):
        return open_plain(path, os.O_RDONLY)
    return os.open(path, os.O_RDONLY)


def _is_guarded(folder: Path, here: Path) -> bool:
    """`folder` and `here`, the current folder, contain no links and no `..`. `/` is not a checkout."""
    above = (folder, *folder.parents)
    return (here in above and here != Path(here.anchor)) or any(
        os.path.lexists(each / name) for each in above for name in _CHECKOUT
    )


def create_file(root: Path, path: str, text: str) -> None:
    """Writes a new file below `root`. Never overwrites a file or follows a link below it. Raises FilesError."""
    place = root / path
    linked = next((folder for folder in place.parents[: len(Path(path).parts) - 1] if folder.is_symlink()), None)
    if linked is not None:
        raise _unwritable(path, OSError(0, Message("{} is a link; expected a folder", Text(linked.name))))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except BaseException:
            place.unlink(missing_ok=True)
            raise
    except OSError as err:
        raise _unwritable(path, err) from err


@contextmanager
def all_or_none(root: Path) -> Iterator[Callable[[str, str], None]]:
    """Yields a function that writes a new file from a path below `root` and a text, as `create_file` does.

    If the block fails or is interrupted, the new files and folders are removed.
    """
    made: list[Path] = []

    def create(path: str, text: str) -> None:
        place = root / path
        made.extend(reversed([folder for folder in place.parents if not folder.exists()]))
        create_file(root, path, text)
        made.append(place)

    try:
        yield create
    except BaseException as err:
        for place in reversed(made):
            with suppress(OSError):
                place.rmdir() if place.is_dir() else place.unlink()
        if isinstance(err, FilesError) and err.hint == _SOUND:
            raise FilesError(
                err.message, hint="make room, and run it again; nothing is left of what was written"
            ) from err
        raise


def replace_file(root: Path, path: str, text: str) -> None:
    """Replaces the text of a file below `root`; its mode and links to it stay. Raises FilesError.

    The target of a link was checked when the file was read (`may_link`). The temporary file is new: a link with its
    name is not followed.
    """
    place = (root / path).resolve()
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{place.name}.", suffix=".bo-sync", dir=place.parent)
        beside = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            beside.chmod(place.stat().st_mode & 0o7777)
            beside.replace(place)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as err:
        raise _unwritable(path, err) from err


def _unwritable(path: str, err: OSError) -> FilesError:
    return FilesError(Message("{} cannot be written: {}", Text(path), err.strerror), hint=_SOUND)
