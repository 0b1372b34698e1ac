"""Whether a hub, a key and bo-sync fit together. Every check has a result; an unknown one is reported as unknown.

Nothing here changes the hub. Even the writes that `probe_writes` tries name a user and a row that cannot exist: an
address under the reserved domain `.invalid`, an id of zeros. If the hub looks for them, it lets the key write.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final
from uuid import uuid4

from bo_sync.core.guardrail_checks import role_owners
from bo_sync.core.live import identity_of, index, mapped_away, why_unmanageable
from bo_sync.core.model import (
    BACKOFFICE,
    ROLES_PERMISSIONS,
    Access,
    LiveState,
    LiveUser,
    RoleDefinition,
    is_comparable,
)
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubDeniedError, HubError, UsageError
from bo_sync.hub.compatibility import differences
from bo_sync.hub.graphql import DENIALS, GraphQLRequest, JsonObject, call, is_missing
from bo_sync.hub.hub_url import check_identity
from bo_sync.hub.pagination import Sizes, users
from bo_sync.hub.reader import read_definitions, read_everything, read_list, read_tenant
from bo_sync.hub.transport import Transport
from bo_sync.hub.wire import live_user
from bo_sync.ports import no_addresses

_PING: Final = GraphQLRequest("ping", "query ping { __typename }", {})
_NO_KEY: Final = "without a valid key nobody can tell"
_SHOWN: Final = 10
"""Most users that are named; the others are only counted."""
_MAPPED_HINT: Final = "remove {role} from role_definitions in bo-sync.yaml, or rename the hub's unused definition"
_ZEROS: Final = "00000000-0000-4000-8000-000000000000"


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One check, its result in a sentence, and what to do about it if there is something to do."""

    name: str
    status: Status
    message: str
    hint: str = ""


def examine(transport: Transport, sizes: Sizes, settings: Settings, *, probe_writes: bool = False) -> tuple[Check, ...]:
    """Every check in order, by pages of `sizes`; if the hub cannot be reached, only that one. Raises no HubError."""
    redact = transport.credentials.redact
    found = _examine(transport, sizes, settings, probe_writes=probe_writes)

    # Checks quote what a hub calls its definitions and its fields: those may quote the key.
    def safe(text: Text) -> Text:
        return Text(redact(str(text)))

    return tuple(
        replace(check, message=Message(check.message).replaced(safe), hint=Message(check.hint).replaced(safe))
        for check in found
    )


def _examine(transport: Transport, sizes: Sizes, settings: Settings, *, probe_writes: bool) -> tuple[Check, ...]:
    endpoint = _check_endpoint(transport)
    if endpoint.status is Status.FAILED:
        return (endpoint,)
    key, read = _check_key(transport)
    if key.status is Status.FAILED:
        write = Check("write", Status.UNKNOWN, _NO_KEY)
    else:
        write = _probe_writes(transport) if probe_writes else _unprobed()
    live = _everything(transport, sizes) if read.status is Status.OK else None
    listed = live.users if isinstance(live, LiveState) else None if live is None else _listed(transport, sizes)
    users = (_check_users(listed),) if listed is not None else ()
    owners = (_check_owners(live, settings),) if live is not None else ()
    definitions = _check_definitions(transport, sizes, settings, live if isinstance(live, LiveState) else listed)
    return (endpoint, key, read, write, *users, *owners, *definitions, _check_schema(transport))


def _check_endpoint(transport: Transport) -> Check:
    url = transport.address.url
    try:
        transport.read(_PING)
    except HubDeniedError as err:
        if not err.code:
            return Check("endpoint", Status.UNKNOWN, err.message, err.hint)
        return Check("endpoint", Status.OK, f"{url} answers, and wants a key")
    except HubError as err:
        return Check("endpoint", Status.FAILED, err.message, err.hint)
    return Check("endpoint", Status.OK, f"{url} answers GraphQL")


def _check_key(transport: Transport) -> tuple[Check, Check]:
    """Whether the hub knows the key, and whether the key may read, from one small page of users."""
    try:
        reply = transport.read(call("adminUsers", {"input": {"page": 1, "offset": 1}}))
    except HubError as err:
        if err.code in DENIALS:
            return _denied(err.code, err.message, err.hint)
        unknown = "the hub did not answer whether it knows the key"
        return Check("key", Status.UNKNOWN, unknown), Check("read", Status.FAILED, err.message, err.hint)
    for fault in reply.faults:
        if fault.code in DENIALS:
            return _denied(
                fault.code,
                Message("the hub says {}", fault.sentence),
                "give the key role.VIEWER or more, or use another one",
            )
    if reply.faults or not (reply.data or {}).get("adminUsers"):
        unknown = Message(
            "the hub answers neither yes nor no: {}", reply.faults[0].sentence if reply.faults else "no users, no error"
        )
        return Check("key", Status.UNKNOWN, unknown), Check("read", Status.UNKNOWN, unknown)
    return Check("key", Status.OK, "the hub knows the key"), Check("read", Status.OK, "the key may read: plan works")


