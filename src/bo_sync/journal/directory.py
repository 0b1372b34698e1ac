"""Where journals and the lock are kept: in `.bo-sync/` below the configuration's root, readable by its owner only.

The folder is in a working copy, which may hold what others committed: no link is followed there and only plain files
are opened. It holds names and access, so git is set to ignore it.
"""

import os
import re
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from bo_sync.core.text import Message, Text
from bo_sync.errors import BoSyncError

STATE: Final = ".bo-sync"
FOLDER: Final = "journal"
LOCK: Final = "lock"
_HINT: Final = "nothing was sent; an apply must be able to write there, so that afterwards it is known what it did"
_SUFFIX: Final = ".jsonl"
_SAFE: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)
)

is_run: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}").fullmatch
"""Whether a word is the name of a run. Such a name is safe to print, and names no other folder."""


class JournalError(BoSyncError):
    """The journal or the lock cannot be written, read or had: exit 1."""


def private_folder(root: Path, *below: str, hint: str = _HINT) -> Path:
    """The folder `.bo-sync` below `root`, or one within it, made for its owner alone. Raises JournalError."""
    folder = root / STATE
    try:
        _made(folder)
        _ignored(folder)
        for name in below:
            folder /= name
            _made(folder)
            if os.name == "posix" and stat.S_IMODE(folder.stat().st_mode) & 0o077:
                folder.chmod(0o700)
    except OSError as err:
        raise JournalError(Message("{} cannot be made: {}", shown(folder, root), err.strerror), hint=hint) from err
    return folder


def _made(folder: Path) -> None:
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _check(folder)


def _check_folders(root: Path) -> None:
    """That a journal is read where one is written. Raises OSError."""
    for folder in (root / STATE, root / STATE / FOLDER):
        _check(folder)


def _check(folder: Path) -> None:
    if not stat.S_ISDIR(folder.lstat().st_mode):
        raise NotADirectoryError(0, "it is a link or a file, and must be a folder")


def _ignored(folder: Path) -> None:
    with suppress(FileExistsError):
        descriptor = os.open(folder / ".gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE, 0o644)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("*\n")


def open_plain(path: Path, flags: int) -> int:
    """A descriptor of a plain file (mode 0600 when it is made), or OSError; never of what a link leads to."""
    descriptor = os.open(path, flags | _SAFE, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no plain file")
    return descriptor


def journal_path(root: Path, run: str) -> Path:
    return root / STATE / FOLDER / f"{run}{_SUFFIX}"


def runs(root: Path) -> tuple[str, ...]:
    """The names of all runs that left a journal, newest first. Raises JournalError when they cannot be listed."""
    folder = root / STATE / FOLDER
    try:
        _check_folders(root)
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return ()
    except OSError as err:
        raise JournalError(
            Message("{} cannot be read: {}", shown(folder, root), err.strerror), hint="check who may read it"
        ) from err
    found = (name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX))
    return tuple(sorted(filter(is_run, found), reverse=True))


def read_bytes(root: Path, run: str) -> bytes:
    """What the journal of `run` holds. Raises JournalError."""
    path = journal_path(root, run)
    try:
        _check_folders(root)
        with os.fdopen(open_plain(path, os.O_RDONLY), "rb") as file:
            return file.read()
    except OSError as err:
        raise JournalError(
            Message("{} cannot be read: {}", shown(path, root), err.strerror), hint="check who may read it"
        ) from err


def shown(path: Path, root: Path) -> Text:
    """A path below `root` as it is told: relative, with `/`."""
    return Text(path.relative_to(root).as_posix())
