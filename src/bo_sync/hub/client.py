"""The hub as the use cases see it: `HubReader` and `HubWriter` over one transport.

Three traps of the hub's API are stepped around here, for everybody. An update that leaves `language` out resets it to
the schema's default, so the live one is read again just before and sent along. One failed change of several voids the
answer for all, although earlier ones took effect. And a hub may refuse several changes in one request altogether.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bo_sync.core.model import GrantRow, LiveState, LiveUser, Profile, RoleDefinition
from bo_sync.core.text import Text
from bo_sync.errors import HubError, HubFateUnknownError, HubMovedError
from bo_sync.hub.answers import Fault, JsonValue, Reply
from bo_sync.hub.compose import OPERATION, alias, compose, operation_of
from bo_sync.hub.documents import call
from bo_sync.hub.paging import Sizes, chunks
from bo_sync.hub.reading import read_definitions, read_everything, read_grants
from bo_sync.hub.refusals import DENIALS, is_missing, read_failure, write_failure
from bo_sync.hub.transport import Transport
from bo_sync.hub.wire import CreatedShape, UserShape, live_user, parse, profile_input
from bo_sync.ports import Again, Invitation, Progress, RowWrite, no_objection

_TAKEN: Final = re.compile(r"already|exists|taken|in use|duplicate", re.IGNORECASE)


class CommerceHub:
    """Implements HubReader and HubWriter; safe to share between threads.

    `page_size` is how many items are asked for at once, `batch_size` for how many people's grants at most.
    """

    def __init__(self, transport: Transport, page_size: int = 100, batch_size: int = 100) -> None:
        self._transport = transport
        self._sizes = Sizes(page_size, batch_size)
        self._one_by_one = False

    @property
    def url(self) -> str:
        """The hub's address, without anything secret."""
        return self._transport.address.url

    def stop(self) -> None:
        """Ends all waiting between two tries: what was not sent fails as unreachable, what was sent finishes."""
        self._transport.stop()

    def read_all(self, progress: Progress) -> LiveState:
        """Everything, proved complete, with at most the transport's `concurrency` requests in flight."""
        return read_everything(self._transport, self._sizes, progress)

    def read_definitions(self) -> tuple[RoleDefinition, ...]:
        """Every role definition, known to us or not."""
        return read_definitions(self._transport, self._sizes)

    def read_user(self, email: Text) -> LiveUser | None:
        """One person with their rows; None when the hub has nobody under that address."""
        shape = self._find(email)
        return None if shape is None else live_user(shape, self.read_rows(shape.id))

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        """One person's grant rows."""
        return read_grants(self._transport, [user_id], self._sizes).get(user_id, ())

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        """The grant rows of several people, by the person's id."""
        found: dict[int, tuple[GrantRow, ...]] = {}
        for batch in chunks(user_ids, self._sizes.page):
            found |= read_grants(self._transport, batch, self._sizes)
        return found

    def create_user(self, email: Text, profile: Profile) -> int:
        """Creates a person. HubMovedError when the address is taken, which the hub only calls a bad request."""
        reply = self._transport.write(
            call("adminUserCreate", {"input": {"email": email.raw, **profile_input(profile)}})
        )
        if reply.faults or not _has(reply, "adminUserCreate"):
            failure = write_failure("adminUserCreate", email, reply)
            if failure.code == "BAD_REQUEST" and self._is_taken(email, reply.faults):
                message = (
                    f"adminUserCreate of {email}: somebody has this address by now: the hub says {reply.faults[0]}"
                )
                raise HubMovedError(message, operation=failure.operation, code=failure.code, hint="plan again")
            raise failure
        return self._created_id(email, reply)

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> None:
        """Sets the given fields, and the live language again when it is not among them."""
        operation, fields = "adminUserUpdate", profile_input(profile)
        keeps_language = "language" not in fields

        def look() -> None:
            if not keeps_language and user_id is None:
                return
            live = self._standing(email, user_id, operation)
            if keeps_language and fields.setdefault("language", live.language) != live.language:
                message = f"{operation} of {email}: somebody else changed the language meanwhile"
                raise HubMovedError(message, operation=operation, hint="plan again")

        look()
        reply = self._transport.write(call(operation, {"email": email.raw, "input": fields}), look)
        if reply.faults or not _has(reply, operation):
            raise write_failure(operation, email, reply)

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        """Deletes a person."""

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

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> None:
        """One person's role changes, in order; one a request from the day on which the hub refuses several."""
        if len(writes) <= 1 or self._one_by_one:
            self._write_one_by_one(user_id, writes, before_again)
            return
        reply = self._transport.write(compose(user_id, writes), before_again)
        if not _is_refused_whole(reply):
            self._check_rows(user_id, writes, reply)
            return
        before_again()
        self._write_one_by_one(user_id, writes[:1], before_again)
        self._one_by_one = True
        self._write_one_by_one(user_id, writes[1:], before_again)

    def _write_one_by_one(self, user_id: int, writes: Sequence[RowWrite], before_again: Again) -> None:
        for write in writes:
            self._check_rows(user_id, [write], self._transport.write(compose(user_id, [write]), before_again))

    def _check_rows(self, user_id: int, writes: Sequence[RowWrite], reply: Reply) -> None:
        names = [alias(index) for index in range(len(writes))]
        if not reply.faults and all(_has(reply, name) for name in names):
            return
        failed = next((fault.alias for fault in reply.faults if fault.alias in names), None)
        operation = OPERATION if failed is None else operation_of(writes[names.index(failed)])
        raise write_failure(operation, f"person {user_id}", reply)

    def invite_user(self, invitation: Invitation) -> None:
        """Asks for the mail once, for a second one would go to a person. The channel is left to the hub's default."""
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
        """Who stands at the address at this moment. Raises HubMovedError for nobody, and for somebody made anew."""
        live = self._find(email)
        if live is None:
            message = f"{operation} of {email}: the hub has nobody under this address any more"
            raise HubMovedError(message, operation=operation, code="NOT_FOUND", hint="plan again")
        if user_id not in {None, live.id}:
            message = f"{operation} of {email}: this address has another id ({live.id}, not {user_id}) by now"
            raise HubMovedError(message, operation=operation, hint="plan again")
        return live

    def _find(self, email: Text) -> UserShape | None:
        """A person by the hub's own spelling of the address. Raises HubError when it answers with somebody else."""
        reply = self._transport.read(call("adminUser", {"email": email.raw}))
        if any(is_missing(fault) for fault in reply.faults):
            return None
        if reply.faults or not _has(reply, "adminUser"):
            raise read_failure("adminUser", email, reply)
        shape = parse(UserShape, "adminUser", (reply.data or {})["adminUser"])
        if Text(shape.email).folded != email.folded:
            other = self._transport.credentials.said(shape.email)
            message = f"adminUser of {email}: the hub answers with somebody else, {other}"
            raise HubError(message, operation="adminUser", hint="nothing was done; report this to Propeller")
        return shape

    def _is_taken(self, email: Text, faults: Sequence[Fault]) -> bool:
        """Whether a bad request was about a taken address: the hub's words say so, or it has somebody there.

        The words alone would do on a hub that speaks English; the read alone would miss another spelling's case.
        """
        if any(_TAKEN.search(fault.said.raw) for fault in faults):
            return True
        try:
            return self._find(email) is not None
        except HubError:
            return False

    def _created_id(self, email: Text, reply: Reply) -> int:
        try:
            return parse(CreatedShape, "adminUserCreate", (reply.data or {})["adminUserCreate"]).id
        except HubError as err:
            message = f"adminUserCreate of {email}: done, it seems, but the answer is not of the hub's schema"
            raise HubFateUnknownError(message, operation=err.operation, detail=err.message) from err


def _has(reply: Reply, name: str) -> bool:
    """Whether a field holds a result. False stands for a deletion that the hub does not own up to."""
    return reply.data is not None and reply.data.get(name) not in (None, False)


def _is_refused_whole(reply: Reply) -> bool:
    """Whether the document was refused before any of it ran, for a reason other than who asks."""
    return not reply.executed and not any(fault.code in DENIALS for fault in reply.faults)
