"""Faults as data, and the weather that is made of them.

A fault says what happens, to which requests, and when: at the n-th of them, or to a share of them. Whether it strikes
follows from the seed and the request's number alone, never from what happened before, from a clock or from a thread:
the same seed and the same order of requests give the same faults.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final, TypeAlias, assert_never

from bo_sync.sandbox.faults import Cut, FieldFails, HubAnswer, HubRequest, KeyRevoked, Late, Torn, Twist


class FaultKind(StrEnum):
    """What happens. A `…-after` kind strikes when everything has taken effect, its sibling when nothing has."""

    TOO_MANY = "429"
    TOO_MANY_RETRY_AFTER = "429-retry-after"
    FAILED = "500"
    FAILED_AFTER = "500-after"
    GATEWAY = "502"
    GATEWAY_AFTER = "502-after"
    CUT_BEFORE = "cut-before"
    CUT_AFTER = "cut-after"
    CUT_HALF = "cut-half"
    SLOW_BEFORE = "slow-before"
    SLOW_AFTER = "slow-after"
    PARTIAL = "partial"
    PAGE_DROPS = "page-drops"
    PAGE_REPEATS = "page-repeats"
    KEY_REVOKED = "key-revoked"


MEANINGS: Final[dict[FaultKind, str]] = {
    FaultKind.TOO_MANY: "HTTP 429; nothing runs",
    FaultKind.TOO_MANY_RETRY_AFTER: "HTTP 429 with Retry-After: SECONDS (default 1); nothing runs",
    FaultKind.FAILED: "HTTP 500 with a GraphQL error; nothing runs",
    FaultKind.FAILED_AFTER: "HTTP 500 with a GraphQL error, after the request ran",
    FaultKind.GATEWAY: "HTTP 502 with an HTML page; nothing runs",
    FaultKind.GATEWAY_AFTER: "HTTP 502 with an HTML page, after the request ran",
    FaultKind.CUT_BEFORE: "the connection ends; nothing runs",
    FaultKind.CUT_AFTER: "the connection ends, after the request ran",
    FaultKind.CUT_HALF: "the connection ends in the middle of the answer, after the request ran",
    FaultKind.SLOW_BEFORE: "silence for SECONDS (default 35), then the connection ends; nothing runs",
    FaultKind.SLOW_AFTER: "the request runs, its answer comes after SECONDS (default 35)",
    FaultKind.PARTIAL: "of several mutations in a request one fails: those before it took effect, data is null",
    FaultKind.PAGE_DROPS: "a page lacks an item, and still counts it",
    FaultKind.PAGE_REPEATS: "a page holds an item twice, in the place of another",
    FaultKind.KEY_REVOKED: "UNAUTHENTICATED, from the request that it strikes first to the last",
}
"""What each kind does to a request, in the words of the help."""

SECONDS: Final[dict[FaultKind, float]] = {
    FaultKind.TOO_MANY_RETRY_AFTER: 1.0,
    FaultKind.SLOW_BEFORE: 35.0,
    FaultKind.SLOW_AFTER: 35.0,
}
"""The kinds that take their time, and how much of it by default: more than the 30 seconds that bo-sync waits."""

PAGED: Final = ("adminUsers", "roles", "roleDefinitions")
"""The root fields that answer with a page."""
_PAGES: Final = (FaultKind.PAGE_DROPS, FaultKind.PAGE_REPEATS)


@dataclass(frozen=True, slots=True)
class Nth:
    """At the `number`-th request, from 1, of those that the fault is about."""

    number: int


@dataclass(frozen=True, slots=True)
class Rate:
    """At a share of the requests that the fault is about, 0 to 1."""

    share: float


When: TypeAlias = Nth | Rate


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault and when it strikes.

    It is about requests with the root field `field`; "" stands for any request, or for what the kind can strike at all:
    users's pages, mutations of several fields. `seconds` None is the kind's own default.
    """

    kind: FaultKind
    when: When = Rate(1.0)
    field: str = ""
    seconds: float | None = None

    @property
    def delay(self) -> float:
        """How many seconds it takes; 0 for a kind that takes none."""
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


