"""Write to the hub and settle the outcome: each write is in effect, or an error states what is known. With retries.

After a write with unknown fate, or one that met a changed hub, the user is read once. What holds is done; what is
still as the plan saw it is sent once more; anything else is another client's work and raises HubMovedError.
HubFateUnknownError leaves only when that read fails. A mail to a new user is never requested twice.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final, NoReturn, TypeVar

from bo_sync.core.apply_report import InvitationOutcome, InvitedUser, Report
from bo_sync.core.changes import (
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
)
from bo_sync.core.live import effective
from bo_sync.core.model import Access, FieldValue, GrantRow, LiveUser, Profile, Role, RoleDefinition, is_same_value
from bo_sync.core.plan import Plan
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, HubFateUnknownError, HubMovedError, HubUnconfirmedError
from bo_sync.ports import Again, Created, CreateRow, DeleteRow, Hub, Invitation, RowWrite, UpdateRow, no_objection

T = TypeVar("T")

_DOUBTS: Final = (HubFateUnknownError, HubMovedError)


@dataclass(frozen=True, slots=True)
class Target:
    """A user to write to: the hub's spelling of the address, the hub's id, and the ids of its role definitions.

    With `is_shared`, other users have the address too, so the hub must not be asked by address.
    """

    email: Text
    id: int
    definitions: Mapping[Role, str]
    is_shared: bool = False


def create(hub: Hub, change: CreateUser, known: Collection[RoleDefinition], taken: Collection[int] = ()) -> Created:
    """Creates the user. `known` are the role definitions that we know, `taken` the ids that the hub had before.
    An answer with a taken id is about another user, who gets nothing."""
    try:
        return hub.create_user(change.email, change.profile, taken)
    except _DOUBTS as doubt:
        found = _created(hub, change, doubt, known=known, taken=taken)
        if found is not None:
            return found
    try:
        return hub.create_user(change.email, change.profile, taken)
    except _DOUBTS as again:
        found = _created(hub, change, again, known=known, taken=taken)
        if found is None:
            raise _given_up(again) from again
        return found


def update_profile(hub: Hub, target: Target, fields: Sequence[FieldChange]) -> Text | None:
    """Sets the fields of the user. Returns the hub's moment of the change, if the answer has one."""

    def left(doubt: HubError) -> list[FieldChange] | None:
        with _stored_so(doubt):
            return _fields_missing(_same_user(hub, target, doubt), fields) or None

    return _settle(fields, lambda work: hub.update_profile(target.email, _values(work), target.id), left)


def delete(hub: Hub, change: DeleteUser, before_again: Again = no_objection) -> None:
    """Deletes the user, or finds them gone. Never deletes another user who has the address by now."""

    def left(doubt: HubError) -> Text | None:
        found = _user(hub, change.hub_email, doubt)
        if found is not None and found.id != change.id:
            _other_user(doubt, found)
        return None if found is None else change.hub_email

    _settle(change.hub_email, lambda email: hub.delete_user(email, change.id, before_again), left, before_again)


def write_grants(
    hub: Hub, target: Target, grants: Sequence[GrantChange], before_again: Again = no_objection
) -> Text | None:
    """Sends one user's grant changes of one phase in one request. A duplicate is read just before it is removed."""

    def left(doubt: HubError) -> list[RowWrite] | None:
        with _stored_so(doubt):
            return grants_missing(target, grants, _rows(hub, target, doubt)) or None

    def look() -> None:
        if any(isinstance(grant, RemoveDuplicate) for grant in grants):
            _duplicates_missing(target, grants, hub.read_rows(target.id))

    def look_again() -> None:
        before_again()
        look()

    look()
    return _settle(
        [_write(grant) for grant in grants],
        lambda work: hub.write_rows(target.id, work, look_again),
        left,
        before_again,
    )


def strip_defaults(hub: Hub, target: Target) -> None:
    """Revokes what the hub gave a new user by itself, in the definitions that we know.

    Needed only where a definition's default access is not NONE.
    """
    roles = {definition_id: role for role, definition_id in target.definitions.items()}
    given = [row for row in hub.read_rows(target.id) if row.access is not Access.NONE and row.definition_id in roles]
    taken = [RevokeGrant(role := roles[row.definition_id], effective(role, row.access), row.id) for row in given]
    if taken:
        write_grants(hub, target, taken)


def _settle(
    work: T,
    send: Callable[[T], Text | None],
    left: Callable[[HubError], T | None],
    before_again: Again = no_objection,
) -> Text | None:
    """Sends `work`. In doubt, asks `left` for the part that is not in effect (None: all is) and sends it once more.

    Returns the hub's moment of the write; None where only a read shows it.
    If the second attempt fails and the first may still take effect, the first is the cause.
    """
    try:
        return send(work)
    except _DOUBTS as doubt:
        first, rest = doubt, left(doubt)
    if rest is None:
        return None
    try:
        before_again()
        return _send_last(rest, send, left)
    except HubError as failed:
        if isinstance(first, HubFateUnknownError):
            raise failed from first
        raise


