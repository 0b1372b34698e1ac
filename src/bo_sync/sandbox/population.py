"""What a sandbox holds, as JSON: its shape, the baseline after `reset`, and made-up users for `seed`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final, Literal, Required, TypedDict
from unicodedata import normalize
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
    """Everything. Without `definitions` or `keys`: those of the baseline; without `users` or `sessions`: none."""

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
    """The present moment, for a sandbox without another clock."""
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


def baseline_definitions() -> list[DefinitionRecord]:
    """The eleven definitions that bo-sync knows, and one that it does not."""
    named = {**KNOWN_DEFINITIONS, UNKNOWN_DEFINITION: "Tickets"}
    return [{"name": name, "description": description, "defaultAccess": "NONE"} for name, description in named.items()]


def baseline_keys() -> list[KeyShape]:
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
    return {
        "definitions": baseline_definitions(),
        "users": [first_user()],
        "keys": baseline_keys(),
        "sessions": [session],
    }


_MIDDLE: Final = ("van", "de", "van der", "von", "den")
_LANGUAGES: Final = ("NL", "NL", "NL", "EN", "EN", "DE", "FR")
_START: Final = datetime(2019, 1, 7, 8, 0, tzinfo=UTC)
_SPAN_MINUTES: Final = 7 * 365 * 24 * 60
_ALL: Final = tuple(KNOWN_DEFINITIONS)
_AREAS: Final = ("sales", "backoffice")


@dataclass(frozen=True, slots=True)
class _Job:
    """A job that `share` of a hundred users have, with the rights that usually come with it."""

    title: str
    share: int
    rights: dict[str, Access]


_JOBS: Final = (
    _Job("Account manager", 34, {"sales": "OWNER", "user": "OWNER", "product": "OWNER", "order": "OWNER"}),
    _Job("Order desk", 22, {"backoffice": "OWNER", "order": "EDITOR", "user": "VIEWER", "logistics": "EDITOR"}),
    _Job("Catalogue editor", 16, {"backoffice": "OWNER", "product": "EDITOR", "pricing": "VIEWER"}),
    _Job("Pricing analyst", 9, {"backoffice": "OWNER", "pricing": "OWNER", "product": "VIEWER", "order": "VIEWER"}),
    _Job("Auditor", 7, {"backoffice": "OWNER", **dict.fromkeys(_ALL[2:], "VIEWER")}),
    _Job("Integration engineer", 6, {"backoffice": "OWNER", "apikey": "OWNER", "configuration": "EDITOR"}),
    _Job("Team lead", 4, {"sales": "OWNER", "backoffice": "OWNER", "user": "OWNER", "role": "EDITOR"}),
    _Job("Platform engineer", 2, dict.fromkeys(_ALL, "OWNER")),
)
_SHARES: Final = tuple(job.share for job in _JOBS)
_GENDERS: Final[tuple[Gender, ...]] = ("F", "M", "U")


@cache
def _names(kind: str) -> tuple[str, ...]:
    """The first names of a gender, or the `last` names."""
    lines = files("bo_sync.sandbox").joinpath("names.txt").read_text("utf-8").splitlines()
    return tuple(name for line in lines if line.split()[0] == kind for name in line.split()[1:])


def synthetic(count: int, seed: int = 0) -> Population:
    """`count` users with their rows, the baseline's first user among them, and the baseline's keys and session.

    Equal arguments give equal populations, and stores that are equal whenever they are loaded: everything has its
    times. Addresses are unique, also when case is ignored.
    """
    first: UserRecord = {**first_user(), "createdAt": timestamp(_START)}
    users = [first, *_users(Random(f"bo-sync {seed}"), count - 1)][: max(count, 0)]  # noqa: S311
    start: Population = baseline_population()
    return {
        **start,
        "definitions": [{**definition, "createdAt": timestamp(_START)} for definition in start["definitions"]],
        "users": [_with_times(user) for user in users],
        "sessions": start["sessions"] if users else [],
    }


def _with_times(user: UserRecord) -> UserRecord:
    """The user with rows that were made when the user was."""
    return {**user, "roles": [{**row, "createdAt": user["createdAt"]} for row in user["roles"]]}


def _users(chance: Random, count: int) -> Iterator[UserRecord]:
    taken: dict[str, int] = {}
    for _ in range(count):
        yield _user(chance, taken)


def _user(chance: Random, taken: dict[str, int]) -> UserRecord:
    gender: Gender = chance.choices(_GENDERS, (45, 45, 10))[0]
    first, last = chance.choice(_names(gender)), chance.choice(_names("last"))
    job = chance.choices(_JOBS, _SHARES)[0]
    created = _START + timedelta(minutes=chance.randrange(_SPAN_MINUTES))
    return {
        "email": _address(first, last, taken),
        "firstName": first,
        "middleName": chance.choice(_MIDDLE) if chance.random() < 0.15 else None,
        "lastName": last,
        "gender": gender,
        "language": chance.choice(_LANGUAGES),
        "phone": f"+31 20 555 {chance.randrange(10_000):04d}" if chance.random() < 0.7 else None,
        "job": job.title if chance.random() < 0.9 else None,
        "createdAt": timestamp(created),
        "lastModifiedAt": timestamp(created + timedelta(minutes=chance.randrange(100_000))),
        "roles": list(_rows(chance, job)),
    }


def _address(first: str, last: str, taken: dict[str, int]) -> str:
    """`first.last@example.com`; a number follows the name of each further user who has it."""
    local = normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode().lower()
    taken[local] = taken.get(local, 0) + 1
    return f"{local}{taken[local] if taken[local] > 1 else ''}@example.com"


def _rows(chance: Random, job: _Job) -> Iterator[RoleShape]:
    """The job's rights, now and then one level away from the usual, and what was granted once and revoked."""
    for definition in _ALL:
        usual = job.rights.get(definition)
        if usual is not None:
            yield {"definition": definition, "access": _drifted(chance, definition, usual)}
        elif chance.random() < 0.06:
            yield {"definition": definition, "access": "NONE"}
    if chance.random() < 0.1:
        yield {"definition": UNKNOWN_DEFINITION, "access": "VIEWER"}


def _drifted(chance: Random, definition: str, usual: Access) -> Access:
    if definition in _AREAS or chance.random() >= 0.08:
        return usual
    levels: list[Access] = [access for access in ("VIEWER", "EDITOR", "OWNER") if abs(RANK[access] - RANK[usual]) == 1]
    return chance.choice(levels)
