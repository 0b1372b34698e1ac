"""People against roles as a table, as CSV for a spreadsheet, and where two of them differ."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bo_sync.access.matrix import Contrast, Differing, Matrix
from bo_sync.access.people import Person
from bo_sync.core.model import Access, Role
from bo_sync.render.csv import csv_text, foreign
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.phrases import address, level, people

_NOTHING: Final = "-"


def matrix_text(matrix: Matrix, where: str, page: Page) -> str:
    """One line a person, under the names of the roles; blocks of what each holds where that is wider than the page.

    `where` says whose word it is.
    """
    table = [("EMAIL", *matrix.roles), *(_cells(person, matrix.roles) for person in matrix.people)]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    if page.width is None or sum(widths) + 2 * (len(widths) - 1) <= page.width:
        lines: Iterable[str] = (_line(entry, widths) for entry in table)
    else:
        lines = (line for person in matrix.people for line in _block(person, page))
    counted = terminal(f"{people(len(matrix.people))}, by {where}.")
    return _joined((*lines, *page.hang("", counted)))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _cells(person: Person, roles: Sequence[Role]) -> tuple[str, ...]:
    held = ((role, person.held.get(role, Access.NONE)) for role in roles)
    return (
        terminal(address(person.email)),
        *(level(role, access) if access is not Access.NONE else _NOTHING for role, access in held),
    )


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (wide - cells(cell)) for cell, wide in zip(line, widths, strict=True)).rstrip()


def _block(person: Person, page: Page) -> Iterator[str]:
    yield page.paint(terminal(address(person.email)), Tone.TITLE)
    yield from page.hang("  ", _held((grant.role, grant.access) for grant in person.grants))


def matrix_csv(matrix: Matrix) -> str:
    """One row a person: the address, and the access in every role; nothing in it is a formula."""
    return csv_text(
        ("email", *matrix.roles),
        (
            (
                foreign(person.email.raw),
                *(level(role, person.held.get(role, Access.NONE)) for role in matrix.roles),
            )
            for person in matrix.people
        ),
    )


def contrast_text(contrast: Contrast, page: Page) -> str:
    """Who differs, one row a cell, and how many do not."""
    return _joined(_contrast_lines(contrast, page))


def _contrast_lines(contrast: Contrast, page: Page) -> Iterator[str]:
    differ = f"{people(len(contrast.people))} {'differs' if len(contrast.people) == 1 else 'differ'}"
    title = f"{contrast.here.told} (here) compared with {contrast.there} (there): {differ}, {contrast.same} the same"
    yield from (page.paint(line, Tone.TITLE) for line in page.hang("", terminal(title)))
    rows = [entry for person in contrast.people for entry in _differing(person)]
    yield from lay_out(rows, measure(rows), page)


def _differing(person: Differing) -> Iterator[Row]:
    email = address(person.email)
    if not person.is_there:
        yield row("+", email, f"only here: {_held((cell.role, cell.here) for cell in person.cells)}")
        return
    if not person.is_here:
        yield row("-", email, f"only there: {_held((cell.role, cell.there) for cell in person.cells)}")
        return
    for cell in person.cells:
        here, there = level(cell.role, cell.here), level(cell.role, cell.there)
        yield row("~", email, f"{here} here, {there} there", topic=cell.role)


def _held(grants: Iterable[tuple[Role, Access]]) -> str:
    return ", ".join(f"{role} {level(role, access)}" for role, access in grants) or "no access"


def contrast_csv(contrast: Contrast) -> str:
    """One row a cell that differs; where somebody is on one side only, a first row without a role says so."""
    head = ("email", "role", foreign(contrast.here.short), foreign(contrast.there.raw))
    return csv_text(head, (line for person in contrast.people for line in _csv_lines(person)))


def _csv_lines(person: Differing) -> Iterator[tuple[str, str, str, str]]:
    email = foreign(person.email.raw)
    if not (person.is_here and person.is_there):
        yield email, "", _presence(is_there=person.is_here), _presence(is_there=person.is_there)
    for cell in person.cells:
        yield email, cell.role, level(cell.role, cell.here), level(cell.role, cell.there)


def _presence(*, is_there: bool) -> str:
    return "present" if is_there else "missing"
