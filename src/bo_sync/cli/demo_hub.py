"""The hub of `bo-sync demo`, with drift from the files."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from bo_sync.apply.planner import Desired
from bo_sync.core.model import DEFAULT_HUB_NAMES, Access, DesiredUser, Profile, Role
from bo_sync.core.settings import Settings
from bo_sync.sandbox.population import Access as AccessWord
from bo_sync.sandbox.population import DefinitionRecord, Gender, Population, RoleShape, UserRecord, baseline_population

_GENDERS: Final[dict[str, Gender]] = {"male": "M", "female": "F", "unknown": "U"}
_WORDS: Final[dict[Access, AccessWord]] = {
    Access.NONE: "NONE",
    Access.VIEWER: "VIEWER",
    Access.EDITOR: "EDITOR",
    Access.OWNER: "OWNER",
}
STRANGER: Final[UserRecord] = {
    "email": "agency.contractor@example.com",
    "firstName": "Agency",
    "lastName": "Contractor",
    "language": "EN",
    "roles": [{"definition": "backoffice", "access": "OWNER"}, {"definition": "product", "access": "EDITOR"}],
}


def drifted(desired: Desired) -> Population:
    """A population for the sandbox: the break-glass user, an unmanaged user, and the files' users with drift."""
    staying = [user for user in desired.users if user.departure is None]
    missing = next((user for user in staying if user.id is None and not _is_first(user, staying)), None)
    users = [
        _user(user, number, desired.settings)
        for number, user in enumerate(user for user in desired.users if user is not missing)
    ]
    start = baseline_population()
    with_files = {user.email.folded for user in desired.users}
    renamed = {DEFAULT_HUB_NAMES.get(role, name.raw): name.raw for role, name in desired.settings.role_definitions}
    others = [_renamed(shape, renamed) for shape in (*start["users"], STRANGER) if shape["email"] not in with_files]
    definitions: list[DefinitionRecord] = [
        {**shape, "name": renamed.get(shape["name"], shape["name"])} for shape in start["definitions"]
    ]
    more = set(renamed.values()) - {shape["name"] for shape in definitions}
    added: list[DefinitionRecord] = [{"name": name} for name in sorted(more)]
    sessions = [session for session in start["sessions"] if session["email"] not in with_files]
    return {
        **start,
        "definitions": [*definitions, *added],
        "users": [*others, *users],
        "sessions": sessions,
    }


def _renamed(shape: UserRecord, names: Mapping[str, str]) -> UserRecord:
    """The user, with the grants under the files' names of the hub's definitions."""
    rows: list[RoleShape] = [
        {**row, "definition": names.get(row["definition"], row["definition"])} for row in shape.get("roles", [])
    ]
    return {**shape, "roles": rows}


def _is_first(user: DesiredUser, staying: Sequence[DesiredUser]) -> bool:
    return bool(staying) and user is staying[0]


def _user(user: DesiredUser, number: int, settings: Settings) -> UserRecord:
    drift = number % 4
    shape: UserRecord = {"email": user.email.raw, "roles": list(_rows(user, drift, settings))}
    if user.id is not None:
        shape["id"] = user.id
    _fill(shape, user.profile)
    if user.departure is not None:
        shape["firstName"], shape["lastName"] = "Former", "Colleague"
        shape["roles"] = STRANGER["roles"]
    elif drift == 1:
        shape["job"] = "Trainee"
    return shape


def _fill(shape: UserRecord, profile: Profile) -> None:
    values = {entry.field: entry.value.raw for entry in profile if entry.value is not None}
    if "gender" in values:
        shape["gender"] = _GENDERS[values["gender"]]
    shape["firstName"], shape["middleName"] = values.get("first_name"), values.get("middle_name")
    shape["lastName"], shape["phone"] = values.get("last_name"), values.get("phone")
    shape["job"], shape["language"] = values.get("job"), values.get("language")


def _rows(user: DesiredUser, drift: int, settings: Settings) -> Iterator[RoleShape]:
    """The user's rows: for one in four some are missing or too low, for another one is surplus and one duplicate."""
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
