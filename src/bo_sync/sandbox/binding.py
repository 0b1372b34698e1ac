"""The schema's text made executable: resolvers bound to its fields, once a process.

Below the root every field is a key of a mapping, but for the three here: two that the sandbox keeps nothing of, and
the rows of one person in a definition, which are looked up only when somebody selects them.
"""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, cast

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema

from bo_sync.sandbox import grants
from bo_sync.sandbox.paging import Page, Paging
from bo_sync.sandbox.refused import RefusedError
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
    return Page([], 0, paging["page"], paging["offset"]).shape


def _no_tickets(_source: object, _info: "GraphQLResolveInfo[Context]") -> object:
    return []


def _roles_of_definition(source: Mapping[str, str], info: "GraphQLResolveInfo[Context]", **args: int) -> object:
    context: Context = info.context
    with context.store.reading() as db:
        return grants.roles_in(db, source["id"], args["userId"])


def pick(source: Mapping[str, object], info: "GraphQLResolveInfo[Context]") -> object:
    """The default resolver: a field is a key."""
    return source[info.field_name]
