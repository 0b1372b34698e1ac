"""One HTTP request and its answer, or the reason why there is none; limited in time and in size.

No exception of the HTTP libraries leaves this module: it would carry the request, and with it the key. Redirects are
not followed, cookies not kept, netrc not read.

A socket's time limit restarts with each packet, and the lookup of a name has none. So each exchange has a thread of
its own, and the caller waits for it as long as the request may take. After that, or after Ctrl-C, the exchange is
abandoned: its thread sends no body any more, and its answer is dropped. The thread ends with the next packet of the
body, or when nothing comes for the same time again. It is a daemon, because endless headers or handshakes keep it busy
as long as they come, and no process may wait for that. Its connection serves another request only after its answer was
read to the end, and is closed otherwise.
"""

import io
import ssl
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, replace
from typing import Final

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter

from bo_sync import __version__
from bo_sync.hub.graphql import HttpAnswer, Outcome, Silence
from bo_sync.hub.time_limits import Pace
from bo_sync.interruptible import pause


class TooMuchError(OSError):
    """An answer was longer than allowed."""


USER_AGENT: Final = f"bo-sync/{__version__}"
LARGEST_ANSWER: Final = 32 * 1024 * 1024
"""Most bytes of a body, as received and as unpacked. The HTTP library bounds the headers."""
_CHUNK: Final = 64 * 1024
Adapter = BaseAdapter
"""The adapter of a further scheme, such as the sandbox's."""
_LATE: Final = Silence("no answer in time", sent=True)
_KINDS: Final[Mapping[type[BaseException], Silence]] = {
    ssl.SSLCertVerificationError: Silence(
        "its certificate cannot be trusted",
        sent=False,
        hint="if a certificate authority of your own signs here, name its bundle in REQUESTS_CA_BUNDLE",
        lasting=True,
    ),
    urllib3.exceptions.NameResolutionError: Silence("its name cannot be resolved", sent=False),
    urllib3.exceptions.NewConnectionError: Silence("no connection could be made", sent=False),
    urllib3.exceptions.ConnectTimeoutError: Silence("connecting took too long", sent=False),
    TooMuchError: Silence(f"an answer of more than {LARGEST_ANSWER >> 20} MiB", sent=True, lasting=True),
    requests.ReadTimeout: _LATE,
    TimeoutError: _LATE,
}
"""What an exception means for a request; the first match counts. Only the first four certainly came before it was sent.
A ProxyError is not among them, because a proxy that ends the connection in the middle raises one too."""
_BROKEN: Final = Silence("the connection broke", sent=True)
_NO_BUNDLE: Final = Silence(
    "the bundle of certificate authorities that the environment names is not there",
    sent=False,
    hint="correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or unset it",
    lasting=True,
)


