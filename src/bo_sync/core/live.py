"""The live side, normalised: the hub's users by address and id, their access in our role names, the hub's identity; and
what the hub holds after some changes, which guardrails judge.

A row with access NONE equals no row. Of two rows for one user and role the highest counts (at a tie the lowest id),
because the hub allows that much; the others are surplus. A platform area is on or off: any access but NONE counts as
OWNER. The identity is the id and creation time of a role definition and of the user with the lowest id: every key that
can plan reads both, and no change by bo-sync alters them.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bo_sync.core.changes import Change, CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.model import (
    DEFAULT_HUB_NAMES,
    PLATFORM,
    ROLES_PERMISSIONS,
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

GrantsByAddress = Mapping[str, Mapping[Role, Access]]
"""Every user's grants, without NONE, keyed by the hub's exact spelling of the address.

If several users have the same spelling, the key ends with the id.
"""


@dataclass(frozen=True, slots=True)
class Holding:
    """The rows of one user and role: the one that counts, and any duplicates, lowest id first.

    Their access is the effective one (`effective`): OWNER for every row of a platform area that is on.
    """

    row: GrantRow
    surplus: tuple[GrantRow, ...] = ()


@dataclass(frozen=True, slots=True)
class HubUser:
    """A live user with their rows sorted under our names. Rows of definitions that we do not know are left out."""

    user: LiveUser
    holdings: Mapping[Role, Holding]

    @property
    def name(self) -> Text:
        """The address; `id 1003` if it is not usable."""
        return id_name(self.user.id) if why_unmanageable(self.user.email) else self.user.email

    def access(self, role: Role) -> Access:
        held = self.holdings.get(role)
        return held.row.access if held else Access.NONE

    @property
    def grants(self) -> dict[Role, Access]:
        """What the user holds, without NONE."""
        return {role: held.row.access for role, held in self.holdings.items() if held.row.access is not Access.NONE}


@dataclass(frozen=True, slots=True)
class LiveIndex:
    """A live state, ready to compare. `by_address` is keyed by the folded address, and may have several users per key.

    `held` is what the users hold, by their keys (`keyed`). `unmanageable` are the users that no file can name. They are
    in nothing else here, so nothing is planned for them and no population counts them. `odd` has them by id and by
    folded address.
    """

    users: tuple[HubUser, ...]
    by_address: Mapping[str, tuple[HubUser, ...]]
    by_id: Mapping[int, HubUser]
    definitions: Mapping[Role, RoleDefinition]
    held: GrantsByAddress
    unmanageable: tuple[HubUser, ...]
    odd: Mapping[int | str, HubUser]

    @property
    def everybody(self) -> tuple[HubUser, ...]:
        """All users of the hub by name, for questions about which users hold what."""
        found = (*self.unmanageable, *self.users)
        return tuple(sorted(found, key=lambda user: user.name.folded))

    def at(self, email: Text) -> tuple[HubUser, ...]:
        """The users who have this address in comparison form."""
        return self.by_address.get(email.folded, ())

    @property
    def grant_count(self) -> int:
        """Grants that users hold in the roles we know."""
        return sum(map(len, self.held.values()))


def index(live: LiveState, settings: Settings) -> LiveIndex:
    """`live` under our names, users sorted by folded address, then id."""
    definitions = known_definitions(live.definitions, settings)
    roles = {definition.id: role for role, definition in definitions.items()}
    everybody = [
        HubUser(user, holdings(user.rows, roles))
        for user in sorted(live.users, key=lambda user: (user.email.folded, user.id))
    ]
    users: list[HubUser] = []
    by_address: dict[str, tuple[HubUser, ...]] = {}
    odd: dict[int | str, HubUser] = {}
    for hub_user in everybody:
        key = hub_user.user.email.folded
        if why_unmanageable(hub_user.user.email):
            odd |= {key: hub_user, hub_user.user.id: hub_user}
        else:
            users.append(hub_user)
            by_address[key] = (*by_address.get(key, ()), hub_user)
    by_id = {hub_user.user.id: hub_user for hub_user in users}
    held = {key: user.grants for key, user in keyed(users)}
    unmanageable = tuple(hub_user for hub_user in everybody if hub_user.user.id in odd)
    return LiveIndex(tuple(users), by_address, by_id, definitions, held, unmanageable, odd)


def why_unmanageable(email: Text) -> str:
    """What makes a live address unusable, so that no file can name its user, in our own words; "" if a file can."""
    if not email.raw.strip():
        return "no address"
    return "" if email.is_writable and _is_address(email.raw) else "an invalid address"


def known_definitions(definitions: Iterable[RoleDefinition], settings: Settings) -> dict[Role, RoleDefinition]:
    """The hub's definitions under our names, in our order. Definitions that the hub lacks are left out.

    The hub promises unique names. If two share one, the lowest id counts, whatever their order.
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
    """One user's rows by role; `roles` maps a definition's id to our name of it."""
    grouped: dict[Role, list[GrantRow]] = {}
    for row in rows:
        role = roles.get(row.definition_id)
        if role is not None:
            grouped.setdefault(role, []).append(row)
    return {role: _hold(role, group) for role, group in grouped.items()}


