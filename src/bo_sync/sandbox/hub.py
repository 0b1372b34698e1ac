"""One hub: HTTP in, HTTP out, whether over a socket or in process.

Statuses are the real hub's: 400 for a request or a document that cannot be executed, 200 for everything that was
executed, with what went wrong in `errors`.
"""

import json
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeGuard, cast

from graphql import ExecutionResult, GraphQLError, execute

from bo_sync.sandbox.behaviour import Behaviour, Refusal
from bo_sync.sandbox.binding import executable_schema, pick
from bo_sync.sandbox.callers import Stranger, identify
from bo_sync.sandbox.documents import Broken, Operation, Sound, prepare
from bo_sync.sandbox.faults import Answer, Calm, FieldFails, KeyRevoked, Request, Twist, Weather
from bo_sync.sandbox.refused import RefusedError
from bo_sync.sandbox.resolvers import Context
from bo_sync.sandbox.store import Store
from bo_sync.sandbox.traffic import Traffic

_AS_IT_IS: Final = Behaviour()
_CALM: Final = Calm()


@dataclass(frozen=True, slots=True)
class _Question:
    """A request's body, read; `prepared` and `operation` say what it would execute, if it can be."""

    prepared: Sound | Broken
    operation: Operation | None
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

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one HTTP request. Raises `Cut` when the weather ends the connection."""
        with self.traffic.in_flight():
            if self._latency:
                time.sleep(self._latency)
            question = _read(method, body, introspection=self._behaviour.introspection)
            request = self._note(question)
            struck = self._weather.before(request)
            if isinstance(struck, Answer):
                return struck
            return self._weather.after(request, self._answer(question, headers, struck))

    def _note(self, question: "_Question | Answer") -> Request:
        if isinstance(question, Answer) or question.operation is None:
            return self.traffic.arrived("", (), {})
        operation = question.operation
        several = operation.mutation and len(operation.roots) > 1
        kinds = [*operation.roots, *([f"{name}+" for name in ("", *operation.roots)] if several else ())]
        return self.traffic.arrived(operation.name, operation.roots, question.variables, kinds=kinds)

    def _answer(self, question: "_Question | Answer", headers: Mapping[str, str], twist: Twist | None) -> Answer:
        if isinstance(question, Answer):
            return question
        if isinstance(question.prepared, Broken):
            return _errors(HTTPStatus.BAD_REQUEST, question.prepared.errors, question.prepared.code)
        if question.operation is None:
            return _failed(HTTPStatus.BAD_REQUEST, "BAD_REQUEST", "operationName does not choose an operation")
        if self._behaviour.single_root_mutations and question.operation.mutation and len(question.operation.roots) > 1:
            refused = HTTPStatus.BAD_REQUEST if self._behaviour.refusal is Refusal.HTTP_400 else HTTPStatus.OK
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


def _read(method: str, body: bytes, *, introspection: bool) -> _Question | Answer:
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


def _executed(result: ExecutionResult) -> Answer:
    errors = result.errors or []
    if any(not error.path for error in errors):
        return _errors(HTTPStatus.BAD_REQUEST, errors, "BAD_USER_INPUT")
    status = max((_status(error) for error in errors), default=200)
    return _json(status, {"data": result.data} | ({"errors": _formatted(errors)} if errors else {}))


def _status(error: GraphQLError) -> int:
    return error.original_error.status if isinstance(error.original_error, RefusedError) else 200


def _failed(status: int, code: str, message: str) -> Answer:
    return _errors(status, [GraphQLError(message)], code)


def _errors(status: int, errors: "tuple[GraphQLError, ...] | list[GraphQLError]", code: str) -> Answer:
    return _json(status, {"errors": _formatted(errors, code)})


def _formatted(errors: "tuple[GraphQLError, ...] | list[GraphQLError]", code: str = "INTERNAL_SERVER_ERROR") -> object:
    """The errors as the hub writes them; `code` is that of an error which brings none."""
    return [{**error.formatted, "extensions": error.extensions or {"code": code}} for error in errors]


def _json(status: int, value: object) -> Answer:
    return Answer(int(status), json.dumps(value, separators=(",", ":")).encode())
