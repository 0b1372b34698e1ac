"""Writes are sent again only when they certainly did not happen."""

import socket
import ssl
from dataclasses import replace
from http.client import RemoteDisconnected

import pytest
import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
)
from urllib3.exceptions import SSLError as TlsError

from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubUnreachableError
from bo_sync.hub.hub_url import parse_address
from bo_sync.hub.transport import Transport
from tests.hub.scripted import (
    FINE,
    READ,
    WRITE,
    Cut,
    Hang,
    Say,
    Scene,
    Scripted,
    data,
    html,
    impatient,
    transport_to,
    unused_port,
)

AMBIGUOUS = {
    "a connection that is cut": Cut(),
    "an answer that is cut": Cut(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "a body that is cut": Cut(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"data"'),
    "no answer in time": Hang(1.2),
    "500": html(500),
    "502": html(502),
    "503": html(503),
    "503 that says when to come back": Say(b"", 503, {"Retry-After": "1"}),
    "504": html(504),
    "408": html(408),
    "an HTML page": html(200),
    "no body": Say(b"", 204, {}),
    "half a JSON": Say(b'{"data": {"adminUser'),
    "a redirect": Say(b"", 303, {"Location": "/elsewhere"}),
}


class Raising(BaseAdapter):
    """What the libraries below raise, without the failure that causes them."""

    def __init__(self, raised: Exception) -> None:
        super().__init__()
        self.raised = raised
        self.tries = 0

    def send(self, *_: object, **__: object) -> requests.Response:
        self.tries += 1
        raise self.raised

    def close(self) -> None:
        pass


POOL = HTTPSConnectionPool("hub.example.com")


def given_up(reason: Exception) -> requests.ConnectionError:
    return requests.ConnectionError(MaxRetryError(POOL, "/", reason))


NOT_SENT = {
    "its name cannot be resolved": (
        given_up(NameResolutionError("hub.example.com", HTTPConnection("hub.example.com"), socket.gaierror(-2, "no"))),
        5,
    ),
    "connecting takes too long": (requests.ConnectTimeout(MaxRetryError(POOL, "/", ConnectTimeoutError())), 5),
    "its certificate cannot be trusted, which no try mends": (
        requests.exceptions.SSLError(MaxRetryError(POOL, "/", TlsError(ssl.SSLCertVerificationError("no")))),
        1,
    ),
    "the proxy cannot be reached": (
        requests.exceptions.ProxyError(
            MaxRetryError(POOL, "/", ProxyError("no", NewConnectionError(HTTPConnection("proxy"), "refused")))
        ),
        5,
    ),
}
MAYBE_SENT = {
    "the proxy ends the connection": requests.exceptions.ProxyError(ProxyError("no", RemoteDisconnected(""))),
    "the encryption breaks": requests.exceptions.SSLError(MaxRetryError(POOL, "/", TlsError(ssl.SSLEOFError(8, "no")))),
    "the answer breaks its own encoding": requests.exceptions.ContentDecodingError(),
    "nothing more is known": requests.RequestException(),
}


class TestWrites:
    @pytest.mark.parametrize("scene", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
    def test_a_write_is_sent_once_and_its_fate_is_unknown_after(self, scene: Scene) -> None:
        with Scripted(scene) as hub, pytest.raises(HubFateUnknownError, match="whether it happened is unknown"):
            transport_to(hub.url, impatient(request=0.3)).write(WRITE)
        assert len(hub.heard) == 1

    def test_a_kept_connection_that_the_hub_closes_on_the_next_request_leaves_the_fate_unknown(self) -> None:
        with Scripted(FINE, Cut()) as hub:
            transport = transport_to(hub.url)
            transport.read(READ)
            with pytest.raises(HubFateUnknownError):
                transport.write(WRITE)
        assert hub.connections == 1

    def test_a_write_is_sent_again_after_429_because_it_did_not_happen(self) -> None:
        waits: list[float] = []
        busy = Say(b"", 429, {"Retry-After": "3"})
        with Scripted(busy, busy, data(adminUserDelete=True)) as hub:
            transport_to(hub.url, impatient(waits)).write(WRITE)
        assert waits == [3.0, 3.0]

    def test_a_write_that_five_times_met_429_certainly_did_not_happen(self) -> None:
        with Scripted(*[html(429)] * 5) as hub, pytest.raises(HubUnreachableError, match="keeps answering HTTP 429"):
            transport_to(hub.url).write(WRITE)

    def test_a_write_is_tried_again_while_no_connection_can_be_made_and_then_did_not_happen(self) -> None:
        waits: list[float] = []
        with pytest.raises(HubUnreachableError, match="no connection could be made"):
            transport_to(f"http://127.0.0.1:{unused_port()}/", impatient(waits)).write(WRITE)
        assert len(waits) == 4

    @pytest.mark.parametrize(("raised", "tries"), NOT_SENT.values(), ids=NOT_SENT.keys())
    def test_a_write_did_not_happen_when(self, raised: Exception, tries: int) -> None:
        adapter = Raising(raised)
        with pytest.raises(HubUnreachableError):
            Transport(parse_address("sandbox:"), adapters={"sandbox:": adapter}, pace=impatient()).write(WRITE)
        assert adapter.tries == tries

    def test_connecting_is_tried_again_only_if_there_is_time_for_all_of_it(self) -> None:
        now = [0.0]

        class Slow(Raising):
            def send(self, *_: object, **__: object) -> requests.Response:
                now[0] += 20
                return super().send()

        adapter = Slow(requests.ConnectTimeout(MaxRetryError(POOL, "/", ConnectTimeoutError())))
        pace = replace(impatient(silent=55), monotonic=lambda: now[0])
        with pytest.raises(HubUnreachableError):
            Transport(parse_address("sandbox:"), adapters={"sandbox:": adapter}, pace=pace).write(WRITE)
        assert adapter.tries == 2

    @pytest.mark.parametrize("raised", MAYBE_SENT.values(), ids=MAYBE_SENT.keys())
    def test_nobody_knows_whether_a_write_happened_when(self, raised: Exception) -> None:
        adapter = Raising(raised)
        with pytest.raises(HubFateUnknownError):
            Transport(parse_address("sandbox:"), adapters={"sandbox:": adapter}, pace=impatient()).write(WRITE)
        assert adapter.tries == 1

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_gateway_that_denies_a_write_did_not_do_it(self, status: int) -> None:
        with Scripted(html(status)) as hub, pytest.raises(HubDeniedError):
            transport_to(hub.url).write(WRITE)

    def test_a_write_to_a_path_where_nothing_is_did_not_happen(self) -> None:
        with Scripted(html(404)) as hub, pytest.raises(HubError) as caught:
            transport_to(hub.url).write(WRITE)
        assert type(caught.value) is HubError
