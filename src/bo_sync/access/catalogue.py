"""The facts, read once from the tables beside this module: `menu.csv`, `roles.csv` and `operations.csv`.

The first two hold what the product's documentation says; the third is made from a hub's introspection by `bo-sync
catalogue refresh`. This is the one module of the access that reads files.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from io import StringIO
from typing import Final

from bo_sync.access.menu import MenuItem
from bo_sync.access.operations import Operation
from bo_sync.core.model import Access, Role
from bo_sync.core.text import visible

_HEAD: Final = ("operation", "kind", "any_of_minimum_access", "system_roles", "or_when", "deprecated")
_NO_ANNOTATION: Final = "unannotated"
_TAKEN: Final = "# taken "


@dataclass(frozen=True, slots=True)
class RoleName:
    """One role in the words of the documentation: the newer name, the older one (or ""), and what it is about."""

    role: Role
    name: str
    older: str
    allows: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """`operations` are sorted, queries first. `taken` is the day of the introspection, as `2026-05-17`."""

    menu: tuple[MenuItem, ...]
    roles: tuple[RoleName, ...]
    operations: tuple[Operation, ...]
    taken: str


class CatalogueError(ValueError):
    """A table of operations that cannot be read; the message says in which line, and why."""


@cache
def catalogue() -> Catalogue:
    """The facts that this version of bo-sync came with."""
    taken, operations = read_operations(_text("operations.csv"))
    return Catalogue(tuple(_menu()), tuple(_roles()), operations, taken)


def _text(name: str) -> str:
    return (resources.files("bo_sync.access") / name).read_text(encoding="utf-8")


def _menu() -> Iterator[MenuItem]:
    """The items. A heading that needs a role itself passes that need on to what stands below it."""
    heading: dict[str, tuple[Role, ...]] = {}
    for row in csv.DictReader(StringIO(_text("menu.csv"))):
        own = tuple(Role(word) for word in row["modules"].split())
        if row["kind"] == "heading":
            heading[row["item"]] = own
            continue
        inherited = heading.get(row["item"].partition(" > ")[0], ())
        modules = tuple(dict.fromkeys((*inherited, *own)))
        yield MenuItem(row["item"], Role(row["platform"]), modules, row["page"], row["words"])


def _roles() -> Iterator[RoleName]:
    for row in csv.DictReader(StringIO(_text("roles.csv"))):
        yield RoleName(Role(row["role"]), row["name"], row["older"], row["allows"].replace(";", ","))


def read_operations(text: str) -> tuple[str, tuple[Operation, ...]]:
    """The day and the operations of a table as `write_operations` makes it. Raises CatalogueError."""
    lines = text.splitlines()
    start = 1 if lines and lines[0].startswith(_TAKEN.strip()) else 0
    taken = lines[0].removeprefix(_TAKEN.strip()).strip() if start else ""
    try:
        rows = list(csv.reader(lines[start:]))
    except csv.Error as err:
        raise CatalogueError(f"it is no table: {err}") from err
    if not rows or tuple(rows[0]) != _HEAD:
        raise CatalogueError(f"line {start + 1} is not the head of a table of operations: {','.join(_HEAD)}")
    operations = tuple(_operation(row, number) for number, row in enumerate(rows[1:], start + 2))
    twice = [
        key for key, times in Counter((entry.name, entry.is_mutation) for entry in operations).items() if times > 1
    ]
    if twice:
        raise CatalogueError(f"the operation {visible(twice[0][0][:80])} stands there twice")
    return taken, operations


def _operation(row: list[str], number: int) -> Operation:
    if len(row) != len(_HEAD) or row[1] not in {"query", "mutation"}:
        raise CatalogueError(f"line {number} is not an operation: {visible(','.join(row)[:80])}")
    name, kind, access, system, when, deprecated = row
    is_annotated = access != _NO_ANNOTATION
    return Operation(
        name,
        is_mutation=kind == "mutation",
        alternatives=tuple(_ways(access, number)) if is_annotated else (),
        system=tuple(system.split()),
        when=when,
        is_deprecated=deprecated == "true",
        is_annotated=is_annotated,
    )


def _ways(access: str, number: int) -> Iterator[tuple[str, Access]]:
    for word in access.split():
        definition, _, level = word.partition(".")
        if Access.__members__.get(level, Access.NONE) is Access.NONE:
            raise CatalogueError(
                f"line {number} has no level in {visible(word)}; expected role.OWNER, .EDITOR or .VIEWER"
            )
        yield definition, Access[level]


def write_operations(taken: str, operations: Iterable[Operation]) -> str:
    """The table of operations, with its day in the first line."""
    out = StringIO()
    out.write(f"{_TAKEN}{taken}\n")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_HEAD)
    for entry in operations:
        access = " ".join(f"{definition}.{least.name}" for definition, least in entry.alternatives)
        writer.writerow(
            (
                entry.name,
                "mutation" if entry.is_mutation else "query",
                access if entry.is_annotated else _NO_ANNOTATION,
                " ".join(entry.system),
                entry.when,
                str(entry.is_deprecated).lower(),
            )
        )
    return out.getvalue()
