"""What somebody can give to themselves: with the operations that change grants, whoever may run them has no fixed end.

`roleUpdate` raises a row that stands, one's own too; `roleCreate` adds one. So whoever may raise rows can raise their
own Roles & permissions until they may add rows, and then hold anything. Who may run the two is read from the hub's
annotations, like everything else. Whether the hub keeps a row of NONE for a role that somebody lacks cannot be known
from files; then it is raised instead of added, with the same end.

An API key has roles of its own, so whoever may make a key, or change what one may do, could reach more through it. That
is no step of theirs towards a grant, and the key is not theirs alone; so they are counted, not listed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from bo_sync.access.menu import Levels
from bo_sync.access.powers import Powers
from bo_sync.access.words import Held
from bo_sync.core.live import effective
from bo_sync.core.model import Access, Role

RAISE: Final = "roleUpdate"
ADD: Final = "roleCreate"
OF_KEYS: Final = ("gqlApiKeyCreate", "gqlApiKeyUpdate")
"""The operations that take the roles of a key (schema types `GqlApiKeyCreateInput` and `GqlApiKeyUpdateInput`)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One grant that somebody gives to themselves, and the operation that does it: `RAISE` or `ADD`."""

    operation: str
    role: Role
    access: Access


def shortest(held: Levels, wanted: Iterable[Held], powers: Powers) -> tuple[Step, ...] | None:
    """The fewest steps to one of the sets of grants, the first of them at a tie; None when none can be reached."""
    found = (_steps(held, grants, powers) for grants in wanted)
    return min((steps for steps in found if steps is not None), key=len, default=None)


def may_widen_keys(held: Levels, powers: Powers) -> bool:
    """Whether somebody who holds `held` may give roles to an API key."""
    return not powers.of(held).operations.isdisjoint(OF_KEYS)


def _steps(held: Levels, wanted: Held, powers: Powers) -> tuple[Step, ...] | None:
    levels = dict(held)
    steps: list[Step] = []
    for role, least in wanted:
        if levels.get(role, Access.NONE) >= least:
            continue
        operation = RAISE if levels.get(role, Access.NONE) else ADD
        before = _entitled(operation, levels, powers)
        if before is None:
            return None
        for step in (*before, Step(operation, role, effective(role, least))):
            levels[step.role] = step.access
            steps.append(step)
    return tuple(steps)


def _entitled(operation: str, levels: Levels, powers: Powers) -> tuple[Step, ...] | None:
    """What somebody raises before they may run `operation`: nothing when they may already, None when they cannot."""
    allowed = powers.of(levels).operations
    if operation in allowed:
        return ()
    if RAISE not in allowed:
        return None
    entries = (entry for entry in powers.facts.operations if entry.name == operation)
    ways = (way for entry in entries for way in entry.ways(powers.names))
    return next(((Step(RAISE, role, least),) for role, least in ways if levels.get(role, Access.NONE)), None)
