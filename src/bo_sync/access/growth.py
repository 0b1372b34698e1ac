"""What differs between two tables of operations; above all, what grants that nobody touched allow anew.

A hub can be released with other annotations, or more operations, and every grant of a definition then allows something
else, without a line in anybody's file. That is what is called silent growth here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bo_sync.core.model import Access
from bo_sync.core.operations import Operation

_Key = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class GrantGrowth:
    """What one level of one definition (by the hub's name) allows more, and less, by itself."""

    definition: str
    access: Access
    allowed: tuple[Operation, ...]
    no_longer: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Growth:
    """Operations as the new table has them, those that went as the old one had; all sorted, queries first.

    `annotated` were unknown before, `vanished` are unknown now; `conditions` are known in both, and are opened by other
    system roles or further clauses than before. `deprecated` are newly so. `grants` are by definition, lowest level
    first, and only those that allow something else.
    """

    grants: tuple[GrantGrowth, ...]
    added: tuple[Operation, ...]
    removed: tuple[Operation, ...]
    annotated: tuple[Operation, ...]
    vanished: tuple[Operation, ...]
    conditions: tuple[Operation, ...]
    deprecated: tuple[Operation, ...]

    @property
    def is_nothing(self) -> bool:
        lists = (self.added, self.removed, self.annotated, self.vanished, self.conditions, self.deprecated)
        return not (self.grants or any(lists))


def growth(before: Iterable[Operation], after: Iterable[Operation]) -> Growth:
    """From one table to another, whatever the order of either."""
    old, new = _by_key(before), _by_key(after)
    both = [(old[key], new[key]) for key in new if key in old]
    return Growth(
        grants=_grants(old, new),
        added=tuple(new[key] for key in new if key not in old),
        removed=tuple(old[key] for key in old if key not in new),
        annotated=tuple(now for then, now in both if now.is_annotated and not then.is_annotated),
        vanished=tuple(now for then, now in both if then.is_annotated and not now.is_annotated),
        conditions=tuple(now for then, now in both if _has_other_conditions(then, now)),
        deprecated=tuple(now for then, now in both if now.is_deprecated and not then.is_deprecated),
    )


def _by_key(operations: Iterable[Operation]) -> dict[_Key, Operation]:
    return {(entry.is_mutation, entry.name): entry for entry in sorted(operations, key=_key)}


def _key(operation: Operation) -> _Key:
    return operation.is_mutation, operation.name


def _has_other_conditions(then: Operation, now: Operation) -> bool:
    is_known = then.is_annotated and now.is_annotated
    return is_known and (set(then.system), then.when) != (set(now.system), now.when)


def _grants(old: Mapping[_Key, Operation], new: Mapping[_Key, Operation]) -> tuple[GrantGrowth, ...]:
    then, now = _allowed(old.values()), _allowed(new.values())
    nothing: frozenset[_Key] = frozenset()
    return tuple(
        GrantGrowth(
            *grant,
            allowed=tuple(new[key] for key in sorted(now.get(grant, nothing) - then.get(grant, nothing))),
            no_longer=tuple(old[key] for key in sorted(then.get(grant, nothing) - now.get(grant, nothing))),
        )
        for grant in sorted({*then, *now})
        if then.get(grant) != now.get(grant)
    )


def _allowed(operations: Iterable[Operation]) -> dict[tuple[str, Access], frozenset[_Key]]:
    """What each level of each definition allows by itself; a level allows what the lower ones do."""
    found: dict[tuple[str, Access], set[_Key]] = {}
    for operation in operations:
        for definition, least in operation.alternatives:
            for access in Access:
                if access >= least:
                    found.setdefault((definition, access), set()).add(_key(operation))
    return {grant: frozenset(keys) for grant, keys in found.items()}
