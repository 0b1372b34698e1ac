"""HTTP in, HTTP out: statuses, the order of root fields, interception, and what is remembered of the traffic."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bo_sync.sandbox.behaviour import Behaviour, RefusalForm
from bo_sync.sandbox.interception import ConnectionCut, HubAnswer, HubRequest
from tests.sandbox.asking import Hub, definition_id, grant, holding, user

THREE = """mutation ($a: RoleCreateInput!, $b: RoleCreateInput!, $c: RoleCreateInput!) {
  first: roleCreate(input: $a) { id } second: roleCreate(input: $b) { id } third: roleCreate(input: $c) { id }
}"""


def three(hub: Hub, *names: str) -> HubAnswer:
    wishes = [{"roleDefinitionId": definition_id(hub, name), "access": "OWNER", "userId": 1001} for name in names]
    return hub.post(THREE, None, **dict(zip("abc", wishes, strict=True)))


def test_root_fields_run_in_order_and_each_takes_effect() -> None:
    hub = Hub(holding(user("a@example.com")))
    assert three(hub, "user", "order", "shop").status == 200
    assert [name for name, _ in hub.rows("a@example.com")] == ["user", "order", "shop"]


def test_a_root_field_that_fails_stops_the_rest_and_nulls_everything_but_undoes_nothing() -> None:
    hub = Hub(holding(user("a@example.com", grant("order", "NONE"))))
    answer = three(hub, "user", "order", "shop")
    read = json.loads(answer.body)
    assert (answer.status, read["data"]) == (200, None)
    assert [error["path"] for error in read["errors"]] == [["second"]]
    assert read["errors"][0]["extensions"] == {"code": "ROLE_ALREADY_EXISTS_ERROR"}
    assert hub.rows("a@example.com") == [("order", "NONE"), ("user", "OWNER")]


@pytest.mark.parametrize(
    ("refusal", "status"), [(RefusalForm.GRAPHQL_ERROR, 200), (RefusalForm.HTTP_400, 400)], ids=str
)
def test_a_hub_of_single_mutations_refuses_several_before_the_first(refusal: RefusalForm, status: int) -> None:
    hub = Hub(holding(user("a@example.com")), Behaviour(single_root_mutations=True, refusal=refusal))
    answer = three(hub, "user", "order", "shop")
    assert answer.status == status
    assert json.loads(answer.body)["errors"][0]["extensions"] == {"code": "BAD_USER_INPUT"}
    assert hub.rows("a@example.com") == []
    assert hub.ask("{ a: adminUsers { pages } b: adminUsers { pages } }")
    assert hub.ask('mutation { ...One } fragment One on Mutation { adminUserDelete(email: "a@example.com") }')


def test_two_mutations_in_a_fragment_are_two() -> None:
    hub = Hub(holding(user("a@example.com")), Behaviour(single_root_mutations=True))
    hidden = 'mutation { ... { a: adminUserDelete(email: "a@example.com") b: roleDelete(id: "x") } }'
    assert hub.refusal(hidden) == (200, "BAD_USER_INPUT")
    assert hub.emails() == ["a@example.com"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param(b"query { adminUsers { pages } }", "BAD_REQUEST", id="a body that is not JSON"),
        pytest.param(b"\xff", "BAD_REQUEST", id="a body that is not text"),
        pytest.param(b"[" * 200_000, "BAD_REQUEST", id="a body nested beyond reason"),
        pytest.param(b"[]", "BAD_REQUEST", id="a list of questions"),
        pytest.param(b"{}", "BAD_REQUEST", id="no question"),
        pytest.param(b'{"query": 1}', "BAD_REQUEST", id="a question that is not text"),
        pytest.param(
            b'{"query": "{ adminUsers { pages } }", "variables": []}', "BAD_REQUEST", id="a list of variables"
        ),
        pytest.param(
            b'{"query": "query a { adminUsers { pages } }", "operationName": "b"}',
            "BAD_REQUEST",
            id="a name of no operation",
        ),
        pytest.param(
            b'{"query": "query a { adminUsers { pages } } query b { adminUsers { pages } }"}',
            "BAD_REQUEST",
            id="two operations and no name",
        ),
        pytest.param(b'{"query": "{ adminUsers { pages }"}', "GRAPHQL_PARSE_FAILED", id="a syntax error"),
        pytest.param(
            b'{"query": "' + b"{a" * 100_000 + b'"}', "GRAPHQL_PARSE_FAILED", id="a document nested beyond reason"
        ),
        pytest.param(
            b'{"query": "{ carts { pages } }"}', "GRAPHQL_VALIDATION_FAILED", id="a field that does not exist"
        ),
        pytest.param(b'{"query": "{ adminUsers }"}', "GRAPHQL_VALIDATION_FAILED", id="a type without a selection"),
        pytest.param(
            b'{"query": "query ($e: String!) { adminUser(email: $e) { id } }"}',
            "BAD_USER_INPUT",
            id="a variable that is missing",
        ),
        pytest.param(
            b'{"query": "query ($e: String!) { adminUser(email: $e) { id } }", "variables": {"e": 1}}',
            "BAD_USER_INPUT",
            id="a variable of another type",
        ),
    ],
)
def test_what_cannot_be_executed_is_a_400(body: bytes, code: str) -> None:
    answer = Hub().answer("POST", {}, body)
    assert (answer.status, json.loads(answer.body)["errors"][0]["extensions"]["code"]) == (400, code)
    assert "data" not in json.loads(answer.body)


def test_graphql_is_asked_with_post() -> None:
    assert Hub().answer("GET", {}, b"").status == 405


def test_one_of_several_operations_is_chosen_by_name() -> None:
    hub = Hub()
    body = {"query": "query a { adminUsers { pages } } query b { adminUsers { page } }", "operationName": "b"}
    assert json.loads(hub.answer("POST", {}, json.dumps(body).encode()).body) == {"data": {"adminUsers": {"page": 1}}}
    assert hub.traffic.sent == (("b", ("adminUsers",)),)


def test_introspection_is_answered_or_refused() -> None:
    assert Hub().ask("{ __schema { queryType { name } } }") == {"__schema": {"queryType": {"name": "Query"}}}
    silent = Hub(None, Behaviour(introspection=False))
    assert silent.refusal("{ __schema { queryType { name } } }") == (400, "GRAPHQL_VALIDATION_FAILED")
    assert silent.ask("{ adminUsers { __typename } }") == {"adminUsers": {"__typename": "UserResponse"}}


def test_the_traffic_shows_every_request_by_operation_and_root_fields() -> None:
    hub = Hub(holding(user("a@example.com")))
    hub.post("query People { list: adminUsers { pages } roles(input: {userIds: [1]}) { pages } }")
    hub.post("nonsense")
    hub.post("mutation ($e: String!) { adminUserDelete(email: $e) }", e="a@example.com")
    assert hub.traffic.sent == (("People", ("adminUsers", "roles")), ("", ()), ("", ("adminUserDelete",)))
    assert [request.number for request in hub.traffic.requests] == [1, 2, 3]
    assert hub.traffic.requests[2].variables == {"e": "a@example.com"}
    assert (hub.traffic.count, hub.traffic.peak) == (3, 1)
    hub.traffic.clear()
    assert (hub.traffic.requests, hub.traffic.count, hub.traffic.peak) == ((), 0, 0)


def test_latency_is_waited_by_all_at_once_and_the_peak_counts_them() -> None:
    hub = Hub(latency=0.05)
    before = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: hub.ask("{ adminUsers { pages } }"), range(8)))
    assert time.monotonic() - before >= 0.05
    assert 1 < hub.traffic.peak <= 8


class InterceptOne:
    """Answers or cuts one request, before or after it ran."""

    def __init__(self, when: str, what: HubAnswer | None) -> None:
        self.when, self.what = when, what
        self.seen: list[HubRequest] = []

    def before(self, request: HubRequest) -> HubAnswer | None:
        self.seen.append(request)
        return self._intercepted() if self.when == "before" else None

    def after(self, request: HubRequest, answer: HubAnswer) -> HubAnswer:
        assert (self.seen[-1], answer.status) == (request, 200)
        return self._intercepted() if self.when == "after" else answer

    def _intercepted(self) -> HubAnswer:
        if self.what is None:
            raise ConnectionCut
        return self.what


@pytest.mark.parametrize(
    ("when", "what", "left"),
    [
        pytest.param("before", HubAnswer(502, b"<html>"), ["a@example.com"], id="an answer before it ran"),
        pytest.param("after", HubAnswer(502, b"<html>"), [], id="an answer after it ran"),
        pytest.param("before", None, ["a@example.com"], id="a cut before it ran"),
        pytest.param("after", None, [], id="a cut after it ran"),
    ],
)
def test_an_interceptor_decides_with(when: str, what: HubAnswer | None, left: list[str]) -> None:
    interceptor = InterceptOne(when, what)
    hub = Hub(holding(user("a@example.com")), interceptor=interceptor)

    def delete() -> Any:
        return hub.post('mutation M { adminUserDelete(email: "a@example.com") }')

    if what is None:
        with pytest.raises(ConnectionCut):
            delete()
    else:
        assert delete() == what
    assert hub.emails() == left
    assert interceptor.seen == [HubRequest(1, "M", ("adminUserDelete",), {})]


def test_many_threads_at_once_lose_nothing() -> None:
    hub = Hub(holding())
    create = "mutation ($e: String!) { adminUserCreate(input: {email: $e}) { id } }"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: hub.ask(create, e=f"p{n}@example.com")["adminUserCreate"]["id"], range(80)))
    assert sorted(map(int, made)) == list(range(1001, 1081))


def test_one_address_asked_for_at_once_is_given_once() -> None:
    hub = Hub(holding())
    create = 'mutation { adminUserCreate(input: {email: "a@example.com"}) { id } }'
    with ThreadPoolExecutor(8) as pool:
        answers = [json.loads(answer.body) for answer in pool.map(lambda _: hub.post(create), range(8))]
    assert sum("errors" not in answer for answer in answers) == 1