def open_session(
    headers: Mapping[str, str], secret_headers: Callable[[], Mapping[str, str]], *, is_encrypted: bool, connections: int
) -> requests.Session:
    """A session for one hub; `secret_headers` is called for each request, and its result is not stored."""

    def add_secrets(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(secret_headers())
        return request

    session = requests.Session()
    session.auth = add_secrets  # a session with its own `auth` never reads netrc
    session.headers.update({**headers, "Accept-Encoding": "gzip", "User-Agent": USER_AGENT})
    # Proxies and CA bundles come from the environment; but what is sent in the clear must not leave this machine.
    session.trust_env = is_encrypted
    for prefix in ("https://", "http://"):
        session.mount(prefix, HTTPAdapter(pool_maxsize=connections))
    return session


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One HTTP request. The body is JSON, or None for no body."""

    method: str
    url: str
    body: bytes | None = None


def exchange(session: requests.Session, asked: HttpRequest, seconds: float, pace: Pace) -> Outcome:
    """The outcome, after at most `seconds`. Never raises exceptions of the libraries below."""
    abandoned, answered = threading.Event(), Future[Outcome]()
    # A quarter of the time per address: a name with several gets to those that answer.
    limits = (min(pace.connect, seconds / 4), seconds)

    def work() -> None:
        try:
            answered.set_result(_outcome(session, asked, limits, abandoned))
        except BaseException as err:  # noqa: BLE001  # raised again in the caller's thread
            answered.set_exception(err)

    started = pace.monotonic()
    try:
        threading.Thread(target=work, name="http-exchange", daemon=True).start()
        is_late = pause(seconds, answered.done, lambda moment: wait((answered,), moment))
    finally:
        abandoned.set()
    outcome = _LATE if is_late else answered.result()
    return replace(outcome, seconds=pace.monotonic() - started) if isinstance(outcome, Silence) else outcome


class _Body(io.BytesIO):
    """A request's body, which the connection reads once it is made; not if the exchange is abandoned by then."""

    def __init__(self, content: bytes, abandoned: threading.Event) -> None:
        super().__init__(content)
        self._abandoned = abandoned

    def read(self, size: int | None = -1) -> bytes:
        if self._abandoned.is_set():
            raise TimeoutError
        return super().read(size)


def _outcome(
    session: requests.Session, asked: HttpRequest, limits: tuple[float, float], abandoned: threading.Event
) -> Outcome:
    """The outcome, however long it takes: `limits` are for connecting and for each packet."""
    body = None if asked.body is None else _Body(asked.body, abandoned)
    try:
        request = session.prepare_request(requests.Request(asked.method, asked.url, data=body))
        how = session.merge_environment_settings(asked.url, {}, stream=True, verify=None, cert=None)
        # `session.request` would keep cookies, and look at redirects, which reads netrc.
        adapter, trusted = session.get_adapter(asked.url), how["verify"] or True
        response = adapter.send(request, stream=True, timeout=limits, verify=trusted, proxies=how["proxies"])
        with response:
            content = b"".join(_content(response, abandoned))
        headers = {name.lower(): value for name, value in response.headers.items()}
        return HttpAnswer(response.status_code, content, headers)
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError, zlib.error) as err:
        return _silence(err)


def _content(response: requests.Response, abandoned: threading.Event) -> Iterator[bytes]:
    """The body. `read1` waits for one packet, but `iter_content` waits for a whole chunk."""
    received = _bounded(iter(lambda: response.raw.read1(_CHUNK) or b"", b""), abandoned)
    is_packed = response.headers.get("Content-Encoding", "").strip().lower() == "gzip"
    return _bounded(_unpacked(received), abandoned) if is_packed else received


def _bounded(parts: Iterable[bytes], abandoned: threading.Event) -> Iterator[bytes]:
    """The parts. Raises TooMuchError for too many bytes, and TimeoutError after the exchange is abandoned."""
    length = 0
    for part in parts:
        length += len(part)
        if length > LARGEST_ANSWER:
            raise TooMuchError
        if abandoned.is_set():
            raise TimeoutError
        yield part


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip packed, in small parts however well it packed; what follows its end is read and ignored."""
    gzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        packed = chunk
        while packed and not gzip.eof:
            yield gzip.decompress(packed, _CHUNK)
            packed = gzip.unconsumed_tail
    yield gzip.flush()


def _silence(err: Exception) -> Silence:
    """An exception of the libraries below, as a value. Only names are kept: messages may quote headers and proxies."""
    causes = _causes(err)
    found = next((silence for cause in causes for kind, silence in _KINDS.items() if isinstance(cause, kind)), _BROKEN)
    if "TLS CA certificate bundle" in str(err):
        found = _NO_BUNDLE
    return replace(found, detail=" < ".join(type(cause).__name__ for cause in causes))


def _causes(err: BaseException) -> Sequence[BaseException]:
    """An exception and those in it, outermost first: as argument, `reason` or cause."""
    found = [err]
    for cause in found:  # which grows
        for inner in (*cause.args, getattr(cause, "reason", None), cause.__cause__):
            if isinstance(inner, BaseException) and inner not in found:
                found.append(inner)
    return found
