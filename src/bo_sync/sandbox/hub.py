"""One embedded hub: HTTP in, HTTP out, over a socket or in process; and a log of requests for tests."""

import json
import time
from collections import Counter, deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Final, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError, execute

from bo_sync.sandbox.behaviour import Behaviour, RefusalForm
from bo_sync.sandbox.documents import DocumentOperation, InvalidDocument, Sound, executable_schema, pick, prepare
from bo_sync.sandbox.faults import Calm, FieldFails, HubAnswer, HubRequest, KeyRevoked, Twist, Weather
from bo_sync.sandbox.permissions import RefusedError, Stranger, identify
from bo_sync.sandbox.resolvers import Context
from bo_sync.sandbox.store import Store

_REMEMBERED = 10_000


class Traffic:
    """The requests of one hub. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: deque[HubRequest] = deque(maxlen=_REMEMBERED)
        self._named: Counter[str] = Counter()
        self._count = self._in_flight = self._peak = 0

    @property
    def requests(self) -> tuple[HubRequest, ...]:
        """The last 10,000 requests in the order of their arrival."""
        with self._lock:
            return tuple(self._requests)

    @property
    def sent(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The remembered requests as (operation name, root fields)."""
        return tuple((request.operation, request.roots) for request in self.requests)

    @property
    def count(self) -> int:
        """How many requests arrived."""
        with self._lock:
            return self._count

    @property
    def peak(self) -> int:
        """The most requests that were in flight at one time, latency included."""
        with self._lock:
            return self._peak

    def clear(self) -> None:
        """Forgets everything but what is in flight now."""
        with self._lock:
            self._requests.clear()
            self._named.clear()
            self._count = 0
            self._peak = self._in_flight

    def arrived(
        self, operation: str, roots: tuple[str, ...], variables: Mapping[str, object], *, kinds: Iterable[str] = ()
    ) -> HubRequest:
        """Notes one request and gives it its number, and its number within each of its `kinds` (`Request.nth`)."""
        with self._lock:
            self._count += 1
            self._named.update(named := set(kinds))
            nth = {kind: self._named[kind] for kind in named}
            request = HubRequest(self._count, operation, roots, variables, nth)
            self._requests.append(request)
            return request

    @contextmanager
    def in_flight(self) -> Iterator[None]:
        """Holds one request in flight."""
        with self._lock:
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1


_AS_IT_IS: Final = Behaviour()
_CALM: Final = Calm()


@dataclass(frozen=True, slots=True)
class _Question:
    """A request's body, read; `prepared` and `operation` say what it would execute, if it can be."""

    prepared: Sound | InvalidDocument
    operation: DocumentOperation | None
    variables: dict[str, object]


class SandboxHub:
    """A Commerce Hub over `store`. `answer` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        behaviour: Behaviour = _AS_IT_IS,
        *,
        latency: float = 0.0,
        weather: Weather = _CALM,
        keyless: bool = False,
    ) -> None:
        """`latency`: seconds before each answer. `keyless`: whoever shows no known key or session acts as owner."""
        self.store = store
        self.traffic = Traffic()
        self._behaviour = behaviour
        self._latency = latency
        self._weather = weather
        self._keyless = keyless

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        """The answer to one HTTP request. Raises `Cut` when the weather ends the connection."""
        with self.traffic.in_flight():
            if self._latency:
                time.sleep(self._latency)
            question = _read(method, body, introspection=self._behaviour.introspection)
            request = self._note(question)
            struck = self._weather.before(request)
            if isinstance(struck, HubAnswer):
                return struck
            return self._weather.after(request, self._answer(question, headers, struck))

    def _note(self, question: "_Question | HubAnswer") -> HubRequest:
        if isinstance(question, HubAnswer) or question.operation is None:
            return self.traffic.arrived("", (), {})
        operation = question.operation
        several = operation.mutation and len(operation.roots) > 1
        kinds = [*operation.roots, *([f"{name}+" for name in ("", *operation.roots)] if several else ())]
        return self.traffic.arrived(operation.name, operation.roots, question.variables, kinds=kinds)

    def _answer(self, question: "_Question | HubAnswer", headers: Mapping[str, str], twist: Twist | None) -> HubAnswer:
        if isinstance(question, HubAnswer):
            return question
        if isinstance(question.prepared, InvalidDocument):
            return _errors(HTTPStatus.BAD_REQUEST, question.prepared.errors, question.prepared.code)
        if question.operation is None:
            return _failed(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "operationName does not choose an operation")
        if self._behaviour.single_root_mutations and question.operation.mutation and len(question.operation.roots) > 1:
            refused = HTTPStatus.BAD_REQUEST if self._behaviour.refusal is RefusalForm.HTTP_400 else HTTPStatus.OK
            return _failed(refused, "BAD_USER_INPUT", "A request may hold one mutation")
        with self.store.reading() as db:
            caller = Stranger() if twist == KeyRevoked() else identify(db, headers, keyless=self._keyless)
        doomed = question.operation.keys[twist.index] if isinstance(twist, FieldFails) else ""
        context = Context(self.store, self._behaviour, caller, doomed)
        return _executed(_execute(question.prepared, question, context))


def _execute(sound: Sound, question: _Question, context: Context) -> ExecutionResult:
    result = execute(
        executable_schema(),
        sound.document,
        context_value=context,
        variable_values=question.variables,
        operation_name=(question.operation.name if question.operation else "") or None,
        field_resolver=pick,
        is_awaitable=_never,
    )
    return cast("ExecutionResult", result)


def _never(_value: object) -> TypeGuard[Awaitable[object]]:
    return False


def _read(method: str, body: bytes, *, introspection: bool) -> _Question | HubAnswer:
    """The question in `body`, or the answer to one that is none."""
    if method != "POST":
        return _failed(HTTPStatus.METHOD_NOT_ALLOWED, "BAD_REQUEST", "GraphQL is asked with POST")
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return _failed(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "The body is not JSON")
    if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
        return _failed(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "The body has no query")
    given, name = asked.get("variables"), asked.get("operationName")
    variables = {} if given is None else given
    if not isinstance(variables, dict) or not isinstance(name, str | None):
        return _failed(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "variables must be an object, operationName a string")
    prepared = prepare(asked["query"], introspection=introspection)
    return _Question(prepared, prepared.choose(name) if isinstance(prepared, Sound) else None, variables)


def _executed(result: ExecutionResult) -> HubAnswer:
    errors = result.errors or []
    if any(not error.path for error in errors):
        return _errors(HTTPStatus.BAD_REQUEST, errors, "BAD_USER_INPUT")
    status = max((_status(error) for error in errors), default=200)
    return _json(status, {"data": result.data} | ({"errors": _formatted(errors)} if errors else {}))


def _status(error: GraphQLError) -> int:
    return error.original_error.status if isinstance(error.original_error, RefusedError) else 200


def _failed(status: int, code: str, message: str) -> HubAnswer:
    return _errors(status, [GraphQLError(message)], code)


def _errors(status: int, errors: "tuple[GraphQLError, ...] | list[GraphQLError]", code: str) -> HubAnswer:
    return _json(status, {"errors": _formatted(errors, code)})


def _formatted(errors: "tuple[GraphQLError, ...] | list[GraphQLError]", code: str = "INTERNAL_SERVER_ERROR") -> object:
    """The errors as the hub writes them; `code` is that of an error which brings none."""
    return [{**error.formatted, "extensions": error.extensions or {"code": code}} for error in errors]


def _json(status: int, value: object) -> HubAnswer:
    return HubAnswer(int(status), json.dumps(value, separators=(",", ":")).encode())
