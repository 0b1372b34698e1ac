"""The executable schema, and documents parsed and validated once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    build_schema,
    parse,
    specified_rules,
    validate,
)

from bo_sync.sandbox import role_operations
from bo_sync.sandbox.paging import Paging, RowPage
from bo_sync.sandbox.permissions import RefusedError
from bo_sync.sandbox.resolvers import FIRST_PAGE, MUTATIONS, QUERIES, Context, RootField, Scene

Resolver = Callable[..., object]


@cache
def executable_schema() -> GraphQLSchema:
    """The sandbox's schema with its resolvers. Nobody may change it: all sandboxes of the process share it."""
    schema = build_schema(files("bo_sync.sandbox").joinpath("schema.graphql").read_text("utf-8"))
    for root, resolve in QUERIES.items():
        _bind(schema, "Query", root, _reading(resolve))
    for root, resolve in MUTATIONS.items():
        _bind(schema, "Mutation", root, _writing(resolve))
    _bind(schema, "AdminUser", "tenants", _no_tenants)
    _bind(schema, "AdminUser", "ticketsAssigned", _no_tickets)
    _bind(schema, "RoleDefinition", "roles", _roles_of_definition)
    return schema


def _bind(schema: GraphQLSchema, type_name: str, field: str, resolve: Resolver) -> None:
    cast("GraphQLObjectType", schema.type_map[type_name]).fields[field].resolve = resolve


def _reading(root: RootField) -> Resolver:
    def resolve(_source: object, info: "GraphQLResolveInfo[Context]", **args: Any) -> object:
        context: Context = info.context
        with context.store.reading() as db:
            return root(Scene(db, context, context.store.now()), args)

    return resolve


def _writing(root: RootField) -> Resolver:
    def resolve(_source: object, info: "GraphQLResolveInfo[Context]", **args: Any) -> object:
        context: Context = info.context
        if info.path.key == context.doomed:
            raise RefusedError("INTERNAL_SERVER_ERROR", "Internal server error")
        with context.store.writing() as db:
            return root(Scene(db, context, context.store.now()), args)

    return resolve


def _no_tenants(_source: object, _info: "GraphQLResolveInfo[Context]", **args: Paging | None) -> object:
    paging = args.get("input") or FIRST_PAGE
    return RowPage([], 0, paging["page"], paging["offset"]).shape


def _no_tickets(_source: object, _info: "GraphQLResolveInfo[Context]") -> object:
    return []


def _roles_of_definition(source: Mapping[str, str], info: "GraphQLResolveInfo[Context]", **args: int) -> object:
    context: Context = info.context
    with context.store.reading() as db:
        return role_operations.roles_in(db, source["id"], args["userId"])


def pick(source: Mapping[str, object], info: "GraphQLResolveInfo[Context]") -> object:
    """The default resolver: a field is a key."""
    return source[info.field_name]


@dataclass(frozen=True, slots=True)
class DocumentOperation:
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
    operations: tuple[DocumentOperation, ...]

    def choose(self, name: str | None) -> DocumentOperation | None:
        """The operation called `name`, or without a name the only one; None when that decides nothing."""
        found = [operation for operation in self.operations if name in {None, operation.name}]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class InvalidDocument:
    """A document that cannot be executed: the code of its errors, and the errors."""

    code: str
    errors: tuple[GraphQLError, ...]


@lru_cache(maxsize=512)
def prepare(text: str, *, introspection: bool) -> Sound | InvalidDocument:
    """The document in `text`, judged by the sandbox's schema; without `introspection` it may not ask for the schema."""
    try:
        document = parse(text)
        rules = [*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
        errors = validate(executable_schema(), document, rules)
    except GraphQLError as err:
        return InvalidDocument("GRAPHQL_PARSE_FAILED", (err,))
    except RecursionError:
        return InvalidDocument("GRAPHQL_PARSE_FAILED", (GraphQLError("The document is nested too deeply."),))
    if errors:
        return InvalidDocument("GRAPHQL_VALIDATION_FAILED", tuple(errors))
    return Sound(document, tuple(_operations(document)))


def _operations(document: DocumentNode) -> Iterator[DocumentOperation]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = tuple(_fields(node.selection_set, fragments))
            yield DocumentOperation(
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
