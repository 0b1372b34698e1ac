"""Fault injection for the sandbox: fifteen kinds of faults, and clients that are killed.

A fault is a kind, the requests that it is about, and when it is injected: into the n-th of them, or into a share of
them. Both follow from the seed and the request's number only, never from earlier requests, a clock or a thread: the
same seed and the same order of requests give the same faults.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final, TypeAlias, assert_never

from bo_sync.sandbox.interception import (
    Alteration,
    AnswerCut,
    AnswerLate,
    ConnectionCut,
    FieldFails,
    HubAnswer,
    HubRequest,
    Interceptor,
    KeyRevoked,
)
from bo_sync.sandbox.resolvers import MUTATIONS, QUERIES


class FaultKind(StrEnum):
    """What happens. A `…-after` kind is injected when everything has taken effect, its sibling when nothing has."""

    TOO_MANY = "429"  # HTTP 429; nothing runs
    TOO_MANY_RETRY_AFTER = "429-retry-after"  # HTTP 429 with Retry-After; nothing runs
    FAILED = "500"  # HTTP 500 with a GraphQL error; nothing runs
    FAILED_AFTER = "500-after"
    GATEWAY = "502"  # HTTP 502 with an HTML page; nothing runs
    GATEWAY_AFTER = "502-after"
    CUT_BEFORE = "cut-before"  # the connection ends; nothing runs
    CUT_AFTER = "cut-after"
    CUT_HALF = "cut-half"  # the connection ends in the middle of the answer, after the request ran
    SLOW_BEFORE = "slow-before"  # no answer for some seconds, then the connection ends; nothing runs
    SLOW_AFTER = "slow-after"  # the request runs, its answer comes some seconds later
    PARTIAL = "partial"  # of several mutations in a request one fails: those before it took effect, data is null
    PAGE_DROPS = "page-drops"  # a page lacks an item, and still counts it
    PAGE_REPEATS = "page-repeats"  # a page holds an item twice, in the place of another
    KEY_REVOKED = "key-revoked"  # UNAUTHENTICATED, from the first request that it is injected into to the last


SECONDS: Final[dict[FaultKind, float]] = {
    FaultKind.TOO_MANY_RETRY_AFTER: 1.0,
    FaultKind.SLOW_BEFORE: 35.0,
    FaultKind.SLOW_AFTER: 35.0,
}
"""The kinds that take time, and their default: more than the 30 seconds that bo-sync waits."""

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
    """One kind of fault, the requests that it is about, and when it is injected.

    It is about requests with the root field `field`; "" stands for all that the kind can be injected into: any request,
    pages of users, mutations of several fields. `seconds` None is the kind's own default.
    """

    kind: FaultKind
    when: When = Rate(1.0)
    field: str = ""
    seconds: float | None = None

    @property
    def delay(self) -> float:
        return SECONDS.get(self.kind, 0.0) if self.seconds is None else self.seconds


_FORM: Final = re.compile(
    r"(?P<kind>[^=:@]+)(=(?P<seconds>\d*\.?\d+))?(:(?P<field>[A-Za-z_]\w*))?(:(?P<rate>0|1|0?\.\d+)|@(?P<nth>[1-9]\d*))?",
    re.ASCII,
)


def parse_fault(text: str) -> Fault:
    """The fault `KIND[=SECONDS][:FIELD][@N or :RATE]`; without N and RATE it is injected into every request.

    `cut-after@3` is about the third request, `429:0.1` about one request in ten, `slow-after=40:roles` about each
    request with `roles`. Raises ValueError, so that a test with a typing error cannot pass without its fault.
    """
    parts = _FORM.fullmatch(text)
    if parts is None:
        raise ValueError(f"not a fault: {text!r}")
    kind, name, seconds = FaultKind(parts["kind"]), parts["field"] or "", parts["seconds"]
    fields = tuple(MUTATIONS) if kind is FaultKind.PARTIAL else PAGED if kind in _PAGES else (*QUERIES, *MUTATIONS)
    if name and name not in fields:
        raise ValueError(f"{kind} cannot be injected into {name!r}")
    if seconds and kind not in SECONDS:
        raise ValueError(f"{kind} takes no seconds")
    when = Nth(int(parts["nth"])) if parts["nth"] else Rate(float(parts["rate"] or 1))
    return Fault(kind, when, name, float(seconds) if seconds else None)


def injected(*faults: str, seed: int = 0) -> "InjectedFaults":
    """An interceptor with faults as `parse_fault` reads them."""
    return InjectedFaults([parse_fault(each) for each in faults], seed)


@dataclass(frozen=True, slots=True)
class InjectedFaults:
    """An interceptor with some faults: the first of them that is about a request is injected into it."""

    faults: Sequence[Fault]
    seed: int = 0

    def fault_for(self, request: HubRequest) -> Fault | None:
        """The fault that is injected into a request. A pure function: a test asks it again afterwards."""
        return next((one for place, one in enumerate(self.faults) if self._is_for(one, place, request)), None)

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        """What happens in place of the request's execution. Raises ConnectionCut and AnswerLate."""
        found = self.fault_for(request)
        return None if found is None else _before(found, request, self._dice("part", request.number))

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """What arrives of the answer. Raises ConnectionCut, AnswerCut and AnswerLate."""
        found = self.fault_for(request)
        return answer if found is None else _after(found, answer, self._dice("part", request.number))

    def _is_for(self, fault: Fault, place: int, request: HubRequest) -> bool:
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
        drawn = blake2b(f"{self.seed} {what} {number}".encode(), digest_size=6).digest()
        return int.from_bytes(drawn) / 256**6


