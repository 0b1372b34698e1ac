"""Changes to one user as values, complete enough to show, compare, save and apply, and their effect on access.

A row id says how a grant is written. An existing row is updated, for a revoke too: only an update to NONE makes no
assumption about what the hub does without a row.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from bo_sync.core.model import Access, Profile, ProfileField, Role, Source
from bo_sync.core.text import Text


class Direction(StrEnum):
    """What a grant change does to the user's access."""

    ADDED = "added"
    RAISED = "raised"
    LOWERED = "lowered"
    REVOKED = "revoked"
    DUPLICATE = "duplicate"

    @property
    def gives(self) -> bool:
        """Whether the user can do more afterwards."""
        return self is Direction.ADDED or self is Direction.RAISED

    @property
    def takes(self) -> bool:
        """Whether the user can do less afterwards."""
        return self is Direction.LOWERED or self is Direction.REVOKED


@dataclass(frozen=True, slots=True)
class FieldChange:
    field: ProfileField
    before: Text | None
    after: Text | None


@dataclass(frozen=True, slots=True)
class SetGrant:
    """Give access, raise it or lower it. `row_id` is the existing row (its access may be NONE), or None.

    `expired` is the last day of the direct grant whose end is the reason; None if no end is. `source` is the place of
    that direct grant, or of the entry that sets the role; None if the user has none, so a preset or nothing sets it.
    """

    role: Role
    before: Access
    after: Access
    definition_id: str
    row_id: str | None = None
    expired: date | None = field(default=None, compare=False)
    source: Source | None = field(default=None, compare=False)

    @property
    def direction(self) -> Direction:
        if self.before is Access.NONE:
            return Direction.ADDED
        return Direction.RAISED if self.after > self.before else Direction.LOWERED


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """Take all access: the existing row is updated to NONE. `expired` and `source` as in `SetGrant`."""

    role: Role
    before: Access
    row_id: str
    after: Access = Access.NONE
    expired: date | None = field(default=None, compare=False)
    source: Source | None = field(default=None, compare=False)

    @property
    def direction(self) -> Direction:
        return Direction.REVOKED


@dataclass(frozen=True, slots=True)
class RemoveDuplicate:
    """Delete a duplicate role row. `before` is its own access, `after` the current access of the row that stays."""

    role: Role
    before: Access
    after: Access
    row_id: str

    @property
    def direction(self) -> Direction:
        return Direction.DUPLICATE


GrantChange = SetGrant | RevokeGrant | RemoveDuplicate


@dataclass(frozen=True, slots=True)
class LostGrant:
    """A grant that ends with its user's account; nothing is sent for it."""

    role: Role
    before: Access
    after: Access = Access.NONE

    @property
    def direction(self) -> Direction:
        return Direction.REVOKED


class Cause(StrEnum):
    """Why a user is deleted."""

    STATE_ABSENT = "state: absent"
    UNTIL_PASSED = "until has passed"
    UNMANAGED = "no file (unmanaged: delete)"


@dataclass(frozen=True, slots=True)
class CreateUser:
    """A user with a file who is not in the hub. Every given grant is added; no row exists before.

    `profile` is sent as it is, with its cleared fields: the hub would fill some omitted ones (`language` with `NL`).
    """

    email: Text
    source: Source
    profile: Profile
    grants: tuple[SetGrant, ...]


@dataclass(frozen=True, slots=True)
class UpdateUser:
    """A user on both sides who differs. `hub_email` is the hub's own spelling, which requests must use."""

    email: Text
    source: Source
    id: int
    hub_email: Text
    profile: tuple[FieldChange, ...]
    grants: tuple[GrantChange, ...]


@dataclass(frozen=True, slots=True)
class DeleteUser:
    """A user to be deleted. `source` is None if no file is the reason."""

    email: Text
    source: Source | None
    id: int
    hub_email: Text
    cause: Cause
    grants: tuple[LostGrant, ...]


Change = CreateUser | UpdateUser | DeleteUser


def address_of(change: Change) -> Text:
    """The address under which the hub has, or will have, the user of a change."""
    return change.email if isinstance(change, CreateUser) else change.hub_email


def place_of_grant(grant: GrantChange | LostGrant, change: Change) -> Source | None:
    """The place of the entry that sets a grant: the direct grant of the role, or else the user."""
    own = grant.source if isinstance(grant, SetGrant | RevokeGrant) else None
    return own or change.source


@dataclass(frozen=True, slots=True)
class Shift:
    """Menu items that open and close, operations gained and lost; in the order of the menu and the catalogue."""

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()

    @property
    def is_nothing(self) -> bool:
        return not (self.opened or self.closed or self.gained or self.lost)


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of all changes of one user together, and the part that each role has in it.

    A menu item that needs two roles which are both given is in the part of each. `unknown` is the number of operations
    for which the hub does not state who may run them.
    """

    whole: Shift = Shift()
    parts: Mapping[Role, Shift] = field(default_factory=dict)
    unknown: int = 0
