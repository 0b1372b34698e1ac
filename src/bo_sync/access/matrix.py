"""People against roles, and where two such tables differ, cell by cell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bo_sync.access.people import Person
from bo_sync.core.model import Access, Role
from bo_sync.core.text import Text


@dataclass(frozen=True, slots=True)
class Matrix:
    """Everybody, sorted by address, and all roles in their order."""

    people: tuple[Person, ...]
    roles: tuple[Role, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """One role that differs: the access here, and on the side compared with. NONE is no grant."""

    role: Role
    here: Access
    there: Access


@dataclass(frozen=True, slots=True)
class Differing:
    """Somebody whose cells differ, or who is missing on one side (then `cells` may be empty)."""

    email: Text
    cells: tuple[Cell, ...]
    is_here: bool = True
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Contrast:
    """Who differs, sorted by address. `here` and `there` name the sides for people; `same` counts who does not."""

    here: str
    there: Text
    people: tuple[Differing, ...]
    same: int


def against_people(matrix: Matrix, others: Iterable[Person], names: tuple[str, Text]) -> Contrast:
    """Everybody against whoever has their address among `others`, whose case does not matter."""
    here, there = _by_address(matrix.people), _by_address(others)
    found: list[Differing] = []
    for address in sorted({*here, *there}):
        for mine, other in _paired(here.get(address, []), there.get(address, [])):
            found += _differing(mine, other, matrix.roles)
    everybody = sum(max(len(here.get(address, ())), len(there.get(address, ()))) for address in {*here, *there})
    return Contrast(names[0], names[1], tuple(found), everybody - len(found))


def against_one(matrix: Matrix, other: Person, here: str) -> Contrast:
    """Everybody else against one of them."""
    others = [person for person in matrix.people if person is not other]
    found = [differing for person in others for differing in _differing(person, other, matrix.roles)]
    return Contrast(here, other.email, tuple(found), len(others) - len(found))


def _by_address(people: Iterable[Person]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in people:
        found.setdefault(person.email.folded, []).append(person)
    return found


def _paired(here: Sequence[Person], there: Sequence[Person]) -> Iterator[tuple[Person | None, Person | None]]:
    """Each of one side with each of the other; a hub may hold an address twice, in different case."""
    for mine in here or (None,):
        for other in there or (None,):
            yield mine, other


def _differing(mine: Person | None, other: Person | None, roles: Sequence[Role]) -> Iterator[Differing]:
    shown = mine or other
    if shown is None:
        return
    here, there = mine.held if mine else {}, other.held if other else {}
    levels = ((role, here.get(role, Access.NONE), there.get(role, Access.NONE)) for role in roles)
    cells = tuple(Cell(role, one, two) for role, one, two in levels if one is not two)
    if cells or mine is None or other is None:
        yield Differing(shown.email, cells, is_here=mine is not None, is_there=other is not None)