def _denied(code: str, message: str, hint: str) -> tuple[Check, Check]:
    if code == "UNAUTHENTICATED":
        hint = "set BO_SYNC_API_KEY to a valid key of this hub; a BO_SYNC_SESSION_TOKEN must be valid too, or unset"
        return Check("key", Status.FAILED, message, hint), Check("read", Status.UNKNOWN, _NO_KEY)
    return Check("key", Status.OK, "the hub knows the key"), Check("read", Status.FAILED, message, hint)


def _unprobed() -> Check:
    message = "what the key may write is not known; apply needs role.OWNER"
    return Check("write", Status.UNKNOWN, message, "--probe-writes tries changes to what cannot exist")


def _probe_writes(transport: Transport) -> Check:
    """EDITOR allows the updates and OWNER the deletions; creating cannot be tried without creating."""
    email = f"nobody-{uuid4()}@bo-sync.invalid"
    row: JsonObject = {"id": _ZEROS, "input": {"access": "NONE"}}
    update: JsonObject = {"email": email, "input": {"language": None}}
    edits = [_may(transport, "adminUserUpdate", update), _may(transport, "roleUpdate", row)]
    owns = [_may(transport, "adminUserDelete", {"email": email}), _may(transport, "roleDelete", {"id": _ZEROS})]
    if all(answer is True for answer in edits + owns):
        return Check("write", Status.OK, "the key may update and delete (role.OWNER): apply works")
    if any(answer is None for answer in edits + owns):
        return Check("write", Status.UNKNOWN, "the hub's answers to changes of what cannot exist do not tell")
    level = "role.EDITOR: it updates, but neither creates nor deletes" if all(edits) else "less than role.EDITOR"
    return Check("write", Status.WARNING, f"the key has {level}", "apply needs a key with role.OWNER; plan does not")


def _may(transport: Transport, operation: str, variables: JsonObject) -> bool | None:
    """True if the hub looked for what cannot exist, False if it denied that, None if neither is certain."""
    try:
        reply = transport.write(call(operation, variables))
    except HubError as err:
        return False if err.code in DENIALS else None
    if any(fault.code in DENIALS for fault in reply.faults):
        return False
    return True if any(is_missing(fault) for fault in reply.faults) else None


class _Silent:
    """Progress that is not shown."""

    def advance(self, what: str, done: int, total: int) -> None:
        """Nothing is shown."""


def _everything(transport: Transport, sizes: Sizes) -> LiveState | HubError:
    """What a plan reads, by the plan's own reader; or the error."""
    try:
        return read_everything(transport, sizes, _Silent(), no_addresses)
    except HubError as err:
        return err


def _check_owners(live: LiveState | HubError, settings: Settings) -> Check:
    """Whether as many users as `min_role_owners` requires are counted, by the guardrail's own count."""
    if isinstance(live, HubError):
        is_denied = isinstance(live, HubDeniedError) and live.operation == "roles"
        why = "the key may not read grants" if is_denied else "not counted"
        return Check("owners", Status.FAILED, Message("{}: {}", why, live.message), live.hint)
    if mapped := mapped_away(live.definitions, settings):
        role, other, usual = mapped
        message = Message("not counted: role_definitions maps {} to {}, but the hub has {} too", role, other, usual)
        return Check("owners", Status.WARNING, message, _MAPPED_HINT.format(role=role))
    indexed, least = index(live, settings), settings.guardrails.least_role_owners
    if ROLES_PERMISSIONS not in indexed.definitions:
        message = Message(
            f"none counted, the minimum is {least}: the hub has no role definition for Roles & permissions"
        )
        return Check("owners", Status.WARNING, message, "name it in bo-sync.yaml under role_definitions")
    number = len(role_owners(indexed))
    backoffice = " with Backoffice on" if BACKOFFICE in indexed.definitions else ""
    who = "1 user owns" if number == 1 else f"{number} users own"
    message = Message(f"{who} Roles & permissions{backoffice}, the minimum is {least}")
    if number >= least:
        return Check("owners", Status.OK, message)
    missing = "a user" if not number else "another user"
    hint = f"check role_definitions in bo-sync.yaml, or make {missing} owner of Roles & permissions{backoffice}"
    return Check("owners", Status.WARNING, message, hint)


def _listed(transport: Transport, sizes: Sizes) -> tuple[LiveUser, ...] | HubError:
    """Every user, without grants, by id; or the error."""
    try:
        held = read_list(transport, users, sizes)
    except HubError as err:
        return err
    return tuple(sorted(map(live_user, held.values()), key=lambda user: user.id))


