"""Every document that we send is valid in the real hub's schema, as its own introspection tells it."""

import json
from collections.abc import Mapping
from importlib.resources import files
from itertools import product

import pytest
from graphql import (
    FieldNode,
    GraphQLSchema,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    build_client_schema,
    get_named_type,
    parse,
    validate,
    visit,
)
from graphql.execution.values import get_variable_values
from graphql.language import OperationDefinitionNode

from bo_sync.core.model import PROFILE_FIELDS, Access, FieldValue
from bo_sync.core.text import Text
from bo_sync.hub.client import compose
from bo_sync.hub.compatibility import OPERATIONS, USED, differences
from bo_sync.hub.graphql import GraphQLRequest, JsonObject, call, document
from bo_sync.hub.pagination import definitions, grants, users
from bo_sync.hub.wire import profile_input
from bo_sync.ports import CreateRow, DeleteRow, RowWrite, UpdateRow
from tests.support.facts import shared

DOCUMENTS = sorted(path.name.removesuffix(".graphql") for path in files("bo_sync.hub").joinpath("operations").iterdir())
ONE_OF_EACH: tuple[RowWrite, ...] = (
    CreateRow("3f2c1ab0-0000-4000-8000-000000000000", Access.OWNER),
    UpdateRow("7", Access.NONE),
    DeleteRow("8"),
)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    content = json.loads(shared("introspection.json").read_text("utf-8"))
    return build_client_schema(content.get("data", content), assume_valid=True)


def problems(schema: GraphQLSchema, sent: GraphQLRequest) -> list[str]:
    """What the schema has against a request: its document, its name, its variables."""
    parsed = parse(sent.document)
    found = [error.message for error in validate(schema, parsed)]
    operation = next(node for node in parsed.definitions if isinstance(node, OperationDefinitionNode))
    if operation.name is None or operation.name.value != sent.operation:
        found.append(f"the operation is not named {sent.operation}")
    values = get_variable_values(schema, operation.variable_definitions or (), dict(sent.variables))
    return found + ([error.message for error in values] if isinstance(values, list) else [])


def profile() -> JsonObject:
    values = {name: Text("x") for name in PROFILE_FIELDS} | {"gender": Text("female"), "language": Text("NL")}
    return profile_input(tuple(FieldValue(name, values[name]) for name in PROFILE_FIELDS))


def cleared() -> JsonObject:
    return profile_input(tuple(FieldValue(name, None) for name in PROFILE_FIELDS))


def page(fixed: Mapping[str, object]) -> JsonObject:
    return {"input": {**fixed, "page": 1, "offset": 100}}  # type: ignore[dict-item]


SENT = {
    "adminUsers, by creation": call("adminUsers", page(users(0).fixed)),
    "adminUsers, by change": call("adminUsers", page(users(1).fixed)),
    "adminUsers, in no order": call("adminUsers", page(users(2).fixed)),
    "adminUser": call("adminUser", {"email": "jane@example.com"}),
    "adminUserViewer": call("adminUserViewer"),
    "tenant": call("tenant"),
    "adminUserCreate with every field": call("adminUserCreate", {"input": {"email": "j@example.com", **profile()}}),
    "adminUserUpdate with every field": call("adminUserUpdate", {"email": "j@example.com", "input": profile()}),
    "adminUserUpdate that clears every field": call("adminUserUpdate", {"email": "j@example.com", "input": cleared()}),
    "adminUserDelete": call("adminUserDelete", {"email": "jane@example.com"}),
    "roleDefinitions, by name": call("roleDefinitions", page(definitions(0).fixed)),
    "roleDefinitions, in no order": call("roleDefinitions", page(definitions(1).fixed)),
    "roles, by creation": call("roles", page(grants(0, [1, 2]).fixed)),
    "roles, by person": call("roles", page(grants(1, [1]).fixed)),
    "roles, in no order": call("roles", page(grants(2, [1]).fixed)),
    "roleCreate": call("roleCreate", {"input": {"roleDefinitionId": "a", "access": "OWNER", "userId": 1}}),
    "roleUpdate": call("roleUpdate", {"id": "a", "input": {"access": "NONE"}}),
    "roleDelete": call("roleDelete", {"id": "a"}),
    "triggerPasswordSendInitEmailEvent": call(
        "triggerPasswordSendInitEmailEvent",
        {"input": {"email": "j@example.com", "redirectUrl": "https://backoffice.example.com", "language": "nl"}},
    ),
    "schemaProbe": call("schemaProbe"),
    "catalogueProbe": call("catalogueProbe"),
}


