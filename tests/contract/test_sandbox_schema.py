"""The sandbox's schema is a structural subset of the real hub's, and the comparison that says so misses nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, cast

import pytest
from graphql import GraphQLSchema, build_client_schema, build_schema, introspection_from_schema

from tests.support.facts import shared

Described = Mapping[str, Any]  # a piece of an introspection result

SDL = files("bo_sync.sandbox").joinpath("schema.graphql").read_text("utf-8")
ROOT_FIELDS = {
    "Query": {
        "adminUsers",
        "adminUser",
        "adminUserViewer",
        "tenant",
        "roleDefinitions",
        "roleDefinition",
        "role",
        "roles",
    },
    "Mutation": {
        "adminUserCreate",
        "adminUserUpdate",
        "adminUserDelete",
        "roleCreate",
        "roleUpdate",
        "roleDelete",
        "triggerPasswordSendInitEmailEvent",
    },
}


def deviations(mine: Described, real: Described) -> list[str]:
    """Every way in which the schema `mine` is not a structural subset of `real`, each as one line.

    An output type may lack fields. Whatever takes part in asking may lack nothing: arguments, input fields and enum
    values are the same set, or a document could be right for one hub and wrong for the other. Words are not compared.
    """
    found = [
        f"{root} differs" for root in ("queryType", "mutationType", "subscriptionType") if mine[root] != real[root]
    ]
    known = _by_name(real["types"])
    for described in mine["types"]:
        if not described["name"].startswith("__"):
            found.extend(_of_type(described, known.get(described["name"])))
    return found


def _schema(schema: GraphQLSchema) -> Described:
    return cast("Described", introspection_from_schema(schema, input_value_deprecation=True)["__schema"])


def _by_name(described: Sequence[Described] | None) -> dict[str, Described]:
    return {one["name"]: one for one in described or ()}


def _of_type(mine: Described, real: Described | None) -> Iterator[str]:
    name = mine["name"]
    if real is None:
        yield f"{name}: the hub has no such type"
        return
    if mine["kind"] != real["kind"]:
        yield f"{name}: is {mine['kind']}, the hub's is {real['kind']}"
    for part in ("interfaces", "possibleTypes"):
        if set(_by_name(mine[part])) - set(_by_name(real[part])):
            yield f"{name}: {part} that the hub does not have"
    for field, described in _by_name(mine["fields"]).items():
        there = _by_name(real["fields"]).get(field)
        yield from _of_member(f"{name}.{field}", described, there)
        yield from _same_set(f"{name}.{field}", described["args"], there["args"] if there else [])
    yield from _same_set(name, mine["inputFields"], real["inputFields"])
    yield from _same_set(name, mine["enumValues"], real["enumValues"])


def _same_set(where: str, mine: Sequence[Described] | None, real: Sequence[Described] | None) -> Iterator[str]:
    ours, theirs = _by_name(mine), _by_name(real)
    for name in sorted(set(theirs) - set(ours)):
        yield f"{where}({name}): missing here"
    for name, described in ours.items():
        yield from _of_member(f"{where}({name})", described, theirs.get(name))


def _of_member(where: str, mine: Described, real: Described | None) -> Iterator[str]:
    if real is None:
        yield f"{where}: the hub has none"
        return
    if "type" in mine and _written(mine["type"]) != _written(real["type"]):
        yield f"{where}: is {_written(mine['type'])}, the hub's is {_written(real['type'])}"
    for key in ("defaultValue", "isDeprecated", "deprecationReason"):
        if mine.get(key) != real.get(key):
            yield f"{where}: {key} is {mine.get(key)}, the hub's is {real.get(key)}"


def _written(reference: Described) -> str:
    inner = reference.get("ofType")
    if inner is None:
        return str(reference["name"])
    return f"{_written(inner)}!" if reference["kind"] == "NON_NULL" else f"[{_written(inner)}]"


@pytest.fixture(scope="module")
def hub() -> Described:
    result = json.loads(shared("introspection.json").read_text("utf-8"))
    # assume_valid: the hub's own schema breaks one strict rule.
    return _schema(build_client_schema(result.get("data", result), assume_valid=True))


def test_the_sandbox_schema_is_a_structural_subset_of_the_hubs(hub: Described) -> None:
    assert deviations(_schema(build_schema(SDL)), hub) == []


@pytest.mark.parametrize("root", ["Query", "Mutation"])
def test_the_sandbox_offers_every_operation_on_users_and_roles(root: str) -> None:
    described = _by_name(_schema(build_schema(SDL))["types"])[root]
    assert set(_by_name(described["fields"])) == ROOT_FIELDS[root]


def test_every_type_of_the_sandbox_has_its_own_words_or_none(hub: Described) -> None:
    """Structure is shared, prose is ours: no description of the hub's was taken over."""
    theirs = _by_name(hub["types"])
    taken = [
        name
        for name, described in build_schema(SDL).type_map.items()
        if described.ast_node is not None and described.description == (theirs[name]["description"] or "")
    ]
    assert taken == []


