"""Differences between two operations tables as text and JSON, newly allowed operations first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bo_sync.access.introspection import GrantGrowth, Growth
from bo_sync.core.hub_operations import Operation
from bo_sync.core.model import DEFAULT_HUB_NAMES
from bo_sync.core.text import Text
from bo_sync.render.escape import terminal
from bo_sync.render.json import envelope
from bo_sync.render.layout import Page, Row, Tone, lay_out, measure, row
from bo_sync.render.sections import Section
from bo_sync.render.wording import counted

_OURS: Final = {hub_name: role for role, hub_name in DEFAULT_HUB_NAMES.items()}


@dataclass(frozen=True, slots=True)
class Table:
    """One of the two tables: its name, the day of its introspection ("" if unknown), and its number of operations."""

    name: Text
    taken: Text
    operations: int


def growth_text(found: Growth, old: Table, new: Table, page: Page) -> str:
    """The whole difference between the tables `old` and `new`, and one sentence with counts."""
    return "".join(f"{line}\n" for line in _lines(found, (old, new), page))


def _lines(found: Growth, tables: tuple[Table, Table], page: Page) -> Iterator[str]:
    yield from page.hang("", terminal(" to ".join(("Operations from " + _called(tables[0]), _called(tables[1])))))
    yield ""
    for section in _sections(found):
        yield page.paint(section.title, Tone.TITLE)
        yield from lay_out(section.rows, measure(section.rows), page)
        yield ""
    yield from page.hang("", _sentence(found))


def _called(table: Table) -> str:
    taken = f"taken {table.taken!s}" if table.taken.raw else "taken nobody knows when"
    return f"{table.name!s} ({taken}, {counted(table.operations, 'operation')})"


def _sections(found: Growth) -> Iterator[Section]:
    titled = (
        ("Silent growth: grants that nobody touched allow more", _grants("+", found.grants)),
        ("Silent loss: grants that nobody touched allow less", _grants("-", found.grants)),
        ("Operations added", _operations("+", found.added)),
        ("Operations removed", _operations("-", found.removed)),
        ("Known now, unknown before", _operations("+", found.annotated)),
        ("Unknown now, known before", _operations("!", found.vanished)),
        ("Known in both, under other conditions", _operations("~", found.conditions)),
        ("Deprecated now", _operations("~", found.deprecated)),
    )
    yield from (Section(title, rows) for title, rows in titled if rows)


def _grants(symbol: str, grants: Iterable[GrantGrowth]) -> tuple[Row, ...]:
    listed_by_grant = ((grant, grant.allowed if symbol == "+" else grant.no_longer) for grant in grants)
    return tuple(row(symbol, _grant(grant), _split(operations)) for grant, operations in listed_by_grant if operations)


def _grant(grant: GrantGrowth) -> str:
    """`pricing viewer` with our name of the role; a definition without one has the hub's name, quoted."""
    ours = _OURS.get(grant.definition)
    return f"{ours or Text(grant.definition)!s}{'' if ours else ' (of the hub)'} {grant.access.word}"


def _split(operations: Sequence[Operation]) -> str:
    """`acts: orderUpdate; reads: order`: mutations before queries."""
    acts, reads = ([entry.name for entry in operations if entry.is_mutation is acting] for acting in (True, False))
    return "; ".join(f"{what}: {', '.join(names)}" for what, names in (("acts", acts), ("reads", reads)) if names)


def _operations(symbol: str, operations: Iterable[Operation]) -> tuple[Row, ...]:
    return tuple(row(symbol, entry.name, f"{_kind(entry)}; {_who(entry)}") for entry in operations)


def _kind(operation: Operation) -> str:
    return "mutation" if operation.is_mutation else "query"


def _who(operation: Operation) -> str:
    """`role.EDITOR or system, or when user is authenticated`, in the hub's words."""
    if not operation.is_annotated:
        return "the hub does not say who may"
    roles = [f"{definition}.{least.name}" for definition, least in operation.alternatives]
    conditions = [f"when {operation.when}"] if operation.when else []
    return " or ".join((*roles, *operation.system, *conditions)) or "no role may"


def _sentence(found: Growth) -> str:
    if found.is_nothing:
        return "Nothing differs."
    counts = (
        ("grants that allow more", sum(bool(grant.allowed) for grant in found.grants)),
        ("grants that allow less", sum(bool(grant.no_longer) for grant in found.grants)),
        ("operations added", len(found.added)),
        ("removed", len(found.removed)),
        ("newly known", len(found.annotated)),
        ("newly unknown", len(found.vanished)),
        ("under other conditions", len(found.conditions)),
        ("newly deprecated", len(found.deprecated)),
    )
    told = ", ".join(f"{what}: {number}" for what, number in counts if number)
    return f"{told[0].upper()}{told[1:]}."


def growth_json(found: Growth, old: Table, new: Table) -> str:
    """The same as JSON; `role` is our name or null, and operations are names."""
    return envelope(
        {
            "old": _table(old),
            "new": _table(new),
            "grants": [_grant_document(grant) for grant in found.grants],
            "added": _names(found.added),
            "removed": _names(found.removed),
            "annotated": _names(found.annotated),
            "vanished": _names(found.vanished),
            "conditions": _names(found.conditions),
            "deprecated": _names(found.deprecated),
        }
    )


def _table(table: Table) -> dict[str, object]:
    return {"table": table.name, "taken": table.taken if table.taken.raw else None, "operations": table.operations}


def _grant_document(grant: GrantGrowth) -> dict[str, object]:
    return {
        "role": _OURS.get(grant.definition),
        "definition": grant.definition,
        "access": grant.access,
        "allowed": _names(grant.allowed),
        "no_longer": _names(grant.no_longer),
    }


def _names(operations: Iterable[Operation]) -> list[str]:
    return [operation.name for operation in operations]
