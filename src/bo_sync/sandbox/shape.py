"""What a sandbox holds, as one JSON-shaped value: a population.

`Store.load` takes one and `Store.snapshot` gives one back, complete and comparable with `==`, so a test states a hub
as a literal and compares hubs as values. Names are those of the hub's schema; a key without `Required` may be left out.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, Literal, Required, TypedDict

from bo_sync.errors import BoSyncError

Access = Literal["NONE", "VIEWER", "EDITOR", "OWNER"]
Gender = Literal["M", "F", "U"]
Clock = Callable[[], datetime]

RANK: Final[dict[str, int]] = {"NONE": 0, "VIEWER": 1, "EDITOR": 2, "OWNER": 3}


class DefinitionShape(TypedDict, total=False):
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


class UserShape(TypedDict, total=False):
    """A person. Without an `id` one is given out, from 1001; without a `language` there is none."""

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
    """A bearer token and the exact address of the person who holds it."""

    token: str
    email: str


class Population(TypedDict, total=False):
    """Everything. Without `definitions` or `keys`: those of `baseline.py`; without `users` or `sessions`: none."""

    definitions: list[DefinitionShape]
    users: list[UserShape]
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
