"""The operations table from a hub's introspection (`AUTH:` lines of its root fields), and the diff of two tables.

    AUTH: Role=[order.OWNER,order.EDITOR] OR (('user is authenticated') AND ('contactId if present in input …'))

Each listed role suffices: with a dot a role definition and a level, without one a system role. Of each definition the
lowest level is kept. Quoted text after `OR` is kept in the hub's words. With `AND`, or with more than one such line, no
role suffices and all of it is kept as a condition. Descriptions are foreign text and made safe to print when read.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bo_sync.core.hub_operations import Operation, is_operation_name
from bo_sync.core.model import Access
from bo_sync.core.text import visible

_ANNOTATION: Final = re.compile(r"AUTH:\s*Role=\[([^\]]*)\]([^\n]*)")
_CLAUSE: Final = re.compile(r"'([^']*)'")
_MORE: Final = re.compile(r"[\s,]*AND\b")


class IntrospectionError(ValueError):
    """The input is not an introspection result; the message names what is missing."""


def operations_of(introspection: object) -> tuple[Operation, ...]:
    """Every query and mutation of an introspection result (with or without its `data`), queries first, by name.

    Raises IntrospectionError.
    """
    schema = _member(_unwrapped(introspection), "__schema", "the document")
    found: list[Operation] = []
    for kind in ("queryType", "mutationType"):
        root = schema.get(kind)
        if isinstance(root, dict):
            fields = _fields(_root(schema, kind, root), is_mutation=kind == "mutationType")
            found += sorted(fields, key=lambda entry: entry.name)
    if not found:
        raise IntrospectionError("it has no query and no mutation")
    return tuple(found)


def _root(schema: dict[str, object], kind: str, root: dict[str, object]) -> dict[str, object]:
    """A root type with its fields, which are in it, or among the types as in a whole introspection."""
    if "fields" in root:
        return root
    for entry in map(_plain, _listed(schema, "types")):
        if entry.get("name") == root.get("name"):
            return entry
    raise IntrospectionError(f"its {kind} {visible(str(root.get('name')))} is not among its types")


def _unwrapped(document: object) -> dict[str, object]:
    top = _plain(document)
    return _plain(top["data"]) if "data" in top and "__schema" not in top else top


def _plain(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise IntrospectionError("it is not shaped like an introspection result")
    return value


def _member(holder: dict[str, object], key: str, where: str) -> dict[str, object]:
    if key not in holder:
        raise IntrospectionError(f"{where} has no {key}")
    return _plain(holder[key])


def _listed(holder: dict[str, object], key: str) -> list[object]:
    value = holder.get(key)
    if not isinstance(value, list):
        raise IntrospectionError(f"its {key} is no list")
    return value


def _fields(root: dict[str, object], *, is_mutation: bool) -> Iterator[Operation]:
    for entry in _listed(root, "fields"):
        field = _plain(entry)
        name, described = field.get("name"), field.get("description")
        if not isinstance(name, str) or not is_operation_name(name):
            raise IntrospectionError("a field of its root types has no name, or one that GraphQL does not allow")
        text = described if isinstance(described, str) else ""
        yield operation(name, text, is_mutation=is_mutation, is_deprecated=field.get("isDeprecated") is True)


def operation(name: str, described: str, *, is_mutation: bool, is_deprecated: bool = False) -> Operation:
    """One root field by its description."""
    found = list(_ANNOTATION.finditer(described))
    if not found:
        return Operation(name, is_mutation, is_deprecated=is_deprecated, is_annotated=False)
    if len(found) > 1 or _MORE.match(found[0][2]):
        whole = "; ".join(visible(line[0].strip()) for line in found)
        return Operation(name, is_mutation, when=whole, is_deprecated=is_deprecated)
    least, system = _roles(found[0][1])
    clauses = _CLAUSE.findall(found[0][2]) if found[0][2].lstrip().startswith("OR") else []
    return Operation(name, is_mutation, least, system, visible("; ".join(clauses)), is_deprecated)


def _roles(listed: str) -> tuple[tuple[tuple[str, Access], ...], tuple[str, ...]]:
    """The least level of each definition, and every word that is not a definition with a level."""
    least: dict[str, Access] = {}
    system: dict[str, None] = {}
    for word in map(visible, listed.replace(",", " ").split()):
        definition, dot, level = word.partition(".")
        access = Access.__members__.get(level, Access.NONE)
        if dot and access is not Access.NONE:
            least[definition] = min(least.get(definition, access), access)
        else:
            system[word] = None
    return tuple(least.items()), tuple(system)


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
    """Operations as in the new table, removed ones as in the old; all sorted, queries first.

    `annotated` were unknown before, `vanished` are unknown now. `conditions` are known in both, but other system roles
    or further clauses open them. `deprecated` are newly so. `grants` are by definition, lowest level first, and only
    those that allow something else.
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
