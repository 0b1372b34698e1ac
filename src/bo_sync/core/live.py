"""The live side, normalised: who stands at which address, and which access each person holds under our names.

A row with access NONE equals no row. Of two rows for one pair of person and role the highest counts (at a tie the
lowest id), because that is what the person can do today; the others are surplus. A platform area is on or off: its row
with any access but NONE counts as OWNER, the access with which we create one.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bo_sync.core.model import (
    DEFAULT_HUB_NAMES,
    PLATFORM,
    Access,
    GrantRow,
    LiveState,
    LiveUser,
    Role,
    RoleDefinition,
)
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text, id_name

_is_address: Final = re.compile(r"[^\s@]+@[^\s@]+").fullmatch


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows that stand for one person and role: the one that counts, and any surplus ones, lowest id first.

    Their access is what counts (`effective`): OWNER for every row of a platform area that is on.
    """

    row: GrantRow
    surplus: tuple[GrantRow, ...] = ()


@dataclass(frozen=True, slots=True)
class LivePerson:
    """A live user with their rows sorted under our names. Rows of definitions that we do not know are left out."""

    user: LiveUser
    holdings: Mapping[Role, Holding]

    @property
    def name(self) -> Text:
        """The address; `id 1003` where it is not usable."""
        return id_name(self.user.id) if why_unmanageable(self.user.email) else self.user.email

    def access(self, role: Role) -> Access:
        held = self.holdings.get(role)
        return held.row.access if held else Access.NONE

    @property
    def grants(self) -> dict[Role, Access]:
        """What the person holds, without NONE."""
        return {role: held.row.access for role, held in self.holdings.items() if held.row.access is not Access.NONE}


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """A live state, ready to compare. `by_address` is keyed by the folded address; more than one person is possible.

    `unmanageable` are the users whom no file can name. They are in nothing else here, so nothing is planned for them
    and no population counts them. `odd` has them by id and by folded address.
    """

    people: tuple[LivePerson, ...]
    by_address: Mapping[str, tuple[LivePerson, ...]]
    by_id: Mapping[int, LivePerson]
    definitions: Mapping[Role, RoleDefinition]
    unmanageable: tuple[LivePerson, ...] = ()
    odd: Mapping[int | str, LivePerson] = field(default_factory=dict)

    @property
    def everybody(self) -> tuple[LivePerson, ...]:
        """All users of the hub, for questions about who holds what; by name."""
        found = (*self.unmanageable, *self.people)
        return tuple(sorted(found, key=lambda person: (person.name.folded, person.user.id)))

    def at(self, email: Text) -> tuple[LivePerson, ...]:
        """The users who have this address in comparison form."""
        return self.by_address.get(email.folded, ())

    @property
    def grant_count(self) -> int:
        """Grants that people hold in the roles we know."""
        return sum(len(person.grants) for person in self.people)


def index(live: LiveState, settings: Settings) -> LiveIndex:
    """`live` under our names, people sorted by folded address, then id."""
    definitions = known_definitions(live.definitions, settings)
    roles = {definition.id: role for role, definition in definitions.items()}
    everybody = [
        LivePerson(user, holdings(user.rows, roles))
        for user in sorted(live.users, key=lambda user: (user.email.folded, user.id))
    ]
    people = tuple(person for person in everybody if not why_unmanageable(person.user.email))
    unmanageable = tuple(person for person in everybody if why_unmanageable(person.user.email))
    by_address: dict[str, tuple[LivePerson, ...]] = {}
    for person in people:
        key = person.user.email.folded
        by_address[key] = (*by_address.get(key, ()), person)
    by_id = {person.user.id: person for person in people}
    odd: dict[int | str, LivePerson] = {person.user.email.folded: person for person in unmanageable}
    odd |= {person.user.id: person for person in unmanageable}
    return LiveIndex(people, by_address, by_id, definitions, unmanageable, odd)


def why_unmanageable(email: Text) -> str:
    """What a live address lacks so that no file can name its user, in our own words; "" where a file can."""
    if not email.raw.strip():
        return "no address"
    return "" if email.is_writable and _is_address(email.raw) else "an invalid address"


def known_definitions(definitions: Iterable[RoleDefinition], settings: Settings) -> dict[Role, RoleDefinition]:
    """The hub's definitions under our names, in our order. What the hub lacks is left out.

    The hub promises unique names; should two share one, the lowest id counts, whatever their order.
    """
    lowest_id_last = sorted(definitions, key=lambda definition: _by_id(definition.id), reverse=True)
    by_name = {definition.name: definition for definition in lowest_id_last}
    return {role: by_name[name] for role, name in settings.role_definitions if name in by_name}


def mapped_away(definitions: Iterable[RoleDefinition], settings: Settings) -> tuple[Role, Text, Text] | None:
    """A documented role that `settings` map to another name while the hub has a definition with the usual name; both
    names, the usual one last.

    Grants in the usual definition would stay in the hub without a report, and owners could be counted by the wrong one.
    """
    held = {definition.name for definition in definitions}
    for role, name in settings.role_definitions:
        usual = Text(DEFAULT_HUB_NAMES.get(role, name.raw))
        if name != usual and usual in held:
            return role, name, usual
    return None


def holdings(rows: Iterable[GrantRow], roles: Mapping[str, Role]) -> dict[Role, Holding]:
    """One person's rows by role; `roles` maps a definition's id to our name of it."""
    grouped: dict[Role, list[GrantRow]] = {}
    for row in rows:
        role = roles.get(row.definition_id)
        if role is not None:
            grouped.setdefault(role, []).append(row)
    return {role: _hold(role, group) for role, group in grouped.items()}


def _hold(role: Role, rows: list[GrantRow]) -> Holding:
    kept, *surplus = (
        replace(row, access=effective(role, row.access))
        for row in sorted(rows, key=lambda row: (-row.access, _by_id(row.id)))
    )
    return Holding(kept, tuple(sorted(surplus, key=lambda row: _by_id(row.id))))


def effective(role: Role, access: Access) -> Access:
    """What a row's access means for `role`: any access but NONE switches a platform area on, which is OWNER."""
    return Access.OWNER if role in PLATFORM and access is not Access.NONE else access


def _by_id(opaque: str) -> tuple[int, str]:
    """Numbers as numbers (9 before 10), UUIDs, all of one length, by their characters."""
    return len(opaque), opaque
