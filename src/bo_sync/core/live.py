"""The live side, normalised: who stands at which address, and which access each person holds under our names.

A row with access NONE equals no row. Of two rows for one pair of person and role the highest counts (at a tie the
lowest id), because that is what the person can do today; the others are surplus.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bo_sync.core.model import Access, GrantRow, LiveState, LiveUser, Role, RoleDefinition
from bo_sync.core.settings import Settings


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows that stand for one person and role: the one that counts, and any surplus ones, lowest id first."""

    row: GrantRow
    surplus: tuple[GrantRow, ...] = ()


@dataclass(frozen=True, slots=True)
class LivePerson:
    """A live user with their rows sorted under our names. Rows of definitions that we do not know are left out."""

    user: LiveUser
    holdings: Mapping[Role, Holding]

    def access(self, role: Role) -> Access:
        held = self.holdings.get(role)
        return held.row.access if held else Access.NONE

    @property
    def grants(self) -> dict[Role, Access]:
        """What the person holds, without NONE."""
        return {role: held.row.access for role, held in self.holdings.items() if held.row.access is not Access.NONE}


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """A live state, ready to compare. `by_address` is keyed by the folded address; more than one person is possible."""

    people: tuple[LivePerson, ...]
    by_address: Mapping[str, tuple[LivePerson, ...]]
    by_id: Mapping[int, LivePerson]
    definitions: Mapping[Role, RoleDefinition]

    @property
    def grant_count(self) -> int:
        """Grants that people hold in the roles we know."""
        return sum(len(person.grants) for person in self.people)


def index(live: LiveState, settings: Settings) -> LiveIndex:
    """`live` under our names, people sorted by folded address, then id."""
    definitions = known_definitions(live.definitions, settings)
    roles = {definition.id: role for role, definition in definitions.items()}
    people = tuple(
        LivePerson(user, holdings(user.rows, roles))
        for user in sorted(live.users, key=lambda user: (user.email.folded, user.id))
    )
    by_address: dict[str, tuple[LivePerson, ...]] = {}
    for person in people:
        key = person.user.email.folded
        by_address[key] = (*by_address.get(key, ()), person)
    return LiveIndex(people, by_address, {person.user.id: person for person in people}, definitions)


def known_definitions(definitions: Iterable[RoleDefinition], settings: Settings) -> dict[Role, RoleDefinition]:
    """The hub's definitions under our names, in our order. What the hub lacks is left out."""
    by_name = {definition.name: definition for definition in definitions}
    return {role: by_name[name] for role, name in settings.role_definitions if name in by_name}


def holdings(rows: Iterable[GrantRow], roles: Mapping[str, Role]) -> dict[Role, Holding]:
    """One person's rows by role; `roles` maps a definition's id to our name of it."""
    grouped: dict[Role, list[GrantRow]] = {}
    for row in rows:
        role = roles.get(row.definition_id)
        if role is not None:
            grouped.setdefault(role, []).append(row)
    return {role: _hold(group) for role, group in grouped.items()}


def _hold(rows: list[GrantRow]) -> Holding:
    kept, *surplus = sorted(rows, key=lambda row: (-row.access, row.id))
    return Holding(kept, tuple(sorted(surplus, key=lambda row: row.id)))
