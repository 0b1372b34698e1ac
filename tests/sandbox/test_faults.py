"""Every kind of fault at a hub: what arrives, in process and over a socket, and what took effect."""

import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests

from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.interception import AnswerLate, HubAnswer, HubRequest, PassThrough
from bo_sync.sandbox.server import SandboxServer
from tests.sandbox.asking import Hub, definition_id, grant, holding, user
from tests.support.faults import ClientKilled, KillClient, Stage, Switchable, injected

LIVE = holding(user("a@example.com", grant("order", "VIEWER")), user("b@example.com"), user("c@example.com"))
DELETE = 'mutation { adminUserDelete(email: "a@example.com") }'
USERS = "{ adminUsers { itemsFound items { email } } }"
GONE = ["b@example.com", "c@example.com"]
ALL = ["a@example.com", *GONE]


def faulty(*faults: str, seed: int = 0, keyless: bool = True) -> Hub:
    return Hub(LIVE, interceptor=injected(*faults, seed=seed), keyless=keyless)


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def asked(session: requests.Session, url: str, document: str = DELETE) -> requests.Response | str:
    """The answer, or the name of what requests raised."""
    try:
        return session.post(url, json={"query": document}, timeout=(1, 0.3))
    except requests.RequestException as err:
        return type(err).__name__


ANSWERS = {
    "429": (429, "TOO_MANY_REQUESTS"),
    "429-retry-after": (429, "TOO_MANY_REQUESTS"),
    "500": (500, "INTERNAL_SERVER_ERROR"),
    "500-after": (500, "INTERNAL_SERVER_ERROR"),
    "502": (502, "Bad Gateway"),
    "502-after": (502, "Bad Gateway"),
    "key-revoked": (200, "UNAUTHENTICATED"),
}


@pytest.mark.parametrize("way", ["in process", "over a socket"])
@pytest.mark.parametrize(("kind", "status", "told"), [(kind, *answer) for kind, answer in ANSWERS.items()])
def test_an_answer_that_is_not_the_hubs_own(
    session: requests.Session, way: str, *, kind: str, status: int, told: str
) -> None:
    hub = faulty(f"{kind}@1")
    session.mount("sandbox:", SandboxAdapter(hub))
    with SandboxServer(hub) as server:
        answer = asked(session, server.url if way == "over a socket" else "sandbox:")
        assert isinstance(answer, requests.Response)
        assert answer.status_code == status
        assert told in answer.text
        assert answer.headers.get("Retry-After") == ("1" if kind == "429-retry-after" else None)
        assert answer.headers["Content-Type"].startswith("text/html" if status == 502 else "application/json")
        assert hub.emails() == (GONE if kind.endswith("-after") and status >= 500 else ALL)


@pytest.mark.parametrize("way", ["in process", "over a socket"])
@pytest.mark.parametrize(
    ("fault", "raised", "left"),
    [
        pytest.param("cut-before", {"ConnectionError"}, ALL, id="a cut before it ran"),
        pytest.param("cut-after", {"ConnectionError"}, GONE, id="a cut after it ran"),
        pytest.param("cut-half", {"ConnectionError", "ChunkedEncodingError"}, GONE, id="half an answer"),
        pytest.param("slow-before", {"ReadTimeout"}, ALL, id="silence, and it never ran"),
        pytest.param("slow-after", {"ReadTimeout"}, GONE, id="an answer that is too late"),
        pytest.param("slow-before=0", {"ConnectionError"}, ALL, id="silence that ends in time"),
    ],
)
def test_no_whole_answer(session: requests.Session, way: str, *, fault: str, raised: set[str], left: list[str]) -> None:
    hub = faulty(f"{fault}:adminUserDelete@1")
    session.mount("sandbox:", SandboxAdapter(hub))
    started = time.monotonic()
    with SandboxServer(hub) as server:
        url = server.url if way == "over a socket" else "sandbox:"
        assert asked(session, url) in raised
        while hub.emails() != left and time.monotonic() - started < 2:
            time.sleep(0.01)  # on a busy machine the client gives up before the hub runs the request
        assert hub.emails() == left
        again = asked(session, url, USERS)
        assert isinstance(again, requests.Response)
        assert again.json()["data"]["adminUsers"]["itemsFound"] == len(left)
    assert time.monotonic() - started < 3, "a server that closes waits for nobody whom it keeps waiting"


