"""Desired against live: which changes make the hub say what the files say.

Both sides arrive normalised (`presets.resolve`, `live.index`), so the comparison is plain. First everybody with a file
is paired with the person in the hub, or with the reason why that pairing is refused; then pairs are compared; what is
left in the hub is unmanaged.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from bo_sync.core.changes import (
    Cause,
    Change,
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    LostGrant,
    RemoveDuplicate,
    RevokeGrant,
    SetGrant,
    UpdateUser,
)
from bo_sync.core.live import LiveIndex, LivePerson
from bo_sync.core.model import Access, Departure, DesiredGrant, DesiredUser, Override, Role, Source
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text

PROTECTED: Final = "protected"


@dataclass(frozen=True, slots=True)
class IdentityConflict:
    """A file whose person cannot be told for certain; `message` says what is live, and what to do."""

    email: Text
    source: Source
    message: str


@dataclass(frozen=True, slots=True)
class UnmanagedPerson:
    """Somebody in the hub without a file. `policy` is the settings' word, or `protected`."""

    email: Text
    policy: str


@dataclass(frozen=True, slots=True)
class MissingDefinition:
    """A grant that cannot be given because the hub has no role definition of that name."""

    role: Role
    hub_name: Text
    email: Text
    source: Source


@dataclass(frozen=True, slots=True)
class Difference:
    """All that differs, each list sorted by address. `ambiguous`: live people whose addresses differ only in case.

    `protected` are the updates that protected users would need: they are reported, and never part of `changes`.
    `ending` are protected users in the hub whose files name a last day that has not passed.
    """

    changes: tuple[Change, ...] = ()
    unchanged: tuple[Text, ...] = ()
    unmanaged: tuple[UnmanagedPerson, ...] = ()
    conflicts: tuple[IdentityConflict, ...] = ()
    ambiguous: tuple[Text, ...] = ()
    missing: tuple[MissingDefinition, ...] = ()
    protected: tuple[UpdateUser, ...] = ()
    ending: tuple[DesiredUser, ...] = ()


@dataclass(frozen=True, slots=True)
class _Pair:
    """A person with a file, and who that is in the hub; None when the hub has nobody there."""

    user: DesiredUser
    person: LivePerson | None

    def is_protected(self, settings: Settings) -> bool:
        """Whether the user is in the hub, and protected by the file's or the hub's spelling of the address."""
        emails = (self.user.email, self.person.user.email) if self.person else ()
        return any(map(settings.is_protected, emails))


@dataclass(frozen=True, slots=True)
class _Refusal:
    """A person with a file who may not be paired. `claims` are the hub's ids that the file speaks of."""

    conflict: IdentityConflict
    claims: frozenset[int]


@dataclass(frozen=True, slots=True)
class _Ambiguous:
    """Several live people answer to the address; none of them is touched."""


def diff(desired: Iterable[DesiredUser], live: LiveIndex, settings: Settings) -> Difference:
    """The difference; the same for the same input, whatever its order. `desired` holds each folded address once."""
    wanted = sorted(desired, key=lambda user: user.email.folded)
    pairings = [_pair(user, live) for user in wanted]
    pairs = [pairing for pairing in pairings if isinstance(pairing, _Pair)]
    refusals = [pairing for pairing in pairings if isinstance(pairing, _Refusal)]
    protected = {pair.user.email for pair in pairs if pair.is_protected(settings)}
    compared = [(pair.user.email, _change(pair, live, settings)) for pair in pairs]
    held_back = [change for email, change in compared if email in protected and isinstance(change, UpdateUser)]
    changes = [
        change for email, change in compared if change and not (email in protected and isinstance(change, UpdateUser))
    ]
    claimed = {pair.person.user.id for pair in pairs if pair.person}.union(*(refusal.claims for refusal in refusals))
    ambiguous = [person for people in live.by_address.values() if len(people) > 1 for person in people]
    claimed.update(person.user.id for person in ambiguous)
    unmanaged, deletions = _without_file([person for person in live.people if person.user.id not in claimed], settings)
    return Difference(
        changes=tuple(sorted((*changes, *deletions), key=lambda change: change.email.folded)),
        unchanged=tuple(email for email, change in compared if change is None),
        unmanaged=unmanaged,
        conflicts=tuple(refusal.conflict for refusal in refusals),
        ambiguous=tuple(person.user.email for person in ambiguous),
        missing=_missing(wanted, live, settings),
        protected=tuple(held_back),
        ending=tuple(pair.user for pair in pairs if pair.user.until is not None and pair.user.email in protected),
    )


def _pair(user: DesiredUser, live: LiveIndex) -> _Pair | _Refusal | _Ambiguous:
    there = live.by_address.get(user.email.folded, ())
    at_id = live.by_id.get(user.id) if user.id is not None else None
    if len(there) > 1 and (at_id is None or at_id in there):
        return _Ambiguous()
    at_address = there[0] if there else None
    if user.id is None or (at_address and at_address.user.id == user.id):
        return _Pair(user, at_address)
    if at_address is None and at_id is None and user.departure is not None:
        return _Pair(user, None)
    claims = frozenset(person.user.id for person in (at_address, at_id) if person)
    return _Refusal(IdentityConflict(user.email, user.source, _why_refused(user, at_address, at_id)), claims)