def _send_last(work: T, send: Callable[[T], Text | None], left: Callable[[HubError], T | None]) -> Text | None:
    try:
        return send(work)
    except _DOUBTS as doubt:
        if left(doubt) is not None:
            raise _given_up(doubt) from doubt
    return None


@contextmanager
def _stored_so(doubt: HubError) -> Iterator[None]:
    """Where a read shows a third value and the hub answered with it, it is the hub's own: raises that doubt."""
    try:
        yield
    except HubMovedError as moved:
        if isinstance(doubt, HubUnconfirmedError):
            raise doubt from moved
        raise


def grants_missing(target: Target, grants: Sequence[GrantChange], rows: Sequence[GrantRow]) -> list[RowWrite]:
    """The part of `grants` that the user's `rows` do not have yet.

    Raises HubMovedError where another change set a third value, replaced the planned row, or removed or lowered the
    row that made another one surplus.
    """
    staying = _staying(grants, rows)
    edits = [grant for grant in grants if not isinstance(grant, RemoveDuplicate)]
    missing = [_access_missing(target, grant, staying) for grant in edits]
    return [*(write for write in missing if write is not None), *_duplicates_missing(target, grants, rows)]


def _staying(grants: Sequence[GrantChange], rows: Sequence[GrantRow]) -> list[GrantRow]:
    surplus = {grant.row_id for grant in grants if isinstance(grant, RemoveDuplicate)}
    return [row for row in rows if row.id not in surplus]


def _duplicates_missing(target: Target, grants: Sequence[GrantChange], rows: Sequence[GrantRow]) -> list[RowWrite]:
    """The duplicates in `grants` that the hub still has.

    Raises HubMovedError where the remaining rows give less than planned: then the duplicate gives the access.
    """
    planned = {grant.role: grant.after for grant in grants if not isinstance(grant, RemoveDuplicate)}
    staying, found = _staying(grants, rows), {row.id: row for row in rows}
    duplicates = [grant for grant in grants if isinstance(grant, RemoveDuplicate) and grant.row_id in found]
    for grant in duplicates:
        definition_id = found[grant.row_id].definition_id
        held = [effective(grant.role, row.access) for row in staying if row.definition_id == definition_id]
        if not held:
            what = f"the other row of {grant.role} is gone, so this one is no duplicate any more"
            _moved(target.email, "roles", what)
        if max(held) < min(grant.after, planned.get(grant.role, grant.after)):
            what = (
                f"another client set the other row of {grant.role} to {max(held).word}, so this one is not a duplicate"
            )
            _moved(target.email, "roles", what)
    return [DeleteRow(grant.row_id) for grant in duplicates]


def _access_missing(target: Target, grant: SetGrant | RevokeGrant, rows: Sequence[GrantRow]) -> RowWrite | None:
    row = _standing(grant, target.definitions[grant.role], rows)
    stands = effective(grant.role, row.access) if row else Access.NONE
    is_another = row is not None and grant.row_id not in {None, row.id} and stands is not Access.NONE
    if is_another or stands not in {grant.before, grant.after}:
        _moved(target.email, "roles", f"somebody else set {grant.role} to {stands.word} meanwhile")
    if stands is grant.after:
        return None
    return UpdateRow(row.id, grant.after) if row else CreateRow(target.definitions[grant.role], grant.after)


def _standing(grant: SetGrant | RevokeGrant, definition_id: str, rows: Iterable[GrantRow]) -> GrantRow | None:
    """The row that the plan names, or else the role's highest."""
    of_role = [row for row in rows if row.definition_id == definition_id]
    named = next((row for row in of_role if row.id == grant.row_id), None)
    return named or max(of_role, key=lambda row: row.access, default=None)


def _write(grant: GrantChange) -> RowWrite:
    if isinstance(grant, RemoveDuplicate):
        return DeleteRow(grant.row_id)
    if grant.row_id is not None:
        return UpdateRow(grant.row_id, grant.after)
    return CreateRow(grant.definition_id, grant.after)


def _values(fields: Sequence[FieldChange]) -> Profile:
    return tuple(FieldValue(change.field, change.after) for change in fields)


def _fields_missing(found: LiveUser, fields: Sequence[FieldChange]) -> list[FieldChange]:
    held = {entry.field: entry.value for entry in found.profile}
    missing = [change for change in fields if not is_same_value(change.field, held.get(change.field), change.after)]
    for change in missing:
        if not is_same_value(change.field, held.get(change.field), change.before):
            _moved(found.email, "adminUser", f"somebody else changed {change.field} meanwhile")
    return missing


def _created(
    hub: Hub, change: CreateUser, doubt: HubError, *, known: Collection[RoleDefinition], taken: Collection[int]
) -> Created | None:
    """The user that we created, if the hub has them. Raises HubMovedError when another client created them.

    Raises `doubt` where the hub's answer differs from what was sent, unless the read shows what was sent.
    """
    found = _user(hub, change.email, doubt)
    if found is None:
        if isinstance(doubt, HubUnconfirmedError):
            raise doubt
        return None
    with _stored_so(doubt):
        if found.id in taken or not _is_fresh(found, change.profile, known):
            _moved(change.email, "adminUserCreate", "somebody else created this person meanwhile")
    return Created(found.id, found.updated_at)


