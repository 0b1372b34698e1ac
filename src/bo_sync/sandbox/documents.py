"""Documents parsed and validated, remembered by their text: a client sends the same few again and again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)

from bo_sync.sandbox.binding import executable_schema


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a document: its name ("" when it has none), and its root fields by their schema names.

    `keys` are the names under which the answer has them: their aliases, where they have one.
    """

    name: str
    mutation: bool
    roots: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """A document that the schema allows."""

    document: DocumentNode
    operations: tuple[Operation, ...]

    def choose(self, name: str | None) -> Operation | None:
        """The operation called `name`, or without a name the only one; None when that decides nothing."""
        found = [operation for operation in self.operations if name in {None, operation.name}]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Broken:
    """A document that cannot be executed: the code of its errors, and the errors."""

    code: str
    errors: tuple[GraphQLError, ...]


@lru_cache(maxsize=512)
def prepare(text: str, *, introspection: bool) -> Sound | Broken:
    """The document in `text`, judged by the sandbox's schema; without `introspection` it may not ask for the schema."""
    try:
        document = parse(text)
        rules = [*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
        errors = validate(executable_schema(), document, rules)
    except GraphQLError as err:
        return Broken("GRAPHQL_PARSE_FAILED", (err,))
    except RecursionError:
        return Broken("GRAPHQL_PARSE_FAILED", (GraphQLError("The document is nested too deeply."),))
    if errors:
        return Broken("GRAPHQL_VALIDATION_FAILED", tuple(errors))
    return Sound(document, tuple(_operations(document)))


def _operations(document: DocumentNode) -> Iterator[Operation]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = tuple(_fields(node.selection_set, fragments))
            yield Operation(
                name=node.name.value if node.name else "",
                mutation=node.operation is OperationType.MUTATION,
                roots=tuple(found.name.value for found in fields),
                keys=tuple((found.alias or found.name).value for found in fields),
            )


def _fields(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)
