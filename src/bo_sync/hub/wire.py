"""The shapes of the hub's answers, checked as strictly as possible, and their meaning in our words.

Every shape follows a type of the hub's schema (`AdminUser`, `Role`, `RoleDefinition` and the paged responses). Ids are
read as strings or numbers, because the schema itself has both for the same user: `AdminUser.id` is an `ID`,
`Role.userId` an `Int`. Fields that we did not request are ignored; a missing or invalid one is a HubError.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WrapValidator

from bo_sync.core.model import (
    PROFILE_FIELDS,
    Access,
    FieldValue,
    GrantRow,
    LiveUser,
    Profile,
    ProfileField,
    language_form,
)
from bo_sync.core.model import RoleDefinition as Definition
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError
from bo_sync.hub.graphql import JsonObject, JsonValue

ModelT = TypeVar("ModelT", bound=BaseModel)
ItemT = TypeVar("ItemT", bound=BaseModel)

_GENDER_WORDS: Final = {"M": "male", "F": "female", "U": "unknown"}
_GENDER_LETTERS: Final = {word: letter for letter, word in _GENDER_WORDS.items()}
_WIRE_NAMES: Final[Mapping[ProfileField, str]] = {
    "gender": "gender",
    "first_name": "firstName",
    "middle_name": "middleName",
    "last_name": "lastName",
    "phone": "phone",
    "job": "job",
    "language": "language",
}


def _number(found: object) -> object:
    """An id as a number, from a number or from digits. Anything else stays, and the model rejects it."""
    is_digits = isinstance(found, str) and found.isascii() and found.isdigit() and len(found) <= 18
    return int(found) if is_digits and isinstance(found, str) else found


def _characters(found: object) -> object:
    return str(found) if isinstance(found, int) and not isinstance(found, bool) else found


def _any_text(found: object, strictly: Callable[[object], str]) -> str:
    """Any text that JSON can hold, including a lone surrogate, which pydantic rejects."""
    return found if isinstance(found, str) else strictly(found)


def _address(found: object) -> object:
    return "" if found is None else found


AnyText = Annotated[str, WrapValidator(_any_text)]
AnyAddress = Annotated[AnyText, BeforeValidator(_address)]
""""" for none: a user without a valid address does not make an answer unreadable."""
UserId = Annotated[int, BeforeValidator(_number), Field(gt=0)]
OpaqueId = Annotated[str, BeforeValidator(_characters), Field(min_length=1, max_length=200)]
AccessName = Literal["OWNER", "EDITOR", "VIEWER", "NONE"]


class _Shape(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)


class _DatedShape(_Shape):
    createdAt: str  # noqa: N815


class UserShape(_DatedShape):
    """`AdminUser`. Its texts are untrusted; `core/live.py` decides which of them can be managed."""

    id: UserId
    email: AnyAddress
    gender: Literal["M", "F", "U"] | None
    firstName: AnyText | None  # noqa: N815  # the schema's spelling
    middleName: AnyText | None  # noqa: N815
    lastName: AnyText | None  # noqa: N815
    phone: AnyText | None
    job: AnyText | None
    language: AnyText | None
    lastModifiedAt: str  # noqa: N815


class ViewerShape(_Shape):
    """The fields that `adminUserViewer` requests."""

    id: UserId
    email: Annotated[str, Field(min_length=1)]


class RowShape(_Shape):
    """`Role`."""

    id: OpaqueId
    userId: UserId  # noqa: N815
    roleDefinitionId: OpaqueId  # noqa: N815
    access: AccessName
    moment: Annotated[str | None, Field(alias="lastModifiedAt")] = None


class DefinitionShape(_DatedShape):
    """`RoleDefinition`."""

    id: OpaqueId
    name: AnyText
    defaultAccess: AccessName  # noqa: N815


class TenantShape(_Shape):
    """`Tenant`."""

    id: OpaqueId


class PageShape(_Shape, Generic[ItemT]):
    """`UserResponse`, `RoleResponse`, `RoleDefinitionResponse`. `offset` is the size of a page, not its start."""

    items: tuple[ItemT, ...]
    itemsFound: Annotated[int, Field(ge=0, lt=10**7)]  # noqa: N815  # what errors tell is short: no key made of digits
    offset: int
    pages: int


def parse(shape: type[ModelT], operation: str, found: JsonValue) -> ModelT:
    """One operation's result. Raises HubError that names the field that does not have the promised type.

    It names the kind of the value, never the value: an answer of any shape may quote the key.
    """
    try:
        return shape.model_validate(_tuples(found))
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the answer"
        kind = "nothing" if first["type"] == "missing" else _kind(first["input"])
        message = Message(
            "{}: the hub's answer is not of its schema: {}: {}, found {}", operation, Text(place), first["msg"], kind
        )
        hint = "run `bo-sync doctor`: it compares the hub's schema with what we send"
        raise HubError(message, operation=operation, hint=hint, detail=f"{err.error_count()} such fields") from err


def _kind(found: object) -> str:
    """JSON's name for the kind of a value."""
    match found:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text" if found else "an empty text"
        case list() | tuple():
            return "a list"
        case _:
            return "an object"


def _tuples(found: JsonValue) -> object:
    """A page's list as the tuple that the strict model expects."""
    if isinstance(found, dict) and isinstance(found.get("items"), list):
        return {**found, "items": tuple(found["items"] or ())}  # type: ignore[arg-type]
    return found


def live_user(shape: UserShape, rows: tuple[GrantRow, ...] = ()) -> LiveUser:
    """A user in our words: all profile fields in order, "" and null as None, the language in upper case."""
    values: dict[ProfileField, str | None] = {
        "gender": _GENDER_WORDS[shape.gender] if shape.gender else None,
        "first_name": shape.firstName,
        "middle_name": shape.middleName,
        "last_name": shape.lastName,
        "phone": shape.phone,
        "job": shape.job,
        "language": language_form(shape.language) if shape.language else None,
    }
    return LiveUser(
        id=shape.id,
        email=Text(shape.email),
        profile=tuple(FieldValue(name, _text(values[name])) for name in PROFILE_FIELDS),
        rows=rows,
        created_at=Text(shape.createdAt),
        updated_at=Text(shape.lastModifiedAt),
    )


def _text(raw: str | None) -> Text | None:
    return Text(raw) if raw else None


def grant_row(shape: RowShape) -> GrantRow:
    """A grant row in our words."""
    return GrantRow(shape.id, shape.roleDefinitionId, Access[shape.access], _text(shape.moment))


def definition(shape: DefinitionShape) -> Definition:
    """A role definition in our words."""
    return Definition(shape.id, Text(shape.name), Access[shape.defaultAccess], Text(shape.createdAt))


def profile_input(profile: Profile) -> JsonObject:
    """Profile fields in the spelling of `CreateUserDto` and `UpdateUserDto`; None is an explicit null, which clears."""
    return {_WIRE_NAMES[value.field]: _wire_value(value) for value in profile}


def _wire_value(value: FieldValue) -> str | None:
    if value.value is None:
        return None
    return _GENDER_LETTERS[value.value.raw] if value.field == "gender" else value.value.raw