def test_half_an_answer_says_how_long_the_whole_would_be() -> None:
    hub = faulty("cut-half")
    with SandboxServer(hub) as server, socket.create_connection(("127.0.0.1", int(server.url.split(":")[2][:5]))) as to:
        body = json.dumps({"query": USERS}).encode()
        to.sendall(b"POST /v2/graphql HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        raw = b""
        while chunk := to.recv(4096):
            raw += chunk
    head, _, half = raw.partition(b"\r\n\r\n")
    assert half
    assert (
        f"Content-Length: {2 * len(half)}".encode() in head or f"Content-Length: {2 * len(half) + 1}".encode() in head
    )


@pytest.mark.parametrize("way", ["in process", "over a socket"])
def test_an_answer_that_is_late_but_in_time_arrives(session: requests.Session, way: str) -> None:
    hub = faulty("slow-after=.1")
    session.mount("sandbox:", SandboxAdapter(hub))
    with SandboxServer(hub) as server:
        started = time.monotonic()
        answer = asked(session, server.url if way == "over a socket" else "sandbox:")
    assert isinstance(answer, requests.Response)
    assert answer.json() == {"data": {"adminUserDelete": True}}
    assert time.monotonic() - started >= 0.1


def several(hub: Hub, count: int = 4) -> str:
    ids = [definition_id(hub, name) for name in ("pricing", "product", "shop", "user")[:count]]
    one = 'roleCreate(input: {{roleDefinitionId: "{}", access: VIEWER, userId: 1001}}) {{ id }}'
    return "mutation {" + " ".join(f"w{place}: {one.format(found)}" for place, found in enumerate(ids)) + "}"


@pytest.mark.parametrize("seed", range(12))
def test_of_several_mutations_one_fails_and_those_before_it_took_effect(seed: int) -> None:
    hub = faulty("partial", seed=seed)
    answer = hub.post(several(hub))
    content = json.loads(answer.body)
    assert (answer.status, content["data"]) == (200, None)
    assert content["errors"][0]["extensions"] == {"code": "INTERNAL_SERVER_ERROR"}
    failed = int(content["errors"][0]["path"][0].removeprefix("w"))
    assert 1 <= failed <= 3
    assert [name for name, _ in hub.rows("a@example.com")] == ["order", "pricing", "product", "shop"][: failed + 1]


def test_each_place_but_the_first_fails_under_some_seed() -> None:
    places = set()
    for seed in range(40):
        hub = faulty("partial", seed=seed)
        places.add(json.loads(hub.post(several(hub)).body)["errors"][0]["path"][0])
    assert places == {"w1", "w2", "w3"}


def test_one_mutation_alone_and_several_questions_are_no_partial_failure() -> None:
    hub = faulty("partial")
    assert hub.ask(several(hub, 1))["w0"]["id"]
    assert hub.ask("{ a: adminUsers { page } b: adminUsers { page } }")["b"] == {"page": 1}


def test_the_second_mutation_of_several_with_a_field() -> None:
    hub = faulty("partial:roleDelete@2")
    hub.ask(several(hub, 2))
    for number in (1, 2):
        answer = hub.post('mutation { a: roleDelete(id: "x") b: roleDelete(id: "y") }')
        code = json.loads(answer.body)["errors"][0]["extensions"]["code"]
        assert code == ("ROLE_NOT_FOUND_ERROR", "ROLE_NOT_FOUND_ERROR")[number - 1]
    assert hub.traffic.requests[-1].nth["roleDelete+"] == 2


def emails(hub: Hub) -> list[str]:
    page = hub.ask(USERS)["adminUsers"]
    assert page["itemsFound"] == 3
    return [item["email"] for item in page["items"]]


def test_a_page_lacks_somebody_and_still_counts_them() -> None:
    seen = [emails(faulty("page-drops", seed=seed)) for seed in range(20)]
    assert {tuple(found) for found in seen} == {tuple(e for e in ALL if e != gone) for gone in ALL}


def test_a_page_holds_somebody_twice_in_the_place_of_somebody_else() -> None:
    for seed in range(20):
        found = emails(faulty("page-repeats", seed=seed))
        assert (len(found), len(set(found))) == (3, 2)


@pytest.mark.parametrize("kind", ["page-drops", "page-repeats"])
def test_pages_of_other_things_only_when_they_are_named(kind: str) -> None:
    roles = "{ roles(input: {userIds: [1001]}) { itemsFound items { id } } }"
    assert len(faulty(kind).ask(roles)["roles"]["items"]) == 1
    assert len(faulty(f"{kind}:roles").ask(roles)["roles"]["items"]) == (0 if kind == "page-drops" else 1)


@pytest.mark.parametrize(
    "document",
    ["{ adminUsers(input: {sortInputs: [], page: 9}) { items { id } } }", "{ adminUsers { page } }", "{ adminUsers }"],
    ids=["a page without items", "nothing but the number of a page", "a broken document"],
)
def test_a_page_fault_leaves_what_holds_no_items(document: str) -> None:
    assert faulty("page-drops").post(document) == Hub(LIVE).post(document)


def test_a_key_is_revoked_from_a_request_on() -> None:
    hub = faulty("key-revoked:adminUserDelete@2", keyless=False)
    key = {"apikey": "sandbox-owner"}

    def delete(email: str) -> str:
        answer = json.loads(hub.post(f'mutation {{ adminUserDelete(email: "{email}") }}', key).body)
        return str(answer["errors"][0]["extensions"]["code"] if "errors" in answer else answer["data"])

    told = [delete(email) for email in ALL]
    assert told == ["{'adminUserDelete': True}", "UNAUTHENTICATED", "UNAUTHENTICATED"]
    assert hub.ask(USERS, key)["adminUsers"]["itemsFound"] == 2, "only requests with that field are meant"


# For trials in process


@pytest.mark.parametrize(
    ("stage", "left"),
    [pytest.param(Stage.BEFORE, GONE, id="before"), pytest.param(Stage.AFTER, ["c@example.com"], id="after")],
)
def test_a_client_that_is_killed_at_a_request_sends_nothing_from_then_on(
    session: requests.Session, stage: Stage, left: list[str]
) -> None:
    hub = Hub(LIVE, interceptor=KillClient(2, stage))
    session.mount("sandbox:", SandboxAdapter(hub))
    assert isinstance(asked(session, "sandbox:"), requests.Response)
    for email in ("b@example.com", "c@example.com"):
        with pytest.raises(ClientKilled):
            asked(session, "sandbox:", f'mutation {{ adminUserDelete(email: "{email}") }}')
    assert hub.emails() == left


def test_an_interceptor_is_switched_while_the_hub_goes_on() -> None:
    interceptor = Switchable(injected("429"))
    hub = Hub(LIVE, interceptor=interceptor)
    statuses = [hub.post(USERS).status]
    interceptor.now = PassThrough()
    statuses.append(hub.post(USERS).status)
    assert statuses == [429, 200]


def test_cleared_traffic_counts_from_one_again() -> None:
    hub = faulty("429:adminUsers@1")
    statuses = [hub.post(USERS).status, hub.post(USERS).status]
    hub.traffic.clear()
    statuses.append(hub.post(USERS).status)
    assert statuses == [429, 200, 429]


def test_late_without_a_timeout_is_waited_for(session: requests.Session) -> None:
    class Slow(PassThrough):
        def after(self, _request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
            raise AnswerLate(0.01, answer)

    session.mount("sandbox:", SandboxAdapter(Hub(LIVE, interceptor=Slow())))
    assert session.post("sandbox:", json={"query": USERS}).status_code == 200
