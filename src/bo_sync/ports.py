"""What the use cases need from the outside, one Protocol per need. A function takes the smallest that serves it."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bo_sync.core.model import Access, GrantRow, LiveState, LiveUser, Profile
from bo_sync.core.text import Text


class Progress(Protocol):
    """Receives progress. It must be cheap, may be called from any thread, and must not raise."""

    def advance(self, what: str, done: int, total: int) -> None:
        """`done` of `total` (0 when not known yet) of `what`, a plural noun such as `users`."""


@dataclass(frozen=True, slots=True)
class CreateRow:
    """Grant `access` if no row exists."""

    definition_id: str
    access: Access


@dataclass(frozen=True, slots=True)
class UpdateRow:
    """Set the access of an existing row; NONE revokes."""

    row_id: str
    access: Access


@dataclass(frozen=True, slots=True)
class DeleteRow:
    """Remove a duplicate role row."""

    row_id: str


RowWrite = CreateRow | UpdateRow | DeleteRow


@dataclass(frozen=True, slots=True)
class Invitation:
    """A mail by which a new user sets their first password. `language` is theirs, as two small letters."""

    email: Text
    language: str
    redirect_url: str


@dataclass(frozen=True, slots=True)
class Created:
    """A new user: the hub's id, and the hub's own moment of the creation, or None if it gives none."""

    id: int
    moment: Text | None = None


Again = Callable[[], None]
"""Called before a write is repeated, because the users who may be written to may have changed since the first try.
Raises HubError when it must not be; the write then certainly did not happen."""


def no_objection() -> None:
    """An `Again` that lets every write be repeated."""


Addresses = Callable[[], Iterable[Text]]
"""Returns the addresses on which a plan depends, as the files spell them; may wait for the files."""


def no_addresses() -> tuple[Text, ...]:
    """`Addresses` for a read without files."""
    return ()


class HubReader(Protocol):
    """Reads retry by themselves. All raise HubError: HubDeniedError, HubUnreachableError, HubIncompleteError."""

    @property
    def url(self) -> str:
        """The hub's address as plans show it, without anything secret."""

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        """All users, grant rows and role definitions, and the viewer. Proved complete, or HubIncompleteError.

        A user of `wanted` who is not in the state is certainly not in the hub.
        """

    def read_user(self, email: Text) -> LiveUser | None:
        """One user with their rows, by the hub's own spelling of the address; None if the hub has no such user."""

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        """One user's grant rows."""

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        """The grant rows of several users, by the user's id; users without rows, or who are gone, may be left out."""

    def read_users(self, emails: Sequence[Text]) -> Sequence[LiveUser]:
        """Those of several users who are in the hub, without their rows, in as few requests as possible."""


class HubWriter(Protocol):
    """One call is one write (`update_profile` and `delete_user` may read first). If `user_id` is given, the user at the
    address must have it: a user who was created again is another one. The hub's answer is compared with what was sent.
    An update returns the hub's own moment of it, or None when the hub gives none. Raises HubError:

    - HubMovedError: not found, or already exists: the hub changed meanwhile; re-read once.
    - HubFateUnknownError: it may have happened; re-read before anything else.
    - HubUnconfirmedError, one of those: the hub answers with another value than was sent.
    - WrongUserError: the hub answers with another user.
    - HubDeniedError, HubUnreachableError and plain HubError: it certainly did not happen.
    """

    def create_user(self, email: Text, profile: Profile, taken: Collection[int] = ()) -> Created:
        """Creates a user without grants; one of the ids `taken` is another user's."""

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> Text | None:
        """Sets the given fields. The live language is read again and sent along when `profile` does not set one."""

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        """One user's role changes in one request, in order. After any error some of them may have taken effect."""

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        """Deletes a user; it cannot be undone."""


class HubInviter(Protocol):
    """Sends mail to new users. Raises HubError as HubWriter does; what is sent is never sent again."""

    def invite_user(self, invitation: Invitation) -> None:
        """Asks the hub once to send the mail."""


class Hub(HubReader, HubWriter, Protocol):
    """A hub that can be read and written."""
