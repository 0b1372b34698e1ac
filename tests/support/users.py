"""One-line builders of both sides: what files want, what they declare, and what a hub holds.

Access is given by its word. A role's definition is `definition-ROLE`, its row `row-ROLE` unless a test says otherwise.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from bo_sync.core.changes import RevokeGrant
from bo_sync.core.live import HubUser, LiveIndex, index
from bo_sync.core.model import (
    ACCESS_WORDS,
    PROFILE_FIELDS,
    Access,
    Declaration,
    Departure,
    DesiredGrant,
    DesiredUser,
    FieldValue,
    GrantRow,
    LiveState,
    LiveUser,
    Override,
    Preset,
    PresetGrant,
    Profile,
    Role,
    RoleDefinition,
    Source,
    State,
)
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from tests.support.builders import source, text

SETTINGS: Final = Settings()
TODAY: Final = date(2026, 6, 15)
YESTERDAY: Final = date(2026, 6, 14)


def definition(role: str, name: str | None = None, default: str = "none") -> RoleDefinition:
    return RoleDefinition(f"definition-{role}", Text(name or role), ACCESS_WORDS[default])


DEFINITIONS: Final = tuple(definition(role, name.raw) for role, name in DEFAULT_ROLE_DEFINITIONS)
"""All that a hub of the documented kind has."""


def row(role: str, access: str, row_id: str | None = None) -> GrantRow:
    return GrantRow(row_id or f"row-{role}", f"definition-{role}", ACCESS_WORDS[access])


def profile(**values: str | None) -> Profile:
    """Fields by name, in their order: `profile(phone="1", job=None)`."""
    unknown = values.keys() - set(PROFILE_FIELDS)
    assert not unknown, unknown
    return tuple(FieldValue(name, text(values[name])) for name in PROFILE_FIELDS if name in values)


def full_profile(**values: str | None) -> Profile:
    """All fields, as a hub answers; those not named are empty."""
    return profile(**{name: values.get(name) for name in PROFILE_FIELDS})


def holds(number: int, email: str, *rows: GrantRow, **values: str | None) -> LiveUser:
    return LiveUser(number, Text(email), full_profile(**values), rows)


def hub_of(*users: LiveUser, definitions: tuple[RoleDefinition, ...] = DEFINITIONS) -> LiveState:
    return LiveState(users, definitions)


def indexed(*users: LiveUser, settings: Settings = SETTINGS) -> LiveIndex:
    return index(hub_of(*users), settings)


def owner(number: int, email: str) -> LiveUser:
    """Somebody who can give and take access."""
    return holds(number, email, row("backoffice", "owner"), row("roles_permissions", "owner"))


def grant(role: str, access: str, line: int = 1) -> DesiredGrant:
    return DesiredGrant(Role(role), ACCESS_WORDS[access], source(line=line))


def wants(
    email: str, *grants: DesiredGrant, pin: int | None = None, departure: Departure | None = None, **values: str | None
) -> DesiredUser:
    return DesiredUser(Text(email), _file_of(email), pin, profile(**values), grants, departure)


def absent(email: str, pin: int | None = None) -> DesiredUser:
    return wants(email, pin=pin, departure=Departure.STATE_ABSENT)


def _file_of(email: str) -> Source:
    return source(f"users/{email.partition('@')[0].lower()}.yaml")


def override(role: str, access: str, until: date | None = None) -> Override:
    return Override(Role(role), ACCESS_WORDS[access], source(), until)


def declares(
    email: str = "jane@example.com",
    *overrides: Override,
    presets: tuple[str, ...] = (),
    state: State = State.PRESENT,
    until: date | None = None,
    **values: str | None,
) -> Declaration:
    return Declaration(Text(email), source(), None, profile(**values), presets, overrides, state, until)


def preset(name: str, *extends: str, **grants: str) -> Preset:
    """`preset("sales", "base", pricing="viewer")` extends base."""
    given = tuple(
        PresetGrant(Role(role), ACCESS_WORDS[access], source(f"presets/{name}.yaml", line))
        for line, (role, access) in enumerate(grants.items(), start=1)
    )
    return Preset(name, source(f"presets/{name}.yaml"), extends=extends, grants=given)


def presets_of(*presets: Preset) -> dict[str, Preset]:
    return {given.name: given for given in presets}


def words(grants: Mapping[Role, Access]) -> dict[str, str]:
    """Access by role in words, which a failing test shows readably."""
    return {role: access.word for role, access in grants.items()}


def revoke_all(user: HubUser) -> tuple[RevokeGrant, ...]:
    """The changes that take all access from somebody."""
    return tuple(RevokeGrant(role, access, user.holdings[role].row.id) for role, access in user.grants.items())
