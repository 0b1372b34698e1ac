"""A hub that has drifted away from the files: the starting point of `bo-sync demo`.

It is derived from the files, so the demo shows every kind of change whatever they say: somebody missing, fields and
grants that somebody changed by hand, a second row for one grant, somebody who should be gone, somebody without a file,
and a protected person. The same files give the same hub.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bo_sync.core.model import DEFAULT_HUB_NAMES, Access, DesiredUser, Profile, Role
from bo_sync.core.settings import Settings
from bo_sync.reconcile import Desired
from bo_sync.sandbox.baseline import baseline
from bo_sync.sandbox.shape import Access as AccessWord
from bo_sync.sandbox.shape import DefinitionShape, Gender, Population, RoleShape, UserShape

_GENDERS: Final[dict[str, Gender]] = {"male": "M", "female": "F", "unknown": "U"}
_WORDS: Final[dict[Access, AccessWord]] = {
    Access.NONE: "NONE",
    Access.VIEWER: "VIEWER",
    Access.EDITOR: "EDITOR",
    Access.OWNER: "OWNER",
}
STRANGER: Final[UserShape] = {
    "email": "agency.contractor@example.com",
    "firstName": "Agency",
    "lastName": "Contractor",
    "language": "EN",
    "roles": [{"definition": "backoffice", "access": "OWNER"}, {"definition": "product", "access": "EDITOR"}],
}


def drifted(desired: Desired) -> Population:
    """A population for the sandbox: the break-glass person and a stranger, and the files' people as they drifted."""
    staying = [user for user in desired.users if user.departure is None]
    missing = next((user for user in staying if user.id is None and not _is_first(user, staying)), None)
    people = [
        _person(user, number, desired.settings)
        for number, user in enumerate(user for user in desired.users if user is not missing)
    ]
    start = baseline()
    with_files = {user.email.folded for user in desired.users}
    renamed = {DEFAULT_HUB_NAMES.get(role, name.raw): name.raw for role, name in desired.settings.role_definitions}
    others = [_renamed(shape, renamed) for shape in (*start["users"], STRANGER) if shape["email"] not in with_files]
    definitions: list[DefinitionShape] = [
        {**shape, "name": renamed.get(shape["name"], shape["name"])} for shape in start["definitions"]
    ]
    more = set(renamed.values()) - {shape["name"] for shape in definitions}
    added: list[DefinitionShape] = [{"name": name} for name in sorted(more)]
    sessions = [session for session in start["sessions"] if session["email"] not in with_files]
    return {
        **start,
        "definitions": [*definitions, *added],
        "users": [*others, *people],
        "sessions": sessions,
    }


def _renamed(shape: UserShape, names: Mapping[str, str]) -> UserShape:
    """The user with the grants under the names that the files give the hub's definitions."""
    rows: list[RoleShape] = [
        {**row, "definition": names.get(row["definition"], row["definition"])} for row in shape.get("roles", [])
    ]
    return {**shape, "roles": rows}


def _is_first(user: DesiredUser, staying: Sequence[DesiredUser]) -> bool:
    return bool(staying) and user is staying[0]


def _person(user: DesiredUser, number: int, settings: Settings) -> UserShape:
    drift = number % 4
    shape: UserShape = {"email": user.email.raw, "roles": list(_rows(user, drift, settings))}
    if user.id is not None:
        shape["id"] = user.id
    _fill(shape, user.profile)
    if user.departure is not None:
        shape["firstName"], shape["lastName"] = "Former", "Colleague"
        shape["roles"] = STRANGER["roles"]
    elif drift == 1:
        shape["job"] = "Trainee"
    return shape


def _fill(shape: UserShape, profile: Profile) -> None:
    values = {entry.field: entry.value.raw for entry in profile if entry.value is not None}
    if "gender" in values:
        shape["gender"] = _GENDERS[values["gender"]]
    shape["firstName"], shape["middleName"] = values.get("first_name"), values.get("middle_name")
    shape["lastName"], shape["phone"] = values.get("last_name"), values.get("phone")
    shape["job"], shape["language"] = values.get("job"), values.get("language")


def _rows(user: DesiredUser, drift: int, settings: Settings) -> Iterator[RoleShape]:
    """The person's rows: for one in four some are missing or too low, for another one is too many and one is double."""
    names = {role: name.raw for role, name in settings.role_definitions}
    held: list[tuple[Role, Access]] = [(grant.role, grant.access) for grant in user.grants]
    match drift:
        case 2 if held:
            last, access = held.pop()
            yield {"definition": names[last], "access": "NONE"}
            if held and access is Access.OWNER:
                held[-1] = (held[-1][0], Access.VIEWER)
        case 3 if held:
            extra = next((role for role in reversed(settings.roles) if role not in dict(held)), None)
            if extra:
                yield {"definition": names[extra], "access": "EDITOR"}
            yield {"definition": names[held[0][0]], "access": "VIEWER"}
        case _:
            pass
    for role, access in held:
        yield {"definition": names[role], "access": _WORDS[access]}
