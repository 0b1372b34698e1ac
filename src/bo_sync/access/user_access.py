"""One user's access with the source of each grant, their panel, and the matrix of users and roles."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from bo_sync.access.capabilities import Powers
from bo_sync.access.catalogue import Levels, MenuItem
from bo_sync.access.provenance import AnyPlace
from bo_sync.core.hub_operations import Verdict
from bo_sync.core.live import HubUser
from bo_sync.core.model import Access, DesiredGrant, DesiredUser, Preset, Profile, Role, Source, Span
from bo_sync.core.plan import Finding
from bo_sync.core.presets import Presets, preset_of
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Grant:
    """Effective access, never NONE, of the hub or of the files. In the hub `source` is None."""

    role: Role
    access: Access
    source: Source | None = None
    preset: str | None = None
    until: date | None = None
    reason: Text | None = None


Granted = DesiredGrant | Grant
"""What a user holds, by the files or by the hub. `preset` is None for a direct grant."""


@dataclass(frozen=True, slots=True)
class UserAccess:
    """`source` is the place of the user's entry; None in the hub. `grants` are in the order of the roles.

    `presets` are those that the entry of that address names, in the order of naming. `until` is the account's last day,
    `ending` the roles whose access an `until` will change. The hub has neither.
    """

    email: Text
    grants: tuple[Granted, ...] = ()
    source: Source | None = None
    profile: Profile = ()
    presets: tuple[str, ...] = ()
    until: date | None = None
    ending: tuple[tuple[Role, Span], ...] = ()
    held: Mapping[Role, Access] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "held", {grant.role: grant.access for grant in self.grants})

    def grant(self, role: Role) -> Granted | None:
        """The user's grant of a role."""
        return next((grant for grant in self.grants if grant.role == role), None)


def of_files(users: Iterable[DesiredUser]) -> tuple[UserAccess, ...]:
    """The users of the files who stay, sorted by address."""
    staying = (
        UserAccess(user.email, user.grants, user.source, user.profile, user.presets, user.until, user.ending)
        for user in users
        if user.departure is None
    )
    return tuple(sorted(staying, key=lambda user: user.email.folded))


def named_presets(users: Iterable[DesiredUser]) -> dict[str, tuple[str, ...]]:
    """The presets that entries name, by folded address."""
    return {user.email.folded: user.presets for user in users}


