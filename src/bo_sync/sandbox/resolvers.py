"""The executable schema and its root fields: who may, then what, each in one transaction.

The graph below a root field is plain mappings, so graphql-core asks nothing of us a second time. The rules are those of
the schema's descriptions and of its annotations; what neither settles is a `Behaviour`.
"""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypedDict, cast

from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, build_schema

from bo_sync.sandbox import role_operations, user_operations
from bo_sync.sandbox.behaviour import Behaviour, ViewerForKey
from bo_sync.sandbox.paging import Paging, RowPage
from bo_sync.sandbox.permissions import Caller, CallingUser, RefusedError, Stranger, actor, allow, for_operation, owns
from bo_sync.sandbox.population import Access
from bo_sync.sandbox.role_operations import DefinitionSearch, NewRole, RoleSearch
from bo_sync.sandbox.store import Row, Store
from bo_sync.sandbox.user_operations import UsersSearch

# What a search without an input asks for; with one, the schema's own defaults fill it.
_FIRST_PAGE: Final[Paging] = {"page": 1, "offset": 12}
_FIRST_USERS: Final[UsersSearch] = {"page": 1, "offset": 12}
_FIRST_DEFINITIONS: Final[DefinitionSearch] = {"page": 1, "offset": 12}


@dataclass(frozen=True, slots=True)
class Context:
    """What one request is answered from. `doomed` is the key of the mutation field that fails, "" when none does."""

    store: Store
    behaviour: Behaviour
    caller: Caller
    doomed: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One root field: the request's context, and a database within the field's own transaction."""

    db: sqlite3.Connection
    context: Context
    now: str

    @property
    def by(self) -> int | None:
        """Who to write down as the author of a change."""
        return actor(self.context.caller)


class ByEmail(TypedDict):
    """Arguments that name a user."""

    email: str


class UpdateUserInput(ByEmail):
    """Arguments of adminUserUpdate."""

    input: Row


class ById(TypedDict):
    """Arguments that name a definition or a row."""

    id: str


class NewAccess(TypedDict):
    """The hub's RoleUpdateInput."""

    access: Access


class UpdateRole(ById):
    """Arguments of roleUpdate."""

    input: NewAccess


class Invite(TypedDict):
    """Arguments of triggerPasswordSendInitEmailEvent."""

    input: ByEmail


class Create(TypedDict):
    """Arguments of adminUserCreate."""

    input: Row


class CreateRole(TypedDict):
    """Arguments of roleCreate."""

    input: NewRole


class SearchUsers(TypedDict, total=False):
    """Arguments of adminUsers."""

    input: UsersSearch | None


class SearchDefinitions(TypedDict, total=False):
    """Arguments of roleDefinitions."""

    input: DefinitionSearch | None


class SearchRoles(TypedDict):
    """Arguments of roles."""

    input: RoleSearch


def admin_users(scene: Scene, args: SearchUsers) -> object:
    """One page of users."""
    allow(scene.context.caller, "adminUsers")
    return user_operations.page_of_users(scene.db, args.get("input") or _FIRST_USERS, scene.context.behaviour).shape


def admin_user(scene: Scene, args: ByEmail) -> object:
    """One user."""
    allow(scene.context.caller, "adminUser", own=owns(scene.context.caller, email=args["email"]))
    return user_operations.found(scene.db, args["email"])


def admin_user_viewer(scene: Scene, _args: object) -> object:
    """The user who asks; for a key as `Behaviour.viewer_for_key` says."""
    caller = scene.context.caller
    if caller == Stranger(ghost=True):
        raise RefusedError("ADMIN_USER_NOT_FOUND_ERROR", "Authenticated user does not exist in the system")
    allow(caller, "adminUserViewer")
    if isinstance(caller, CallingUser):
        return user_operations.found(scene.db, caller.email)
    if scene.context.behaviour.viewer_for_key is ViewerForKey.UNAUTHENTICATED:
        raise RefusedError("UNAUTHENTICATED", "An API key is nobody: adminUserViewer needs a session")
    return None


def tenant(scene: Scene, _args: object) -> object:
    """Nothing, for every caller: a key has a level in the definition `role` alone, and the sandbox keeps no tenant."""
    if isinstance(scene.context.caller, Stranger):
        raise RefusedError("UNAUTHENTICATED", "Invalid or missing authentication token")
    raise RefusedError("FORBIDDEN", "Insufficient permissions: tenant needs configuration.VIEWER")


