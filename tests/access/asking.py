"""Random users, and readings of the facts that are as plain as can be: what a test holds the answers against."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Final

from bo_sync.access.capabilities import powers
from bo_sync.access.query_terms import Held, Question, ToHold, ToOpen, ToRun
from bo_sync.access.user_access import Grant, UserAccess
from bo_sync.core.model import MODULES, PLATFORM, ROLES, Access, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text

BOUND: Final = powers(Settings())
LEVELS: Final = (Access.VIEWER, Access.EDITOR, Access.OWNER)

Levels = dict[Role, Access]


def user(number: int, **access: Access) -> UserAccess:
    """Somebody with the given access, in the order of the roles."""
    return holding(number, {Role(name): level for name, level in access.items()})


def holding(number: int, held: Levels) -> UserAccess:
    grants = tuple(Grant(role, held[role]) for role in ROLES if held.get(role, Access.NONE) is not Access.NONE)
    return UserAccess(Text(f"p{number}@example.com"), grants)


def random_levels(chance: Random) -> Levels:
    share = chance.random()
    return {
        role: Access.OWNER if role in PLATFORM else chance.choice(LEVELS) for role in ROLES if chance.random() < share
    }


def random_users(seed: int, number: int = 12) -> tuple[UserAccess, ...]:
    chance = Random(seed)
    return tuple(holding(one, random_levels(chance)) for one in range(number))


def every_question() -> Iterator[Question]:
    yield from (ToRun(operation) for operation in BOUND.facts.operations)
    yield from (ToOpen(item) for item in BOUND.facts.menu)
    yield from (ToHold(role, least) for role, least in product(MODULES, LEVELS))
    yield from (ToHold(area, Access.VIEWER) for area in PLATFORM)


def can(held: Levels, question: Question) -> bool:
    """Whether `held` is enough, read from the facts themselves; what is unknown or conditional is not."""
    match question:
        case ToRun(operation):
            by_hub_name = {hub_name: held.get(role, Access.NONE) for hub_name, role in BOUND.names.items()}
            return any(by_hub_name[name] >= least for name, least in operation.alternatives)
        case ToOpen(item):
            return all(held.get(role, Access.NONE) is not Access.NONE for role in (item.platform, *item.modules))
        case ToHold(role, least):
            return held.get(role, Access.NONE) >= least


def levels_of(grants: Held) -> Levels:
    """A set of grants as somebody would hold it: an area is on or off."""
    return {role: Access.OWNER if role in PLATFORM else least for role, least in grants}


def less(held: Levels) -> Iterator[Levels]:
    """`held` with one grant one level lower, or without it; an area has no level between on and off."""
    for role, access in held.items():
        rest = {other: level for other, level in held.items() if other != role}
        lower = Access.NONE if role in PLATFORM else Access(access - 1)
        yield rest if lower is Access.NONE else {**rest, role: lower}
