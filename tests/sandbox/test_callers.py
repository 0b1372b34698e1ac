"""Who may do what: the levels of the hub's annotations, for keys and for users."""

import csv
from typing import Any

import pytest

from bo_sync.sandbox.behaviour import Behaviour, ViewerForKey
from bo_sync.sandbox.permissions import NEEDED, OTHERS
from bo_sync.sandbox.population import RANK, Population
from tests.sandbox.asking import Hub, grant, holding, key, session, user
from tests.support.facts import shared

VIEWER = "{ adminUserViewer { id email } }"
ROWS = "query ($u: [Int!]!) { roles(input: {userIds: $u}) { itemsFound } }"
FIND = "query ($email: String!) { adminUser(email: $email) { id } }"
UPDATE = 'mutation ($email: String!) { adminUserUpdate(email: $email, input: {phone: "1"}) { id createdBy } }'
# One document for each operation; what is asked for need not exist, for rights are judged first.
DOCUMENTS = {
    "adminUsers": "{ adminUsers { pages } }",
    "adminUser": '{ adminUser(email: "x@example.com") { id } }',
    "adminUserViewer": VIEWER,
    "roleDefinitions": "{ roleDefinitions { pages } }",
    "roleDefinition": '{ roleDefinition(id: "x") { id } }',
    "role": '{ role(id: "x") { id } }',
    "roles": "{ roles(input: {userIds: [1]}) { pages } }",
    "adminUserCreate": 'mutation { adminUserCreate(input: {email: "x"}) { id } }',
    "adminUserUpdate": 'mutation { adminUserUpdate(email: "x@example.com", input: {}) { id } }',
    "adminUserDelete": 'mutation { adminUserDelete(email: "x@example.com") }',
    "roleCreate": 'mutation { roleCreate(input: {roleDefinitionId: "x", access: NONE, userId: 1}) { id } }',
    "roleUpdate": 'mutation { roleUpdate(id: "x", input: {access: NONE}) { id } }',
    "roleDelete": 'mutation { roleDelete(id: "x") }',
    "triggerPasswordSendInitEmailEvent": (
        'mutation { triggerPasswordSendInitEmailEvent(input: {email: "x@example.com"}) }'
    ),
}


def desk(access: str) -> Population:
    """One user with a session and `access` to Roles & permissions and User management, and a colleague."""
    me = user("me@example.com", grant("role", "NONE"), grant("role", access), grant("user", access))
    return holding(me, user("you@example.com"), sessions=[{"token": "t", "email": "me@example.com"}])


def code(hub: Hub, document: str, headers: dict[str, str], **variables: Any) -> str:
    """The code of the first error, or an empty text."""
    import json

    errors = json.loads(hub.post(document, headers, **variables).body).get("errors")
    return errors[0]["extensions"]["code"] if errors else ""


def test_the_levels_are_those_of_the_hubs_annotations() -> None:
    with shared("operations.csv").open(encoding="utf-8", newline="") as lines:
        stated = {row["operation"]: row["any_of_minimum_access"] for row in csv.DictReader(lines)}
    for operation, needed in NEEDED.items():
        assert stated[operation] in (
            {f"{OTHERS.get(operation, 'role')}.{needed}"} if needed else {"", "unannotated"}
        ), operation


@pytest.mark.parametrize("operation", NEEDED)
@pytest.mark.parametrize("level", ["OWNER", "EDITOR", "VIEWER", "NONE"])
@pytest.mark.parametrize("kind", ["key", "session"])
def test_a_level_opens_what_needs_it_or_less(operation: str, level: str, kind: str) -> None:
    hub = Hub(desk(level), keyless=False)
    headers = key(f"sandbox-{level.lower()}") if kind == "key" else session("t")
    needed = NEEDED[operation]
    forbidden = needed is not None and RANK[level] < RANK[needed]
    assert (code(hub, DOCUMENTS[operation], headers) == "FORBIDDEN") is forbidden


