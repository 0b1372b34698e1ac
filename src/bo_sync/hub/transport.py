"""One GraphQL request over HTTP: at most `concurrency` at a time, repeated only when that is safe.

The result is a `Reply` or a HubError; the exchange of one HTTP request is in `hub/http_exchange.py`.

Reads are repeated after any failure that may pass. A write is repeated only if it certainly did not happen: no
connection was made, or the hub answered 429. If a connection breaks after that, the write's fate is unknown, even if it
was a kept one that the hub had closed already.
"""

import math
import threading
from collections.abc import Callable, Mapping
from typing import Final

from bo_sync.core.text import Message, Text
from bo_sync.errors import HubDeniedError, HubError, HubFateUnknownError, HubUnreachableError
from bo_sync.hub.graphql import (
    GraphQLRequest,
    HttpAnswer,
    Outcome,
    Reply,
    ResponseError,
    Silence,
    denied_hint,
    describe,
    parse_reply,
)
from bo_sync.hub.http_exchange import Adapter, HttpRequest, exchange, open_session
from bo_sync.hub.hub_url import HubAddress
from bo_sync.hub.secrets import Credentials
from bo_sync.hub.time_limits import Pace

PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Statuses that a later try may not get."""
_ENDED: Final = Silence("it was not asked any more", sent=False, hint="run it again", lasting=True)
_HEADERS: Final = {"Accept": "application/json", "Content-Type": "application/json"}


class Transport:
    """The connection to one hub, shared by all threads. `adapters` serve further schemes, such as `sandbox:`."""

    def __init__(
        self,
        address: HubAddress,
        credentials: Credentials | None = None,
        *,
        concurrency: int = 8,
        adapters: Mapping[str, Adapter] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.address = address
        self.credentials = credentials or Credentials()
        self.concurrency = concurrency
        self._pace = pace or Pace()
        self._in_flight = threading.BoundedSemaphore(concurrency)
        self._stopped = threading.Event()
        self._ends = math.inf
        is_encrypted = address.scheme == "https"
        self._session = open_session(_HEADERS, self._secrets, is_encrypted=is_encrypted, connections=concurrency)
        for scheme, adapter in (adapters or {}).items():
            self._session.mount(scheme, adapter)

    def read(self, call: GraphQLRequest) -> Reply:
        """Tries until an answer comes. Raises HubUnreachableError, HubDeniedError, HubError for one without GraphQL."""
        match self._send(call, _may_read_again, lambda: None):
            case Silence() as silence:
                raise self._unreachable(call, silence)
            case HttpAnswer(status=status) as answer if status in PASSING:
                message = Message(
                    "{}: {} keeps answering {}", call.operation, self.address.url, describe(answer, self.credentials)
                )
                raise HubUnreachableError(message, operation=call.operation, hint="try again in a while")
            case answer:
                return self._reply(call, answer)

    def write(
        self, call: GraphQLRequest, before_again: Callable[[], None] = lambda: None, *, once: bool = False
    ) -> Reply:
        """Sends once, or again if it certainly did not happen. Raises HubFateUnknownError if that is not certain.

        `before_again` is called after each wait, and raises HubError if the call must not be sent again. With `once`
        the call is never sent again.
        """
        match self._send(call, _never if once else _may_write_again, before_again):
            case Silence(sent=False) as silence:
                raise self._unreachable(call, silence)
            case Silence() as silence:
                raise self._fate_unknown(call, silence.reason, silence.detail)
            case HttpAnswer(status=429) as answer:
                message = Message(
                    "{}: {} keeps answering {}", call.operation, self.address.url, describe(answer, self.credentials)
                )
                raise HubUnreachableError(
                    message, operation=call.operation, hint="try again with a lower --concurrency"
                )
            case HttpAnswer(status=status) as answer if status >= 500 or status == 408 or 300 <= status < 400:
                raise self._fate_unknown(call, self._what_came(answer))
            case answer if answer.status < 300 and parse_reply(answer, self.credentials) is None:
                raise self._fate_unknown(call, self._what_came(answer))
            case answer:
                return self._reply(call, answer)

    def stop(self) -> None:
        """Ends every wait between two tries, now and later: waiting requests fail as unreachable, sent ones finish.

        Later requests, for example after an unknown write, end when the requests already sent must end.
        """
        if not self._stopped.is_set():
            self._ends = self._pace.monotonic() + self._pace.request
        self._stopped.set()

    def close(self) -> None:
        """Closes the kept connections."""
        self._session.close()

    def _send(
        self, call: GraphQLRequest, may_repeat: Callable[[Outcome], bool], before_again: Callable[[], None]
    ) -> Outcome:
        body = call.body()

        def send(seconds: float) -> Outcome:
            with self._in_flight:
                left = self._ends - self._pace.monotonic()
                if left <= 0:
                    return _ENDED
                asked = HttpRequest("POST", self.address.url, body)
                return exchange(self._session, asked, max(0.1, min(seconds, left)), self._pace)

        return self._pace.repeat(
            send,
            may_repeat,
            retry_after=lambda answer: answer.headers.get("retry-after"),
            stopped=self._stopped,
            before_again=before_again,
        )

    def _secrets(self) -> dict[str, str]:
        headers = {} if self.credentials.key is None else {"apikey": self.credentials.key.reveal()}
        if self.credentials.session is not None:
            headers["Authorization"] = f"Bearer {self.credentials.session.reveal()}"
        return headers

    def _reply(self, call: GraphQLRequest, answer: HttpAnswer) -> Reply:
        """The GraphQL of a final answer. Raises HubDeniedError and HubError."""
        reply = parse_reply(answer, self.credentials)
        if answer.status in (401, 403):
            raise self._denied(call, answer, reply)
        if reply is None and answer.status == 400:
            return Reply(400, None, (ResponseError(Text(describe(answer, self.credentials))),), executed=False)
        if reply is None or (answer.status >= 300 and answer.status != 400):
            message = Message("{}: {} answers {}", call.operation, self.address.url, self._what_came(answer))
            raise HubError(message, operation=call.operation, hint="check the address; it usually ends in /graphql")
        return reply

    def _denied(self, call: GraphQLRequest, answer: HttpAnswer, reply: Reply | None) -> HubDeniedError:
        """Without a code for a 403 that is not GraphQL: it may not be the hub's, so it proves nothing about the key."""
        is_graphql = reply is not None and bool(reply.faults)
        code = "UNAUTHENTICATED" if answer.status == 401 else "FORBIDDEN" if is_graphql else ""
        said = reply.faults[0].sentence if reply and reply.faults else describe(answer, self.credentials)
        message = Message("{}: {} denies access: {}", call.operation, self.address.url, said)
        return HubDeniedError(message, operation=call.operation, code=code, hint=denied_hint(call.operation, code))

    def _what_came(self, answer: HttpAnswer) -> Message:
        if 300 <= answer.status < 400:
            target = self.credentials.said(answer.headers.get("location") or "nowhere")
            return Message(
                "HTTP {}, a redirect to {}, which is not followed: the key stays here", answer.status, target
            )
        return describe(answer, self.credentials)

    def _unreachable(self, call: GraphQLRequest, silence: Silence) -> HubUnreachableError:
        message = f"{call.operation}: no answer from {self.address.url}: {silence.reason}"
        hint = silence.hint or "check the address, the network and the proxy settings, then try again"
        return HubUnreachableError(message, operation=call.operation, hint=hint, detail=silence.detail)

    def _fate_unknown(self, call: GraphQLRequest, reason: str, detail: str = "") -> HubFateUnknownError:
        message = Message(
            "{}: sent to {}, but whether it happened is unknown: {}", call.operation, self.address.url, reason
        )
        return HubFateUnknownError(message, operation=call.operation, hint="plan again to see", detail=detail)


def _may_read_again(outcome: Outcome) -> bool:
    return outcome.status in PASSING if isinstance(outcome, HttpAnswer) else not outcome.lasting


def _never(_: Outcome) -> bool:
    return False


def _may_write_again(outcome: Outcome) -> bool:
    return outcome.status == 429 if isinstance(outcome, HttpAnswer) else not (outcome.sent or outcome.lasting)
