"""Somebody with their access and where each grant comes from, whether the files or the hub say so."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from bo_sync.core.live import LivePerson
from bo_sync.core.model import Access, DesiredGrant, DesiredUser, Profile, Role, Source, Span
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Grant:
    """Effective access, never NONE, of the hub; or of the files, told in other words. In the hub `source` is None."""

    role: Role
    access: Access
    source: Source | None = None
    preset: str | None = None
    until: date | None = None
    reason: Text | None = None


Granted = DesiredGrant | Grant
"""What somebody holds: as the files give it, or as the hub does. `preset` is None for somebody's own entry."""


@dataclass(frozen=True, slots=True)
class Person:
    """`source` is where the person's entry stands; None in the hub. `grants` are in the order of the roles.

    `presets` are those that the entry of that address names, in the order of naming. `until` is the account's last day,
    `ending` the roles whose access will change by an `until`; in the hub there is neither.
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
        """The person's grant of a role."""
        return next((grant for grant in self.grants if grant.role == role), None)


def of_files(users: Iterable[DesiredUser]) -> tuple[Person, ...]:
    """The people of the files who stay, sorted by address."""
    staying = (
        Person(user.email, user.grants, user.source, user.profile, user.presets, user.until, user.ending)
        for user in users
        if user.departure is None
    )
    return tuple(sorted(staying, key=lambda person: person.email.folded))


def named_presets(users: Iterable[DesiredUser]) -> dict[str, tuple[str, ...]]:
    """The presets that entries name, by folded address."""
    return {user.email.folded: user.presets for user in users}


def of_hub(
    people: Iterable[LivePerson], roles: Sequence[Role], presets: Mapping[str, tuple[str, ...]] = MappingProxyType({})
) -> tuple[Person, ...]:
    """The people of the hub, sorted by address; only in the `roles` that we know, in their order.

    `presets` are those that the entries of the files name, as of `named_presets`.
    """
    found = (
        Person(
            person.name,
            tuple(Grant(role, person.access(role)) for role in roles if person.access(role) is not Access.NONE),
            profile=person.user.profile,
            presets=presets.get(person.user.email.folded, ()),
        )
        for person in people
    )
    return tuple(sorted(found, key=lambda person: person.email.folded))
