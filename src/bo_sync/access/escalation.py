"""Escalation paths: the steps by which users could come to what they cannot do, according to the hub's annotations.

Own grants: `roleUpdate` raises a row that exists, also one's own; `roleCreate` adds one. So users who may raise rows
can raise their own Roles & permissions until they may add rows, and then hold anything. Who may run the two comes from
the hub's annotations. Files do not show whether the hub keeps a row of NONE for a role that a user lacks. If it does,
the row is raised instead of added, with the same result.

Credentials: the value of an API key lets its reader act with that key's roles, and a login token opens a session of its
contact or customer. No file holds a key's roles or the existing tokens, so such a path is only possible.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from bo_sync.access.capabilities import READ_KEYS, READ_TOKENS, RESET_PASSWORDS, Powers
from bo_sync.access.catalogue import Levels
from bo_sync.access.query_terms import Held, Question, ToRun, sufficient
from bo_sync.core.live import effective
from bo_sync.core.model import Access, Role

RAISE: Final = "roleUpdate"
ADD: Final = "roleCreate"
CREATE_KEY: Final = "gqlApiKeyCreate"
WIDEN_KEY: Final = "gqlApiKeyUpdate"
"""The two operations that take the roles of a key (types `GqlApiKeyCreateInput` and `GqlApiKeyUpdateInput`)."""
LOG_IN: Final = "magicTokenLogin"
_OF_A_SESSION: Final = "authenticated"
"""In the conditions of the operations that a session opens without any role."""


@dataclass(frozen=True, slots=True)
class Step:
    """One grant that a user gives to themselves, and the operation for it: `RAISE` or `ADD`."""

    operation: str
    role: Role
    access: Access


@dataclass(frozen=True, slots=True)
class CredentialStep:
    """One operation that reads, changes, creates or uses a credential which is not the user's own."""

    operation: str


Path = tuple[Step | CredentialStep, ...]


def path(held: Levels, question: Question, powers: Powers) -> Path | None:
    """How users who hold `held` could come to what is asked: by their own grants, else through credentials."""
    sets = sufficient(question, powers)
    own = shortest(held, sets, powers)
    if own is not None:
        return own
    allowed = powers.of(held).operations
    through_key = _through_key(allowed) if sets else None
    return through_key or _through_token(allowed, question)


def may_reset_passwords(held: Levels, powers: Powers) -> bool:
    """Whether users who hold `held` may make links that reset passwords."""
    return RESET_PASSWORDS in powers.of(held).operations


def shortest(held: Levels, wanted: Iterable[Held], powers: Powers) -> tuple[Step, ...] | None:
    """The fewest steps to one of the sets of grants, the first of them at a tie; None when none can be reached."""
    found = (_steps(held, grants, powers) for grants in wanted)
    return min((steps for steps in found if steps is not None), key=len, default=None)


def _through_key(allowed: Collection[str]) -> Path | None:
    """A new key, a key that is given the roles, or any key that can be read."""
    if CREATE_KEY in allowed:
        return (CredentialStep(CREATE_KEY),)
    reading = _first(READ_KEYS, allowed)
    if reading is not None and WIDEN_KEY in allowed:
        return CredentialStep(WIDEN_KEY), *reading
    return reading


def _through_token(allowed: Collection[str], question: Question) -> Path | None:
    if not isinstance(question, ToRun) or _OF_A_SESSION not in question.operation.when:
        return None
    reading = _first(READ_TOKENS, allowed)
    return None if reading is None else (*reading, CredentialStep(LOG_IN))


def _first(operations: Iterable[str], allowed: Collection[str]) -> tuple[CredentialStep, ...] | None:
    found = next((name for name in operations if name in allowed), None)
    return None if found is None else (CredentialStep(found),)


def _steps(held: Levels, wanted: Held, powers: Powers) -> tuple[Step, ...] | None:
    levels = dict(held)
    steps: list[Step] = []
    for role, least in wanted:
        if levels.get(role, Access.NONE) >= least:
            continue
        operation = RAISE if levels.get(role) else ADD
        before = _entitled(operation, levels, powers)
        if before is None:
            return None
        for step in (*before, Step(operation, role, effective(role, least))):
            levels[step.role] = step.access
            steps.append(step)
    return tuple(steps)


def _entitled(operation: str, levels: Levels, powers: Powers) -> tuple[Step, ...] | None:
    """The grant to raise before `operation` is allowed: empty if it is already, None if no grant can be raised."""
    allowed = powers.of(levels).operations
    if operation in allowed:
        return ()
    if RAISE not in allowed:
        return None
    entries = (entry for entry in powers.facts.operations if entry.name == operation)
    ways = (way for entry in entries for way in entry.ways(powers.names))
    return next(((Step(RAISE, role, least),) for role, least in ways if levels.get(role)), None)
