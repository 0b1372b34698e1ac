"""From a hub's introspection to its operations: the `AUTH:` lines in the descriptions of its root fields.

    AUTH: Role=[order.OWNER,order.EDITOR] OR (('user is authenticated') AND ('contactId if present in input …'))

The list names every role that suffices: with a dot a role definition and a level, without one a system role. Levels
include the higher ones, so of each definition the least is kept. What follows `OR` in quotes is kept in the hub's
words. Where the roles are not enough by themselves (`AND`), or there is more than one such line, nothing is said to be
allowed: all of it is kept as a condition.

Descriptions are somebody else's text: whatever of them could act or hide is made visible on the way in, so that the
words of an operation are safe to print, and fit on one line of a table.
"""

import re
from collections.abc import Iterator
from typing import Final

from bo_sync.core.model import Access
from bo_sync.core.operations import Operation, is_operation_name
from bo_sync.core.text import visible

_ANNOTATION: Final = re.compile(r"AUTH:\s*Role=\[([^\]]*)\]([^\n]*)")
_CLAUSE: Final = re.compile(r"'([^']*)'")
_MORE: Final = re.compile(r"[\s,]*AND\b")


class IntrospectionError(ValueError):
    """What was given is no introspection result; the message says what is missing."""


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
    """A root type with its fields, which stand there, or among the types as in a whole introspection."""
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
    """The least level of each definition, and every word that is no definition with a level."""
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