@pytest.mark.parametrize("operation", NEEDED)
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no key"),
        pytest.param(key("sandbox-owner "), id="a wrong key"),
        pytest.param(session("nonsense"), id="a wrong session"),
        pytest.param({**key("sandbox-owner"), **session("nonsense")}, id="a right key and a wrong session"),
        pytest.param({"Authorization": "Basic sandbox-session"}, id="another scheme"),
    ],
)
def test_a_stranger_may_do_nothing(operation: str, headers: dict[str, str]) -> None:
    assert Hub(keyless=False).refusal(DOCUMENTS[operation], headers) == (200, "UNAUTHENTICATED")


@pytest.mark.parametrize("name", ["apikey", "apiKey", "APIKEY"])
def test_the_name_of_the_key_header_ignores_case(name: str) -> None:
    assert Hub(keyless=False).ask("{ adminUsers { pages } }", {name: "sandbox-viewer"})


@pytest.mark.parametrize("headers", [{}, key("of-another-hub"), session("of-another-hub")], ids=str)
def test_in_process_nobody_needs_a_key(headers: dict[str, str]) -> None:
    assert code(Hub(), DOCUMENTS["adminUserDelete"], headers) == "NOT_FOUND"


def test_in_process_a_known_key_keeps_its_level() -> None:
    assert code(Hub(), DOCUMENTS["adminUserDelete"], key("sandbox-viewer")) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("document", "variables", "said"),
    [
        pytest.param(FIND, {"email": "me@example.com"}, "", id="may read themselves"),
        pytest.param(FIND, {"email": "you@example.com"}, "FORBIDDEN", id="may not read a colleague"),
        pytest.param(ROWS, {"u": [1001]}, "", id="may read their own rows"),
        pytest.param(ROWS, {"u": [1001, 1002]}, "FORBIDDEN", id="may not read a colleague's rows beside their own"),
        pytest.param(ROWS, {"u": []}, "FORBIDDEN", id="may not read nobody's rows"),
        pytest.param(UPDATE, {"email": "me@example.com"}, "", id="may change their own profile"),
        pytest.param(UPDATE, {"email": "you@example.com"}, "FORBIDDEN", id="may not change a colleague's"),
    ],
)
def test_a_user_without_rights(document: str, variables: dict[str, Any], said: str) -> None:
    assert code(Hub(desk("NONE")), document, session("t"), **variables) == said


def test_a_change_names_the_user_who_made_it_and_nobody_for_a_key() -> None:
    hub = Hub(desk("OWNER"))
    create = "mutation ($e: String!) { adminUserCreate(input: {email: $e}) { createdBy lastModifiedBy } }"
    assert hub.ask(create, session("t"), e="a@example.com")["adminUserCreate"] == {
        "createdBy": 1001,
        "lastModifiedBy": 1001,
    }
    assert hub.ask(create, e="b@example.com")["adminUserCreate"] == {"createdBy": 0, "lastModifiedBy": 0}


def test_the_viewer_is_the_user_whose_session_it_is() -> None:
    assert Hub(desk("NONE")).ask(VIEWER, session("t"))["adminUserViewer"] == {"id": "1001", "email": "me@example.com"}


def test_the_viewer_of_a_key_is_null_or_refused() -> None:
    assert Hub().ask(VIEWER, key("sandbox-owner")) == {"adminUserViewer": None}
    refusing = Hub(None, Behaviour(viewer_for_key=ViewerForKey.UNAUTHENTICATED))
    answer = refusing.refusal(VIEWER, key("sandbox-owner"))
    assert answer == (200, "UNAUTHENTICATED")


def test_the_session_of_a_deleted_user_proves_nothing() -> None:
    hub = Hub(desk("OWNER"), keyless=False)
    hub.ask('mutation { adminUserDelete(email: "me@example.com") }', session("t"))
    assert hub.refusal("{ adminUsers { pages } }", session("t")) == (200, "UNAUTHENTICATED")
    assert code(hub, VIEWER, session("t")) == "ADMIN_USER_NOT_FOUND_ERROR"
