"""An answer that never ends, in any part of HTTP or of what lies below it: it ends when its time or its size does."""

import gzip
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
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
from tests.hub.scripted import READ, WRITE, Heard, Say, Scripted, data, impatient, transport_to
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


def test_an_answer_unpacks_to_a_bounded_size(patience: float) -> None:
    bomb = Say(gzip.compress(bytes(33 << 20)), headers={"Content-Encoding": "gzip"})
    with Scripted(bomb) as hub, pytest.raises(HubError, match="more than 32 MiB"):
        transport_to(hub.url).read(READ)


@pytest.mark.parametrize("after", [b"", b"what follows gzip's end"], ids=["nothing follows", "something follows"])
def test_a_packed_answer_is_read_whole_and_keeps_its_connection(after: bytes) -> None:
    filler = random.Random(1).randbytes(200_000).hex()
    packed = gzip.compress(data(filler=filler).body) + after
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (packed[:9], packed[9:]))
    head = b"Transfer-Encoding: chunked\r\nContent-Encoding: GZIP\r\n\r\n"
    with Dripping(Endless(OK + head + chunks + b"0\r\n\r\n", again=b"", pause=60)) as hub:
        assert transport_to(hub.url).read(READ).data == {"filler": filler}
    with Scripted(*[Say(packed, headers={"Content-Encoding": "gzip"})] * 2) as kept:
        transport = transport_to(kept.url)
        assert transport.read(READ).data == transport.read(READ).data == {"filler": filler}
    assert (kept.connections, kept.heard[0].headers["accept-encoding"]) == (1, "gzip")


def test_an_exchange_leaves_no_thread_and_no_descriptor_behind() -> None:
    with Scripted(play=lambda _: data(a=1)) as hub:
        transport = transport_to(hub.url)
        transport.read(READ)
        before = descriptors()
        for _ in range(50):
            transport.read(READ)
        after = descriptors()
    assert after <= before  # what earlier tests left may close meanwhile
    assert exchanges_ended()


def test_a_name_that_is_never_found_is_not_waited_for_and_nothing_is_sent_when_it_is_found_after_all(
    patience: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, look_up = threading.Event(), socket.getaddrinfo

    def slow(*asked: Any, **more: Any) -> list[Any]:
        found.wait(5)
        return look_up(*asked, **more)

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    with Scripted() as hub:
        refused(hub.url, patience)
        found.set()
        assert exchanges_ended()
        assert (hub.connections > 0, hub.heard) == (True, [])


def test_an_abandoned_exchange_ends_with_the_next_packet_of_its_body(patience: float) -> None:
    with Dripping(ENDLESS["the body"]) as hub:
        refused(hub.url, patience)
        assert exchanges_ended()


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(patience: float) -> None:
    late, asked = threading.Event(), []

    def play(heard: Heard) -> Say:
        asked.append(heard)
        if len(asked) == 1:
            late.wait(5)
        return data(number=len(asked))

    with Scripted(play=play) as hub:
        transport = transport_to(hub.url, impatient(request=patience))
        assert transport.read(READ).data == {"number": 2}
        late.set()
        assert exchanges_ended()
        assert [transport.read(READ).data for _ in range(3)] == [{"number": number} for number in (3, 4, 5)]


PROGRAM = """
from tests.hub.scripted import READ, impatient, transport_to
transport_to({url!r}, impatient(request={seconds})).read(READ)
"""


def test_a_process_does_not_wait_for_what_it_abandoned() -> None:
    with Dripping(ENDLESS["100 Continue"]) as hub:
        program = PROGRAM.format(url=hub.url, seconds=0.2)
        ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=20, check=False)
    assert ended.stderr.splitlines()[-1].endswith(b"no answer in time")


def test_ctrl_c_ends_a_request_that_has_no_answer_yet() -> None:
    begun, over = threading.Event(), threading.Event()

    def play(_: Heard) -> Say:
        begun.set()
        over.wait(20)
        return data(a=1)

    with Scripted(play=play) as hub:
        command = [sys.executable, "-c", PROGRAM.format(url=hub.url, seconds=30)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
            assert begun.wait(20)
            process.send_signal(signal.SIGINT)
            told = process.communicate(timeout=5)[1]
        over.set()
    assert told.splitlines()[-1] == b"KeyboardInterrupt"


def exchanges_ended() -> bool:
    """Whether the thread of every exchange ends within two seconds."""
    ends = time.monotonic() + 2
    while time.monotonic() < ends:
        if not any(thread.name == "http-exchange" for thread in threading.enumerate()):
            return True
        time.sleep(0.01)
    return False


def descriptors() -> int:
    """How many files and sockets this process has open; zero where that cannot be told."""
    listed = Path("/proc/self/fd")
    return len(list(listed.iterdir())) if listed.is_dir() else 0
