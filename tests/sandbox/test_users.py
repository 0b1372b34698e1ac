"""What the hub lets happen to users, and what it refuses."""

from typing import Any

import pytest

from bo_sync.sandbox.behaviour import Behaviour, NewUserRows, OmittedGender
from tests.sandbox.asking import Hub, grant, holding, user

CREATE = "mutation ($input: CreateUserDto!) { adminUserCreate(input: $input) { id email language gender createdAt } }"
UPDATE = """mutation ($email: String!, $input: UpdateUserDto!) {
  adminUserUpdate(email: $email, input: $input) { firstName language phone lastModifiedAt createdAt }
}"""
DELETE = "mutation ($email: String!) { adminUserDelete(email: $email) }"
NEW = {"email": "b@example.com"}
FIND = "query ($email: String!) { adminUser(email: $email) { id email } }"


def test_a_new_user_gets_the_next_id_as_a_string_and_dutch_by_default() -> None:
    made = Hub(holding(user("a@example.com"))).ask(CREATE, input={"email": "b@example.com"})["adminUserCreate"]
    assert made == {
        "id": "1002",
        "email": "b@example.com",
        "language": "NL",
        "gender": None,
        "createdAt": "2026-05-17T12:00:02.000Z",
    }


def test_the_id_of_a_deleted_user_is_never_given_out_again() -> None:
    hub = Hub(holding(user("a@example.com")))
    hub.ask(DELETE, email="a@example.com")
    assert hub.ask(CREATE, input={"email": "a@example.com"})["adminUserCreate"]["id"] == "1002"


def test_an_update_without_a_language_resets_it_to_dutch() -> None:
    hub = Hub(holding(user("a@example.com")))
    changed = hub.ask(UPDATE, email="a@example.com", input={"phone": "1"})["adminUserUpdate"]
    assert (changed["language"], changed["phone"]) == ("NL", "1")


def test_an_update_changes_only_what_it_names_and_null_clears() -> None:
    hub = Hub(holding({**user("a@example.com"), "firstName": "Ann", "phone": "1"}))
    changed = hub.ask(UPDATE, email="a@example.com", input={"phone": None, "language": "FR"})["adminUserUpdate"]
    assert (changed["firstName"], changed["phone"], changed["language"]) == ("Ann", None, "FR")
    assert changed["lastModifiedAt"] > changed["createdAt"]


def test_deleting_a_user_deletes_their_rows_and_nobody_elses() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "OWNER")), user("b@example.com", grant("order", "NONE"))))
    hub.ask(DELETE, email="a@example.com")
    assert hub.emails() == ["b@example.com"]
    assert hub.store.counts() == (1, 1)


def test_two_users_may_differ_in_nothing_but_case() -> None:
    hub = Hub(holding(user("a@example.com")))
    hub.ask(CREATE, input={"email": "A@example.com"})
    assert hub.ask(FIND, email="A@example.com")["adminUser"]["id"] == "1002"
    assert hub.ask(FIND, email="a@example.com")["adminUser"]["id"] == "1001"


@pytest.mark.parametrize(
    ("document", "variables", "code"),
    [
        pytest.param(FIND, {"email": "x@example.com"}, "NOT_FOUND", id="nobody with that address is found"),
        pytest.param(FIND, {"email": "A@example.com"}, "NOT_FOUND", id="an address in another case is another address"),
        pytest.param(UPDATE, {"email": "x@example.com", "input": {}}, "NOT_FOUND", id="nobody is there to be changed"),
        pytest.param(DELETE, {"email": "x@example.com"}, "NOT_FOUND", id="nobody is there to be deleted"),
        pytest.param(CREATE, {"input": {"email": "a@example.com"}}, "BAD_REQUEST", id="the address is taken"),
        pytest.param(CREATE, {"input": {"email": "nobody"}}, "BAD_REQUEST", id="an address without an at sign"),
    ],
)
def test_the_hub_refuses_when(document: str, variables: dict[str, Any], code: str) -> None:
    hub = Hub(holding(user("a@example.com")))
    before = hub.store.snapshot()
    assert hub.refusal(document, **variables) == (200, code)
    assert hub.store.snapshot() == before


@pytest.mark.parametrize(
    ("field", "limit"),
    [("firstName", 30), ("middleName", 20), ("lastName", 50), ("phone", 30), ("job", 30)],
)
@pytest.mark.parametrize("document", [CREATE, UPDATE])
def test_a_field_may_be_as_long_as_its_limit_and_no_longer(document: str, field: str, limit: int) -> None:
    hub = Hub(holding(user("a@example.com")))

    def variables(length: int) -> dict[str, Any]:
        profile = {field: "é" * length}
        return {"email": "a@example.com", "input": profile} if document is UPDATE else {"input": {**NEW, **profile}}

    assert hub.refusal(document, **variables(limit + 1)) == (200, "BAD_REQUEST")
    assert hub.ask(document, **variables(limit))


@pytest.mark.parametrize("language", ["NLD", "N", "N1", "é!"])
def test_a_language_that_is_not_two_letters_is_refused(language: str) -> None:
    hub = Hub(holding(user("a@example.com")))
    assert hub.refusal(UPDATE, email="a@example.com", input={"language": language}) == (200, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        pytest.param(NewUserRows.ABSENT, [], id="new people have no rows"),
        pytest.param(NewUserRows.NONE, [("order", "NONE"), ("user", "NONE")], id="new people have rows of NONE"),
        pytest.param(
            NewUserRows.DEFAULT, [("order", "NONE"), ("user", "VIEWER")], id="new people have the default accesses"
        ),
    ],
)
def test_what_a_new_user_holds_when(choice: NewUserRows, rows: list[tuple[str, str]]) -> None:
    definitions = [{"name": "order"}, {"name": "user", "defaultAccess": "VIEWER"}]
    hub = Hub(holding(definitions=definitions), Behaviour(new_user_rows=choice))
    hub.ask(CREATE, input={"email": "a@example.com"})
    assert hub.rows("a@example.com") == rows


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        pytest.param({}, "U", id="a gender that was not sent becomes unknown"),
        pytest.param({"gender": None}, None, id="a gender that was sent as null is null"),
        pytest.param({"gender": "F"}, "F", id="a gender that was sent stands"),
    ],
)
def test_where_the_hub_fills_in_a_gender(given: dict[str, Any], stored: str | None) -> None:
    hub = Hub(holding(), Behaviour(omitted_gender=OmittedGender.UNKNOWN))
    made = hub.ask(CREATE, input={"email": "a@example.com", **given})
    assert made["adminUserCreate"]["gender"] == stored


def test_the_sandbox_keeps_no_tenants_and_no_tickets_and_says_so() -> None:
    hub = Hub(holding(user("a@example.com")))
    found = hub.ask(
        '{ adminUser(email: "a@example.com") { tenants(input: {offset: 3}) { itemsFound offset page pages start end }'
        " ticketsAssigned { id } } }"
    )
    assert found["adminUser"] == {
        "tenants": {"itemsFound": 0, "offset": 3, "page": 1, "pages": 0, "start": 0, "end": 0},
        "ticketsAssigned": [],
    }
