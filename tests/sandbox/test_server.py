"""The sandbox over a socket."""

import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
import requests

from bo_sync.sandbox.interception import ConnectionCut, HubAnswer, HubRequest
from bo_sync.sandbox.server import SandboxPortError, SandboxServer
from tests.sandbox.asking import Hub, key

USERS = {"query": "query People { adminUsers { itemsFound } }"}
OWNER = key("sandbox-owner")


@pytest.fixture
def server() -> Iterator[SandboxServer]:
    with SandboxServer(Hub(keyless=False)) as server:
        yield server


def test_the_address_is_on_the_loopback_interface(server: SandboxServer) -> None:
    address = urlsplit(server.url)
    assert (address.scheme, address.hostname, address.path) == ("http", "127.0.0.1", "/v2/graphql")


def test_a_question_is_answered_over_http(server: SandboxServer) -> None:
    answer = requests.post(server.url, json=USERS, headers=OWNER, timeout=5)
    assert (answer.status_code, answer.json()) == (200, {"data": {"adminUsers": {"itemsFound": 1}}})
    assert requests.post(server.url, json=USERS, timeout=5).json()["errors"][0]["extensions"] == {
        "code": "UNAUTHENTICATED"
    }


def test_a_connection_is_kept(server: SandboxServer) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    used = set()
    for _ in range(3):
        connection.request("POST", address.path, b'{"query": "{ __typename }"}', OWNER)
        assert connection.getresponse().read() == b'{"data":{"__typename":"Query"}}'
        used.add(connection.sock.getsockname())
    connection.close()
    assert len(used) == 1


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        pytest.param("GET /v2/graphql", {}, 405, id="GraphQL is asked with POST"),
        pytest.param("POST /", {"Content-Length": "0"}, 404, id="another path is not found"),
        pytest.param("POST /v2/graphql", {}, 411, id="a body without a length is refused"),
        pytest.param("POST /v2/graphql", {"Content-Length": "-1"}, 411, id="a length that is no number is refused"),
        pytest.param("POST /v2/graphql", {"Content-Length": "99999999999"}, 413, id="a huge body is not read"),
        pytest.param("DELETE /v2/graphql", {"Content-Length": "0"}, 501, id="other methods are unknown"),
    ],
)
def test_http(server: SandboxServer, line: str, headers: dict[str, str], status: int) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=5)
    method, path = line.split()
    connection.putrequest(method, path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == status
    connection.close()


def test_eight_at_once_are_answered_at_once() -> None:
    hub = Hub(latency=0.1)
    with SandboxServer(hub) as server, ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: requests.post(server.url, json=USERS, timeout=10).status_code, range(8)))
    assert answers == [200] * 8
    assert 1 < hub.traffic.peak <= 8


class Gone:
    def before(self, request: HubRequest) -> HubAnswer | None:
        raise ConnectionCut(request)

    def after(self, request: HubRequest, answer: HubAnswer) -> HubAnswer:
        raise ConnectionCut(request, answer)


def test_a_cut_ends_the_connection_without_an_answer() -> None:
    with SandboxServer(Hub(interceptor=Gone())) as server, pytest.raises(requests.ConnectionError):
        requests.post(server.url, json=USERS, timeout=5)


def test_closing_lets_what_is_in_flight_end_and_closes_what_is_idle() -> None:
    hub = Hub(latency=0.3)
    server = SandboxServer(hub)
    with server, ThreadPoolExecutor(1) as pool:
        address = urlsplit(server.url)
        idle = socket.create_connection((str(address.hostname), address.port or 0), timeout=5)
        answer = pool.submit(requests.post, server.url, json=USERS, timeout=5)
        while hub.traffic.peak == 0:
            pass
        server.close()
        assert answer.result().status_code == 200
        assert idle.recv(1) == b""
        idle.close()
    with pytest.raises(requests.ConnectionError):
        requests.post(server.url, json=USERS, timeout=5)


def test_a_port_that_is_taken_is_said_to_be(server: SandboxServer) -> None:
    port = urlsplit(server.url).port or 0
    with pytest.raises(SandboxPortError, match=f"cannot listen on 127.0.0.1:{port}"):
        SandboxServer(Hub(), port=port)
