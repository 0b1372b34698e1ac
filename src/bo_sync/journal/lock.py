"""One apply at a time on a machine, for one configuration and for one hub: the system's own locks.

The first is `.bo-sync/lock`, the second a file for each hub's address in the account's state folder, since two clones
of one repository have one hub.

The system gives a lock back when its process ends, however it ends; so a file that a killed apply left behind stops
nobody, and the file is never removed, since somebody may be waiting at it. What stands in it only tells who holds it.
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from bo_sync.core.text import Message, Text
from bo_sync.journal.directory import LOCK, JournalError, is_run, open_plain, private_folder, shown

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
        descriptor = _opened(path)
    except OSError as err:
        raise _unusable(path, root, err) from err
    try:
        _hold(descriptor, holder, "here")
        yield
        _forget(descriptor)
    except _UnlockableError as err:
        raise _unusable(path, root, err.cause) from err
    finally:
        os.close(descriptor)


@contextmanager
def sole_apply_to(url: str, holder: Holder, environment: Mapping[str, str]) -> Iterator[str]:
    """Holds the lock of the hub at `url` for this account on this machine, whichever clone an apply runs in.

    Yields why that lock cannot be had, or "": then the one of `sole_apply` has to do. Raises JournalError at once when
    another apply holds it.
    """
    try:
        descriptor = _opened(_state_folder(environment) / f"{sha256(url.encode()).hexdigest()[:32]}.lock")
    except OSError as err:
        yield _no_hub_lock(err)
        return
    try:
        why_not = ""
        try:
            _hold(descriptor, holder, "against this hub")
        except _UnlockableError as err:
            why_not = _no_hub_lock(err.cause)
        yield why_not
        _forget(descriptor)
    finally:
        os.close(descriptor)


class _UnlockableError(Exception):
    """The system cannot lock this file at all."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause


def _opened(path: Path) -> int:
    return open_plain(path, os.O_RDWR | os.O_CREAT)


def _state_folder(environment: Mapping[str, str]) -> Path:
    """`bo-sync` in $XDG_STATE_HOME, which counts only when it is absolute, or in ~/.local/state; made when missing."""
    given = Path(environment.get("XDG_STATE_HOME", ""))
    try:
        base = given if given.is_absolute() else Path.home() / ".local" / "state"
    except RuntimeError as err:
        raise FileNotFoundError(0, "this account has no home folder") from err
    folder = base / "bo-sync"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _no_hub_lock(err: OSError) -> Message:
    reason = Text(err.strerror or type(err).__name__)
    return Message(
        "warning: no lock for this hub ({}): an apply in another clone on this machine is not noticed", reason
    )


def _hold(descriptor: int, holder: Holder, where: str) -> None:
    """Takes the lock. Raises JournalError when another apply has it, _UnlockableError when nobody can have it."""
    try:
        _lock(descriptor)
    except (BlockingIOError, PermissionError) as err:
        raise _held_by(_holder(descriptor), where) from err
    except OSError as err:
        raise _UnlockableError(err) from err
    _tell(descriptor, holder)


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


def _held_by(holder: Holder | None, where: str) -> JournalError:
    if holder is None:
        return JournalError(
            f"another apply is running {where}; which one cannot be told yet", hint="wait until it has ended"
        )
    return JournalError(
        Message(
            "another apply is running {}: process {}, since {}, run {}", where, holder.pid, holder.since, holder.run
        ),
        hint=f"wait until it has ended; once it sends, bo-sync journal {holder.run} shows how far it is",
    )


def _unusable(path: Path, root: Path, err: OSError) -> JournalError:
    return JournalError(
        Message("{} cannot be locked: {}", shown(path, root), err.strerror),
        hint="nothing was sent; see that the folder can be written and its file system has locks, then apply again",
    )
