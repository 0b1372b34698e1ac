"""Write a run's journal ahead: an intent is on disk before its request is sent. Also the recording hub.

Every line is flushed to disk before the call returns. A journal that fails once stays broken, and the run starts
nothing new (`is_broken`). A write is sent only when its intent is on disk; anything but a HubError leaves no answer
behind.
"""

import getpass
import os
import socket
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeVar

from bo_sync import __version__
from bo_sync.core.apply_report import Report
from bo_sync.core.changes import Change
from bo_sync.core.live import HubUser, LiveIndex
from bo_sync.core.model import GrantRow, LiveState, LiveUser, Profile, Role
from bo_sync.core.plan import Plan
from bo_sync.core.plan_digest import content_of, digest
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, HubFateUnknownError, WrongUserError
from bo_sync.journal.chain import newest_finished
from bo_sync.journal.directory import FOLDER, JournalError, journal_path, open_plain, private_folder, shown
from bo_sync.journal.records import (
    Before,
    Config,
    End,
    Entry,
    Fate,
    Header,
    Intent,
    JournalAnswer,
    Operation,
    OtherGrant,
    PlannedUser,
    RowIntent,
    Who,
    spell,
)
from bo_sync.ports import (
    Addresses,
    Again,
    Created,
    CreateRow,
    DeleteRow,
    Hub,
    HubInviter,
    Invitation,
    Progress,
    RowWrite,
    UpdateRow,
    no_addresses,
    no_objection,
)

E = TypeVar("E", bound=Entry)

_FLAGS: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
_HINT: Final = "nothing was sent that the journal does not name; see to that disk, then apply again"


