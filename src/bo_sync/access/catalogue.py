"""The hub's facts, read once from `menu.csv`, `roles.csv` and `operations.csv`; which grants open a menu item.

`menu.csv` and `roles.csv` hold what the product's documentation says. `operations.csv` comes from a hub's introspection
(`bo-sync catalogue refresh`). A menu item opens when its platform area is on and all its module roles are held, at any
level. The only module of `access` that reads files.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib import resources
from io import StringIO
from typing import Final

from bo_sync.core.hub_operations import AddedOperations, Operation, is_operation_name
from bo_sync.core.model import Access, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import visible

Levels = Mapping[Role, Access]
"""A user's effective access by our name of the role; a missing role is NONE."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """`name` as in the documentation: `Orders > Carriers`. `page` is the documentation's page that lists it, and
    `words` are that page's own words for the role, some of them older names."""

    name: str
    platform: Role
    modules: tuple[Role, ...]
    page: str
    words: str

    @property
    def roles(self) -> tuple[Role, ...]:
        """All that the item needs, the platform area first."""
        return (self.platform, *self.modules)

    def missing(self, held: Levels) -> tuple[Role, ...]:
        """The roles that keep the item closed for a user who holds `held`; empty when it opens."""
        return tuple(role for role in self.roles if held.get(role, Access.NONE) is Access.NONE)


def opened(items: Iterable[MenuItem], held: Levels) -> tuple[MenuItem, ...]:
    """The items that open, in the order of the menu."""
    roles = {role for role, access in held.items() if access is not Access.NONE}
    return tuple(item for item in items if item.platform in roles and roles.issuperset(item.modules))


def idle(items: Iterable[MenuItem], held: Levels) -> tuple[Role, ...]:
    """Module roles that are held although no active platform area has an item that needs them."""
    used = {role for item in items if held.get(item.platform, Access.NONE) is not Access.NONE for role in item.modules}
    known = {role for item in items for role in item.modules}
    return tuple(role for role, access in held.items() if role in known - used and access is not Access.NONE)


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
    """An operations table that cannot be read. `what` is wrong in `line`; the message has both."""

    def __init__(self, what: str, line: int = 1) -> None:
        super().__init__(f"line {line}: {what}")
        self.what = what
        self.line = line


@cache
def catalogue() -> Catalogue:
    """The facts that this version of bo-sync came with."""
    taken, operations = read_operations(_text("operations.csv"))
    return Catalogue(tuple(_menu()), tuple(_roles()), operations, taken)


def _text(name: str) -> str:
    return (resources.files("bo_sync.access") / name).read_text(encoding="utf-8")


def _menu() -> Iterator[MenuItem]:
    """The items. A heading that needs a role itself passes that need on to the items below it."""
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
    """The day and the operations of a table in the form of `write_operations`. Raises CatalogueError."""
    lines = tuple(_lines(text))
    start = 1 if lines and lines[0].startswith(_TAKEN.strip()) else 0
    taken = lines[0].removeprefix(_TAKEN.strip()).strip() if start else ""
    rows = [_row(line, number) for number, line in enumerate(lines[start:], start + 1)]
    if not rows or tuple(rows[0]) != _HEAD:
        raise CatalogueError(f"not the head of a table of operations: {','.join(_HEAD)}", start + 1)
    operations = tuple(_operation(row, number) for number, row in enumerate(rows[1:], start + 2))
    seen: set[tuple[str, bool]] = set()
    for number, entry in enumerate(operations, start + 2):
        key = (entry.name, entry.is_mutation)
        if key in seen:
            raise CatalogueError(f"the operation {entry.name} appears twice", number)
        seen.add(key)
    return taken, operations


def _lines(text: str) -> Iterator[str]:
    """The lines as a reviewer sees them: only a line feed ends a line, and nothing moves, hides or breaks its text."""
    for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), 1):
        shown = line.removesuffix("\r")
        if visible(shown) != shown:
            hidden = next(character for character in shown if visible(character) != character)
            raise CatalogueError(f"the line holds the invisible character {visible(hidden)}", number)
        yield shown


def _row(line: str, number: int) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error as err:
        raise CatalogueError(f"not a table: {err}", number) from err


def _operation(row: list[str], number: int) -> Operation:
    """One row. All of it may be untrusted text: GraphQL must allow the name, the rest is made visible."""
    if len(row) != len(_HEAD) or row[1] not in {"query", "mutation"} or not is_operation_name(row[0]):
        raise CatalogueError(f"not an operation: {visible(','.join(row)[:80])}", number)
    name, kind, access, system, when, deprecated = row
    is_annotated = access != _NO_ANNOTATION
    return Operation(
        name,
        is_mutation=kind == "mutation",
        alternatives=tuple(_ways(access, number)) if is_annotated else (),
        system=tuple(map(visible, system.split())),
        when=visible(when),
        is_deprecated=deprecated == "true",
        is_annotated=is_annotated,
    )


def _ways(access: str, number: int) -> Iterator[tuple[str, Access]]:
    for word in map(visible, access.split()):
        definition, _, level = word.partition(".")
        if Access.__members__.get(level, Access.NONE) is Access.NONE:
            raise CatalogueError(f"{word} has no level; expected role.OWNER, .EDITOR or .VIEWER", number)
        yield definition, Access[level]


def in_use(settings: Settings) -> Catalogue:
    """The facts for a repository: the built-in ones, and what the table of its `catalogue:` adds."""
    facts, added = catalogue(), settings.catalogue
    if added is None:
        return facts
    found = {entry.name: entry for entry in facts.operations}
    for entry in added.operations:
        found[entry.name] = _joined(found[entry.name], entry) if entry.name in found else entry
    operations = sorted(found.values(), key=lambda entry: (entry.is_mutation, entry.name))
    return replace(facts, operations=tuple(operations), taken=max(facts.taken, added.taken.isoformat()))


def _joined(built_in: Operation, added: Operation) -> Operation:
    """What either of the two allows: for each definition the lower level. A repository's table takes nothing away."""
    least = dict(built_in.alternatives)
    for definition, access in added.alternatives:
        least[definition] = min(least.get(definition, access), access)
    return replace(
        built_in,
        alternatives=tuple(least.items()),
        system=tuple(dict.fromkeys((*built_in.system, *added.system))),
        when=built_in.when or added.when,
        is_deprecated=built_in.is_deprecated or added.is_deprecated,
        is_annotated=built_in.is_annotated or added.is_annotated,
    )


def kept(added: AddedOperations) -> tuple[str, ...]:
    """Built-in operations that `added` would open to fewer grants: for these, its lines are ignored."""
    built_in = {entry.name: entry for entry in catalogue().operations}
    return tuple(
        entry.name for entry in added.operations if entry.name in built_in and _is_narrower(entry, built_in[entry.name])
    )


def _is_narrower(added: Operation, built_in: Operation) -> bool:
    return dict(_joined(built_in, added).alternatives) != dict(added.alternatives)


def age_in_days(facts: Catalogue, today: date) -> int:
    """The age of the operations table in days; never less than 0, as it may come from another time zone."""
    return max(0, (today - date.fromisoformat(facts.taken)).days)


def write_operations(taken: str, operations: Iterable[Operation]) -> str:
    """The operations table, with its day in the first line."""
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
