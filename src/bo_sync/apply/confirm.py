"""Confirm an apply: read what was changed once more, and compare it with what was sent.

A hub may answer success and store nothing, or return an older state. So a value that differs is read again after each
of `WAITS`. If it still differs, it is unconfirmed, and the report has both values. Text is compared in normal form.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, assert_never

from bo_sync.core.changes import (
    Change,
    CreateUser,
    DeleteUser,
    FieldChange,
    RemoveDuplicate,
    UpdateUser,
    address_of,
)
from bo_sync.core.live import holdings
from bo_sync.core.model import Access, GrantRow, LiveUser, Role, RoleDefinition, is_same_value
from bo_sync.core.text import NO_WORDS, Message, Text
from bo_sync.errors import HubError
from bo_sync.ports import HubReader

WAITS: Final = (1.0, 3.0, 9.0, 20.0)
"""Seconds before each further read."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A change that was sent completely. `id` is the hub's, `moment` the hub's time of the last write, if known."""

    change: Change
    id: int
    moment: Text | None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the hub holds: `applied` is what was sent; `later` too, except for what others changed after us."""

    kind: Literal["applied", "later", "unconfirmed"]
    told: Message = NO_WORDS


@dataclass(frozen=True, slots=True)
class _Difference:
    """One value that differs from what was sent. `is_later`: by the hub's clock, it was changed after our write."""

    told: Message
    is_later: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """The users by id, without rows, and the rows by the user's id."""

    users: Mapping[int, LiveUser]
    rows: Mapping[int, tuple[GrantRow, ...]]


def confirm(
    hub: HubReader,
    sent: Sequence[Sent],
    definitions: Mapping[Role, RoleDefinition],
    pause: Callable[[float], bool],
) -> dict[str, Confirmation]:
    """A verdict for each change, by folded address. `pause` waits, and returns whether it waited to the end.

    Raises no HubError: what cannot be read is unconfirmed.
    """
    verdicts: dict[str, Confirmation] = {}
    pending = list(sent)
    for seconds in (0.0, *WAITS):
        if not pending or (seconds and not pause(seconds)):
            break
        try:
            read = _read_again(hub, pending)
        except HubError as error:
            unread = Confirmation(
                "unconfirmed", Message("sent and answered, but it could not be read again: {}", error.message)
            )
            verdicts |= {each.change.email.folded: unread for each in pending}
            break
        judged = {each.change.email.folded: _judge(each, read, definitions) for each in pending}
        verdicts |= judged
        pending = [each for each in pending if judged[each.change.email.folded].kind == "unconfirmed"]
    return verdicts


def _read_again(hub: HubReader, sent: Sequence[Sent]) -> _Read:
    """The rows of users whose grants changed and of new users, and each user whose profile, creation or deletion is
    confirmed. Users are read first, so the rows are not older than a new user."""
    with_rows = [
        each.id
        for each in sent
        if isinstance(each.change, CreateUser) or (isinstance(each.change, UpdateUser) and each.change.grants)
    ]
    emails = [
        address_of(each.change) for each in sent if not isinstance(each.change, UpdateUser) or each.change.profile
    ]
    users = hub.read_users(emails) if emails else ()
    rows = hub.read_rows_of(sorted(with_rows)) if with_rows else {}
    return _Read({user.id: user for user in users}, rows)


def _judge(sent: Sent, read: _Read, definitions: Mapping[Role, RoleDefinition]) -> Confirmation:
    found = tuple(_differences(sent, read, definitions))
    if not found:
        return Confirmation("applied")
    told = Message.of((difference.told for difference in found), "; ")
    if all(difference.is_later for difference in found):
        return Confirmation("later", Message("warning: changed in the hub after this run: {}", told))
    return Confirmation("unconfirmed", Message("the hub answered success, but shows another value: {}", told))


def _differences(sent: Sent, read: _Read, definitions: Mapping[Role, RoleDefinition]) -> Iterator[_Difference]:
    user = read.users.get(sent.id)
    match sent.change:
        case DeleteUser():
            if user is not None:
                yield _Difference(Message("sent a deletion, found the user"))
        case CreateUser() as change:
            if user is None:
                yield _Difference(Message("sent a new user, found none with the id that the hub answered"))
            else:
                added = [FieldChange(entry.field, None, entry.value) for entry in change.profile]
                yield from _fields(added, user, sent.moment)
                yield from _grants(change, sent, read, definitions)
        case UpdateUser() as change:
            if change.profile and user is None:
                yield _Difference(Message("sent an update, found no user with this id"))
            elif user is not None:
                yield from _fields(change.profile, user, sent.moment)
            yield from _grants(change, sent, read, definitions)
        case _ as unreachable:
            assert_never(unreachable)


def _fields(sent: Sequence[FieldChange], user: LiveUser, moment: Text | None) -> Iterator[_Difference]:
    """Fields that differ. A value from before the run is not a later change, whatever moment the user has."""
    held = {entry.field: entry.value for entry in user.profile}
    for edit in sent:
        found = held.get(edit.field)
        if not is_same_value(edit.field, edit.after, found):
            is_old = is_same_value(edit.field, edit.before, found)
            told = Message("{}: sent {}, found {}", edit.field, _shown(edit.after), _shown(found))
            yield _Difference(told, is_later=not is_old and _is_after(user.updated_at, moment))


def _shown(value: Text | None) -> Message:
    return Message("nothing") if value is None else Message("“{}”", value)


def _grants(
    change: CreateUser | UpdateUser, sent: Sent, read: _Read, definitions: Mapping[Role, RoleDefinition]
) -> Iterator[_Difference]:
    """Grants that differ: the changed ones, and for a new user each one in a managed role. Where a duplicate was
    removed, the remaining row gives at least the planned access.

    An access from before the run is not a later change, whatever moment its row has. Nor is surplus access of a new
    user: the hub may have given it by itself.
    """
    rows = read.rows.get(sent.id, ())
    held = holdings(rows, {definition.id: role for role, definition in definitions.items()})
    wanted: dict[Role, Access] = {}
    before: dict[Role, set[Access]] = {}
    stays: dict[Role, Access] = {}
    if isinstance(change, CreateUser):
        wanted = dict.fromkeys(definitions, Access.NONE)
        before = {role: {definition.default_access} for role, definition in definitions.items()}
    for grant in change.grants:
        if isinstance(grant, RemoveDuplicate):
            if any(row.id == grant.row_id for row in rows):
                yield _Difference(Message(f"{grant.role}: sent the removal of a duplicate role row, found the row"))
            stays[grant.role] = grant.after
        else:
            wanted[grant.role] = grant.after
            before.setdefault(grant.role, set()).add(grant.before)
    for role, access in wanted.items():
        row = held[role].row if role in held else None
        found = Access.NONE if row is None else row.access
        if found is not access:
            is_old = found in before[role] or (isinstance(change, CreateUser) and found > access)
            is_later = not is_old and row is not None and _is_after(row.updated_at, sent.moment)
            yield _Difference(Message(f"{role}: sent {access.word}, found {found.word}"), is_later)
    for role, access in stays.items():
        found = held[role].row.access if role in held else Access.NONE
        if role not in wanted and found < access:
            yield _Difference(Message(f"{role}: the row beside the duplicate had {access.word}, found {found.word}"))


def _is_after(found: Text | None, ours: Text | None) -> bool:
    """Whether the hub's moment of a value is after that of our write; False when either is unknown."""
    try:
        return (
            found is not None
            and ours is not None
            and datetime.fromisoformat(found.raw) > datetime.fromisoformat(ours.raw)
        )
    except (ValueError, TypeError):
        return False
