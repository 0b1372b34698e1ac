"""Check by introspection that a hub's schema has everything that bo-sync sends and reads."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError
from bo_sync.hub.graphql import DENIALS, JsonObject, JsonValue, call, read_failure
from bo_sync.hub.transport import Transport

_PROFILE: Final = frozenset({"gender", "firstName", "middleName", "lastName", "phone", "job", "language"})
_PAGE: Final = frozenset({"items", "itemsFound", "offset", "pages"})
_PAGING: Final = frozenset({"page", "offset", "sortInputs"})

OPERATIONS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Query": {
        "adminUsers": frozenset({"input"}),
        "adminUser": frozenset({"email"}),
        "adminUserViewer": frozenset(),
        "roleDefinitions": frozenset({"input"}),
        "roles": frozenset({"input"}),
        "tenant": frozenset(),
    },
    "Mutation": {
        "adminUserCreate": frozenset({"input"}),
        "adminUserUpdate": frozenset({"email", "input"}),
        "adminUserDelete": frozenset({"email"}),
        "roleCreate": frozenset({"input"}),
        "roleUpdate": frozenset({"id", "input"}),
        "roleDelete": frozenset({"id"}),
        "triggerPasswordSendInitEmailEvent": frozenset({"input"}),
    },
}
"""Root type: operation: the arguments that we send."""

USED: Final[Mapping[str, frozenset[str]]] = {
    "AdminUser": _PROFILE | {"id", "email", "createdAt", "lastModifiedAt"},
    "Role": frozenset({"id", "userId", "roleDefinitionId", "access", "lastModifiedAt"}),
    "RoleDefinition": frozenset({"id", "name", "defaultAccess", "createdAt"}),
    "Tenant": frozenset({"id"}),
    "UserResponse": _PAGE,
    "RoleResponse": _PAGE,
    "RoleDefinitionResponse": _PAGE,
    "AdminUsersSearchInput": _PAGING,
    "RoleSearchInput": _PAGING | {"userIds"},
    "RoleDefinitionSearchInput": _PAGING,
    "CreateUserDto": _PROFILE | {"email"},
    "UpdateUserDto": _PROFILE,
    "RoleCreateInput": frozenset({"roleDefinitionId", "access", "userId"}),
    "RoleUpdateInput": frozenset({"access"}),
    "PasswordRecoveryLinkInput": frozenset({"email", "redirectUrl", "language"}),
    "RoleAccess": frozenset({"OWNER", "EDITOR", "VIEWER", "NONE"}),
    "Gender": frozenset({"M", "F", "U"}),
}
"""Type: its fields, input fields or values that we use."""


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class _Kind(_Shape):
    kind: str


class _Named(_Shape):
    name: str


class _Input(_Named):
    defaultValue: str | None  # noqa: N815  # the specification's spelling
    type: _Kind

    @property
    def is_demanded(self) -> bool:
        return self.type.kind == "NON_NULL" and self.defaultValue is None


class _Field(_Named):
    args: list[_Input]


def _listed(found: object) -> object:
    return [] if found is None else found


class _Type(_Shape):
    """`__Type`, as in `schemaProbe`: each of the lists is null for the other kinds of type."""

    fields: Annotated[list[_Field], BeforeValidator(_listed)]
    inputFields: Annotated[list[_Input], BeforeValidator(_listed)]  # noqa: N815
    enumValues: Annotated[list[_Named], BeforeValidator(_listed)]  # noqa: N815


def differences(probed: Mapping[str, JsonValue]) -> tuple[str, ...]:
    """The parts of `USED` and `OPERATIONS` that the answer to `schemaProbe` lacks, and further required ones; sorted.

    Raises ValueError for an answer that is not an introspection's.
    """
    try:
        types = {name: _Type.model_validate(found) for name, found in probed.items() if found is not None}
    except ValidationError as err:
        raise ValueError("not the answer to an introspection") from err
    found: list[str] = []
    for name in [*USED, *OPERATIONS]:
        found += _compare(name, types[name]) if name in types else [f"the type {name} is gone"]
    return tuple(sorted(found))


def _compare(name: str, found: _Type) -> Iterator[str]:
    used = USED.get(name, OPERATIONS.get(name, {}).keys())
    held = {item.name for item in [*found.fields, *found.inputFields, *found.enumValues]}
    yield from (f"{name}.{missing} is gone" for missing in set(used) - held)
    yield from _demanded(name, found.inputFields, used)
    for field in found.fields:
        given = OPERATIONS.get(name, {}).get(field.name)
        if given is not None:
            place = f"{name}.{field.name}"
            yield from (f"{place}({lost}) is gone" for lost in given - {argument.name for argument in field.args})
            yield from _demanded(place, field.args, given)


def _demanded(place: str, held: Iterable[_Input], given: Iterable[str]) -> Iterator[str]:
    known = set(given)
    yield from (
        Message("{} now demands {}", place, Text(item.name))
        for item in held
        if item.is_demanded and item.name not in known
    )


_PROBE = "catalogueProbe"


def read_introspection(transport: Transport) -> JsonObject:
    """The fields of the hub's root types, in the form of an introspection result.

    Raises HubError if the hub cannot be reached, denies access, or does not show its schema.
    """
    reply = transport.read(call(_PROBE))
    if any(fault.code in DENIALS for fault in reply.faults):
        raise read_failure(_PROBE, None, reply)
    if reply.faults or reply.data is None or not isinstance(reply.data.get("__schema"), dict):
        said = Message(": it says {}", reply.faults[0].sentence) if reply.faults else ""
        raise HubError(
            Message("{}: {} does not show its schema{}", _PROBE, transport.address.url, said),
            operation=_PROBE,
            hint="have its introspection switched on, or take it where it is, and give the file with --from",
        )
    return reply.data
