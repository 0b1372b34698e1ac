"""What a sandbox holds, as JSON: its shape, and the baseline after `reset`."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal, Required, TypedDict
from uuid import UUID, uuid5

from bo_sync.errors import BoSyncError

Access = Literal["NONE", "VIEWER", "EDITOR", "OWNER"]
Gender = Literal["M", "F", "U"]
Clock = Callable[[], datetime]

RANK: Final[dict[str, int]] = {"NONE": 0, "VIEWER": 1, "EDITOR": 2, "OWNER": 3}


class DefinitionRecord(TypedDict, total=False):
    """A role definition. By default `id` is a UUID that follows from the name and `defaultAccess` is NONE."""

    id: str
    name: Required[str]
    description: str
    defaultAccess: Access
    createdAt: str
    lastModifiedAt: str


class RoleShape(TypedDict, total=False):
    """One role row; `definition` is a name. Two for one definition may stand here, though `roleCreate` refuses that."""

    id: str
    definition: Required[str]
    access: Required[Access]
    createdAt: str
    lastModifiedAt: str
    createdBy: int | None
    lastModifiedBy: int | None


class UserRecord(TypedDict, total=False):
    """A user. Without an `id` one is given out, from 1001; without a `language` there is none."""

    id: int
    email: Required[str]
    gender: Gender | None
    firstName: str | None
    middleName: str | None
    lastName: str | None
    language: str | None
    phone: str | None
    job: str | None
    createdAt: str
    createdBy: int
    lastModifiedAt: str
    lastModifiedBy: int
    roles: list[RoleShape]


class KeyShape(TypedDict):
    """An API key and its level in the definition `role`, which is all that the operations here ask for."""

    key: str
    access: Access


class SessionShape(TypedDict):
    """A bearer token and the exact address of the user who holds it."""

    token: str
    email: str


class Population(TypedDict, total=False):
    """Everything. Without `definitions` or `keys`: those of `baseline.py`; without `users` or `sessions`: none."""

    definitions: list[DefinitionRecord]
    users: list[UserRecord]
    keys: list[KeyShape]
    sessions: list[SessionShape]


class PopulationError(BoSyncError):
    """A population contradicts itself, so no hub could hold it."""


def timestamp(moment: datetime) -> str:
    """`moment` as the hub writes it: UTC, milliseconds, `Z`. Texts of this form sort as the moments do."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def system_clock() -> datetime:
    """The present moment, for a sandbox that nobody gave another clock."""
    return datetime.now(UTC)


NAMESPACE: Final = UUID("5f0c3f6e-2c0b-4a4e-9d57-0b5a4d6b7c21")
FIRST_USER: Final = "break-glass@example.com"
OWNER_KEY: Final = "sandbox-owner"
EDITOR_KEY: Final = "sandbox-editor"
VIEWER_KEY: Final = "sandbox-viewer"
NONE_KEY: Final = "sandbox-none"
SESSION_TOKEN: Final = "sandbox-session"  # noqa: S105 - opens nothing but a sandbox

KNOWN_DEFINITIONS: Final = {
    "sales": "Sales Hub",
    "backoffice": "Backoffice",
    "apikey": "API Keys",
    "user": "User management",
    "shop": "Shop & channel",
    "role": "Roles & permissions",
    "pricing": "Pricing",
    "logistics": "Logistics",
    "configuration": "Configuration",
    "product": "Product Data",
    "order": "Order Data",
}
UNKNOWN_DEFINITION: Final = "ticket"


def definition_id(name: str) -> str:
    """The UUID of the definition `name` where the population gives none: the same in every sandbox."""
    return str(uuid5(NAMESPACE, f"definition {name}"))


def role_id(number: int) -> str:
    """The UUID of the `number`th role row that a sandbox makes after it was last loaded."""
    return str(uuid5(NAMESPACE, f"role {number}"))


def definitions() -> list[DefinitionRecord]:
    """The eleven definitions that bo-sync knows, and one that it does not."""
    named = {**KNOWN_DEFINITIONS, UNKNOWN_DEFINITION: "Tickets"}
    return [{"name": name, "description": description, "defaultAccess": "NONE"} for name, description in named.items()]


def keys() -> list[KeyShape]:
    """One key for each level of the definition `role`."""
    return [
        {"key": OWNER_KEY, "access": "OWNER"},
        {"key": EDITOR_KEY, "access": "EDITOR"},
        {"key": VIEWER_KEY, "access": "VIEWER"},
        {"key": NONE_KEY, "access": "NONE"},
    ]


def first_user() -> UserRecord:
    """The user who is there before anybody else, with everything on."""
    return {
        "email": FIRST_USER,
        "firstName": "Break",
        "lastName": "Glass",
        "gender": "U",
        "language": "EN",
        "job": "Emergency access",
        "roles": [{"definition": name, "access": "OWNER"} for name in KNOWN_DEFINITIONS],
    }


def baseline_population() -> Population:
    """The population after `reset`."""
    session: SessionShape = {"token": SESSION_TOKEN, "email": FIRST_USER}
    return {"definitions": definitions(), "users": [first_user()], "keys": keys(), "sessions": [session]}
