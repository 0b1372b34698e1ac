"""People against roles, and where two such tables differ, cell by cell."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bo_sync.access.menu import Levels
from bo_sync.access.people import Person
from bo_sync.access.place import AnyPlace
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
    """Somebody whose cells differ, or who is missing on one side (then `cells` may be empty).

    The address is spelled as on this side, but where it is not told apart there: as on the other side.
    """

    email: Text
    cells: tuple[Cell, ...]
    is_here: bool = True
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class Contrast:
    """Who differs, sorted by address. `here` is whose word this side is, `there` names the other; `same` counts who
    does not."""

    here: AnyPlace
    there: Text
    people: tuple[Differing, ...]
    same: int


def against_people(matrix: Matrix, others: Iterable[Person], names: tuple[AnyPlace, Text]) -> Contrast:
    """Everybody, each address once, against whoever has the address among `others`, whose case does not matter."""
    pairs = list(_pairs(matrix.people, others))
    found = tuple(
        differing for email, mine, other in pairs for differing in _differing(email, mine, other, matrix.roles)
    )
    return Contrast(names[0], names[1], found, len(pairs) - len(found))


def against_one(matrix: Matrix, other: Person, here: AnyPlace) -> Contrast:
    """Everybody else against one of them."""
    others = [person for person in matrix.people if person is not other]
    found = tuple(
        differing for one in others for differing in _differing(one.email, one.held, other.held, matrix.roles)
    )
    return Contrast(here, other.email, found, len(others) - len(found))


def _pairs(people: Iterable[Person], others: Iterable[Person]) -> Iterator[tuple[Text, Levels | None, Levels | None]]:
    """Who is compared with whom; where a hub holds an address twice, its own spelling tells the two apart."""
    here = {person.email.folded: person for person in people}
    there: dict[str, list[Person]] = {}
    for person in others:
        there.setdefault(person.email.folded, []).append(person)
    for address in sorted({*here, *there}):
        mine, found = here.get(address), there.get(address, [])
        if mine is not None and len(found) <= 1:
            yield mine.email, mine.held, found[0].held if found else None
        else:
            yield from ((other.email, mine.held if mine else None, other.held) for other in found)


def _differing(email: Text, mine: Levels | None, other: Levels | None, roles: Sequence[Role]) -> Iterator[Differing]:
    """None is somebody who is not there."""
    here, there = mine or {}, other or {}
    levels = ((role, here.get(role, Access.NONE), there.get(role, Access.NONE)) for role in roles)
    cells = tuple(Cell(role, one, two) for role, one, two in levels if one is not two)
    if cells or mine is None or other is None:
        yield Differing(email, cells, is_here=mine is not None, is_there=other is not None)
