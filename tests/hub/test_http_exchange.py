"""An answer that never ends, in any part of HTTP or of what lies below it: it ends when its time or its size does."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from bo_sync.errors import HubError, HubFateUnknownError, HubUnreachableError
from bo_sync.hub.graphql import GraphQLRequest
from tests.hub.scripted import READ, WRITE, Scripted, data, impatient, transport_to
from tests.support.backlog import never_connecting

OK = b"HTTP/1.1 200 OK\r\n"
GZIP_NAME = OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\x03"
GREETING = b"\x16\x03\x03\x40\x00"
"""A record of TLS begins so, and promises sixteen thousand bytes."""


@dataclass(frozen=True)
class Endless:
    """What is said after a request's headers, then again and again, for a minute at most."""

    first: bytes
    again: bytes = b"a"
    pause: float = 0.05


ENDLESS = {
    "a header": Endless(OK + b"X-A: "),
    "100 Continue": Endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the length of a chunk": Endless(OK + b"Transfer-Encoding: chunked\r\n\r\n5;"),
    "the file name before what gzip packed": Endless(GZIP_NAME),
    "the body": Endless(OK + b"Content-Length: 1000000\r\n\r\n", b" "),
    "a body that ends with its connection": Endless(OK + b"\r\n", b" "),
}


class Dripping:
    """A server that says something endless to everybody, over TLS with a certificate."""

    def __init__(self, endless: Endless, certificate: Path | None = None, *, listens: bool = True) -> None:
        self._endless = endless
        self._tls: ssl.SSLContext | None = None
        if certificate is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificate)
        self._listens = listens
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{self.port}/graphql"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                thread = threading.Thread(target=self._serve, args=(self._listener.accept()[0],), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, plain: socket.socket) -> None:
        with closing(plain), suppress(OSError):
            plain.settimeout(5)
            line = plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)
            with closing(line):
                self._drip(line)

    def _drip(self, line: socket.socket) -> None:
        heard = b""
        while self._listens and b"\r\n\r\n" not in heard:
            heard += line.recv(65536)
        line.sendall(self._endless.first)
        ends = time.monotonic() + 60
        while time.monotonic() < ends and not self._over.wait(self._endless.pause):
            line.sendall(self._endless.again)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for this machine, in one file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl here to make a certificate with: deadlines over TLS are NOT tested")
    folder = tmp_path_factory.mktemp("tls")
    key, signed, both = folder / "key.pem", folder / "signed.pem", folder / "both.pem"
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1"
    names = ("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(signed))
    subprocess.run((openssl, *made.split(), *names), check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + signed.read_bytes())
    return both


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def patience() -> Iterator[float]:
    """A test with it takes less than three seconds: a fifth of a second a request, and one of silence."""
    started = time.monotonic()
    yield 0.2
    assert time.monotonic() - started < 3


def refused(url: str, seconds: float) -> None:
    """A read is given up, and of a write nobody knows."""
    transport = transport_to(url, impatient(request=seconds, silent=1.0))
    with pytest.raises(HubUnreachableError, match="no answer in time"):
        transport.read(READ)
    with pytest.raises(HubFateUnknownError, match="no answer in time"):
        transport.write(WRITE)
    transport.close()


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_in_the_clear_is_not_waited_for(endless: Endless, patience: float) -> None:
    with Dripping(endless) as hub:
        refused(hub.url, patience)


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_over_tls_is_not_waited_for(
    endless: Endless, certificate: Path, patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Dripping(endless, certificate) as hub:
        refused(hub.url, patience)


def test_a_greeting_of_tls_that_never_ends_is_not_waited_for(patience: float) -> None:
    with Dripping(Endless(GREETING), listens=False) as hub:
        refused(hub.url.replace("http:", "https:"), patience)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"HTTP/1.0 200 Fine\r\nX-A: ", id="its own answer"),
        pytest.param(b"HTTP/1.0 200 Fine\r\n\r\n" + GREETING, id="the greeting that it passes on"),
    ],
)
@pytest.mark.parametrize("encrypted", [False, True], ids=["in the clear", "over TLS"])
def test_a_proxy_that_never_ends_is_not_waited_for(
    first: bytes, certificate: Path, patience: float, monkeypatch: pytest.MonkeyPatch, *, encrypted: bool
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with Dripping(Endless(first), certificate if encrypted else None) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.removesuffix("/graphql"))
        refused("https://hub.example.com/graphql", patience)


def test_who_never_takes_what_is_sent_is_not_waited_for(patience: float) -> None:
    large = GraphQLRequest("adminUsers", "query adminUsers { adminUsers }", {"filler": "x" * (32 << 20)})
    with Dripping(Endless(b"", b"", 0.05), listens=False) as hub, pytest.raises(HubError, match="no answer in time"):
        transport_to(hub.url, impatient(request=patience, silent=1.0)).write(large)


@pytest.mark.parametrize("addresses", [1, 3], ids=["one address", "a name with three addresses"])
def test_a_connection_that_never_completes_ends_with_its_request(
    addresses: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = socket.getaddrinfo

    def several(*asked: Any, **more: Any) -> list[Any]:
        return found(*asked, **more) * addresses

    monkeypatch.setattr(socket, "getaddrinfo", several)
    with never_connecting() as url:
        transport = transport_to(url, impatient(request=1.5, silent=1.6))
        started = time.monotonic()
        with pytest.raises(HubUnreachableError, match="connecting took too long"):
            transport.read(READ)
        assert time.monotonic() - started < 2.5


def test_what_comes_is_counted_as_it_comes_and_not_only_as_it_unpacks() -> None:
    with Dripping(Endless(GZIP_NAME, b"a" * (1 << 20), 0)) as hub, pytest.raises(HubError, match="more than 32 MiB"):
        transport_to(hub.url, impatient(request=20)).read(READ)


def test_what_waited_for_the_end_is_gone_when_the_answer_came() -> None:
    def waiting() -> int:
        return sum(thread.name == "hub-deadline" for thread in threading.enumerate())

    with Scripted(play=lambda _: data(a=1)) as hub:
        transport = transport_to(hub.url)
        transport.read(READ)
        before = descriptors()
        for _ in range(50):
            transport.read(READ)
        after = descriptors()
    ends = time.monotonic() + 2
    while waiting() and time.monotonic() < ends:
        time.sleep(0.01)
    assert waiting() == 0
    assert after <= before  # what earlier tests left may close meanwhile


def descriptors() -> int:
    """How many files and sockets this process has open; zero where that cannot be told."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.is_dir() else 0
