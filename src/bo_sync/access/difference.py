"""Who gained and who lost what between two lots of people: two revisions of the files, the files and the hub, two days.

Each side has its own people and its own words for the hub's roles. A person is known by the address, whose case does
not matter, so whoever is spelled anew neither left nor joined.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bo_sync.access.menu import Levels
from bo_sync.access.people import Person
from bo_sync.access.powers import Power, Powers
from bo_sync.core.effect import Shift
from bo_sync.core.model import ROLES, Access, Role, Source
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Side:
    """People, each address once, and what grants let them do in the words of their settings."""

    people: tuple[Person, ...]
    powers: Powers


@dataclass(frozen=True, slots=True)
class GrantStep:
    """One role whose access differs; NONE stands for no grant."""

    role: Role
    before: Access
    after: Access

    @property
    def is_gain(self) -> bool:
        return self.after > self.before


@dataclass(frozen=True, slots=True)
class PersonDifference:
    """One person whose access, or presence, differs.

    `email` and `source` are those of the later side, or of the earlier one where the person is only there. `steps` are
    in the order of the roles. `shift` is what all of them together open, close, allow and forbid.
    """

    email: Text
    source: Source | None
    steps: tuple[GrantStep, ...]
    shift: Shift
    joined: bool = False
    left: bool = False

    @property
    def gained(self) -> tuple[GrantStep, ...]:
        return tuple(step for step in self.steps if step.is_gain)

    @property
    def lost(self) -> tuple[GrantStep, ...]:
        return tuple(step for step in self.steps if not step.is_gain)

    @property
    def gains(self) -> bool:
        """Whether the person has, or may do, anything more."""
        return bool(self.gained or self.shift.opened or self.shift.gained)

    @property
    def loses(self) -> bool:
        """Whether the person has, or may do, anything less."""
        return bool(self.lost or self.shift.closed or self.shift.lost)


def difference(before: Side, after: Side) -> tuple[PersonDifference, ...]:
    """Everybody who differs, sorted by address; empty for equal sides."""
    then, now = _by_address(before.people), _by_address(after.people)
    shifts: dict[tuple[Power, Power], Shift] = {}
    found = (_compared(then.get(key), now.get(key), (before, after), shifts) for key in sorted({*then, *now}))
    return tuple(person for person in found if person is not None)


def _by_address(people: Iterable[Person]) -> dict[str, Person]:
    return {person.email.folded: person for person in people}


def _compared(
    then: Person | None, now: Person | None, sides: tuple[Side, Side], shifts: dict[tuple[Power, Power], Shift]
) -> PersonDifference | None:
    """How one person differs, or None where nothing does. `shifts` are those known already."""
    shown = now or then
    if shown is None:
        return None
    before: Levels = then.held if then is not None else {}
    after: Levels = now.held if now is not None else {}
    powers = sides[0].powers.of(before), sides[1].powers.of(after)
    shift = shifts.get(powers)
    if shift is None:
        shift = shifts[powers] = _shift(powers, sides[1].powers)
    steps = tuple(_steps(before, after)) if before != after else ()
    if then is not None and now is not None and not steps and shift.is_nothing:
        return None
    return PersonDifference(shown.email, shown.source, steps, shift, joined=then is None, left=now is None)


def _steps(before: Levels, after: Levels) -> Iterator[GrantStep]:
    for role in sorted({*before, *after}, key=_rank):
        then, now = before.get(role, Access.NONE), after.get(role, Access.NONE)
        if then is not now:
            yield GrantStep(role, then, now)


def _rank(role: Role) -> tuple[int, str]:
    """The documented roles in their order, then added ones by name."""
    return (ROLES.index(role) if role in ROLES else len(ROLES), role)


def _shift(powers: tuple[Power, Power], words: Powers) -> Shift:
    """From one power to the other, in the order of the catalogue, which both share."""
    then, now = powers
    return Shift(
        opened=words.ordered(now.menu - then.menu),
        closed=words.ordered(then.menu - now.menu),
        gained=words.ordered(now.operations - then.operations),
        lost=words.ordered(then.operations - now.operations),
    )
