"""The sandbox as a transport of requests."""

from collections.abc import Iterator

import pytest
import requests

from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.interception import ConnectionCut, HubAnswer, HubRequest
from tests.sandbox.asking import Hub

USERS = {"query": "query People { adminUsers { itemsFound } }"}


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


def test_a_session_reaches_the_hub_without_a_socket(session: requests.Session) -> None:
    hub = Hub()
    session.mount("sandbox:", SandboxAdapter(hub))
    answer = session.post("sandbox:", json=USERS, timeout=(1, 1), stream=True, allow_redirects=False)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    assert (answer.status_code, answer.json()) == (200, {"data": {"adminUsers": {"itemsFound": 1}}})
    assert hub.traffic.sent == (("People", ("adminUsers",)),)


def test_a_key_travels_in_its_header(session: requests.Session) -> None:
    session.mount("sandbox:", SandboxAdapter(Hub()))
    answer = session.post("sandbox:", data=b'{"query": "{ adminUsers { pages } }"}', headers={"apiKey": "sandbox-none"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


class Gone:
    def before(self, request: HubRequest) -> HubAnswer | None:
        raise ConnectionCut(request)

    def after(self, request: HubRequest, answer: HubAnswer) -> HubAnswer:
        raise ConnectionCut(request, answer)


def test_a_cut_is_a_connection_error(session: requests.Session) -> None:
    session.mount("sandbox:", SandboxAdapter(Hub(interceptor=Gone())))
    with pytest.raises(requests.ConnectionError, match="ended the connection without an answer"):
        session.post("sandbox:", json=USERS)


def test_statuses_and_headers_arrive_as_they_are(session: requests.Session) -> None:
    session.mount("sandbox:", SandboxAdapter(Hub()))
    answer = session.get("sandbox:")
    assert (answer.status_code, answer.reason) == (405, "Method Not Allowed")
    assert session.post("sandbox:", data="not JSON").status_code == 400
