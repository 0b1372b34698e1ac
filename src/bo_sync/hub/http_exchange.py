"""One HTTP request and its answer, or the reason why there is none; limited in time and in size.

No exception of the HTTP libraries leaves this module: it would carry the request, and with it the key. Redirects are
not followed, cookies not kept, netrc not read. A socket's time limit restarts with each packet, so one timer per
exchange shuts the connection down under every layer of TLS. Bytes are counted as received, before they are unpacked.
"""

import io
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from contextvars import ContextVar, Token
from dataclasses import dataclass, replace
from http.client import HTTPResponse
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection

from bo_sync import __version__
from bo_sync.hub.graphql import HttpAnswer, Outcome, Silence


class TooMuchError(OSError):
    """An answer was longer than allowed."""


class Deadline:
    """What this thread exchanges inside the block ends after `seconds`, or raises TooMuchError after `most` bytes.

    At the end a thread shuts down every watched connection. It lives from the first one to the end.
    """

    def __init__(self, seconds: float, most: int) -> None:
        self._left = most
        self._ends = time.monotonic() + seconds
        self._lines: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._outer: Token[Deadline | None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the end has come."""
        return time.monotonic() >= self._ends

    def left(self) -> float:
        """Seconds until the end."""
        return max(0.0, self._ends - time.monotonic())

    def watch(self, descriptor: int) -> None:
        """Watches a connected socket, by a descriptor of our own, because others may close theirs at any time."""
        line = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self._lines.append(line)
            if self._timer is None:
                self._timer = threading.Timer(self.left(), self._end)
                self._timer.name, self._timer.daemon = "hub-deadline", True
                self._timer.start()
        if self.is_over:
            _shut(line)

    def count(self, length: int) -> None:
        """Counts received bytes. Raises TooMuchError, and TimeoutError after the end, as the bytes may be cut short."""
        self._left -= length
        if self._left < 0:
            raise TooMuchError
        if self.is_over:
            raise TimeoutError

    def _end(self) -> None:
        with self._lock:
            for line in self._lines:
                _shut(line)

    def __enter__(self) -> Self:
        self._outer = _CURRENT.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._outer is not None:
            _CURRENT.reset(self._outer)
        with self._lock:
            while self._lines:
                self._lines.pop().close()


_CURRENT: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)


def current() -> Deadline | None:
    """The deadline of this thread's current exchange."""
    return _CURRENT.get()


class BoundedResponse(HTTPResponse):
    """Reads from its socket under the deadline that holds when it is made: from the status line to the last chunk."""

    def __init__(
        self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
    ) -> None:
        super().__init__(sock, debuglevel, method, url)
        deadline = current()
        if deadline is not None and isinstance(self.fp, io.BufferedReader):
            self.fp = io.BufferedReader(_Counted(self.fp.detach(), deadline))


class _Counted(io.RawIOBase):
    """The bytes of another stream, each counted."""

    def __init__(self, under: io.RawIOBase, deadline: Deadline) -> None:
        self._under = under
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int | None:
        if not isinstance(buffer, memoryview):  # as the buffer above, the only one that asks, gives
            raise TypeError(buffer)
        try:
            length = self._under.readinto(buffer)
        except OSError:
            self._deadline.count(0)
            raise
        self._deadline.count(length or 0)
        return length

    def close(self) -> None:
        self._under.close()
        super().close()


def _shut(line: socket.socket) -> None:
    with suppress(OSError):  # it may be at its end already
        line.shutdown(socket.SHUT_RDWR)


USER_AGENT: Final = f"bo-sync/{__version__}"
LARGEST_ANSWER: Final = 32 * 1024 * 1024
_MOST_BYTES: Final = LARGEST_ANSWER + LARGEST_ANSWER // 8
"""Most bytes over the wire: an eighth is for headers and for separators of chunks."""
_CHUNK: Final = 64 * 1024
_SHORTEST_TRY: Final = 0.5
"""Shortest time per address in seconds, however many a name has."""
Adapter = BaseAdapter
"""The adapter of a further scheme, such as the sandbox's."""
_LATE: Final = Silence("no answer in time", sent=True)
_KINDS: Final[tuple[tuple[tuple[type[BaseException], ...], Silence], ...]] = (
    (
        (ssl.SSLCertVerificationError,),
        Silence(
            "its certificate cannot be trusted",
            sent=False,
            hint="if a certificate authority of your own signs here, name its bundle in REQUESTS_CA_BUNDLE",
            lasting=True,
        ),
    ),
    ((urllib3.exceptions.NameResolutionError,), Silence("its name cannot be resolved", sent=False)),
    ((urllib3.exceptions.NewConnectionError,), Silence("no connection could be made", sent=False)),
    (
        (urllib3.exceptions.ConnectTimeoutError, requests.ConnectTimeout),
        Silence("connecting took too long", sent=False),
    ),
    ((TooMuchError,), Silence(f"an answer of more than {LARGEST_ANSWER >> 20} MiB", sent=True, lasting=True)),
    ((urllib3.exceptions.ReadTimeoutError, requests.ReadTimeout), _LATE),
)
"""What an exception means for a request; the first match counts. Only the first four certainly came before it was sent.
A ProxyError is not among them, because a proxy that ends the connection in the middle raises one too."""
_BROKEN: Final = Silence("the connection broke", sent=True)
_NO_BUNDLE: Final = Silence(
    "the bundle of certificate authorities that the environment names is not there",
    sent=False,
    hint="correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or unset it",
    lasting=True,
)


class Session(requests.Session):
    """Ignores redirects: following one would read netrc, and a hostile target could raise anything."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002  # the signature is theirs
        return None


class _Secretive(AuthBase):
    """Sets headers at the last moment. A session with its own `auth` never reads netrc."""

    def __init__(self, headers: Callable[[], Mapping[str, str]]) -> None:
        self._headers = headers

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers.update(self._headers())
        return r


class _Connection(HTTPConnection):
    """A connection under the deadline of the exchange that uses it."""

    response_class = BoundedResponse

    def _new_conn(self) -> socket.socket:
        """Connects; every address of a name gets its share of the time."""
        deadline, patience = current(), self.timeout
        if deadline is None or patience is None:
            return super()._new_conn()
        self.timeout = max(_SHORTEST_TRY, min(patience, deadline.left() / self._addresses()))
        try:
            connected = super()._new_conn()
        finally:
            self.timeout = patience
        connected.settimeout(patience)
        deadline.watch(connected.fileno())
        return connected

    def _addresses(self) -> int:
        with suppress(OSError, UnicodeError):  # connecting finds a wrong name again, and reports it
            return len(socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM))
        return 1

    def putrequest(self, method: str, url: str, *how: bool, **more: bool) -> None:
        """Begins a request, perhaps on a kept connection that this exchange does not watch yet."""
        deadline = current()
        if deadline is not None and self.sock is not None:
            deadline.watch(self.sock.fileno())
        super().putrequest(method, url, *how, **more)


def _bound(manager: urllib3.PoolManager) -> None:
    """Makes a manager's connections bounded, for every kind of pool."""
    pools: Mapping[str, type[urllib3.HTTPConnectionPool]] = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


def _bounded(pool: type[urllib3.HTTPConnectionPool]) -> type[urllib3.HTTPConnectionPool]:
    connection = type("BoundedConnection", (_Connection, pool.ConnectionCls), {})
    return type("BoundedPool", (pool,), {"ConnectionCls": connection})


class _BoundedProxies(dict[str, urllib3.PoolManager]):
    """An adapter's manager per proxy."""

    def __setitem__(self, proxy: str, manager: urllib3.PoolManager) -> None:
        _bound(manager)
        super().__setitem__(proxy, manager)


class _BoundedAdapter(HTTPAdapter):
    """Every connection is bounded, to the hub and to a proxy."""

    def __init__(self, connections: int) -> None:
        super().__init__(pool_maxsize=connections, max_retries=0)
        self.proxy_manager = _BoundedProxies()
        _bound(self.poolmanager)


def open_session(
    headers: Mapping[str, str], secret_headers: Callable[[], Mapping[str, str]], *, is_encrypted: bool, connections: int
) -> Session:
    """A session for one hub; `secret_headers` is called for each request, and its result is not stored."""
    session = Session()
    session.auth = _Secretive(secret_headers)
    session.headers.update({**headers, "User-Agent": USER_AGENT})
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Proxies and CA bundles come from the environment; but what is sent in the clear must not leave this machine.
    session.trust_env = is_encrypted
    for prefix in ("https://", "http://"):
        session.mount(prefix, _BoundedAdapter(connections))
    return session


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. The body is JSON, or None for no body."""

    method: str
    url: str
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Time:
    """The most seconds for a request, the part of them for connecting, and the clock that measures them."""

    seconds: float
    connect: float
    monotonic: Callable[[], float]


def exchange(session: Session, asked: HttpRequest, time: Time) -> Outcome:
    """The outcome, within the time. Never raises exceptions of the libraries below."""
    started = time.monotonic()
    with Deadline(time.seconds, _MOST_BYTES) as deadline:
        try:
            response = session.request(
                asked.method,
                asked.url,
                data=asked.body,
                timeout=(min(time.connect, time.seconds), time.seconds),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return _read_answer(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as err:
            return _silence(err, time.monotonic() - started, is_late=deadline.is_over)


def _read_answer(response: requests.Response) -> HttpAnswer:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise TooMuchError
    headers = response.headers
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    lower = {name.lower(): value for name, value in headers.items()}
    retry_after, location = headers.get("Retry-After"), headers.get("Location")
    return HttpAnswer(response.status_code, media_type, bytes(body), retry_after, location, lower)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. `read1` waits for one packet, but `iter_content` waits for a whole chunk."""
    raw = response.raw
    if not isinstance(raw, urllib3.BaseHTTPResponse):
        yield from response.iter_content(_CHUNK)
        return
    while chunk := raw.read1(_CHUNK, decode_content=True):
        yield chunk


def _silence(err: Exception, seconds: float, *, is_late: bool) -> Silence:
    """An exception of the libraries below, as a value. Only names are kept: messages may quote headers and proxies."""
    causes = tuple(_causes(err))
    named = " < ".join(type(cause).__name__ for cause in causes)
    found = next((silence for cause in causes for kinds, silence in _KINDS if isinstance(cause, kinds)), None)
    if found is None:
        found = _LATE if is_late else _BROKEN
    if "TLS CA certificate bundle" in str(err):
        found = _NO_BUNDLE
    return replace(found, seconds=seconds, detail=named)


def _causes(err: BaseException) -> Iterator[BaseException]:
    """An exception and those in it, outermost first: as argument, `reason`, `original_error` or cause."""
    seen: set[int] = set()
    ahead: list[object] = [err]
    while ahead:
        cause = ahead.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        ahead += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None), cause.__cause__]
