"""Desired against live: the changes that make the hub match the files.

Both sides arrive normalised (`presets.resolve`, `live.index`), so the comparison is plain. First each user with a file
is paired with the user in the hub, or with the reason why that pairing is blocked. Then pairs are compared. Users who
are left in the hub are unmanaged.

The hub updates and deletes users by address. If several users have one address, only grants can change, because they go
by id. The profile stays, and a deletion becomes the revoke of every grant.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
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
from bo_sync.core.live import HubUser, LiveIndex, why_unmanageable
from bo_sync.core.model import (
    Access,
    Departure,
    DesiredGrant,
    DesiredUser,
    Override,
    ProfileField,
    Role,
    Source,
    is_same_value,
)
from bo_sync.core.settings import Settings, Unmanaged
from bo_sync.core.text import Text
from bo_sync.core.user_matching import Ambiguous, IdentityConflict, MatchConflict, Pair, match

PROTECTED: Final = "protected"


@dataclass(frozen=True, slots=True)
class UnmanagedUser:
    """A user in the hub without a file. `policy` is the value from the settings, or `protected`."""

    email: Text
    policy: str


@dataclass(frozen=True, slots=True)
class UnmanageableUser:
    """A user of the hub who is not changed: no file can name them, or another user has the same address.

    `reason` is our own text, so it can be shown anywhere. A saved plan has no `email`.
    """

    id: int
    reason: str
    email: Text = field(default=Text(""), compare=False)


@dataclass(frozen=True, slots=True)
class SharedAddress:
    """An address that several live users have in comparison form.

    `email` is the file's spelling, else the hub's first. `chosen` is the id of the user of the file, if that is
    certain. `kept` are that user's profile fields that differ and cannot be changed. `blocked` is what cannot be done
    and why; "" if nothing is blocked.
    """

    email: Text
    ids: tuple[int, ...]
    source: Source | None = None
    chosen: int | None = None
    kept: tuple[ProfileField, ...] = ()
    blocked: str = ""


@dataclass(frozen=True, slots=True)
class ProfileNote:
    """A profile field of a user with a file that is not a change: the live text differs only in form.

    With `is_odd`, the live text cannot be compared or written, and the whole profile is not changed.
    """

    email: Text
    source: Source
    field: ProfileField
    is_odd: bool = False


@dataclass(frozen=True, slots=True)
class MissingDefinition:
    """A grant that cannot be given because the hub has no role definition with that name."""

    role: Role
    hub_name: Text
    email: Text
    source: Source


@dataclass(frozen=True, slots=True)
class Diff:
    """All differences, each list sorted by address; `unmanageable` by id.

    `protected` are the updates that protected users would need: they are reported, and never part of `changes`.
    `ending` are protected users in the hub whose files have a last day that has not passed.
    """

    changes: tuple[Change, ...] = ()
    unchanged: tuple[Text, ...] = ()
    unmanaged: tuple[UnmanagedUser, ...] = ()
    conflicts: tuple[IdentityConflict, ...] = ()
    shared: tuple[SharedAddress, ...] = ()
    missing: tuple[MissingDefinition, ...] = ()
    unmanageable: tuple[UnmanageableUser, ...] = ()
    notes: tuple[ProfileNote, ...] = ()
    protected: tuple[UpdateUser, ...] = ()
    ending: tuple[DesiredUser, ...] = ()


@dataclass(frozen=True, slots=True)
class _Compared:
    """A pair, the change that makes them equal, and the profile fields that differ and are not changed."""

    pair: Pair
    change: Change | None
    kept: tuple[ProfileField, ...] = ()
    notes: tuple[ProfileNote, ...] = ()

    def is_protected(self, settings: Settings) -> bool:
        """Whether the user is in the hub and protected: the hub's spelling matches the same patterns as the file's."""
        return self.pair.hub_user is not None and settings.is_protected(self.pair.user.email)

    @property
    def is_unchanged(self) -> bool:
        """Whether the hub holds everything in the file."""
        stays_in_vain = self.pair.user.departure is not None and self.pair.hub_user is not None
        return self.change is None and not self.kept and not stays_in_vain


def diff(desired: Iterable[DesiredUser], live: LiveIndex, settings: Settings) -> Diff:
    """The difference; the same for the same input, whatever its order. `desired` holds each folded address once."""
    wanted = sorted(desired, key=lambda user: user.email.folded)
    pairings = [match(user, live) for user in wanted]
    refusals = [pairing for pairing in pairings if isinstance(pairing, MatchConflict)]
    compared = [_compare(pairing, live, settings) for pairing in pairings if isinstance(pairing, Pair)]
    protected = [found for found in compared if found.is_protected(settings)]
    held_back = [found.change for found in protected if isinstance(found.change, UpdateUser)]
    kept = {change.email for change in held_back}
    changes = [found.change for found in compared if found.change is not None and found.change.email not in kept]
    shared = _shared(live, compared, [pairing for pairing in pairings if isinstance(pairing, Ambiguous)])
    claimed = {found.pair.hub_user.user.id for found in compared if found.pair.hub_user}.union(
        *(refusal.claims for refusal in refusals), *(entry.ids for entry in shared)
    )
    unmanaged, deletions = _without_file(
        [hub_user for hub_user in live.users if hub_user.user.id not in claimed], settings
    )
    return Diff(
        changes=tuple(sorted((*changes, *deletions), key=lambda change: change.email.folded)),
        unchanged=tuple(found.pair.user.email for found in compared if found.is_unchanged),
        unmanaged=unmanaged,
        conflicts=tuple(refusal.conflict for refusal in refusals),
        shared=shared,
        missing=_missing(wanted, live, settings),
        unmanageable=tuple(_unmanageable(live, shared)),
        notes=tuple(note for found in compared for note in found.notes),
        protected=tuple(held_back),
        ending=tuple(found.pair.user for found in protected if found.pair.user.until is not None),
    )


def _shared(
    live: LiveIndex, compared: Iterable[_Compared], ambiguous: Iterable[Ambiguous]
) -> tuple[SharedAddress, ...]:
    """Every address that several live users have, and the effect of a file on it."""
    found = {
        key: SharedAddress(users[0].user.email, _ids(users)) for key, users in live.by_address.items() if len(users) > 1
    }
    for entry in compared:
        if entry.pair.twins:
            found[entry.pair.user.email.folded] = _chosen(entry)
    for case in ambiguous:
        ids = _ids(case.twins)
        blocked = f"is the address of several users in the hub ({_listed(ids)}): add the `id` of the right one"
        found[case.user.email.folded] = SharedAddress(case.user.email, ids, case.user.source, blocked=blocked)
    return tuple(found[key] for key in sorted(found))


def _chosen(entry: _Compared) -> SharedAddress:
    user, hub_user, ids = entry.pair.user, entry.pair.hub_user, _ids(entry.pair.twins)
    chosen = hub_user.user.id if hub_user else None
    others = _listed(number for number in ids if number != chosen)
    blocked = f"id {chosen} cannot be deleted: the hub deletes by address, which is also that of {others}"
    return SharedAddress(
        user.email, ids, user.source, chosen, entry.kept, blocked if user.departure is not None else ""
    )


def _ids(users: Iterable[HubUser]) -> tuple[int, ...]:
    return tuple(sorted(hub_user.user.id for hub_user in users))


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(f"id {number}" for number in ids)


def _unmanageable(live: LiveIndex, shared: Iterable[SharedAddress]) -> list[UnmanageableUser]:
    """Users that no file can name, and users without a file who share their address with another one."""
    odd = [
        UnmanageableUser(hub_user.user.id, why_unmanageable(hub_user.user.email), hub_user.user.email)
        for hub_user in live.unmanageable
    ]
    twins = [
        UnmanageableUser(
            number, f"same address as {_listed(other for other in entry.ids if other != number)}", entry.email
        )
        for entry in shared
        if entry.source is None or entry.chosen is not None
        for number in entry.ids
        if number != entry.chosen
    ]
    return sorted((*odd, *twins), key=lambda user: user.id)


_CAUSES: Final = {Departure.STATE_ABSENT: Cause.STATE_ABSENT, Departure.UNTIL_PASSED: Cause.UNTIL_PASSED}


def _compare(pair: Pair, live: LiveIndex, settings: Settings) -> _Compared:
    if pair.user.departure is not None:
        return _Compared(pair, _departure(pair, pair.user.departure, live, settings))
    if pair.hub_user is None:
        return _Compared(pair, _creation(pair.user, live))
    edits, notes = _profile(pair.user, pair.hub_user)
    stays = bool(pair.twins) or any(note.is_odd for note in notes)
    kept, sent = (edits, ()) if stays else ((), edits)
    change = _update(pair.user, pair.hub_user, live, profile=sent)
    return _Compared(pair, change, tuple(edit.field for edit in kept), notes)


def _departure(pair: Pair, why: Departure, live: LiveIndex, settings: Settings) -> Change | None:
    """The deletion. For a user who shares the address, the revoke of every grant: the hub deletes by address."""
    if pair.hub_user is None:
        return None
    if pair.twins:
        revoked = _update(pair.user, pair.hub_user, live)
        return revoked and replace(revoked, grants=tuple(_ended(edit, pair.user) for edit in revoked.grants))
    return _deletion(pair.hub_user, _CAUSES[why], pair.user, settings)


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


def _profile(user: DesiredUser, hub_user: HubUser) -> tuple[tuple[FieldChange, ...], tuple[ProfileNote, ...]]:
    """The fields that the file changes, and the report on those that it does not change."""
    held = {entry.field: entry.value for entry in hub_user.user.profile}
    changes: list[FieldChange] = []
    notes = [
        ProfileNote(user.email, user.source, entry.field, is_odd=True)
        for entry in hub_user.user.profile
        if entry.value is not None and not entry.value.is_writable
    ]
    for entry in user.profile:
        live = held.get(entry.field)
        if not is_same_value(entry.field, live, entry.value):
            changes.append(FieldChange(entry.field, live, entry.value))
        elif live is not None and live != entry.value:
            notes.append(ProfileNote(user.email, user.source, entry.field))
    return tuple(changes), tuple(notes)


def _update(
    user: DesiredUser, hub_user: HubUser, live: LiveIndex, *, profile: tuple[FieldChange, ...] = ()
) -> UpdateUser | None:
    wanted = {grant.role: grant for grant in user.grants}
    withheld = {own.role: own.source for own in user.withheld}
    expired = {own.role: own for own in user.expired}
    grants = tuple(
        _explained(change, expired.get(role))
        for role, definition in live.definitions.items()
        if role in wanted or role in hub_user.holdings
        for change in _grant_changes(
            role, wanted.get(role), hub_user, definition_id=definition.id, withheld=withheld.get(role)
        )
    )
    if not profile and not grants:
        return None
    return UpdateUser(user.email, user.source, hub_user.user.id, hub_user.user.email, profile, grants)


def _grant_changes(
    role: Role, wanted: DesiredGrant | None, hub_user: HubUser, *, definition_id: str, withheld: Source | None
) -> Iterator[GrantChange]:
    """`withheld` is the place of the direct grant that sets the role to nothing."""
    holding = hub_user.holdings.get(role)
    before = holding.row.access if holding else Access.NONE
    after = wanted.access if wanted else Access.NONE
    if after is not before:
        source = _own_place(wanted) if wanted else withheld
        if after is not Access.NONE:
            yield SetGrant(role, before, after, definition_id, holding.row.id if holding else None, source=source)
        elif holding is not None:
            yield RevokeGrant(role, before, holding.row.id, source=source)
    for row in holding.surplus if holding else ():
        yield RemoveDuplicate(role, row.access, before, row.id)


def _own_place(grant: DesiredGrant) -> Source | None:
    """The place of the direct grant; None if a preset gives the grant."""
    return grant.source if grant.preset is None else None


def _explained(change: GrantChange, expired: Override | None) -> GrantChange:
    """`change` with the last day of the direct grant whose end is the reason: before that day, the access would differ.

    A direct grant that gave more explains a loss, one that gave less explains a gain, and none explains the reverse.
    """
    if expired is None or isinstance(change, RemoveDuplicate):
        return change
    is_loss = change.after < change.before
    explains = expired.access > change.after if is_loss else expired.access < change.after
    return replace(change, expired=expired.until, source=change.source or expired.source) if explains else change


def _ended(edit: GrantChange, user: DesiredUser) -> GrantChange:
    """`edit` as one that a date announced, if the account of `user` has expired."""
    if user.expired_on is None or not isinstance(edit, RevokeGrant):
        return edit
    return replace(edit, expired=user.expired_on, source=user.source)


def _deletion(hub_user: HubUser, cause: Cause, user: DesiredUser | None, settings: Settings) -> DeleteUser:
    return DeleteUser(
        email=user.email if user else hub_user.user.email,
        source=user.source if user else None,
        id=hub_user.user.id,
        hub_email=hub_user.user.email,
        cause=cause,
        grants=tuple(LostGrant(role, hub_user.grants[role]) for role in settings.roles if role in hub_user.grants),
    )


def _without_file(users: Iterable[HubUser], settings: Settings) -> tuple[tuple[UnmanagedUser, ...], list[DeleteUser]]:
    """Users who stay without a file, and users who are deleted because they have no file."""
    listed: list[UnmanagedUser] = []
    deletions: list[DeleteUser] = []
    for hub_user in users:
        if settings.is_protected(hub_user.user.email):
            listed.append(UnmanagedUser(hub_user.user.email, PROTECTED))
        elif settings.unmanaged is Unmanaged.DELETE:
            deletions.append(_deletion(hub_user, Cause.UNMANAGED, None, settings))
        else:
            listed.append(UnmanagedUser(hub_user.user.email, settings.unmanaged.value))
    return tuple(listed), deletions


def _missing(desired: Iterable[DesiredUser], live: LiveIndex, settings: Settings) -> tuple[MissingDefinition, ...]:
    names = dict(settings.role_definitions)
    return tuple(
        MissingDefinition(grant.role, names[grant.role], user.email, grant.source)
        for user in desired
        for grant in user.grants
        if grant.role not in live.definitions
    )
