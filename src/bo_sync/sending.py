"""One step of a plan towards the hub, settled: either it holds afterwards, or an error says what is known.

A write whose fate is unknown, or that met a hub that moved, is followed by one fresh read of that person and nothing
else. What already holds is done; what still stands as the plan saw it is sent once more; anything else is somebody
else's work and raises HubMovedError. HubFateUnknownError leaves here only when even the fresh read failed, or when the
second try ended as the first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NoReturn, Protocol

from bo_sync.core.changes import (
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    RemoveDuplicate,
    SetGrant,
)
from bo_sync.core.model import Access, FieldValue, GrantRow, LiveUser, Profile
from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubFateUnknownError, HubMovedError
from bo_sync.ports import CreateRow, DeleteRow, HubReader, HubWriter, RowWrite, UpdateRow


class Hub(HubReader, HubWriter, Protocol):
    """A hub that can be read and written."""


def create(hub: Hub, change: CreateUser) -> int:
    """Creates the person and returns the hub's id of them."""
    try:
        return hub.create_user(change.email, change.profile)
    except HubFateUnknownError as unknown:
        found = _user(hub, change.email, unknown)
        if found is None:
            return hub.create_user(change.email, change.profile)
        if not _is_fresh(found, change.profile):
            _moved(change.email, "adminUserCreate", "somebody else created this person meanwhile")
        return found.id
    except HubMovedError as moved:
        raise _final(change.email, moved, "somebody else created this person meanwhile") from moved


def update_profile(hub: Hub, email: Text, fields: Sequence[FieldChange]) -> None:
    """Sets the fields of the person at `email`, the hub's spelling."""
    try:
        hub.update_profile(email, _values(fields))
    except (HubFateUnknownError, HubMovedError) as doubt:
        found = _user(hub, email, doubt)
        if found is None:
            raise _final(email, doubt, "the hub has nobody there any more") from doubt
        missing = _fields_missing(found, fields)
        if missing:
            hub.update_profile(email, _values(missing))


def delete(hub: Hub, change: DeleteUser) -> None:
    """Deletes the person, or finds them gone. Never somebody else who stands at the address by now."""
    try:
        hub.delete_user(change.hub_email)
    except (HubFateUnknownError, HubMovedError) as doubt:
        found = _user(hub, change.hub_email, doubt)
        if found is None:
            return
        if found.id != change.id:
            _moved(change.hub_email, "adminUserDelete", f"this address has another id ({found.id}) in the hub by now")
        hub.delete_user(change.hub_email)


@dataclass(frozen=True, slots=True)
class Target:
    """Whose grants are written: the hub's spelling of the address, for people to read, and the hub's id."""

    email: Text
    id: int


def write_grants(hub: Hub, target: Target, grants: Sequence[GrantChange]) -> None:
    """One person's grant changes of one phase, in one request."""
    try:
        hub.write_rows(target.id, [_write(grant) for grant in grants])
    except (HubFateUnknownError, HubMovedError) as doubt:
        _settle_grants(hub, target, grants, doubt)


def strip_defaults(hub: Hub, user_id: int, known: Collection[str]) -> None:
    """Takes what the hub gave a new person by itself, in the `known` definitions: they start with what the file gives.

    Needed only where a definition's default access is not NONE.
    """
    rows = hub.read_rows(user_id)
    writes = [UpdateRow(row.id, Access.NONE) for row in rows if row.access and row.definition_id in known]
    if writes:
        hub.write_rows(user_id, writes)


def _settle_grants(hub: Hub, target: Target, grants: Sequence[GrantChange], doubt: HubError) -> None:
    missing = grants_missing(target.email, grants, _rows(hub, target.id, doubt))
    if not missing:
        return
    try:
        hub.write_rows(target.id, missing)
    except HubFateUnknownError as again:
        if grants_missing(target.email, grants, _rows(hub, target.id, again)):
            raise


def grants_missing(email: Text, grants: Sequence[GrantChange], rows: Sequence[GrantRow]) -> list[RowWrite]:
    """What of `grants` does not hold in `rows` yet. Raises HubMovedError where somebody else set a third value."""
    return [write for grant in grants if (write := _missing(email, grant, rows)) is not None]


def _missing(email: Text, grant: GrantChange, rows: Sequence[GrantRow]) -> RowWrite | None:
    row = next((row for row in rows if _concerns(grant, row)), None)
    if isinstance(grant, RemoveDuplicate):
        return DeleteRow(row.id) if row else None
    stands = row.access if row else Access.NONE
    if stands is grant.after:
        return None
    if stands is not grant.before:
        _moved(email, "roles", f"somebody else set {grant.role} to {stands.word} meanwhile")
    if row is not None:
        return UpdateRow(row.id, grant.after)
    return CreateRow(grant.definition_id, grant.after) if isinstance(grant, SetGrant) else None


def _concerns(grant: GrantChange, row: GrantRow) -> bool:
    if isinstance(grant, SetGrant) and grant.row_id is None:
        return row.definition_id == grant.definition_id
    return row.id == grant.row_id


def _write(grant: GrantChange) -> RowWrite:
    if isinstance(grant, RemoveDuplicate):
        return DeleteRow(grant.row_id)
    if isinstance(grant, SetGrant) and grant.row_id is None:
        return CreateRow(grant.definition_id, grant.after)
    return UpdateRow(grant.row_id or "", grant.after)


def _values(fields: Sequence[FieldChange]) -> Profile:
    return tuple(FieldValue(change.field, change.after) for change in fields)


def _fields_missing(found: LiveUser, fields: Sequence[FieldChange]) -> list[FieldChange]:
    held = {entry.field: entry.value for entry in found.profile}
    missing = [change for change in fields if held.get(change.field) != change.after]
    for change in missing:
        if held.get(change.field) != change.before:
            _moved(found.email, "adminUser", f"somebody else changed {change.field} meanwhile")
    return missing


def _is_fresh(found: LiveUser, profile: Profile) -> bool:
    """Whether the person looks just like the one we asked for: every field as sent, and no access yet."""
    held = {entry.field: entry.value for entry in found.profile}
    sent_as_asked = all(held.get(entry.field) == entry.value for entry in profile)
    return sent_as_asked and all(row.access is Access.NONE for row in found.rows)


def _user(hub: Hub, email: Text, doubt: HubError) -> LiveUser | None:
    try:
        return hub.read_user(email)
    except HubError as failed:
        raise _unread(doubt, failed) from failed


def _rows(hub: Hub, user_id: int, doubt: HubError) -> tuple[GrantRow, ...]:
    try:
        return hub.read_rows(user_id)
    except HubError as failed:
        raise _unread(doubt, failed) from failed


def _unread(doubt: HubError, failed: HubError) -> HubFateUnknownError:
    return HubFateUnknownError(
        f"{doubt.message}; and reading again failed: {failed.message}",
        operation=doubt.operation,
        code=failed.code,
        hint="run plan again: it shows what is left to do",
    )


def _final(email: Text, doubt: HubError, what: str) -> HubMovedError:
    return HubMovedError(
        f"{doubt.operation} {email}: {what}", operation=doubt.operation, code=doubt.code, hint="run plan again"
    )


def _moved(email: Text, operation: str, what: str) -> NoReturn:
    raise HubMovedError(f"{operation} {email}: {what}", operation=operation, hint="run plan again")