def _is_fresh(found: LiveUser, profile: Profile, known: Collection[RoleDefinition]) -> bool:
    """Whether the user looks newly created: each field as sent, and no access except what the hub gives by itself."""
    held = {entry.field: entry.value for entry in found.profile}
    most = {definition.id: definition.default_access for definition in known}
    sent_as_asked = all(is_same_value(entry.field, held.get(entry.field), entry.value) for entry in profile)
    return sent_as_asked and all(row.access <= most.get(row.definition_id, Access.OWNER) for row in found.rows)


def _same_user(hub: Hub, target: Target, doubt: HubError) -> LiveUser:
    found = _user(hub, target.email, doubt)
    if found is None:
        raise _final(target.email, doubt, "the hub has nobody there any more") from doubt
    if found.id != target.id:
        _other_user(doubt, found)
    return found


def _rows(hub: Hub, target: Target, doubt: HubError) -> Sequence[GrantRow]:
    """The user's rows now; by id only where the address would lead to another user."""
    if not target.is_shared:
        return _same_user(hub, target, doubt).rows
    try:
        return hub.read_rows(target.id)
    except HubError as failed:
        raise _unread(doubt, failed) from failed


def _user(hub: Hub, email: Text, doubt: HubError) -> LiveUser | None:
    try:
        return hub.read_user(email)
    except HubError as failed:
        raise _unread(doubt, failed) from failed


def _unread(doubt: HubError, failed: HubError) -> HubFateUnknownError:
    return HubFateUnknownError(
        Message("{}; and reading again failed: {}", doubt.message, failed.message),
        operation=doubt.operation,
        code=failed.code,
        hint="run plan again: it shows what is left to do",
    )


def _given_up(doubt: HubError) -> HubError:
    """Both attempts are in doubt, and a new read shows that they did nothing: failed, not unknown.

    A request without an answer may still take effect, and the report states that.
    """
    later = "; should a request still be on its way, it may yet" if isinstance(doubt, HubFateUnknownError) else ""
    return HubError(
        Message("{}; sent twice, and it does not hold{}", doubt.message, later),
        operation=doubt.operation,
        code=doubt.code,
        hint="run plan again: it shows what is left to do",
        detail=doubt.detail,
    )


def _other_user(doubt: HubError, found: LiveUser) -> NoReturn:
    raise _final(found.email, doubt, f"this address has another id ({found.id}) in the hub by now") from doubt


def _final(email: Text, doubt: HubError, what: str) -> HubMovedError:
    return HubMovedError(
        Message("{} {}: {}", doubt.operation, email, what),
        operation=doubt.operation,
        code=doubt.code,
        hint="run plan again",
    )


def _moved(email: Text, operation: str, what: str) -> NoReturn:
    raise HubMovedError(Message("{} {}: {}", operation, email, what), operation=operation, hint="run plan again")


_LANGUAGE: Final = "nl"
"""The schema's default language of a user and of a mail."""


@dataclass(frozen=True, slots=True)
class Inviting:
    """The URL in the mail, the allowed domains of its receivers (none: any), and how it is sent.

    `stopped` is called before each mail; after True none is sent.
    """

    redirect_url: str
    domains: Collection[Text]
    send: Callable[[Invitation], None]
    stopped: Callable[[], bool]


def invite(report: Report, plan: Plan, how: Inviting) -> Report:
    """`report` with the outcome of the mail to each created user. Raises no HubError."""
    languages = {change.email.folded: _language(change) for change in plan.changes if isinstance(change, CreateUser)}
    invited = tuple(_invited(email, languages.get(email.folded, _LANGUAGE), how) for email in report.created)
    return replace(report, invitations=invited)


def _language(change: CreateUser) -> str:
    """The user's own language in lower case, as the schema spells the default of a mail."""
    found = next((entry.value for entry in change.profile if entry.field == "language"), None)
    return found.raw.lower() if found else _LANGUAGE


def _invited(email: Text, language: str, how: Inviting) -> InvitedUser:
    if how.domains and _domain(email) not in {domain.folded for domain in how.domains}:
        return InvitedUser(email, InvitationOutcome.NOT_SENT, Message("the address has none of the email_domains"))
    if how.stopped():
        return InvitedUser(email, InvitationOutcome.NOT_SENT, Message("the run was stopped"))
    try:
        how.send(Invitation(email, language, how.redirect_url))
    except HubFateUnknownError as err:
        return InvitedUser(email, InvitationOutcome.UNKNOWN, err.message)
    except HubError as err:
        return InvitedUser(email, InvitationOutcome.FAILED, err.message)
    return InvitedUser(email, InvitationOutcome.SENT)


def _domain(email: Text) -> str:
    return email.folded.rpartition("@")[2]