def _number(fault: Fault, request: HubRequest) -> int | None:
    """Which of the requests that the fault is about this is, from 1; None when it is none of them."""
    if fault.kind is FaultKind.PARTIAL:
        return request.nth.get(f"{fault.field}+")
    field = fault.field or (PAGED[0] if fault.kind in _PAGES else "")
    return request.nth.get(field) if field else request.number


def _before(fault: Fault, request: HubRequest, part: float) -> HubAnswer | Alteration | None:
    match fault.kind:
        case FaultKind.TOO_MANY | FaultKind.TOO_MANY_RETRY_AFTER | FaultKind.FAILED | FaultKind.GATEWAY:
            return _in_its_place(fault)
        case FaultKind.CUT_BEFORE:
            raise ConnectionCut
        case FaultKind.SLOW_BEFORE:
            raise AnswerLate(fault.delay)
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
            raise ConnectionCut
        case FaultKind.CUT_HALF:
            raise AnswerCut(answer)
        case FaultKind.SLOW_AFTER:
            raise AnswerLate(fault.delay, answer)
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


class Stage(StrEnum):
    """When a client is killed: before the hub runs its request, or after."""

    BEFORE = "before"
    AFTER = "after"


class ClientKilled(BaseException):
    """The client's process is gone. No `except Exception` of the client's may catch it, only a test."""


@dataclass(frozen=True, slots=True)
class KillClient:
    """An interceptor that kills the client at the request with the number `at`.

    Requests before it arrive and are answered. It itself is executed when the stage is AFTER; later ones, which other
    threads of the client may still begin, never are. Numbers are the hub's own: `traffic.clear()` starts them again.
    For in-process adapters only: over a socket a client is killed by killing it.
    """

    at: int
    stage: Stage

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        """Lets it pass. Raises ClientKilled when it is not to run."""
        if request.number > self.at or (request.number == self.at and self.stage is Stage.BEFORE):
            raise ClientKilled(request)
        return None

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """Gives it on. Raises ClientKilled when no client is left to receive it."""
        if request.number >= self.at:
            raise ClientKilled(request, answer)
        return answer


class Switchable:
    """The interceptor `now`; a test sets it between two runs of a client: `PassThrough()` ends all faults."""

    def __init__(self, now: Interceptor) -> None:
        self.now = now

    def before(self, request: HubRequest, /) -> HubAnswer | Alteration | None:
        """As the interceptor of the moment."""
        return self.now.before(request)

    def after(self, request: HubRequest, answer: HubAnswer, /) -> HubAnswer:
        """As the interceptor of the moment."""
        return self.now.after(request, answer)