def now() -> Text:
    """This moment in UTC, to the millisecond."""
    return Text(datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@dataclass(frozen=True, slots=True)
class IntentDraft:
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

    def intend(self, draft: IntentDraft) -> int:
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
            self._write(lambda: JournalAnswer(seq, self._clock(), fate, None if error is None else Text(error), made))

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
        self._trouble = JournalError(Message("{} cannot be written: {}", self._name, err.strerror), hint=_HINT)
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
        raise JournalError(Message("{} cannot be written: {}", shown(path, root), err.strerror), hint=_HINT) from err
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


T = TypeVar("T")


class Journaled:
    """Implements HubReader and HubWriter over `hub`; safe to share between threads as far as `hub` is.

    `live` is the state from which the plan was made: it knows who stands behind an id, and which role behind a row.
    """

    def __init__(self, hub: Hub, journal: Journal, live: LiveIndex) -> None:
        self._hub = hub
        self._journal = journal
        self._roles = {definition.id: role for role, definition in live.definitions.items()}
        self._emails: dict[int, Text] = {}
        self._ids: dict[str, int] = {}
        self._rows: dict[str, Role] = {}
        for user in live.users:
            self._note(user.user)

    @property
    def url(self) -> str:
        return self._hub.url

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        return self._hub.read_all(progress, wanted)

    def read_user(self, email: Text) -> LiveUser | None:
        found = self._hub.read_user(email)
        if found is not None:
            self._note(found)
        return found

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        rows = self._hub.read_rows(user_id)
        self._note_rows(rows)
        return rows

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        return self._hub.read_rows_of(user_ids)

    def read_users(self, emails: Sequence[Text]) -> Sequence[LiveUser]:
        return self._hub.read_users(emails)

    def create_user(self, email: Text, profile: Profile, taken: Collection[int] = ()) -> Created:
        draft = IntentDraft("create_user", email, profile=profile)
        made = self._send(draft, lambda: self._hub.create_user(email, profile, taken), lambda made: made.id)
        self._emails[made.id] = email
        self._ids[email.raw] = made.id
        return made

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> Text | None:
        draft = IntentDraft("update_profile", email, user_id or self._ids.get(email.raw), profile)
        return self._send(draft, lambda: self._hub.update_profile(email, profile, user_id))

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        rows = tuple(map(self._row, writes))
        draft = IntentDraft("write_rows", self._emails.get(user_id, Text("")), user_id, rows=rows)
        return self._send(draft, lambda: self._hub.write_rows(user_id, writes, before_again))

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        draft = IntentDraft("delete_user", email, user_id or self._ids.get(email.raw))
        self._send(draft, lambda: self._hub.delete_user(email, user_id, before_again))

    def invite_user(self, inviter: HubInviter, invitation: Invitation) -> None:
        """Has `inviter` send the mail, journalled like a write."""
        draft = IntentDraft("invite_user", invitation.email, self._ids.get(invitation.email.raw))
        self._send(draft, lambda: inviter.invite_user(invitation))

    def _send(self, draft: IntentDraft, send: Callable[[], T], made: Callable[[T], int | None] = lambda _: None) -> T:
        try:
            number = self._journal.intend(draft)
        except JournalError as err:
            # to whoever runs the plan this is a request that certainly did not happen
            raise HubError(
                Message("{}, so this was not sent", err.message), operation=draft.operation, hint=err.hint
            ) from err
        try:
            done = send()
        except (HubFateUnknownError, WrongUserError) as err:
            self._journal.answer(number, Fate.UNKNOWN, error=err.message)
            raise
        except HubError as err:
            self._journal.answer(number, Fate.FAILED, error=err.message)
            raise
        self._journal.answer(number, Fate.APPLIED, made=made(done))
        return done

    def _row(self, write: RowWrite) -> RowIntent:
        match write:
            case CreateRow(definition_id, access):
                return RowIntent("create", self._roles.get(definition_id), None, access)
            case UpdateRow(row_id, access):
                return RowIntent("update", self._rows.get(row_id), Text(row_id), access)
            case DeleteRow(row_id):
                return RowIntent("delete", self._rows.get(row_id), Text(row_id), None)

    def _note(self, user: LiveUser) -> None:
        self._emails[user.id] = user.email
        self._ids[user.email.raw] = user.id
        self._note_rows(user.rows)

    def _note_rows(self, rows: Iterable[GrantRow]) -> None:
        for row in rows:
            if row.definition_id in self._roles:
                self._rows[row.id] = self._roles[row.definition_id]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What neither plan nor hub knows: the run's name, when it began (UTC), who runs it, which guardrails it may
    pass."""

    run: str
    started: Text
    who: Who
    allowed: tuple[tuple[str, int], ...] = ()


def header_of(plan: Plan, live: LiveIndex, beginning: Beginning) -> Header:
    """The header of a run of `plan`, which was made from `live`."""
    return Header(
        run=Text(beginning.run),
        version=Text(__version__),
        started=beginning.started,
        who=beginning.who,
        hub=Text(plan.hub.url),
        identity=Text(plan.hub.identity),
        tenant=plan.hub.tenant,
        config=Config(Text(plan.config.digest), plan.config.commit, plan.config.dirty),
        digest=Text(digest(plan)),
        allowed=tuple((Text(guardrail), number) for guardrail, number in beginning.allowed),
        users=tuple(_user(change, live) for change in plan.changes),
    )


def _user(change: Change, live: LiveIndex) -> PlannedUser:
    content = content_of(change)
    found = None if content.id is None else live.by_id.get(content.id)
    return PlannedUser(
        content.email,
        content.action,
        content.id,
        content.profile,
        content.grants,
        before=None if found is None else _before(found, live),
    )


def _before(user: HubUser, live: LiveIndex) -> Before:
    known = {definition.id for definition in live.definitions.values()}
    return Before(
        email=user.user.email,
        profile=user.user.profile,
        grants=tuple((role, user.grants[role]) for role in live.definitions if role in user.grants),
        others=tuple(
            OtherGrant(Text(row.definition_id), row.access)
            for row in user.user.rows
            if row.definition_id not in known and row.access
        ),
    )


def who_runs(viewer: Text | None) -> Who:
    """The user whose session runs, as the hub says, and the account and machine, as the system says.

    With a key alone the hub knows no user, so the account on the machine is all that can be said.
    """
    return Who(viewer, Text(_account()), Text(socket.gethostname()))


if sys.platform == "win32":

    def _account() -> str:
        """The name under which somebody is logged in."""
        try:
            return getpass.getuser()
        except (OSError, KeyError):
            return "unknown"

else:
    import pwd

    def _account() -> str:
        """The name of the process's account, by its number, since an environment can say anything."""
        number = os.getuid()
        try:
            return pwd.getpwuid(number).pw_name
        except KeyError:
            return f"uid {number}"
