"""The order of an apply, as data.

    create users → profiles → raise grants → lower, revoke, remove duplicates → delete users → losses of ownership

Access is given before it is taken, so that nobody who is to keep working is without it on the way, and whoever owns the
hub's roles loses that last, after the new owners stand. Inside a phase people are independent of one another; one
person's grant changes of a phase are one step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bo_sync.core.changes import Change, CreateUser, DeleteUser, Direction, FieldChange, GrantChange, UpdateUser
from bo_sync.core.model import BACKOFFICE, ROLES_PERMISSIONS, Access, Role
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text


class Phase(StrEnum):
    """In the order in which they run."""

    CREATE = "create users"
    PROFILES = "update profiles"
    RAISE = "raise grants"
    LOWER = "lower grants"
    DELETE = "delete users"
    OWNERSHIP = "losses of ownership"

    @property
    def one_at_a_time(self) -> bool:
        return self is Phase.OWNERSHIP


@dataclass(frozen=True, slots=True)
class CreateStep:
    change: CreateUser


@dataclass(frozen=True, slots=True)
class ProfileStep:
    change: UpdateUser
    fields: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class GrantStep:
    """Grant changes that travel together, in the order of the roles."""

    change: CreateUser | UpdateUser
    grants: tuple[GrantChange, ...]


@dataclass(frozen=True, slots=True)
class DeleteStep:
    change: DeleteUser


Step = CreateStep | ProfileStep | GrantStep | DeleteStep


def steps(plan: Plan, viewer: Text | None = None) -> tuple[tuple[Phase, tuple[Step, ...]], ...]:
    """Every phase that has something to do, with its steps by address; in the last one the running person is last."""
    placed: dict[Phase, list[Step]] = {phase: [] for phase in Phase}
    for change in plan.changes:
        for phase, step in _steps_of(change):
            placed[phase].append(step)
    if viewer is not None:
        placed[Phase.OWNERSHIP].sort(key=lambda step: step.change.email.folded == viewer.folded)
    return tuple((phase, tuple(found)) for phase, found in placed.items() if found)


def _steps_of(change: Change) -> Iterator[tuple[Phase, Step]]:
    match change:
        case CreateUser():
            yield Phase.CREATE, CreateStep(change)
            if change.grants:
                yield Phase.RAISE, GrantStep(change, change.grants)
        case UpdateUser():
            if change.profile:
                yield Phase.PROFILES, ProfileStep(change, change.profile)
            yield from _grant_steps(change)
        case DeleteUser():
            held = {grant.role: grant.before for grant in change.grants}
            yield (Phase.OWNERSHIP if _owns_roles(held) else Phase.DELETE), DeleteStep(change)


def _grant_steps(change: UpdateUser) -> Iterator[tuple[Phase, Step]]:
    phases: dict[Phase, list[GrantChange]] = {}
    for grant in change.grants:
        phases.setdefault(_phase_of(grant), []).append(grant)
    for phase, grants in phases.items():
        yield phase, GrantStep(change, tuple(grants))


def _phase_of(grant: GrantChange) -> Phase:
    if grant.direction in {Direction.ADDED, Direction.RAISED}:
        return Phase.RAISE
    lost = grant.direction is not Direction.DUPLICATE
    if lost and grant.role == ROLES_PERMISSIONS and grant.before is Access.OWNER:
        return Phase.OWNERSHIP
    if lost and grant.role == BACKOFFICE:
        return Phase.OWNERSHIP
    return Phase.LOWER


def _owns_roles(held: Mapping[Role, Access]) -> bool:
    return held.get(ROLES_PERMISSIONS) is Access.OWNER