def _why_refused(user: DesiredUser, at_address: LivePerson | None, at_id: LivePerson | None) -> str:
    if at_id is not None:
        return (
            f"id {user.id} is {at_id.user.email} in the hub, not {user.email}; an address cannot change: keep the file "
            f"of {at_id.user.email} with `state: absent`, and add a file without `id` for {user.email}"
        )
    if at_address is not None:
        return (
            f"{user.email} has id {at_address.user.id} in the hub, not {user.id}: deleted and made anew; "
            "check that this is the same person, then drop `id`"
        )
    return f"the hub has neither id {user.id} nor {user.email}; to create this person anew, drop `id`"


_CAUSES: Final = {Departure.STATE_ABSENT: Cause.STATE_ABSENT, Departure.UNTIL_PASSED: Cause.UNTIL_PASSED}


def _change(pair: _Pair, live: LiveIndex, settings: Settings) -> Change | None:
    if pair.user.departure is not None:
        cause = _CAUSES[pair.user.departure]
        return _deletion(pair.person, cause, pair.user, settings) if pair.person else None
    return _update(pair.user, pair.person, live, settings) if pair.person else _creation(pair.user, live)


def _creation(user: DesiredUser, live: LiveIndex) -> CreateUser:
    return CreateUser(
        email=user.email,
        source=user.source,
        profile=user.profile,
        grants=tuple(
            SetGrant(grant.role, Access.NONE, grant.access, live.definitions[grant.role].id, source=_own_place(grant))
            for grant in user.grants
            if grant.role in live.definitions
        ),
    )


def _update(user: DesiredUser, person: LivePerson, live: LiveIndex, settings: Settings) -> UpdateUser | None:
    held = {entry.field: entry.value for entry in person.user.profile}
    profile = tuple(
        FieldChange(entry.field, held.get(entry.field), entry.value)
        for entry in user.profile
        if held.get(entry.field) != entry.value
    )
    wanted = {grant.role: grant for grant in user.grants}
    places = {own.role: own.source for own in user.withheld} | {role: _own_place(own) for role, own in wanted.items()}
    expired = {own.role: own for own in user.expired}
    grants = tuple(
        _explained(_placed(change, places.get(role)), expired.get(role))
        for role in settings.roles
        if role in live.definitions
        for change in _grant_changes(role, wanted.get(role), person, live.definitions[role].id)
    )
    if not profile and not grants:
        return None
    return UpdateUser(user.email, user.source, person.user.id, person.user.email, profile, grants)


def _grant_changes(
    role: Role, wanted: DesiredGrant | None, person: LivePerson, definition_id: str
) -> Iterator[GrantChange]:
    holding = person.holdings.get(role)
    before = person.access(role)
    after = wanted.access if wanted else Access.NONE
    if after is not before:
        if after is not Access.NONE:
            yield SetGrant(role, before, after, definition_id, holding.row.id if holding else None)
        elif holding is not None:
            yield RevokeGrant(role, before, holding.row.id)
    for row in holding.surplus if holding else ():
        yield RemoveDuplicate(role, row.access, before, row.id)


def _own_place(grant: DesiredGrant) -> Source | None:
    """Where the person's own entry stands; None where a preset gives the grant."""
    return grant.source if grant.preset is None else None


def _placed(change: GrantChange, source: Source | None) -> GrantChange:
    return change if isinstance(change, RemoveDuplicate) else replace(change, source=source)


def _explained(change: GrantChange, expired: Override | None) -> GrantChange:
    """`change` with the last day of the own entry whose end is why: had it not ended, the access would be another.

    An entry that gave more explains a loss, one that gave less a gain, and no entry the reverse.
    """
    if expired is None or isinstance(change, RemoveDuplicate):
        return change
    is_loss = change.after < change.before
    explains = expired.access > change.after if is_loss else expired.access < change.after
    return replace(change, expired=expired.until, source=change.source or expired.source) if explains else change


def _deletion(person: LivePerson, cause: Cause, user: DesiredUser | None, settings: Settings) -> DeleteUser:
    return DeleteUser(
        email=user.email if user else person.user.email,
        source=user.source if user else None,
        id=person.user.id,
        hub_email=person.user.email,
        cause=cause,
        grants=tuple(LostGrant(role, person.grants[role]) for role in settings.roles if role in person.grants),
    )


def _without_file(
    people: Iterable[LivePerson], settings: Settings
) -> tuple[tuple[UnmanagedPerson, ...], list[DeleteUser]]:
    """Who stays without a file, and who is deleted for want of one."""
    listed: list[UnmanagedPerson] = []
    deletions: list[DeleteUser] = []
    for person in people:
        if settings.is_protected(person.user.email):
            listed.append(UnmanagedPerson(person.user.email, PROTECTED))
        elif settings.unmanaged is Unmanaged.DELETE:
            deletions.append(_deletion(person, Cause.UNMANAGED, None, settings))
        else:
            listed.append(UnmanagedPerson(person.user.email, settings.unmanaged.value))
    return tuple(listed), deletions


def _missing(desired: Iterable[DesiredUser], live: LiveIndex, settings: Settings) -> tuple[MissingDefinition, ...]:
    names = dict(settings.role_definitions)
    return tuple(
        MissingDefinition(grant.role, names[grant.role], user.email, grant.source)
        for user in desired
        for grant in user.grants
        if grant.role not in live.definitions
    )
