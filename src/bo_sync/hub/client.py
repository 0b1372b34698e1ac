"""The hub as the use cases see it: `HubReader` and `HubWriter` over one transport.

Three traps of the hub's API are handled here. An update without `language` resets it to the schema's default, so the
live one is read just before and sent along. One failed mutation of several voids the answer for all, although earlier
ones took effect. A hub may reject several mutations in one request. Composed mutations use aliases (`w0`, `w1`, …)
and run in order, so an error names the one that failed.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final, TypeVar, assert_never

from pydantic import BaseModel

from bo_sync.core.model import Access, GrantRow, LiveState, LiveUser, Profile, RoleDefinition, is_same_value
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, HubFateUnknownError, HubMovedError, HubUnconfirmedError, WrongUserError
from bo_sync.hub.graphql import (
    DENIALS,
    GraphQLRequest,
    JsonObject,
    JsonValue,
    Reply,
    ResponseError,
    call,
    document,
    write_failure,
)
from bo_sync.hub.hub_url import check_identity
from bo_sync.hub.pagination import Sizes, chunks, users
from bo_sync.hub.reader import find_user, read_definitions, read_everything, read_grants, read_list
from bo_sync.hub.transport import Transport
from bo_sync.hub.wire import RowShape, UserShape, grant_row, live_user, parse, profile_input
from bo_sync.interruptible import finished
from bo_sync.ports import (
    Addresses,
    Again,
    Created,
    CreateRow,
    DeleteRow,
    Invitation,
    Progress,
    RowWrite,
    UpdateRow,
    no_addresses,
    no_objection,
)

OPERATION: Final = "roleChanges"
_ONE_FIELD: Final = re.compile(r"mutation \w+\(([^)]*)\) \{\n  (.*)\n\}\n", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(\w+)")


def operation_of(write: RowWrite) -> str:
    """The operation for a change."""
    match write:
        case CreateRow():
            return "roleCreate"
        case UpdateRow():
            return "roleUpdate"
        case DeleteRow():
            return "roleDelete"
        case _:
            assert_never(write)


def alias(index: int) -> str:
    """The alias of the change at an index."""
    return f"w{index}"


def compose(user_id: int, writes: Sequence[RowWrite]) -> GraphQLRequest:
    """The request that makes all the changes, at least one, in order."""
    declarations, fields = [], []
    variables: JsonObject = {}
    for index, write in enumerate(writes):
        declared, field = _parts(operation_of(write))
        renamed = rf"$\1_{index}"
        declarations.append(_VARIABLE.sub(renamed, declared))
        fields.append(f"  {alias(index)}: {_VARIABLE.sub(renamed, field)}\n")
        variables |= {f"{name}_{index}": value for name, value in _variables(user_id, write).items()}
    text = f"mutation {OPERATION}({', '.join(declarations)}) {{\n{''.join(fields)}}}\n"
    return GraphQLRequest(OPERATION, text, variables)


@cache
def _parts(operation: str) -> tuple[str, str]:
    """The variables that a one-field document declares, and its field."""
    found = _ONE_FIELD.fullmatch(document(operation))
    if found is None:
        raise AssertionError(f"{operation}.graphql is not laid out as one field in a mutation")
    return found[1], found[2]


def _variables(user_id: int, write: RowWrite) -> JsonObject:
    match write:
        case CreateRow(definition_id, access):
            return {"input": {"roleDefinitionId": definition_id, "access": access.name, "userId": user_id}}
        case UpdateRow(row_id, access):
            return {"id": row_id, "input": {"access": access.name}}
        case DeleteRow(row_id):
            return {"id": row_id}
        case _:
            assert_never(write)


ShapeT = TypeVar("ShapeT", bound=BaseModel)

_TAKEN: Final = re.compile(r"already|exists|taken|in use|duplicate", re.IGNORECASE)


class CommerceHub:
    """Implements HubReader and HubWriter; safe to share between threads.

    `page_size` is the number of items per request, `batch_size` the most users per request for grants. `identity` is
    the `hub_identity` of the settings.
    """

    def __init__(
        self, transport: Transport, page_size: int = 100, batch_size: int = 100, identity: Text | None = None
    ) -> None:
        self._transport = transport
        self._sizes = Sizes(page_size, batch_size)
        self._identity = identity
        self._one_by_one = False
        self._listed: int | None = None

    @property
    def url(self) -> str:
        """The hub's address, without anything secret."""
        return self._transport.address.url

    def stop(self) -> None:
        """Ends all waiting between two tries: requests not yet sent fail as unreachable, sent ones finish."""
        self._transport.stop()

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        """Everything, proved complete, with at most the transport's `concurrency` requests in flight.

        Raises UsageError for another hub than `identity` names, before the caller sees anything of it.
        """
        live = read_everything(self._transport, self._sizes, progress, wanted)
        check_identity(live, self._identity, self._transport.address)
        self._listed = len(live.users)
        return live

    def read_definitions(self) -> tuple[RoleDefinition, ...]:
        """Every role definition, known to us or not."""
        return read_definitions(self._transport, self._sizes)

    def read_user(self, email: Text) -> LiveUser | None:
        """One user with their rows; None if the hub has no user with that address."""
        shape = self._find(email)
        return None if shape is None else live_user(shape, self.read_rows(shape.id))

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        """One user's grant rows."""
        return read_grants(self._transport, [user_id], self._sizes).get(user_id, ())

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        """The grant rows of several users, by the user's id."""
        found: dict[int, tuple[GrantRow, ...]] = {}
        for batch in chunks(user_ids, self._sizes.page):
            found |= read_grants(self._transport, batch, self._sizes)
        return found

    def read_users(self, emails: Sequence[Text]) -> Sequence[LiveUser]:
        """Those of several users who are in the hub, without their rows: one request each, or the list if fewer.

        The length of the list is estimated: users at the last read, and those of `emails`, who may be new.
        """
        if self._listed is None or len(emails) <= -(-(self._listed + len(emails)) // self._sizes.page):
            with ThreadPoolExecutor(self._transport.concurrency, thread_name_prefix="confirm") as pool:
                shapes = list(finished([pool.submit(self._find, email) for email in emails]))
        else:
            wanted = {email.folded for email in emails}
            listed = read_list(self._transport, users, self._sizes).values()
            shapes = [shape for shape in listed if Text(shape.email).folded in wanted]
        return [live_user(shape) for shape in shapes if shape is not None]

    def create_user(self, email: Text, profile: Profile, taken: Collection[int] = ()) -> Created:
        """Creates a user. HubMovedError when the address is taken, which the hub only calls a bad request."""
        reply = self._transport.write(
            call("adminUserCreate", {"input": {"email": email.raw, **profile_input(profile)}})
        )
        if reply.faults or not _has(reply, "adminUserCreate"):
            failure = write_failure("adminUserCreate", email, reply)
            if failure.code == "BAD_REQUEST" and self._is_taken(email, reply.faults):
                message = Message(
                    "adminUserCreate of {}: somebody has this address by now: the hub says {}",
                    email,
                    reply.faults[0].sentence,
                )
                raise HubMovedError(message, operation=failure.operation, code=failure.code, hint="plan again")
            raise failure
        made = self._answered_user("adminUserCreate", email, reply)
        if made.id in taken:
            raise _wrong_user("adminUserCreate", email, f"with the id of another user ({made.id})")
        self._check_profile("adminUserCreate", email, made, profile)
        return Created(made.id, made.updated_at)

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> Text | None:
        """Sets the given fields, and the live language again when it is not among them."""
        operation, fields = "adminUserUpdate", profile_input(profile)
        keeps_language = "language" not in fields

        def look() -> None:
            if not keeps_language and user_id is None:
                return
            live = self._standing(email, user_id, operation)
            if keeps_language and fields.setdefault("language", live.language) != live.language:
                message = Message("{} of {}: somebody else changed the language meanwhile", operation, email)
                raise HubMovedError(message, operation=operation, hint="plan again")

        look()
        reply = self._transport.write(call(operation, {"email": email.raw, "input": fields}), look)
        if reply.faults or not _has(reply, operation):
            raise write_failure(operation, email, reply)
        found = self._answered_user(operation, email, reply, user_id)
        self._check_profile(operation, email, found, profile)
        return found.updated_at

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        """Deletes a user."""

        def look() -> None:
            if user_id is not None:
                self._standing(email, user_id, "adminUserDelete")

        def look_again() -> None:
            before_again()
            look()

        look()
        reply = self._transport.write(call("adminUserDelete", {"email": email.raw}), look_again)
        if reply.faults or not _has(reply, "adminUserDelete"):
            raise write_failure("adminUserDelete", email, reply)

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        """One user's role changes, in order; one per request after the hub has once rejected several."""
        if len(writes) <= 1 or self._one_by_one:
            return self._write_one_by_one(user_id, writes, before_again)
        reply = self._transport.write(compose(user_id, writes), before_again)
        if not _is_refused_whole(reply):
            return self._check_rows(user_id, writes, reply)
        before_again()
        self._write_one_by_one(user_id, writes[:1], before_again)
        self._one_by_one = True
        return self._write_one_by_one(user_id, writes[1:], before_again)

    def _write_one_by_one(self, user_id: int, writes: Sequence[RowWrite], before_again: Again) -> Text | None:
        moment = None
        for write in writes:
            reply = self._transport.write(compose(user_id, [write]), before_again)
            moment = self._check_rows(user_id, [write], reply) or moment
        return moment

    def _check_rows(self, user_id: int, writes: Sequence[RowWrite], reply: Reply) -> Text | None:
        names = [alias(index) for index in range(len(writes))]
        if not reply.faults and all(_has(reply, name) for name in names):
            pairs = zip(writes, ((reply.data or {})[name] for name in names), strict=True)
            moments = [moment for write, found in pairs if (moment := _echoed_row(user_id, write, found)) is not None]
            return max(moments, default=None)
        failed = next((fault.alias for fault in reply.faults if fault.alias in names), None)
        operation = OPERATION if failed is None else operation_of(writes[names.index(failed)])
        raise write_failure(operation, f"person {user_id}", reply)

    def invite_user(self, invitation: Invitation) -> None:
        """Requests the mail once, because a second one would go to a user. The channel is the hub's default."""
        operation = "triggerPasswordSendInitEmailEvent"
        given: dict[str, JsonValue] = {
            "email": invitation.email.raw,
            "redirectUrl": invitation.redirect_url,
            "language": invitation.language,
        }
        reply = self._transport.write(call(operation, {"input": given}), once=True)
        if reply.faults or not _has(reply, operation):
            raise write_failure(operation, invitation.email, reply)

    def _standing(self, email: Text, user_id: int | None, operation: str) -> UserShape:
        """The user at the address now. Raises HubMovedError if there is none, or one with another id."""
        live = self._find(email)
        if live is None:
            message = Message("{} of {}: the hub has nobody under this address any more", operation, email)
            raise HubMovedError(message, operation=operation, code="NOT_FOUND", hint="plan again")
        if user_id not in {None, live.id}:
            message = Message(
                "{} of {}: this address has another id ({}, not {}) by now", operation, email, live.id, user_id
            )
            raise HubMovedError(message, operation=operation, hint="plan again")
        return live

    def _find(self, email: Text) -> UserShape | None:
        return find_user(self._transport, email)

    def _is_taken(self, email: Text, faults: Sequence[ResponseError]) -> bool:
        """Whether a bad request was about a taken address: the hub's message matches, or the hub has a user there.

        The message would be enough on a hub that speaks English; only reading would miss another spelling's case.
        """
        if any(_TAKEN.search(fault.said.raw) for fault in faults):
            return True
        try:
            return self._find(email) is not None
        except HubError:
            return False

    def _answered_user(self, operation: str, email: Text, reply: Reply, user_id: int | None = None) -> LiveUser:
        """The user in the answer to a write. Raises WrongUserError for another one."""
        shape = _answered(UserShape, operation, Message("{} of {}", operation, email), reply)
        if Text(shape.email).folded != email.folded or user_id not in {None, shape.id}:
            answered = Message("with {}, id {}", self._transport.credentials.said(shape.email), shape.id)
            raise _wrong_user(operation, email, answered)
        return live_user(shape)

    def _check_profile(self, operation: str, email: Text, found: LiveUser, sent: Profile) -> None:
        """Raises HubUnconfirmedError if the user in an answer does not hold what was sent."""
        held = {entry.field: entry.value for entry in found.profile}
        for entry in sent:
            if not is_same_value(entry.field, entry.value, held[entry.field]):
                stored = (
                    "nothing" if (value := held[entry.field]) is None else self._transport.credentials.said(value.raw)
                )
                values = Message("{}: sent {}, answered {}", entry.field, entry.value or "nothing", stored)
                raise _unconfirmed(operation, email, values)


def _echoed_row(user_id: int, write: RowWrite, found: JsonValue) -> Text | None:
    """The hub's moment of one change, if its answer is about that row and holds the access that was sent."""
    if isinstance(write, DeleteRow):
        return None
    operation, subject = operation_of(write), f"user {user_id}"
    row = _answered(RowShape, operation, f"{operation} of {subject}", found)
    is_it = row.id == write.row_id if isinstance(write, UpdateRow) else row.roleDefinitionId == write.definition_id
    if row.userId != user_id or not is_it:
        raise _wrong_user(operation, subject, Message("with row {} of user {}", Text(row.id), row.userId))
    if row.access != write.access.name:
        sent, answered = write.access.word, Access[row.access].word
        raise _unconfirmed(operation, subject, f"sent {sent}, answered {answered}")
    return grant_row(row).updated_at


def _answered(shape: type[ShapeT], operation: str, where: str, found: Reply | JsonValue) -> ShapeT:
    """The answer to a write. Raises HubFateUnknownError if it does not have the hub's schema."""
    try:
        return parse(shape, operation, (found.data or {})[operation] if isinstance(found, Reply) else found)
    except HubError as err:
        message = Message("{}: done, it seems, but the answer is not of the hub's schema", where)
        raise HubFateUnknownError(message, operation=operation, detail=err.message) from err


def _wrong_user(operation: str, subject: Text | str, answered: str) -> WrongUserError:
    message = Message("{} of {}: the hub answers {}; nothing more was sent for this user", operation, subject, answered)
    return WrongUserError(message, operation=operation, hint="look at both users in the hub; report this to Propeller")


def _unconfirmed(operation: str, subject: Text | str, values: str) -> HubUnconfirmedError:
    message = Message("{} of {}: the hub stored another value: {}", operation, subject, values)
    return HubUnconfirmedError(message, operation=operation, hint="run plan again: it shows what is left")


def _has(reply: Reply, name: str) -> bool:
    """Whether a field holds a result. False means a deletion that the hub does not confirm."""
    return reply.data is not None and reply.data.get(name) not in (None, False)


def _is_refused_whole(reply: Reply) -> bool:
    """Whether the document was rejected before any of it ran, for another reason than missing permissions."""
    return not reply.executed and not any(fault.code in DENIALS for fault in reply.faults)
