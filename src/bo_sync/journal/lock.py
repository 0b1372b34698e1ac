"""One apply at a time on a machine, for one configuration: the system's own lock on `.bo-sync/lock`.

The system gives a lock back when its process ends, however it ends; so a file that a killed apply left behind stops
nobody, and the file is never removed, since somebody may be waiting at it. What stands in it only tells who holds it.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.core.text import Text
from bo_sync.journal.place import LOCK, JournalError, is_run, open_plain, private_folder, shown

_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: a process of this machine, since when (UTC), and which run."""

    pid: int
    since: Text
    run: str


@contextmanager
def sole_apply(root: Path, holder: Holder) -> Iterator[None]:
    """Holds the lock while the block runs. Raises JournalError at once when somebody else does, or nobody can."""
    path = private_folder(root) / LOCK
    try:
        descriptor = open_plain(path, os.O_RDWR | os.O_CREAT)
    except OSError as err:
        raise _unusable(path, root, err) from err
    try:
        if not _locked(descriptor, path, root):
            raise _held_by(_holder(descriptor))
        _tell(descriptor, holder)
        yield
        _forget(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, path: Path, root: Path) -> bool:
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as err:
        raise _unusable(path, root, err) from err
    return True


if sys.platform == "win32":
    import msvcrt

    _FAR: Final = 1 << 30
    """Where the locked byte is: beyond what is written, which others must be able to read."""

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, _FAR, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _tell(descriptor: int, holder: Holder) -> None:
    """Writes who holds the lock. That this fails takes nothing from the lock."""
    line = json.dumps({"pid": holder.pid, "since": holder.since.raw, "run": holder.run}) + "\n"
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, line.encode("ascii"))


def _forget(descriptor: int) -> None:
    with suppress(OSError):
        os.ftruncate(descriptor, 0)


def _holder(descriptor: int) -> Holder | None:
    """Who wrote into the file last; None when that cannot be told."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        match json.loads(os.read(descriptor, _LONGEST)):
            case {"pid": int(pid), "since": str(since), "run": str(run)} if is_run(run):
                return Holder(pid, Text(since), run)
            case _:
                return None
    except (OSError, ValueError, RecursionError):
        return None


def _held_by(holder: Holder | None) -> JournalError:
    if holder is None:
        return JournalError(
            "another apply is running here; which one cannot be told yet", hint="wait until it has ended"
        )
    return JournalError(
        f"another apply is running here: process {holder.pid}, since {holder.since}, run {holder.run}",
        hint=f"wait until it has ended; once it sends, bo-sync journal {holder.run} shows how far it is",
    )


def _unusable(path: Path, root: Path, err: OSError) -> JournalError:
    return JournalError(
        f"{shown(path, root)} cannot be locked: {err.strerror}",
        hint="nothing was sent; see that the folder can be written and its file system has locks, then apply again",
    )
