"""What the hub lets happen to role rows, and how it names definitions."""

from typing import Any
from uuid import UUID

import pytest

from bo_sync.sandbox.population import KNOWN_DEFINITIONS
from tests.sandbox.asking import ROLE, Hub, definition_id, grant, holding, user

CREATE = f"mutation ($input: RoleCreateInput!) {{ roleCreate(input: $input) {ROLE} }}"
UPDATE = f"mutation ($id: ID!, $access: RoleAccess!) {{ roleUpdate(id: $id, input: {{access: $access}}) {ROLE} }}"
DELETE = "mutation ($id: ID!) { roleDelete(id: $id) }"
NOWHERE = "00000000-0000-4000-8000-000000000000"


def row_ids(hub: Hub, *user_ids: int) -> list[str]:
    document = "query ($u: [Int!]!) { roles(input: {userIds: $u}) { items { id } } }"
    return [row["id"] for row in hub.ask(document, u=list(user_ids))["roles"]["items"]]


def test_the_eleven_definitions_and_one_unknown_are_there_under_the_hubs_names() -> None:
    found = Hub().ask("{ roleDefinitions(input: {offset: 50}) { items { id name defaultAccess } } }")["roleDefinitions"]
    assert [item["name"] for item in found["items"]] == [*KNOWN_DEFINITIONS, "ticket"]
    assert all(str(UUID(item["id"])) == item["id"] and item["defaultAccess"] == "NONE" for item in found["items"])
    assert (
        found
        == Hub().ask("{ roleDefinitions(input: {offset: 50}) { items { id name defaultAccess } } }")["roleDefinitions"]
    )


def test_a_row_names_its_user_by_number_and_its_definition_by_uuid() -> None:
    hub = Hub(holding(user("a@example.com")))
    order = definition_id(hub, "order")
    made = hub.ask(CREATE, input={"roleDefinitionId": order, "access": "EDITOR", "userId": 1001})["roleCreate"]
    assert made["userId"] == 1001
    assert made["roleDefinition"] == {"name": "order"}
    assert str(UUID(made["id"])) == made["id"]
    assert hub.rows("a@example.com") == [("order", "EDITOR")]


def test_the_rows_of_one_user_are_had_through_a_definition_too() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "EDITOR"), grant("user", "NONE")), user("b@example.com")))
    document = "query ($id: ID!) { roleDefinition(id: $id) { roles(userId: 1001) { access roleDefinition { name } } } }"
    found = hub.ask(document, id=definition_id(hub, "order"))["roleDefinition"]["roles"]
    assert found == [{"access": "EDITOR", "roleDefinition": {"name": "order"}}]


def test_updating_a_row_sets_its_access_and_its_time() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "EDITOR"))))
    wanted = row_ids(hub, 1001)[0]
    assert hub.ask(UPDATE, id=wanted, access="NONE")["roleUpdate"]["access"] == "NONE"
    row = hub.store.snapshot()["users"][0]["roles"][0]
    assert row["lastModifiedAt"] > row["createdAt"]


def test_a_deleted_row_is_gone_and_its_id_does_not_come_back() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "EDITOR"))))
    gone = row_ids(hub, 1001)[0]
    assert hub.ask(DELETE, id=gone) == {"roleDelete": True}
    hub.ask(CREATE, input={"roleDefinitionId": definition_id(hub, "order"), "access": "EDITOR", "userId": 1001})
    assert row_ids(hub, 1001) != [gone]


@pytest.mark.parametrize("access", ["NONE", "VIEWER", "OWNER"])
def test_a_row_cannot_be_made_where_one_stands_even_one_of_none(access: str) -> None:
    hub = Hub(holding(user("a@example.com", grant("order", access))))
    wish = {"roleDefinitionId": definition_id(hub, "order"), "access": "OWNER", "userId": 1001}
    assert hub.refusal(CREATE, input=wish) == (200, "ROLE_ALREADY_EXISTS_ERROR")


def test_two_rows_for_one_pair_stand_where_a_population_says_so() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "VIEWER"), grant("order", "OWNER"))))
    assert hub.rows("a@example.com") == [("order", "VIEWER"), ("order", "OWNER")]
    assert len(set(row_ids(hub, 1001))) == 2


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        pytest.param("query ($id: ID!) { role(id: $id) { id } }", {"id": NOWHERE}, "ROLE_NOT_FOUND_ERROR", id="no row"),
        pytest.param(UPDATE, {"id": NOWHERE, "access": "NONE"}, "ROLE_NOT_FOUND_ERROR", id="no row to update"),
        pytest.param(DELETE, {"id": NOWHERE}, "ROLE_NOT_FOUND_ERROR", id="no row to delete"),
        pytest.param(
            "query ($id: ID!) { roleDefinition(id: $id) { id } }",
            {"id": NOWHERE},
            "ROLE_DEFINITION_NOT_FOUND_ERROR",
            id="no definition",
        ),
        pytest.param(
            CREATE,
            {"input": {"roleDefinitionId": NOWHERE, "access": "OWNER", "userId": 1001}},
            "ROLE_CREATE_ERROR",
            id="a row in a definition that does not exist",
        ),
        pytest.param(
            "query ($u: [Int!]!) { roles(input: {userIds: $u}) { pages } }",
            {"u": [1001, 1001]},
            "BAD_REQUEST",
            id="the rows of somebody who is named twice",
        ),
        pytest.param(
            "query ($u: [Int!]!) { roles(input: {userIds: $u}) { pages } }",
            {"u": [0]},
            "BAD_REQUEST",
            id="the rows of an id that is not positive",
        ),
    ],
)
def test_the_hub_refuses(document: str, variables: dict[str, Any], code: str) -> None:
    assert Hub(holding(user("a@example.com"))).refusal(document, **variables) == (200, code)


def test_a_row_for_nobody_is_refused() -> None:
    hub = Hub(holding(user("a@example.com")))
    wish = {"roleDefinitionId": definition_id(hub, "order"), "access": "OWNER", "userId": 7}
    assert hub.refusal(CREATE, input=wish) == (200, "ROLE_CREATE_ERROR")