def _hold(role: Role, rows: list[GrantRow]) -> Holding:
    if len(rows) == 1:  # as of nearly everybody
        return Holding(_in_effect(role, rows[0]))
    kept, *surplus = (_in_effect(role, row) for row in sorted(rows, key=lambda row: (-row.access, _by_id(row.id))))
    return Holding(kept, tuple(sorted(surplus, key=lambda row: _by_id(row.id))))


def _in_effect(role: Role, row: GrantRow) -> GrantRow:
    """`row` with its effective access; `row` itself if that is equal, because a hub has very many rows."""
    access = effective(role, row.access)
    return row if access is row.access else replace(row, access=access)


def effective(role: Role, access: Access) -> Access:
    """The effective access of a row for `role`: any access except NONE switches a platform area on, which is OWNER."""
    return Access.OWNER if role in PLATFORM and access is not Access.NONE else access


def _by_id(opaque: str) -> tuple[int, str]:
    """Sort key: numbers as numbers (9 before 10), UUIDs, all of one length, by their characters."""
    return len(opaque), opaque


_BRIEF: Final = len("sha256:") + 12


def identity_of(definitions: Iterable[RoleDefinition], users: Iterable[LiveUser]) -> str:
    """`sha256:` and 64 hexadecimal digits."""
    own = DEFAULT_HUB_NAMES[ROLES_PERMISSIONS]
    definition = min(definitions, key=lambda found: (found.name.raw != own, found.id), default=None)
    user = min(users, key=lambda found: found.id, default=None)
    content = [
        None if definition is None else [definition.id, _raw(definition.created_at)],
        None if user is None else [user.id, _raw(user.created_at)],
    ]
    canonical = json.dumps(content, separators=(",", ":"))  # ASCII alone, as is the default
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def identity_after(live: LiveState, deleted: Collection[int]) -> str:
    """The identity of the hub once the users with these ids are gone."""
    return identity_of(live.definitions, (user for user in live.users if user.id not in deleted))


def tenants_differ(one: Text | None, other: Text | None) -> bool:
    """Whether both tenants are known and differ. An unknown one proves nothing: the key may not read it."""
    return one is not None and other is not None and one != other


def brief(identity: str) -> str:
    """An identity for a sentence: `sha256:` and the first 12 digits."""
    return identity if len(identity) <= _BRIEF else f"{identity[:_BRIEF]}…"


def _raw(text: Text | None) -> str | None:
    return None if text is None else text.raw


def keyed(users: Sequence[HubUser]) -> Iterator[tuple[str, HubUser]]:
    """Each of the users that files can name, with their key."""
    spelled = Counter(user.user.email.raw for user in users)
    for user in users:
        email = user.user.email.raw
        yield email if spelled[email] == 1 else _with_id(email, user.user.id), user


def key_of(change: Change, held: Container[str]) -> str:
    """The key of a change's user, among the keys of `held`."""
    if isinstance(change, CreateUser):
        return change.email.raw
    longer = _with_id(change.hub_email.raw, change.id)
    return longer if longer in held else change.hub_email.raw


def _with_id(email: str, number: int) -> str:
    return f"{email} (id {number})"


def grants_of_unmanageable(live: LiveIndex) -> dict[str, dict[Role, Access]]:
    """What users without a usable address hold, by their names. No plan changes it, and no guardrail counts it."""
    return {user.name.raw: user.grants for user in live.unmanageable}


def grants_after(live: LiveIndex, changes: Iterable[Change]) -> dict[str, Mapping[Role, Access]]:
    """What every user would hold once `changes` are done."""
    held = dict(live.held)
    for change in changes:
        key = key_of(change, held)
        match change:
            case CreateUser():
                held[key] = {grant.role: grant.after for grant in change.grants}
            case UpdateUser():
                grants = dict(held[key])
                for edit in change.grants:
                    if not isinstance(edit, RemoveDuplicate):
                        grants[edit.role] = edit.after
                held[key] = {role: access for role, access in grants.items() if access}
            case DeleteUser():
                del held[key]
    return held