@pytest.mark.parametrize(
    ("standing", "written", "said"),
    [
        pytest.param(
            'phone: String\n  "',
            'phone: String!\n  "',
            "AdminUser.phone: is String!, the hub's is String",
            id="a field that may not be null here and may there",
        ),
        pytest.param(
            "email: String!\n  gender",
            "email: String\n  gender",
            "AdminUser.email: is String, the hub's is String!",
            id="a field that may be null here and may not there",
        ),
        pytest.param(
            "items: [Role!]!",
            "items: [Role]!",
            "RoleResponse.items: is [Role]!, the hub's is [Role!]!",
            id="items of a list that may be null here",
        ),
        pytest.param(
            "userId: Int!\n  access: RoleAccess!\n  createdAt",
            "userId: ID!\n  access: RoleAccess!\n  createdAt",
            "Role.userId: is ID!, the hub's is Int!",
            id="a field of another type",
        ),
        pytest.param(
            "job: String\n  createdAt",
            "job: String\n  salary: Int\n  createdAt",
            "AdminUser.salary: the hub has none",
            id="a field that the hub lacks",
        ),
        pytest.param(
            "scalar DateTime",
            "scalar DateTime\nscalar Money",
            "Money: the hub has no such type",
            id="a type that the hub lacks",
        ),
        pytest.param(
            "scalar DateTime",
            "enum DateTime { NOW }",
            "DateTime: is ENUM, the hub's is SCALAR",
            id="a type of another kind",
        ),
        pytest.param(
            "(email: String!): AdminUser!",
            "(email: String): AdminUser!",
            "Query.adminUser(email): is String, the hub's is String!",
            id="an argument that may be left out here",
        ),
        pytest.param(
            "(email: String!): AdminUser!",
            "(email: String!, tenant: ID): AdminUser!",
            "Query.adminUser(tenant): the hub has none",
            id="an argument that the hub lacks",
        ),
        pytest.param(
            "(id: ID!, input: RoleUpdateInput!)",
            "(input: RoleUpdateInput!)",
            "Mutation.roleUpdate(id): missing here",
            id="an argument that is missing here",
        ),
        pytest.param(
            "(email: String!): AdminUser!",
            '(email: String! = "x"): AdminUser!',
            'Query.adminUser(email): defaultValue is "x", the hub\'s is None',
            id="a default of an argument that the hub lacks",
        ),
        pytest.param(
            'language: String = "NL"',
            "language: String",
            'CreateUserDto(language): defaultValue is None, the hub\'s is "NL"',
            id="a default of an input field that is missing here",
        ),
        pytest.param(
            'language: String = "NL"',
            'language: String = "EN"',
            'UpdateUserDto(language): defaultValue is "EN", the hub\'s is "NL"',
            id="another default of an input field",
        ),
        pytest.param(
            "offset: Int! = 12\n  createdAt",
            "offset: Int! = 100\n  createdAt",
            "AdminUsersSearchInput(offset): defaultValue is 100, the hub's is 12",
            id="another size of a page by default",
        ),
        pytest.param(
            "userIds: [Int!]!",
            "userIds: [Int!]",
            "RoleSearchInput(userIds): is [Int!], the hub's is [Int!]!",
            id="an input field that may be left out here",
        ),
        pytest.param(
            "ids: [String!]",
            "",
            "RoleDefinitionSearchInput(ids): missing here",
            id="an input field that is missing here",
        ),
        pytest.param(
            "input RoleUpdateInput {",
            "input RoleUpdateInput {\n  reason: String",
            "RoleUpdateInput(reason): the hub has none",
            id="an input field that the hub lacks",
        ),
        pytest.param(
            "  VIEWER\n  NONE", "  NONE", "RoleAccess(VIEWER): missing here", id="an enum value that is missing here"
        ),
        pytest.param(
            "  VIEWER\n  NONE",
            "  VIEWER\n  NONE\n  GUEST",
            "RoleAccess(GUEST): the hub has none",
            id="an enum value that the hub lacks",
        ),
        pytest.param(
            'asc @deprecated(reason: "Use ASC instead")',
            "asc",
            "SortOrder(asc): isDeprecated is False, the hub's is True",
            id="an enum value that is deprecated only there",
        ),
        pytest.param(
            "Use ASC instead",
            "Use it no more",
            "SortOrder(asc): deprecationReason is Use it no more, the hub's is Use ASC instead",
            id="another reason of a deprecation",
        ),
        pytest.param(
            "job: String\n  createdAt: DateTime!",
            "job: String @deprecated\n  createdAt: DateTime!",
            "AdminUser.job: isDeprecated is True, the hub's is False",
            id="a field that is deprecated only here",
        ),
        pytest.param(
            "(email: String!): AdminUser!",
            "(email: String! @deprecated): AdminUser!",
            "Query.adminUser(email): isDeprecated is True",
            id="an argument that is deprecated only here",
        ),
        pytest.param(
            "type AdminUser {",
            "interface Named { id: ID! }\ntype AdminUser implements Named {",
            "AdminUser: interfaces that the hub does not have",
            id="an interface that the hub lacks",
        ),
        pytest.param("  query: Query\n", "  query: Role\n", "queryType differs", id="another root"),
    ],
)
def test_the_comparison_catches(hub: Described, standing: str, written: str, said: str) -> None:
    assert standing in SDL
    found = deviations(_schema(build_schema(SDL.replace(standing, written), assume_valid=True)), hub)
    assert any(said in line for line in found), found


def test_a_schema_is_a_subset_of_itself() -> None:
    schema = _schema(build_schema(SDL))
    assert deviations(schema, schema) == []
