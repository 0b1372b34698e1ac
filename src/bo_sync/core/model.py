"""The domain as values: users, access, grants, presets, what files declare and what the hub holds.

A user has three shapes, in this order: a `Declaration` is one entry in a file; a `DesiredUser` is what it means today
(`core/presets.py`); a `LiveUser` is what the hub holds. Everything is frozen and comparable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum, StrEnum
from string import ascii_lowercase, ascii_uppercase
from typing import Final, Literal, NewType

from bo_sync.core.text import Message, Text, normal_form

Role = NewType("Role", str)
"""Our name of a role definition: `sales_hub`, `pricing`. Made of `[a-z0-9_]`, so it is safe to print."""

PLATFORM: Final = (Role("sales_hub"), Role("backoffice"))
MODULES: Final = (
    Role("api_keys"),
    Role("user_management"),
    Role("shop_channel"),
    Role("roles_permissions"),
    Role("pricing"),
    Role("logistics"),
    Role("configuration"),
    Role("product_data"),
    Role("order_data"),
)
ROLES: Final = PLATFORM + MODULES
"""Every role in the product's documentation, in display order."""

SALES_HUB, BACKOFFICE = PLATFORM
ROLES_PERMISSIONS: Final = Role("roles_permissions")

DEFAULT_HUB_NAMES: Final[Mapping[Role, str]] = {
    Role("sales_hub"): "sales",
    Role("backoffice"): "backoffice",
    Role("api_keys"): "apikey",
    Role("user_management"): "user",
    Role("shop_channel"): "shop",
    Role("roles_permissions"): "role",
    Role("pricing"): "pricing",
    Role("logistics"): "logistics",
    Role("configuration"): "configuration",
    Role("product_data"): "product",
    Role("order_data"): "order",
}
"""Our name: the hub's. All except the two platform areas are from the hub's AUTH annotations."""


class Access(IntEnum):
    """A level of access; a higher one includes every lower one (schema type `RoleAccess`)."""

    NONE = 0
    VIEWER = 1
    EDITOR = 2
    OWNER = 3

    @property
    def word(self) -> str:
        """The level as in our files and our JSON: `owner`."""
        return self._name_.lower()  # `name` is looked up by a function of the library


ACCESS_WORDS: Final[Mapping[str, Access]] = {access.word: access for access in Access}
"""The spellings of our files, lowest first."""

ProfileField = Literal["gender", "first_name", "middle_name", "last_name", "phone", "job", "language"]
PROFILE_FIELDS: Final[tuple[ProfileField, ...]] = (
    "gender",
    "first_name",
    "middle_name",
    "last_name",
    "phone",
    "job",
    "language",
)
"""The profile, in the order of the backoffice's form."""

PROFILE_LIMITS: Final[Mapping[ProfileField, int]] = {
    "first_name": 30,
    "middle_name": 20,
    "last_name": 50,
    "phone": 30,
    "job": 30,
    "language": 2,
}
"""The most characters that the hub takes (schema descriptions of `AdminUser`)."""

_UPPER: Final = str.maketrans(ascii_lowercase, ascii_uppercase)


def language_form(raw: str) -> str:
    """A language as it is compared and sent: a to z in upper case. Other letters stay, so that none becomes two."""
    return raw.translate(_UPPER)


GENDERS: Final = ("male", "female", "unknown")


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A place in a file: a path relative to the configuration's root with `/`, line and column from 1."""

    path: Text
    line: int
    column: int = 1

    def __str__(self) -> str:
        return str(self.text)

    @property
    def text(self) -> Text:
        """`path:line:column`"""
        return Text(f"{self.path.raw}:{self.line}:{self.column}")

    @property
    def short(self) -> Text:
        """`path:line`, as in rows of a plan. The path is untrusted text, so this is too."""
        return Text(f"{self.path.raw}:{self.line}")


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """An error or warning in a file: its place, and one sentence: what was found, what was expected, the nearest word.

    `rule` is the number of the finding, "" if it has none.
    """

    source: Source
    message: Message
    severity: Severity = Severity.ERROR
    rule: str = ""

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Message:
        """`users/a.yaml:3:1: error: …`"""
        number = f" ({self.rule})" if self.rule else ""
        return Message("{}: {}: {}{}", self.source.text, self.severity, self.message, number)


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One managed profile field. None clears it; a gender is one of `GENDERS`; a language is in upper case."""

    field: ProfileField
    value: Text | None


Profile = tuple[FieldValue, ...]
"""Managed fields only, each once, in the order of `PROFILE_FIELDS`."""


def in_normal_form(field: ProfileField, value: Text | None) -> Text | None:
    """A field's value in the form in which it is compared and pulled; None for white space alone."""
    if value is None:
        return None
    normal = normal_form(value.raw)
    return Text(normal.replace(" ", "") if field == "phone" else normal) if normal else None


