"""From a hub's introspection to its operations: the `AUTH:` lines in the descriptions of its root fields.

    AUTH: Role=[order.OWNER,order.EDITOR] OR (('user is authenticated') AND ('contactId if present in input …'))

The list names every role that suffices: with a dot a role definition and a level, without one a system role. Levels
include the higher ones, so of each definition the least is kept. What follows `OR` in
quotes is kept in the hub's words.
"""

import re
from collections.abc import Iterator
from typing import Final

from bo_sync.access.operations import Operation
from bo_sync.core.model import Access

_ANNOTATION: Final = re.compile(r"AUTH:\s*Role=\[([^\]]*)\]([^\n]*)")
_CLAUSE: Final = re.compile(r"'([^']*)'")


class IntrospectionError(ValueError):
    """What was given is no introspection result; the message says what is missing."""


def operations_of(introspection: object) -> tuple[Operation, ...]:
    """Every query and mutation of an introspection result (with or without its `data`), queries first, by name.

    Raises IntrospectionError.
    """
    schema = _member(_unwrapped(introspection), "__schema", "the document")
    types = {str(_plain(entry).get("name")): _plain(entry) for entry in _listed(schema, "types")}
    found: list[Operation] = []
    for kind in ("queryType", "mutationType"):
        root = schema.get(kind)
        if isinstance(root, dict):
            name = str(root.get("name"))
            if name not in types:
                raise IntrospectionError(f"its {kind} {name} is not among its types")
            found += sorted(_fields(types[name], is_mutation=kind == "mutationType"), key=lambda entry: entry.name)
    if not found:
        raise IntrospectionError("it has no query and no mutation")
    return tuple(found)


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
        name, described = str(field.get("name")), str(field.get("description") or "")
        yield operation(name, described, is_mutation=is_mutation, is_deprecated=bool(field.get("isDeprecated")))


def operation(name: str, described: str, *, is_mutation: bool, is_deprecated: bool = False) -> Operation:
    """One root field by its description."""
    found = _ANNOTATION.search(described)
    if found is None:
        return Operation(name, is_mutation, is_deprecated=is_deprecated, is_annotated=False)
    least: dict[str, Access] = {}
    system: dict[str, None] = {}
    for word in filter(None, (part.strip() for part in found[1].split(","))):
        definition, dot, level = word.partition(".")
        access = Access.__members__.get(level, Access.NONE)
        if dot and access is not Access.NONE:
            least[definition] = min(least.get(definition, access), access)
        else:
            system[word] = None
    clauses = "; ".join(_CLAUSE.findall(found[2])) if found[2].lstrip().startswith("OR") else ""
    return Operation(name, is_mutation, tuple(least.items()), tuple(system), clauses, is_deprecated)