def role_definitions(scene: Scene, args: SearchDefinitions) -> object:
    """One page of definitions."""
    allow(scene.context.caller, "roleDefinitions")
    page = role_operations.page_of_definitions(
        scene.db, args.get("input") or _FIRST_DEFINITIONS, scene.context.behaviour
    )
    return page.shape | {"items": [role_operations.as_definition(row) for row in page.items]}


def role_definition(scene: Scene, args: ById) -> object:
    """One definition."""
    allow(scene.context.caller, "roleDefinition")
    return role_operations.definition(scene.db, args["id"])


def role(scene: Scene, args: ById) -> object:
    """One row."""
    allow(scene.context.caller, "role")
    return role_operations.role(scene.db, args["id"])


def roles(scene: Scene, args: SearchRoles) -> object:
    """One page of the rows of the asked users."""
    search = args["input"]
    allow(scene.context.caller, "roles", own=owns(scene.context.caller, user_ids=tuple(search["userIds"])))
    page = role_operations.page_of_roles(scene.db, search, scene.context.behaviour)
    return page.shape | {"items": role_operations.as_grants(scene.db, page.items)}


def admin_user_create(scene: Scene, args: Create) -> object:
    """A new user, with the rows that new users have at once."""
    allow(scene.context.caller, "adminUserCreate")
    made = user_operations.create(scene.db, args["input"], scene.context.behaviour, now=scene.now, by=scene.by)
    role_operations.add_first_rows(scene.db, int(str(made["id"])), scene.context.behaviour, now=scene.now)
    return made


def admin_user_update(scene: Scene, args: UpdateUserInput) -> object:
    """A user's changed profile."""
    allow(scene.context.caller, "adminUserUpdate", own=owns(scene.context.caller, email=args["email"]))
    return user_operations.update(scene.db, args["email"], args["input"], now=scene.now, by=scene.by)


def admin_user_delete(scene: Scene, args: ByEmail) -> object:
    """The end of a user and their rows."""
    allow(scene.context.caller, "adminUserDelete")
    return user_operations.delete(scene.db, args["email"])


def role_create(scene: Scene, args: CreateRole) -> object:
    """A new row."""
    allow(scene.context.caller, "roleCreate")
    return role_operations.create(scene.db, args["input"], now=scene.now, by=scene.by)


def role_update(scene: Scene, args: UpdateRole) -> object:
    """A row's new access."""
    allow(scene.context.caller, "roleUpdate")
    return role_operations.update(scene.db, args["id"], args["input"]["access"], now=scene.now, by=scene.by)


def role_delete(scene: Scene, args: ById) -> object:
    """The end of a row."""
    allow(scene.context.caller, "roleDelete")
    return role_operations.delete(scene.db, args["id"])


def send_init_mail(scene: Scene, args: Invite) -> object:
    """Nothing is sent: the answer stands for a mail."""
    operation = "triggerPasswordSendInitEmailEvent"
    allow(for_operation(scene.db, scene.context.caller, operation), operation)
    if user_operations.find(scene.db, args["input"]["email"]) is None:
        message = "Failed to trigger password initialization email"
        raise RefusedError("TRIGGER_SEND_PASSWORD_INIT_EVENT_ERROR", message)
    return "a mail would have been sent"


# The arguments have been checked against the schema, each operation by its own shape.
RootField = Callable[[Scene, Any], object]
QUERIES: Final[dict[str, RootField]] = {
    "adminUsers": admin_users,
    "adminUser": admin_user,
    "adminUserViewer": admin_user_viewer,
    "tenant": tenant,
    "roleDefinitions": role_definitions,
    "roleDefinition": role_definition,
    "role": role,
    "roles": roles,
}
MUTATIONS: Final[dict[str, RootField]] = {
    "adminUserCreate": admin_user_create,
    "adminUserUpdate": admin_user_update,
    "adminUserDelete": admin_user_delete,
    "roleCreate": role_create,
    "roleUpdate": role_update,
    "roleDelete": role_delete,
    "triggerPasswordSendInitEmailEvent": send_init_mail,
}

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
    paging = args.get("input") or _FIRST_PAGE
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
