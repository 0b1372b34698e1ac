"""Users who do not exist: as many as asked, believable enough to try things on, the same for the same seed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from random import Random
from typing import Final
from unicodedata import normalize

from bo_sync.sandbox import baseline
from bo_sync.sandbox.baseline import RANK, Access, Gender, Population, RoleShape, UserRecord, timestamp

_MIDDLE: Final = ("van", "de", "van der", "von", "den")
_LANGUAGES: Final = ("NL", "NL", "NL", "EN", "EN", "DE", "FR")
_START: Final = datetime(2019, 1, 7, 8, 0, tzinfo=UTC)
_SPAN_MINUTES: Final = 7 * 365 * 24 * 60
_ALL: Final = tuple(baseline.KNOWN_DEFINITIONS)
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
    first: UserRecord = {**baseline.first_user(), "createdAt": timestamp(_START)}
    users = [first, *_users(Random(f"bo-sync {seed}"), count - 1)][: max(count, 0)]  # noqa: S311
    start: Population = baseline.baseline_population()
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
        yield {"definition": baseline.UNKNOWN_DEFINITION, "access": "VIEWER"}


def _drifted(chance: Random, definition: str, usual: Access) -> Access:
    if definition in _AREAS or chance.random() >= 0.08:
        return usual
    levels: list[Access] = [access for access in ("VIEWER", "EDITOR", "OWNER") if abs(RANK[access] - RANK[usual]) == 1]
    return chance.choice(levels)