def is_same_value(field: ProfileField, one: Text | None, other: Text | None) -> bool:
    """Whether two values of a field differ at most in form, which is not a change."""
    return one == other or in_normal_form(field, one) == in_normal_form(field, other)


def is_comparable(profile: Profile) -> bool:
    """Whether every text of a live profile can be compared and written."""
    return all(entry.value is None or entry.value.is_writable for entry in profile)


class State(StrEnum):
    PRESENT = "present"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Override:
    """One direct grant, in `platform` or `modules`. `until` is the last day on which it holds."""

    role: Role
    access: Access
    source: Source = field(compare=False)
    until: date | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Ignore:
    """A finding that the file suppresses, with the reason and the last day of the suppression."""

    rule: Text
    reason: Text
    until: date
    source: Source = field(compare=False)


@dataclass(frozen=True, slots=True)
class Declaration:
    """One user's entry as in the file, checked but not yet interpreted.

    `profile` holds only what the entry itself has (no defaults), normalised: `""` is None, language in upper case.
    """

    email: Text
    source: Source = field(compare=False)
    id: int | None = None
    profile: Profile = ()
    presets: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    state: State = State.PRESENT
    until: date | None = None
    ignore: tuple[Ignore, ...] = ()


@dataclass(frozen=True, slots=True)
class PresetGrant:
    role: Role
    access: Access
    source: Source = field(compare=False)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of grants. `name` is the file's stem, of `[A-Za-z0-9._-]`, so it is safe to print."""

    name: str
    source: Source = field(compare=False)
    label: Text | None = None
    description: Text | None = None
    extends: tuple[str, ...] = ()
    grants: tuple[PresetGrant, ...] = ()


class Departure(StrEnum):
    """Why a user with a file is to be deleted."""

    STATE_ABSENT = "state: absent"
    UNTIL_PASSED = "until"


@dataclass(frozen=True, slots=True)
class DesiredGrant:
    """Effective access, never NONE, and its source: a preset (by name) or, when None, a direct grant."""

    role: Role
    access: Access
    source: Source = field(compare=False)
    preset: str | None = field(default=None, compare=False)
    until: date | None = field(default=None, compare=False)
    reason: Text | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Access to one role as an entry gives it: `access` up to and including `until`, `then` afterwards.

    Without `until`, `access` has no end and `then` is the same.
    """

    access: Access
    until: date | None
    then: Access

    def on(self, day: date) -> Access:
        """The access on a day."""
        return self.access if self.until is None or day <= self.until else self.then


@dataclass(frozen=True, slots=True)
class DesiredUser:
    """A user as the files want them today. `departure` set means deleted; then profile and grants are empty.

    `expired` are the direct grants whose last day has passed: they explain why a grant changed. `withheld` are those
    that hold and give nothing. `presets` are those that the entry names. `until` is the account's last day.
    `expired_on` is that day if it has passed and the account is to be deleted. `has_expired_part`: the last day of the
    account or of a grant has passed, whatever else is in the entry. `ending`: roles whose access an `until` will
    change.
    """

    email: Text
    source: Source = field(compare=False)
    id: int | None = None
    profile: Profile = ()
    grants: tuple[DesiredGrant, ...] = ()
    departure: Departure | None = None
    expired: tuple[Override, ...] = field(default=(), compare=False)
    presets: tuple[str, ...] = field(default=(), compare=False)
    withheld: tuple[Override, ...] = field(default=(), compare=False)
    until: date | None = field(default=None, compare=False)
    expired_on: date | None = field(default=None, compare=False)
    has_expired_part: bool = field(default=False, compare=False)
    ending: tuple[tuple[Role, Span], ...] = field(default=(), compare=False)

    @property
    def is_expired(self) -> bool:
        """Whether `--expired` chooses this user."""
        return self.has_expired_part or bool(self.expired) or self.departure is Departure.UNTIL_PASSED


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role definition of the hub. `id` is a UUID, `name` the domain (`pricing`)."""

    id: str
    name: Text
    default_access: Access
    created_at: Text | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One row of the hub's `roles`. Two rows for one pair of user and definition are possible."""

    id: str
    definition_id: str
    access: Access
    updated_at: Text | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LiveUser:
    """A user as the hub holds them: the hub's own spelling of the address, all profile fields, every grant row."""

    id: int
    email: Text
    profile: Profile = ()
    rows: tuple[GrantRow, ...] = ()
    created_at: Text | None = field(default=None, compare=False)
    updated_at: Text | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class LiveState:
    """Everything read from one hub, proved complete. `viewer` is the session's user, if there is one.

    `tenant` is the id of the tenant, None if the key may not read it.
    """

    users: tuple[LiveUser, ...] = ()
    definitions: tuple[RoleDefinition, ...] = ()
    viewer: Text | None = None
    tenant: Text | None = None