def _check_users(users: tuple[LiveUser, ...] | HubError) -> Check:
    """Whether every user can be managed, from the whole list: a plan only warns of those who cannot."""
    if isinstance(users, HubError):
        return Check("users", Status.FAILED, users.message, users.hint)
    odd = [*_unmanageable(users), *_sharing(users), *_unwritable(users)]
    if not odd:
        return Check("users", Status.OK, f"all {len(users)} can be managed")
    more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    hint = "plan manages all other users; create these again in the backoffice, or pin one of several by its `id`"
    return Check("users", Status.WARNING, f"not all can be managed: {'; '.join(odd[:_SHOWN])}{more}", hint)


def _unmanageable(users: Iterable[LiveUser]) -> Iterator[str]:
    for user in users:
        if reason := why_unmanageable(user.email):
            yield f"id {user.id} has {reason}"


def _sharing(users: Iterable[LiveUser]) -> Iterator[str]:
    at: dict[str, list[int]] = {}
    for user in users:
        if not why_unmanageable(user.email):
            at.setdefault(user.email.folded, []).append(user.id)
    for ids in at.values():
        if len(ids) > 1:
            yield f"{' and '.join(f'id {number}' for number in ids)} have one address"


def _unwritable(users: Iterable[LiveUser]) -> Iterator[str]:
    for user in users:
        if not is_comparable(user.profile):
            yield f"the profile of id {user.id} holds text that no file can hold"


def _check_definitions(
    transport: Transport, sizes: Sizes, settings: Settings, read: LiveState | tuple[LiveUser, ...] | HubError | None
) -> tuple[Check, ...]:
    """The definitions and, if the users are known, the identity of both."""
    if isinstance(read, LiveState):
        return _checked_definitions(read, transport, settings)
    try:
        held = read_definitions(transport, sizes)
    except HubError as err:
        return (Check("role definitions", Status.FAILED, err.message, err.hint),)
    if isinstance(read, tuple):
        return _checked_definitions(LiveState(read, held, tenant=read_tenant(transport)), transport, settings)
    return (_check_names(held, settings), _check_defaults(held))


def _checked_definitions(live: LiveState, transport: Transport, settings: Settings) -> tuple[Check, ...]:
    held = live.definitions
    return (_check_names(held, settings), _check_defaults(held), _check_identity(transport, settings, live))


def _check_identity(transport: Transport, settings: Settings, live: LiveState) -> Check:
    """The identity as a plan computes it, from all users, and the tenant when the key may read it."""
    try:
        check_identity(live, settings.hub_identity, transport.address)
    except (UsageError, HubError) as err:
        return Check("identity", Status.FAILED, err.message, err.hint)
    tenant = "the key may not read the tenant" if live.tenant is None else f"tenant/{live.tenant.raw}"
    hint = "" if settings.hub_identity else "set it as hub_identity in bo-sync.yaml: plans for another hub then fail"
    return Check("identity", Status.OK, f"{identity_of(live.definitions, live.users)}, {tenant}", hint)


def _check_names(held: Sequence[RoleDefinition], settings: Settings) -> Check:
    names = {definition.name for definition in held}
    missing = [(role, name) for role, name in settings.role_definitions if name not in names]
    if not missing:
        count = len(settings.role_definitions)
        return Check("role definitions", Status.OK, f"all {count} are found under their names")
    wanted = Message.of((Message("{} (our {})", name, role) for role, name in missing), ", ")
    listed = Message.of(sorted(names), ", ") or "none"
    message = Message("the hub has no role definition named {}; it has: {}", wanted, listed)
    return Check("role definitions", Status.WARNING, message, "name them in bo-sync.yaml under role_definitions")


def _check_defaults(held: Sequence[RoleDefinition]) -> Check:
    given = [
        Message("{} ({})", kind.name, kind.default_access.word)
        for kind in held
        if kind.default_access is not Access.NONE
    ]
    if not given:
        return Check("default access", Status.OK, "is none everywhere")
    message = Message(
        "is not none for {}: whether people without a row have it, the hub does not say", Message.of(given, ", ")
    )
    return Check("default access", Status.WARNING, message, "revoking sets a row to none, so it holds either way")


def _check_schema(transport: Transport) -> Check:
    unknown = "the hub does not show its schema, so whether it still fits is not known"
    try:
        reply = transport.read(call("schemaProbe"))
        found = differences(reply.data or {}) if not reply.faults else None
    except (HubError, ValueError):
        found = None
    if found is None:
        return Check("schema", Status.UNKNOWN, unknown)
    if not found:
        return Check("schema", Status.OK, "everything that bo-sync sends and reads is there")
    message = Message("the hub's schema has changed: {}", Message.of(found, "; "))
    return Check("schema", Status.FAILED, message, "look for a newer bo-sync")
