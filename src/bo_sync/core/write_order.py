"""The order of an apply's writes, as data: phases, and steps within each.

    create users → profiles → raise grants → lower, revoke, remove duplicates → delete users
    → lower ownership → delete owners

Access is given before it is taken, so a user who keeps working is never without it. Owners of the hub's roles lose that
last, when the new owners exist. One raise waits for a loss: a user who gets one half of the ownership (Roles &
permissions, Backoffice) and loses the other is never an owner in between. Within a phase users are independent.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bo_sync.core.changes import Change, CreateUser, DeleteUser, Direction, FieldChange, GrantChange, UpdateUser
from bo_sync.core.live import key_of
from bo_sync.core.model import BACKOFFICE, ROLES_PERMISSIONS
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text


class Phase(StrEnum):
    """In the order in which they run."""

    CREATE = "create users"
    PROFILES = "update profiles"
    RAISE = "raise grants"
    LOWER = "lower grants"
    DELETE = "delete users"
    LOWER_OWNERSHIP = "lower ownership"
    DELETE_OWNERS = "delete owners"


ONE_BY_ONE: Final = (Phase.LOWER_OWNERSHIP, Phase.DELETE_OWNERS)
"""The losses of ownership: one user at a time, lowered before deleted, since only a deletion cannot be undone."""


@dataclass(frozen=True, slots=True)
class CreateStep:
    change: CreateUser


@dataclass(frozen=True, slots=True)
class ProfileStep:
    change: UpdateUser
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class WriteGrants:
    """Grant changes that are sent together, in the order of the roles."""

    change: CreateUser | UpdateUser
    grants: tuple[GrantChange, ...]


@dataclass(frozen=True, slots=True)
class DeleteStep:
    change: DeleteUser


Step = CreateStep | ProfileStep | WriteGrants | DeleteStep


def steps(
    plan: Plan, owners: Collection[str], viewer: Text | None = None
) -> tuple[tuple[Phase, tuple[Step, ...]], ...]:
    """Every phase with something to do, with its steps by address; in the last two the session's user is last.

    `owners` are the users who can give and take access today (`guardrails.role_owners`), by the hub's spelling.
    """
    placed: dict[Phase, list[Step]] = {phase: [] for phase in Phase}
    for change in plan.changes:
        for phase, step in _steps_of(change, owners):
            placed[phase].append(step)
    if viewer is not None:
        for phase in ONE_BY_ONE:
            placed[phase].sort(key=lambda step: step.change.email.folded == viewer.folded)
    return tuple((phase, tuple(found)) for phase, found in placed.items() if found)


def _steps_of(change: Change, owners: Collection[str]) -> Iterator[tuple[Phase, Step]]:
    match change:
        case CreateUser():
            yield Phase.CREATE, CreateStep(change)
            if change.grants:
                yield Phase.RAISE, WriteGrants(change, change.grants)
        case UpdateUser():
            if change.profile:
                yield Phase.PROFILES, ProfileStep(change, change.profile)
            yield from _grant_steps(change, is_owner=key_of(change, owners) in owners)
        case DeleteUser():
            yield (Phase.DELETE_OWNERS if key_of(change, owners) in owners else Phase.DELETE), DeleteStep(change)


HALVES: Final = frozenset({ROLES_PERMISSIONS, BACKOFFICE})
"""The roles that together make an owner of the hub's roles."""


def _grant_steps(change: UpdateUser, *, is_owner: bool) -> Iterator[tuple[Phase, Step]]:
    waits = any(grant.role in HALVES and grant.direction.takes for grant in change.grants) and not is_owner
    phases: dict[Phase, list[GrantChange]] = {}
    waiting: list[GrantChange] = []
    for grant in change.grants:
        phase = _phase_of(grant, is_owner=is_owner)
        if phase is Phase.RAISE and waits and grant.role in HALVES:
            waiting.append(grant)
        else:
            phases.setdefault(phase, []).append(grant)
    if waiting:
        phases[Phase.LOWER] += waiting
    for phase, grants in phases.items():
        yield phase, WriteGrants(change, tuple(grants))


def _phase_of(grant: GrantChange, *, is_owner: bool) -> Phase:
    match grant.direction:
        case Direction.ADDED | Direction.RAISED:
            return Phase.RAISE
        case Direction.LOWERED | Direction.REVOKED if is_owner and grant.role in HALVES:
            return Phase.LOWER_OWNERSHIP
        case Direction.LOWERED | Direction.REVOKED | Direction.DUPLICATE:
            return Phase.LOWER
