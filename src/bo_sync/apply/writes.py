"""One write to the hub, settled: afterwards it is in effect, or an error says what is known. How each is retried."""

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
from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubFateUnknownError, HubMovedError, HubUnconfirmedError
from bo_sync.ports import Again, Created, CreateRow, DeleteRow, Hub, Invitation, RowWrite, UpdateRow, no_objection

T = TypeVar("T")

_DOUBTS: Final = (HubFateUnknownError, HubMovedError)


@dataclass(frozen=True, slots=True)
class Target:
    """Who is written to: the hub's spelling of the address, the hub's id, and the ids of its role definitions.

    With `is_shared`, other users have the address too, so the hub must not be asked by it.
    """

    email: Text
    id: int
    definitions: Mapping[Role, str]
    is_shared: bool = False


def create(hub: Hub, change: CreateUser, known: Collection[RoleDefinition], taken: Collection[int] = ()) -> Created:
    """Creates the user. `known` are the role definitions that we know, `taken` the ids
    that the hub had before: what answers with one of those is another user, who gets nothing."""
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
    """Sets the fields of the user. Returns the hub's moment of it, if the hub answered with one."""

    def left(doubt: HubError) -> list[FieldChange] | None:
        with _stored_so(doubt):
            return _fields_missing(_same_user(hub, target, doubt), fields) or None

    return _settle(fields, lambda work: hub.update_profile(target.email, _values(work), target.id), left)


def delete(hub: Hub, change: DeleteUser, before_again: Again = no_objection) -> None:
    """Deletes the user, or finds them gone. Never somebody else who stands at the address by now."""

    def left(doubt: HubError) -> Text | None:
        found = _user(hub, change.hub_email, doubt)
        if found is not None and found.id != change.id:
            _other_user(doubt, found)
        return None if found is None else change.hub_email

    _settle(change.hub_email, lambda email: hub.delete_user(email, change.id, before_again), left, before_again)


def write_grants(
    hub: Hub, target: Target, grants: Sequence[GrantChange], before_again: Again = no_objection
) -> Text | None:
    """One user's grant changes of one phase, in one request. A duplicate is looked at just before it is removed."""

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
    """Takes what the hub gave a new user by itself, in the definitions that we know.

    They then start with just what the file gives. Needed only where a definition's default access is not NONE.
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
    """Sends `work`; in doubt asks `left` what of it does not hold yet (None: all holds) and sends that once more.

    Returns the hub's moment of it; None where a read alone shows that it holds.
    However the second try fails: a first one that may happen yet is the cause.
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
    """A third value that a read shows is the hub's own where the hub answered with it; raises that doubt then."""
    try:
        yield
    except HubMovedError as moved:
        if isinstance(doubt, HubUnconfirmedError):
            raise doubt from moved
        raise


def grants_missing(target: Target, grants: Sequence[GrantChange], rows: Sequence[GrantRow]) -> list[RowWrite]:
    """What of `grants` does not hold in the user's `rows` yet.

    Raises HubMovedError where somebody else set a third value, put another row in the place of the planned one, or took
    away or lowered the one beside which another was surplus.
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

    Raises HubMovedError where the rows that stay give less than planned: the duplicate is what gives the access then.
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
    """The row that the plan named, or else the highest of the role's."""
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
    """The user whom we asked for, when the hub has them. Raises HubMovedError when somebody else made them.

    Raises `doubt` where the hub answered with another value than was sent, unless the read shows what was sent.
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
    """Whether the user looks just as after a create: every field as sent, no access but what the hub gives itself."""
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
    """The user's rows by now; by id alone where the address would lead to another user."""
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
        f"{doubt.message}; and reading again failed: {failed.message}",
        operation=doubt.operation,
        code=failed.code,
        hint="run plan again: it shows what is left to do",
    )


def _given_up(doubt: HubError) -> HubError:
    """The second try is in doubt like the first, and the fresh read shows that it did nothing: failed, not unknown.

    But a request that nobody answered for may still be on its way, and the report says so.
    """
    later = "; should a request still be on its way, it may yet" if isinstance(doubt, HubFateUnknownError) else ""
    return HubError(
        f"{doubt.message}; sent twice, and it does not hold{later}",
        operation=doubt.operation,
        code=doubt.code,
        hint="run plan again: it shows what is left to do",
        detail=doubt.detail,
    )


def _other_user(doubt: HubError, found: LiveUser) -> NoReturn:
    raise _final(found.email, doubt, f"this address has another id ({found.id}) in the hub by now") from doubt


def _final(email: Text, doubt: HubError, what: str) -> HubMovedError:
    return HubMovedError(
        f"{doubt.operation} {email}: {what}", operation=doubt.operation, code=doubt.code, hint="run plan again"
    )


def _moved(email: Text, operation: str, what: str) -> NoReturn:
    raise HubMovedError(f"{operation} {email}: {what}", operation=operation, hint="run plan again")


_LANGUAGE: Final = "nl"
"""What the hub's schema gives a user, and a mail, without a language."""


@dataclass(frozen=True, slots=True)
class Inviting:
    """Where the mail leads to, the domains to which it may go (none: any), and how it is asked for.

    `stopped` is asked before each mail; once it says True none is sent any more.
    """

    redirect_url: str
    domains: Collection[Text]
    send: Callable[[Invitation], None]
    stopped: Callable[[], bool]


def invite(report: Report, plan: Plan, how: Inviting) -> Report:
    """`report` with what became of the mail to each user whom the run created. Raises nothing that the hub does."""
    languages = {change.email.folded: _language(change) for change in plan.changes if isinstance(change, CreateUser)}
    invited = tuple(_invited(email, languages.get(email.folded, _LANGUAGE), how) for email in report.created)
    return replace(report, invitations=invited)


def _language(change: CreateUser) -> str:
    """The user's own language in small letters, as the schema spells the default of a mail."""
    found = next((entry.value for entry in change.profile if entry.field == "language"), None)
    return found.raw.lower() if found else _LANGUAGE


def _invited(email: Text, language: str, how: Inviting) -> InvitedUser:
    if how.domains and _domain(email) not in {domain.folded for domain in how.domains}:
        return InvitedUser(email, InvitationOutcome.NOT_SENT, "the address has none of the email_domains")
    if how.stopped():
        return InvitedUser(email, InvitationOutcome.NOT_SENT, "the run was stopped")
    try:
        how.send(Invitation(email, language, how.redirect_url))
    except HubFateUnknownError as err:
        return InvitedUser(email, InvitationOutcome.UNKNOWN, err.message)
    except HubError as err:
        return InvitedUser(email, InvitationOutcome.FAILED, err.message)
    return InvitedUser(email, InvitationOutcome.SENT)


def _domain(email: Text) -> str:
    return email.folded.rpartition("@")[2]
