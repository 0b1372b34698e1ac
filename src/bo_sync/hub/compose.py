"""One person's role changes in one document, composed of the one-field documents.

Each change keeps its own field, under an alias (`w0`, `w1`, …), with its variables renamed to match (`$id_0`). Root
fields of a mutation run in order, so the changes happen in the order given, and an error names the alias that failed.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, assert_never

from bo_sync.hub.answers import Call, JsonObject
from bo_sync.hub.documents import document
from bo_sync.ports import CreateRow, DeleteRow, RowWrite, UpdateRow

OPERATION: Final = "roleChanges"
_ONE_FIELD: Final = re.compile(r"mutation \w+\(([^)]*)\) \{\n  (.*)\n\}\n", re.DOTALL)
_VARIABLE: Final = re.compile(r"\$(\w+)")


def operation_of(write: RowWrite) -> str:
    """The operation that makes a change."""
    match write:
        case CreateRow():
            return "roleCreate"
        case UpdateRow():
            return "roleUpdate"
        case DeleteRow():
            return "roleDelete"
        case _:
            assert_never(write)


def alias(index: int) -> str:
    """Under which name the change at an index travels."""
    return f"w{index}"


def compose(user_id: int, writes: Sequence[RowWrite]) -> Call:
    """The request that makes all the changes, at least one, in order."""
    declarations, fields = [], []
    variables: JsonObject = {}
    for index, write in enumerate(writes):
        declared, field = _parts(operation_of(write))
        renamed = rf"$\1_{index}"
        declarations.append(_VARIABLE.sub(renamed, declared))
        fields.append(f"  {alias(index)}: {_VARIABLE.sub(renamed, field)}\n")
        variables |= {f"{name}_{index}": value for name, value in _variables(user_id, write).items()}
    text = f"mutation {OPERATION}({', '.join(declarations)}) {{\n{''.join(fields)}}}\n"
    return Call(OPERATION, text, variables)


@cache
def _parts(operation: str) -> tuple[str, str]:
    """The variables that a one-field document declares, and its field."""
    found = _ONE_FIELD.fullmatch(document(operation))
    if found is None:
        raise AssertionError(f"{operation}.graphql is not laid out as one field in a mutation")
    return found[1], found[2]


def _variables(user_id: int, write: RowWrite) -> JsonObject:
    match write:
        case CreateRow(definition_id, access):
            return {"input": {"roleDefinitionId": definition_id, "access": access.name, "userId": user_id}}
        case UpdateRow(row_id, access):
            return {"id": row_id, "input": {"access": access.name}}
        case DeleteRow(row_id):
            return {"id": row_id}
        case _:
            assert_never(write)
