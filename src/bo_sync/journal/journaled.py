"""A hub whose writes are journalled: what runs the plan sees a hub like any other, and needs to know of no journal.

Reads pass through. A write is sent only when its intent is on the disk; what raises anything but a HubError (a process
that is torn down, a defect) leaves no answer behind, which is the truth: nobody knows.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from bo_sync.core.live import LiveIndex
from bo_sync.core.model import GrantRow, LiveState, LiveUser, Profile, Role
from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubFateUnknownError, WrongUserError
from bo_sync.journal.entries import Fate, RowIntent
from bo_sync.journal.place import JournalError
from bo_sync.journal.writing import Draft, Journal
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
        for person in live.people:
            self._note(person.user)

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
        draft = Draft("create_user", email, profile=profile)
        made = self._send(draft, lambda: self._hub.create_user(email, profile, taken), lambda made: made.id)
        self._emails[made.id] = email
        self._ids[email.raw] = made.id
        return made

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> Text | None:
        draft = Draft("update_profile", email, user_id or self._ids.get(email.raw), profile)
        return self._send(draft, lambda: self._hub.update_profile(email, profile, user_id))

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        rows = tuple(map(self._row, writes))
        draft = Draft("write_rows", self._emails.get(user_id, Text("")), user_id, rows=rows)
        return self._send(draft, lambda: self._hub.write_rows(user_id, writes, before_again))

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        draft = Draft("delete_user", email, user_id or self._ids.get(email.raw))
        self._send(draft, lambda: self._hub.delete_user(email, user_id, before_again))

    def invite_user(self, inviter: HubInviter, invitation: Invitation) -> None:
        """Has `inviter` send the mail, journalled like a write."""
        draft = Draft("invite_user", invitation.email, self._ids.get(invitation.email.raw))
        self._send(draft, lambda: inviter.invite_user(invitation))

    def _send(self, draft: Draft, send: Callable[[], T], made: Callable[[T], int | None] = lambda _: None) -> T:
        try:
            number = self._journal.intend(draft)
        except JournalError as err:
            # to whoever runs the plan this is a request that certainly did not happen
            raise HubError(f"{err.message}, so this was not sent", operation=draft.operation, hint=err.hint) from err
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