def of_hub(
    users: Iterable[HubUser], roles: Sequence[Role], presets: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[UserAccess, ...]:
    """The users of the hub, sorted by address; only in the `roles` that we know, in their order.

    `presets` are those that the entries of the files name, as from `named_presets`.
    """
    found = (
        UserAccess(
            user.name,
            tuple(Grant(role, user.access(role)) for role in roles if user.access(role) is not Access.NONE),
            profile=user.user.profile,
            presets=presets.get(user.user.email.folded, ()),
        )
        for user in users
    )
    return tuple(sorted(found, key=lambda user: user.email.folded))


@dataclass(frozen=True, slots=True)
class ClosedItem:
    """A menu item that does not open, and the roles that are missing for it."""

    item: MenuItem
    missing: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """What one grant allows by itself: queries to read, mutations to act; names in the catalogue's order."""

    role: Role
    access: Access
    reads: tuple[str, ...]
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """`roles` are all existing ones, in their order. `preset` gives exactly this access, preferably one that the entry
    names; None is Custom.

    `allowed`, `unknown` and `conditional` are names of operations in the catalogue's order. `leaves` is set for a user
    that the files delete, who then has no access.
    """

    user: UserAccess
    roles: tuple[Role, ...]
    preset: Preset | None
    open: tuple[MenuItem, ...]
    closed: tuple[ClosedItem, ...]
    by_role: tuple[Opened, ...]
    allowed: tuple[str, ...]
    unknown: tuple[str, ...]
    conditional: tuple[str, ...]
    is_protected: bool = False
    leaves: DesiredUser | None = None
    findings: tuple[Finding, ...] = ()


def panel_of(user: UserAccess, powers: Powers, presets: Presets, roles: tuple[Role, ...]) -> Panel:
    """The panel of a user who stays; the caller adds notes about them."""
    held = user.held
    name = preset_of(held, presets, user.presets)
    missing = [(item, item.missing(held)) for item in powers.facts.menu]
    return Panel(
        user=user,
        roles=roles,
        preset=None if name is None else presets[name],
        open=tuple(item for item, lacking in missing if not lacking),
        closed=tuple(ClosedItem(item, lacking) for item, lacking in missing if lacking),
        by_role=tuple(_opened(user, powers)),
        allowed=powers.ordered(powers.of(held).operations),
        unknown=powers.with_verdict(held, Verdict.UNKNOWN),
        conditional=powers.with_verdict(held, Verdict.CONDITIONAL),
    )


def _opened(user: UserAccess, powers: Powers) -> Iterator[Opened]:
    for grant in user.grants:
        names = powers.ordered(powers.of({grant.role: grant.access}).operations)
        if names:
            acts = tuple(name for name in names if powers.operation(name).is_mutation)
            yield Opened(grant.role, grant.access, tuple(name for name in names if name not in acts), acts)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every user, sorted by address, and all roles in their order."""

    users: tuple[UserAccess, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One role that differs: the access here, and on the side compared with. NONE means no grant."""

    role: Role
    here: Access
    there: Access


@dataclass(frozen=True, slots=True)
class Differing:
    """A user whose cells differ, or who is missing on one side (then `cells` may be empty).

    The address is spelled as on this side, or as on the other side if only that spelling is unambiguous there.
    """

    email: Text
    cells: tuple[Cell, ...]
    is_here: bool = True
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Contrast:
    """Users who differ, sorted by address. `here` is the provenance of this side, `there` names the other; `same`
    counts the users who do not differ."""

    here: AnyPlace
    there: Text
    users: tuple[Differing, ...]
    same: int


def against_users(matrix: Matrix, others: Iterable[UserAccess], names: tuple[AnyPlace, Text]) -> Contrast:
    """Every user, each address once, compared with the user who has the address among `others`, ignoring case."""
    pairs = list(_pairs(matrix.users, others))
    found = tuple(
        differing for email, mine, other in pairs for differing in _differing(email, mine, other, matrix.roles)
    )
    return Contrast(names[0], names[1], found, len(pairs) - len(found))


def against_one(matrix: Matrix, other: UserAccess, here: AnyPlace) -> Contrast:
    """Every other user compared with one of them."""
    others = [user for user in matrix.users if user is not other]
    found = tuple(
        differing for one in others for differing in _differing(one.email, one.held, other.held, matrix.roles)
    )
    return Contrast(here, other.email, found, len(others) - len(found))


def _pairs(
    users: Iterable[UserAccess], others: Iterable[UserAccess]
) -> Iterator[tuple[Text, Levels | None, Levels | None]]:
    """The pairs to compare. If a hub has an address twice, its own spelling distinguishes the two."""
    here = {user.email.folded: user for user in users}
    there: dict[str, list[UserAccess]] = {}
    for user in others:
        there.setdefault(user.email.folded, []).append(user)
    for address in sorted({*here, *there}):
        mine, found = here.get(address), there.get(address, [])
        if mine is not None and len(found) <= 1:
            yield mine.email, mine.held, found[0].held if found else None
        else:
            yield from ((other.email, mine.held if mine else None, other.held) for other in found)


def _differing(email: Text, mine: Levels | None, other: Levels | None, roles: Sequence[Role]) -> Iterator[Differing]:
    """None means a missing user."""
    here, there = mine or {}, other or {}
    levels = ((role, here.get(role, Access.NONE), there.get(role, Access.NONE)) for role in roles)
    cells = tuple(Cell(role, one, two) for role, one, two in levels if one is not two)
    if cells or mine is None or other is None:
        yield Differing(email, cells, is_here=mine is not None, is_there=other is not None)