@dataclass(frozen=True, slots=True)
class Storm:
    """The weather of some faults: the first of them that strikes a request decides about it."""

    faults: Sequence[Fault]
    seed: int = 0

    def strikes(self, request: HubRequest) -> Fault | None:
        """The fault that strikes a request. A pure function, so what struck can be told from the requests later."""
        return next((fault for place, fault in enumerate(self.faults) if self._hits(fault, place, request)), None)

    def before(self, request: HubRequest, /) -> HubAnswer | Twist | None:
        """What stands in the way of the request's execution. Raises Cut and Late."""
        fault = self.strikes(request)
        return None if fault is None else _before(fault, request, self._dice("part", request.number))

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """What arrives of the answer. Raises Cut, Torn and Late."""
        fault = self.strikes(request)
        return answer if fault is None else _after(fault, answer, self._dice("part", request.number))

    def _hits(self, fault: Fault, place: int, request: HubRequest) -> bool:
        number = _number(fault, request)
        if number is None:
            return False
        lasts = fault.kind is FaultKind.KEY_REVOKED
        match fault.when:
            case Nth(first):
                return number >= first if lasts else number == first
            case Rate(share):
                numbers = range(1, number + 1) if lasts else (number,)
                return any(self._dice(str(place), each) < share for each in numbers)
            case _:
                assert_never(fault.when)

    def _dice(self, what: str, number: int) -> float:
        """A number from 0 up to 1, always the same for the same seed, purpose and number."""
        drawn = blake2b(f"{self.seed} {what} {number}".encode(), digest_size=6).digest()
        return int.from_bytes(drawn) / 256**6


def _number(fault: Fault, request: HubRequest) -> int | None:
    """Which of the requests that the fault is about this is, from 1; None when it is none of them."""
    if fault.kind is FaultKind.PARTIAL:
        return request.nth.get(f"{fault.field}+")
    field = fault.field or (PAGED[0] if fault.kind in _PAGES else "")
    return request.nth.get(field) if field else request.number


def _before(fault: Fault, request: HubRequest, part: float) -> HubAnswer | Twist | None:
    match fault.kind:
        case FaultKind.TOO_MANY | FaultKind.TOO_MANY_RETRY_AFTER | FaultKind.FAILED | FaultKind.GATEWAY:
            return _in_its_place(fault)
        case FaultKind.CUT_BEFORE:
            raise Cut
        case FaultKind.SLOW_BEFORE:
            raise Late(fault.delay)
        case FaultKind.PARTIAL:
            return FieldFails(1 + int(part * (len(request.roots) - 1)))
        case FaultKind.KEY_REVOKED:
            return KeyRevoked()
        case _:
            return None


def _in_its_place(fault: Fault) -> HubAnswer:
    match fault.kind:
        case FaultKind.FAILED:
            return _FAILED
        case FaultKind.GATEWAY:
            return _GATEWAY
        case _:
            headers = {"Retry-After": f"{fault.delay:.0f}"} if fault.kind in SECONDS else {}
            return _refused(429, "TOO_MANY_REQUESTS", "Too many requests", headers)


def _after(fault: Fault, answer: HubAnswer, part: float) -> HubAnswer:
    match fault.kind:
        case FaultKind.FAILED_AFTER:
            return _FAILED
        case FaultKind.GATEWAY_AFTER:
            return _GATEWAY
        case FaultKind.CUT_AFTER:
            raise Cut
        case FaultKind.CUT_HALF:
            raise Torn(answer)
        case FaultKind.SLOW_AFTER:
            raise Late(fault.delay, answer)
        case FaultKind.PAGE_DROPS | FaultKind.PAGE_REPEATS:
            return _with_other_pages(answer, part, repeats=fault.kind is FaultKind.PAGE_REPEATS)
        case _:
            return answer


def _refused(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> HubAnswer:
    body = json.dumps({"errors": [{"message": message, "extensions": {"code": code}}]}).encode()
    return HubAnswer(status, body, {"Content-Type": "application/json; charset=utf-8", **(headers or {})})


_FAILED: Final = _refused(500, "INTERNAL_SERVER_ERROR", "Internal server error")
_GATEWAY: Final = HubAnswer(
    502,
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>",
    {"Content-Type": "text/html"},
)


def _with_other_pages(answer: HubAnswer, part: float, *, repeats: bool) -> HubAnswer:
    """The answer, with one item of each of its pages gone or replaced by a neighbour; a page without items stays."""
    content = json.loads(answer.body)
    for page in (content.get("data") or {}).values():
        items = page.get("items") if isinstance(page, dict) else None
        if items:
            place = int(part * len(items))
            items[place : place + 1] = [items[place - 1]] if repeats else []
    return HubAnswer(answer.status, json.dumps(content, separators=(",", ":")).encode(), answer.headers)
