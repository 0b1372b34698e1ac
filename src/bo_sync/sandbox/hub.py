"""One embedded hub: HTTP in, HTTP out, over a socket or in process; and a log of its requests."""

import json
import time
from collections import Counter, deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from threading import Lock
from typing import Final, TypeGuard, cast

from graphql import (
    DocumentNode,
    ExecutionResult,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    execute,
    parse,
    specified_rules,
    validate,
)

from bo_sync.sandbox.behaviour import Behaviour, RefusalForm
from bo_sync.sandbox.interception import (
    Alteration,
    FieldFails,
    HubAnswer,
    HubRequest,
    Interceptor,
    KeyRevoked,
    PassThrough,
)
from bo_sync.sandbox.permissions import RefusedError, Stranger, identify
from bo_sync.sandbox.resolvers import Context, executable_schema, pick
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


@dataclass(frozen=True, slots=True)
class DocumentOperation:
    """One operation of a document: its name ("" when it has none), and its root fields by their schema names.

    `keys` are the names under which the answer has them: their aliases, where they have one.
    """

    name: str
    mutation: bool
    roots: tuple[str, ...]
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ValidDocument:
    """A document that the schema allows."""

    document: DocumentNode
    operations: tuple[DocumentOperation, ...]

    def choose(self, name: str | None) -> DocumentOperation | None:
        """The operation called `name`, or without a name the only one; None when that decides nothing."""
        found = [operation for operation in self.operations if name in {None, operation.name}]
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class InvalidDocument:
    """A document that cannot be executed: the code of its errors, and the errors."""

    code: str
    errors: tuple[GraphQLError, ...]


@lru_cache(maxsize=512)
def prepare(text: str, *, introspection: bool) -> ValidDocument | InvalidDocument:
    """The document in `text`, judged by the sandbox's schema; without `introspection` it may not ask for the schema."""
    try:
        document = parse(text)
        rules = [*specified_rules, *([] if introspection else [NoSchemaIntrospectionCustomRule])]
        errors = validate(executable_schema(), document, rules)
    except GraphQLError as err:
        return InvalidDocument("GRAPHQL_PARSE_FAILED", (err,))
    except RecursionError:
        return InvalidDocument("GRAPHQL_PARSE_FAILED", (GraphQLError("The document is nested too deeply."),))
    if errors:
        return InvalidDocument("GRAPHQL_VALIDATION_FAILED", tuple(errors))
    return ValidDocument(document, tuple(_operations(document)))


def _operations(document: DocumentNode) -> Iterator[DocumentOperation]:
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            fields = tuple(_fields(node.selection_set, fragments))
            yield DocumentOperation(
                name=node.name.value if node.name else "",
                mutation=node.operation is OperationType.MUTATION,
                roots=tuple(found.name.value for found in fields),
                keys=tuple((found.alias or found.name).value for found in fields),
            )


def _fields(selected: SelectionSetNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif isinstance(node, FragmentSpreadNode):
            yield from _fields(fragments[node.name.value].selection_set, fragments)
        elif isinstance(node, InlineFragmentNode):
            yield from _fields(node.selection_set, fragments)


_AS_IT_IS: Final = Behaviour()
_PASS_THROUGH: Final = PassThrough()


@dataclass(frozen=True, slots=True)
class _Question:
    """A request's body, read; `prepared` and `operation` say what it would execute, if it can be."""

    prepared: ValidDocument | InvalidDocument
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
        interceptor: Interceptor = _PASS_THROUGH,
        keyless: bool = False,
    ) -> None:
        """`latency`: seconds before each answer. `keyless`: whoever shows no known key or session acts as owner."""
        self.store = store
        self.traffic = Traffic()
        self._behaviour = behaviour
        self._latency = latency
        self._interceptor = interceptor
        self._keyless = keyless

    def answer(self, method: str, headers: Mapping[str, str], body: bytes) -> HubAnswer:
        """The answer to one HTTP request. Raises `ConnectionCut` where the interceptor does."""
        with self.traffic.in_flight():
            if self._latency:
                time.sleep(self._latency)
            question = _read(method, body, introspection=self._behaviour.introspection)
            request = self._note(question)
            found = self._interceptor.before(request)
            if isinstance(found, HubAnswer):
                return found
            return self._interceptor.after(request, self._answer(question, headers, found))

    def _note(self, question: "_Question | HubAnswer") -> HubRequest:
        if isinstance(question, HubAnswer) or question.operation is None:
            return self.traffic.arrived("", (), {})
        operation = question.operation
        several = operation.mutation and len(operation.roots) > 1
        kinds = [*operation.roots, *([f"{name}+" for name in ("", *operation.roots)] if several else ())]
        return self.traffic.arrived(operation.name, operation.roots, question.variables, kinds=kinds)

    def _answer(
        self, question: "_Question | HubAnswer", headers: Mapping[str, str], alteration: Alteration | None
    ) -> HubAnswer:
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
            caller = Stranger() if alteration == KeyRevoked() else identify(db, headers, keyless=self._keyless)
        doomed = question.operation.keys[alteration.index] if isinstance(alteration, FieldFails) else ""
        context = Context(self.store, self._behaviour, caller, doomed)
        return _executed(_execute(question.prepared, question, context))


def _execute(valid: ValidDocument, question: _Question, context: Context) -> ExecutionResult:
    result = execute(
        executable_schema(),
        valid.document,
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
    return _Question(prepared, prepared.choose(name) if isinstance(prepared, ValidDocument) else None, variables)


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
