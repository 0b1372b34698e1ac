"""The journal of a run, written ahead: an intent is on the disk before its request is on the wire.

Every line is flushed to the disk before the call returns. A journal that fails once is broken for good: what was asked
of it then raises, and whoever runs the plan lets nothing new begin (`is_broken`).
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from bo_sync.core.model import Profile
from bo_sync.core.report import Report
from bo_sync.core.text import Text
from bo_sync.journal.chain import newest_finished
from bo_sync.journal.entries import Answer, End, Entry, Fate, Header, Intent, Operation, RowIntent
from bo_sync.journal.place import FOLDER, JournalError, journal_path, open_plain, private_folder, shown
from bo_sync.journal.spelling import spell

E = TypeVar("E", bound=Entry)

_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
_HINT: Final = "nothing was sent that the journal does not name; see to that disk, then apply again"


def now() -> Text:
    """This moment in UTC, to the millisecond."""
    return Text(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@dataclass(frozen=True, slots=True)
class Draft:
    """An intent that has no number and no time yet."""

    operation: Operation
    email: Text
    id: int | None = None
    profile: Profile = ()
    rows: tuple[RowIntent, ...] = ()


class Journal:
    """An open journal, safe to share between threads."""

    def __init__(
        self, descriptor: int, name: Text, clock: Callable[[], Text] = now, masked: Callable[[str], str] = str
    ) -> None:
        self._descriptor = descriptor
        self._name = name
        self._clock = clock
        self._masked = masked
        self._writing = threading.Lock()
        self._flushing = threading.Lock()
        self._written = 0
        self._flushed = 0
        self._intents = 0
        self._trouble: JournalError | None = None

    @property
    def trouble(self) -> JournalError | None:
        """Why the journal is not whole, or None."""
        return self._trouble

    @property
    def is_broken(self) -> bool:
        """Whether something could not be written; once so, always so."""
        return self._trouble is not None

    @property
    def has_intents(self) -> bool:
        """Whether a write was sent, or was about to be."""
        return self._intents > 0

    def begin(self, header: Header) -> None:
        """The first line. Raises JournalError."""
        self._write(lambda: header)

    def intend(self, draft: Draft) -> int:
        """Writes what is about to be sent, and returns its number. Raises JournalError: then it must not be sent."""

        def numbered() -> Intent:
            self._intents += 1
            return Intent(
                self._intents, self._clock(), draft.operation, draft.email, draft.id, draft.profile, draft.rows
            )

        entry = self._write(numbered)
        return entry.seq

    def answer(self, seq: int, fate: Fate, *, error: str | None = None, made: int | None = None) -> None:
        """Writes what became of a request. What happened has happened: a journal that fails here is only broken."""
        with suppress(JournalError):
            self._write(lambda: Answer(seq, self._clock(), fate, None if error is None else Text(error), made))

    def end(self, report: Report) -> None:
        """The last line; as with an answer, a journal that fails here is only broken."""
        with suppress(JournalError):
            self._write(lambda: End(self._clock(), report.outcomes))

    def _write(self, make: Callable[[], E]) -> E:
        """Makes the entry and puts it on the disk. Made under the lock, so numbers stand in the order of lines."""
        with self._writing:
            self._check()
            entry = make()
            try:
                _write_whole(self._descriptor, self._masked(spell(entry).decode("ascii")).encode("ascii"))
            except OSError as err:
                raise self._broken(err) from err
            self._written += 1
            line = self._written
        self._flush(line)
        return entry

    def _flush(self, line: int) -> None:
        """Returns once the first `line` lines are on the disk; threads that wait for it at once share one flush."""
        with self._flushing:
            if self._flushed >= line:
                return
            self._check()
            written = self._written
            try:
                os.fsync(self._descriptor)
            except OSError as err:
                raise self._broken(err) from err
            self._flushed = written

    def _check(self) -> None:
        if self._trouble is not None:
            raise JournalError(self._trouble.message, hint=self._trouble.hint)

    def _broken(self, err: OSError) -> JournalError:
        self._trouble = JournalError(f"{self._name} cannot be written: {err.strerror}", hint=_HINT)
        return self._trouble


def _write_whole(descriptor: int, line: bytes) -> None:
    """Writes all of `line`: in one call, unless the disk takes less at once."""
    left = memoryview(line)
    while left:
        left = left[os.write(descriptor, left) :]


@contextmanager
def begun(
    root: Path, header: Header, clock: Callable[[], Text] = now, masked: Callable[[str], str] = str
) -> Iterator[Journal]:
    """A new journal below `root`, its header on the disk, closed after the block. `masked` takes secrets out of it.

    The header names the newest finished run before it: the caller holds the lock of `root`, so none ends meanwhile.
    Raises JournalError when that cannot be had, before the block begins.
    """
    path = journal_path(root, header.run.raw)
    folder = private_folder(root, FOLDER)
    try:
        descriptor = open_plain(path, _FLAGS)
    except OSError as err:
        raise JournalError(f"{shown(path, root)} cannot be written: {err.strerror}", hint=_HINT) from err
    try:
        journal = Journal(descriptor, shown(path, root), clock, masked)
        try:
            journal.begin(replace(header, previous=newest_finished(root, header.run.raw)))
            _flush_folder(folder)
        except JournalError:
            path.unlink(missing_ok=True)
            raise
        yield journal
    finally:
        with suppress(OSError):
            os.close(descriptor)


def _flush_folder(folder: Path) -> None:
    """Puts the name of a new file on the disk too, where the system knows how."""
    if os.name != "posix":
        return
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
