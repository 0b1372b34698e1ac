"""One GraphQL request over HTTP: sent at most `concurrency` at a time, tried again only when that can do no harm.

The only module that knows `requests`. What leaves it is a `Reply` or a HubError; no exception of the libraries below is
chained to one, because theirs carry the request, and the request carries the key.

Reads are tried again after any failure that may pass. A write is tried again only when it certainly did not happen: no
connection was made, or the hub answered 429. A connection that breaks after that, even a kept one that the hub had
closed already, leaves the write's fate unknown.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests
import urllib3
from requests.adapters import BaseAdapter, HTTPAdapter
from requests.auth import AuthBase

from bo_sync import __version__
from bo_sync.core.text import Text
from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubUnreachableError
from bo_sync.hub.address import HubAddress
from bo_sync.hub.answers import Answer, Call, Fault, Outcome, Reply, Silence, describe, parse_reply
from bo_sync.hub.patience import TRIES, Pace
from bo_sync.hub.refusals import denied_hint
from bo_sync.hub.secrets import Credentials

LARGEST_ANSWER: Final = 32 * 1024 * 1024
_CHUNK: Final = 64 * 1024
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
_HEADERS: Final = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": f"bo-sync/{__version__}",
}


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
    ((urllib3.exceptions.ReadTimeoutError, requests.ReadTimeout), Silence("no answer in time", sent=True)),
)
"""What an exception says about a request, the first that fits: only the first four certainly came before it was sent.
A ProxyError is not among them: a proxy that ends the connection in the middle raises one too."""
_BROKEN: Final = Silence("the connection broke", sent=True)
_NO_BUNDLE: Final = Silence(
    "the bundle of certificate authorities that the environment names is not there",
    sent=False,
    hint="correct REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE, or unset it",
    lasting=True,
)


class Transport:
    """The way to one hub, shared by all threads. `adapters` serve further schemes, as the sandbox's `sandbox:`."""

    def __init__(
        self,
        address: HubAddress,
        credentials: Credentials | None = None,
        *,
        concurrency: int = 8,
        adapters: Mapping[str, BaseAdapter] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.address = address
        self.credentials = credentials or Credentials()
        self.concurrency = concurrency
        self._pace = pace or Pace()
        self._in_flight = threading.BoundedSemaphore(concurrency)
        self._stopped = threading.Event()
        self._session = _open_session(address, self.credentials, concurrency)
        for scheme, adapter in (adapters or {}).items():
            self._session.mount(scheme, adapter)

    def read(self, call: Call) -> Reply:
        """Asks until an answer comes. Raises HubUnreachableError, HubDeniedError, HubError for one without GraphQL."""
        match self._send(call, _may_read_again, lambda: None):
            case Silence() as silence:
                raise self._unreachable(call, silence)
            case Answer(status=status) as answer if status in _PASSING:
                message = f"{call.operation}: {self.address.url} keeps answering {describe(answer, self.credentials)}"
                raise HubUnreachableError(message, operation=call.operation, hint="try again in a while")
            case answer:
                return self._reply(call, answer)

    def write(self, call: Call, before_again: Callable[[], None] = lambda: None) -> Reply:
        """Sends once, or again when it certainly did not happen. Raises HubFateUnknownError when nobody can tell.

        `before_again` is asked after each wait, and raises HubError when the call must not be sent again.
        """
        match self._send(call, _may_write_again, before_again):
            case Silence(sent=False) as silence:
                raise self._unreachable(call, silence)
            case Silence() as silence:
                raise self._fate_unknown(call, silence.reason, silence.detail)
            case Answer(status=429) as answer:
                message = f"{call.operation}: {self.address.url} keeps answering {describe(answer, self.credentials)}"
                raise HubUnreachableError(
                    message, operation=call.operation, hint="try again with a lower --concurrency"
                )
            case Answer(status=status) as answer if status >= 500 or status == 408 or 300 <= status < 400:
                raise self._fate_unknown(call, self._what_came(answer))
            case answer if answer.status < 300 and parse_reply(answer, self.credentials) is None:
                raise self._fate_unknown(call, self._what_came(answer))
            case answer:
                return self._reply(call, answer)

    def stop(self) -> None:
        """Ends every wait between two tries, now and later: what waits fails as unreachable, what is sent finishes."""
        self._stopped.set()

    def close(self) -> None:
        """Closes the kept connections."""
        self._session.close()

    def _send(self, call: Call, may_repeat: Callable[[Outcome], bool], before_again: Callable[[], None]) -> Outcome:
        """The last outcome: one that may not be repeated, or that of the last try that time allows."""
        body, clock = call.body(), self._pace.monotonic
        silent_since, tried = clock(), 0
        while True:
            left = self._pace.silent - (clock() - silent_since)
            with self._in_flight:
                outcome = self._exchange(body, max(0.1, min(self._pace.request, left)))
            tried += 1
            if tried == TRIES or not may_repeat(outcome):
                return outcome
            delay = self._pace.backoff(tried, outcome.retry_after if isinstance(outcome, Answer) else None)
            if isinstance(outcome, Silence) and not self._worth_trying(outcome, silent_since, delay):
                return outcome
            if self._pace.wait(self._stopped, delay):
                return outcome
            before_again()
            silent_since = clock() if isinstance(outcome, Answer) else silent_since

    def _worth_trying(self, silence: Silence, silent_since: float, delay: float) -> bool:
        """Whether another try fits. One that could not connect takes its full time again, once for every address."""
        left = self._pace.silent - (self._pace.monotonic() - silent_since) - delay
        return left > (1.0 if silence.sent else max(1.0, silence.seconds))

    def _exchange(self, body: bytes, seconds: float) -> Outcome:
        clock = self._pace.monotonic
        started = clock()
        try:
            response = self._session.post(
                self.address.url,
                data=body,
                timeout=(min(self._pace.connect, seconds), seconds),
                allow_redirects=False,
                stream=True,
            )
            with response:
                return _read_answer(response, lambda: clock() - started > seconds, seconds)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as err:
            return _silence(err, clock() - started)

    def _reply(self, call: Call, answer: Answer) -> Reply:
        """The GraphQL of an answer that is final. Raises HubDeniedError and HubError."""
        reply = parse_reply(answer, self.credentials)
        if answer.status in (401, 403):
            raise self._denied(call, answer, reply)
        if reply is None and answer.status == 400:
            return Reply(400, None, (Fault(Text(describe(answer, self.credentials))),), executed=False)
        if reply is None or (answer.status >= 300 and answer.status != 400):
            message = f"{call.operation}: {self.address.url} answers {self._what_came(answer)}"
            raise HubError(message, operation=call.operation, hint="check the address; it usually ends in /graphql")
        return reply

    def _denied(self, call: Call, answer: Answer, reply: Reply | None) -> HubDeniedError:
        """Without a code for a 403 that is not GraphQL: it says nothing about the key, since the hub need not know."""
        is_graphql = reply is not None and bool(reply.faults)
        code = "UNAUTHENTICATED" if answer.status == 401 else "FORBIDDEN" if is_graphql else ""
        said = str(reply.faults[0]) if reply and reply.faults else describe(answer, self.credentials)
        message = f"{call.operation}: {self.address.url} denies access: {said}"
        return HubDeniedError(message, operation=call.operation, code=code, hint=denied_hint(call.operation, code))

    def _what_came(self, answer: Answer) -> str:
        if 300 <= answer.status < 400:
            target = self.credentials.said(answer.location or "nowhere")
            return f"HTTP {answer.status}, a redirect to {target}, which is not followed: the key stays here"
        return describe(answer, self.credentials)

    def _unreachable(self, call: Call, silence: Silence) -> HubUnreachableError:
        message = f"{call.operation}: no answer from {self.address.url}: {silence.reason}"
        hint = silence.hint or "check the address, the network and the proxy settings, then try again"
        return HubUnreachableError(message, operation=call.operation, hint=hint, detail=silence.detail)

    def _fate_unknown(self, call: Call, reason: str, detail: str = "") -> HubFateUnknownError:
        message = f"{call.operation}: sent to {self.address.url}, but whether it happened is unknown: {reason}"
        return HubFateUnknownError(message, operation=call.operation, hint="plan again to see", detail=detail)


def _may_read_again(outcome: Outcome) -> bool:
    return outcome.status in _PASSING if isinstance(outcome, Answer) else not outcome.lasting


def _may_write_again(outcome: Outcome) -> bool:
    return outcome.status == 429 if isinstance(outcome, Answer) else not (outcome.sent or outcome.lasting)


class _Session(requests.Session):
    """Never looks where a redirect points: looking would read netrc, and a hostile target could raise anything."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002  # the signature is theirs
        return None


class _HubAuth(AuthBase):
    """Sets our headers. A session with an `auth` of its own never reads netrc."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credentials.key is not None:
            r.headers["apikey"] = self._credentials.key.reveal()
        if self._credentials.session is not None:
            r.headers["Authorization"] = f"Bearer {self._credentials.session.reveal()}"
        return r


def _open_session(address: HubAddress, credentials: Credentials, concurrency: int) -> requests.Session:
    session = _Session()
    session.auth = _HubAuth(credentials)
    session.headers.update(_HEADERS)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    # Proxies and CA bundles come from the environment; but what is sent in the clear must not leave this machine.
    session.trust_env = address.scheme == "https"
    for prefix in ("https://", "http://"):
        session.mount(prefix, HTTPAdapter(pool_maxsize=concurrency, max_retries=0))
    return session


def _read_answer(response: requests.Response, is_late: Callable[[], bool], seconds: float) -> Outcome:
    body = bytearray()
    for chunk in _chunks(response):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            return Silence(f"an answer of more than {LARGEST_ANSWER >> 20} MiB", sent=True, lasting=True)
        if is_late():
            return Silence(f"the answer was not complete after {seconds:.0f} s", sent=True)
    headers = response.headers
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    retry_after, location = headers.get("Retry-After"), headers.get("Location")
    return Answer(response.status_code, media_type, bytes(body), retry_after, location)


def _chunks(response: requests.Response) -> Iterator[bytes]:
    """The body as it arrives. `read1` waits for one packet, where `iter_content` waits for a whole chunk."""
    raw = response.raw
    if not isinstance(raw, urllib3.BaseHTTPResponse):
        yield from response.iter_content(_CHUNK)
        return
    while chunk := raw.read1(_CHUNK, decode_content=True):
        yield chunk


def _silence(err: Exception, seconds: float) -> Silence:
    """An exception of the libraries below, as a value. Only names are kept: messages may quote headers and proxies."""
    causes = tuple(_causes(err))
    named = " < ".join(type(cause).__name__ for cause in causes)
    found = next((silence for cause in causes for kinds, silence in _KINDS if isinstance(cause, kinds)), _BROKEN)
    if "TLS CA certificate bundle" in str(err):
        found = _NO_BUNDLE
    return replace(found, seconds=seconds, detail=named)


def _causes(err: BaseException) -> Iterator[BaseException]:
    """An exception and those that it wraps, outermost first: as argument, `reason`, `original_error` or cause."""
    seen: set[int] = set()
    ahead: list[object] = [err]
    while ahead:
        cause = ahead.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        ahead += [*cause.args, getattr(cause, "reason", None), getattr(cause, "original_error", None), cause.__cause__]