@pytest.mark.parametrize("sent", SENT.values(), ids=SENT.keys())
def test_the_hub_would_take(schema: GraphQLSchema, sent: GraphQLRequest) -> None:
    assert problems(schema, sent) == []


def test_no_document_is_left_out() -> None:
    assert sorted({sent.operation for sent in SENT.values()}) == DOCUMENTS


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_hub_would_take_every_composition_of_role_changes(schema: GraphQLSchema, count: int) -> None:
    for writes in product(ONE_OF_EACH, repeat=count):
        assert problems(schema, compose(1042, writes)) == []


def test_a_document_that_the_hub_would_not_take_is_noticed(schema: GraphQLSchema) -> None:
    wrong = GraphQLRequest("adminUsers", "query adminUsers { adminUsers { lastLogin } }", {})
    assert problems(schema, wrong) != []
    assert problems(schema, call("roles", {"input": {"userIds": ["one"]}})) != []
    assert problems(schema, GraphQLRequest("roles", document("adminUserViewer"), {})) == [
        "the operation is not named roles"
    ]


class Uses(Visitor):
    """Collects which fields of which types, with which arguments, a document uses."""

    def __init__(self, info: TypeInfo) -> None:
        super().__init__()
        self.info = info
        self.fields: dict[str, set[str]] = {}
        self.operations: dict[str, dict[str, frozenset[str]]] = {}

    def enter_field(self, node: FieldNode, *_: object) -> None:
        parent = self.info.get_parent_type()
        assert parent is not None
        if parent.name in OPERATIONS:
            given = frozenset(argument.name.value for argument in node.arguments or ())
            self.operations.setdefault(parent.name, {})[node.name.value] = given
        else:
            self.fields.setdefault(parent.name, set()).add(node.name.value)


def test_what_doctor_looks_for_in_a_schema_is_what_the_documents_use(schema: GraphQLSchema) -> None:
    operations: dict[str, dict[str, frozenset[str]]] = {}
    fields: dict[str, set[str]] = {}
    for name in DOCUMENTS:
        if name in {"schemaProbe", "catalogueProbe"}:
            continue
        info = TypeInfo(schema)
        uses = Uses(info)
        visit(parse(document(name)), TypeInfoVisitor(info, uses))
        for root, found in uses.operations.items():
            operations.setdefault(root, {}).update(found)
        for kind, used in uses.fields.items():
            fields.setdefault(kind, set()).update(used)
    assert operations == {root: dict(held) for root, held in OPERATIONS.items()}
    assert {kind: USED[kind] for kind in fields} == {kind: frozenset(used) for kind, used in fields.items()}


def test_what_doctor_looks_for_in_inputs_is_what_we_send(schema: GraphQLSchema) -> None:
    sent: dict[str, set[str]] = {}
    for request in SENT.values():
        given = request.variables.get("input")
        if isinstance(given, dict):
            root = schema.query_type if request.document.startswith("query") else schema.mutation_type
            assert root is not None
            kind = get_named_type(root.fields[request.operation].args["input"].type).name
            sent.setdefault(kind, set()).update(given)
    assert sent == {kind: set(USED[kind]) for kind in sent}
    assert len(sent) == 8


def test_doctor_finds_the_hubs_schema_fit(schema: GraphQLSchema) -> None:
    from graphql import graphql_sync

    result = graphql_sync(schema, document("schemaProbe"))
    assert result.errors is None
    assert result.data is not None
    assert differences(result.data) == ()


def test_the_schema_knows_every_code_that_stands_for_not_found_or_there_already(schema: GraphQLSchema) -> None:
    assert schema.mutation_type is not None
    described = {name: str(field.description) for name, field in schema.mutation_type.fields.items()}
    assert "NOT_FOUND:" in described["adminUserUpdate"]
    assert "NOT_FOUND:" in described["adminUserDelete"]
    assert "ROLE_ALREADY_EXISTS_ERROR:" in described["roleCreate"]
    assert "ROLE_NOT_FOUND_ERROR:" in described["roleUpdate"]
    assert "BAD_REQUEST: User with the specified email already exists" in described["adminUserCreate"]
