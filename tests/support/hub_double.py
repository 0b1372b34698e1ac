"""A hub in memory: it obeys the protocols of `ports.py` over plain values, and misbehaves only as it is told.

It keeps to what the real one is known for: users are asked for by their exact address, a create with a taken address
or for a pair that has a row is refused as moved, so is a write to what is gone, and the writes of one request take
effect one by one until the first that fails.
"""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Literal

from bo_sync.apply.executor import Options
from bo_sync.core.model import (
    PROFILE_FIELDS,
    Access,
    FieldValue,
    GrantRow,
    LiveState,
    LiveUser,
    Profile,
    RoleDefinition,
)
from bo_sync.core.text import Text
from bo_sync.errors import (
    HubDeniedError,
    HubError,
    HubFateUnknownError,
    HubMovedError,
    HubUnreachableError,
    WrongUserError,
)
from bo_sync.ports import (
    Addresses,
    Again,
    Created,
    CreateRow,
    DeleteRow,
    Progress,
    RowWrite,
    UpdateRow,
    no_addresses,
    no_objection,
)

Operation = Literal[
    "read_all",
    "read_user",
    "read_users",
    "read_rows",
    "read_rows_of",
    "create_user",
    "update_profile",
    "write_rows",
    "delete_user",
]


def denied() -> HubError:
    return HubDeniedError("the key lacks the access", operation="test", code="FORBIDDEN")


def unreachable() -> HubError:
    return HubUnreachableError("no answer", operation="test")


def refused() -> HubError:
    return HubError("the hub said no", operation="test", code="BAD_REQUEST")


def unknown() -> HubError:
    return HubFateUnknownError("the connection was cut", operation="test")


def moved() -> HubError:
    return HubMovedError("not found", operation="test", code="NOT_FOUND")


@dataclass(frozen=True, slots=True)
class Event:
    """What befalls one call: what somebody else does first, how much of the call takes effect, and what it raises.

    `effect` is how many of the call's writes happen before the error: 0 none, 99 all. Without an error all happen.
    """

    error: Callable[[], HubError] | None = None
    effect: int = 0
    meanwhile: "Callable[[InMemoryHub], None] | None" = None


NO_EVENT = Event()
LOST = Event(unknown, effect=0)
"""Cut off before the hub saw it."""
CUT = Event(unknown, effect=99)
"""It took effect, but the answer was cut off."""


@dataclass(slots=True)
class InMemoryHub:
    """`log` has each call as operation and address. `new_rows` are what the hub gives a new user by itself.

    `moments` are what it answers to writes as their moments, one each.
    """

    state: LiveState
    new_rows: dict[str, Access] = field(default_factory=dict)
    pause: float = 0.0
    url: str = "https://hub.example.com/v2/graphql"
    log: list[tuple[Operation, str]] = field(default_factory=list)
    most_in_flight: int = 0
    moments: Iterator[Text | None] = field(default_factory=lambda: repeat(None))
    _in_flight: int = 0
    _rows_made: int = 0
    _script: dict[tuple[Operation, str], deque[Event]] = field(default_factory=lambda: defaultdict(deque))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def script(self, operation: Operation, email: str, *events: Event) -> "InMemoryHub":
        """The next calls of `operation` about the user meet `events`, one each; later ones meet none."""
        self._script[operation, email].extend(events)
        return self

    def calls(self, *operations: Operation) -> Counter[str]:
        """How often each user was the subject of `operations`; of every one when none is named."""
        return Counter(email for operation, email in self.log if not operations or operation in operations)

    def user(self, email: str) -> LiveUser:
        return next(user for user in self.state.users if user.email.raw == email)

    def has(self, email: str) -> bool:
        return any(user.email.raw == email for user in self.state.users)

    def put(self, user: LiveUser) -> None:
        """Somebody else's work: adds the user, or replaces the one with that id."""
        with self._lock:
            others = tuple(other for other in self.state.users if other.id != user.id)
            self.state = replace(self.state, users=(*others, user))

    def remove(self, email: str) -> None:
        """Somebody else's work: the user is gone."""
        with self._lock:
            self.state = replace(self.state, users=tuple(u for u in self.state.users if u.email.raw != email))

    # HubReader

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        del wanted  # what it gives is of one moment
        with self._call("read_all", ""):
            progress.advance("people", len(self.state.users), len(self.state.users))
            return self.state

    def read_user(self, email: Text) -> LiveUser | None:
        with self._call("read_user", email.raw):
            return self.user(email.raw) if self.has(email.raw) else None

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        with self._call("read_rows", self._email(user_id)):
            return next((user.rows for user in self.state.users if user.id == user_id), ())

    def read_rows_of(self, user_ids: Sequence[int]) -> dict[int, tuple[GrantRow, ...]]:
        with self._call("read_rows_of", ""):
            return {user.id: user.rows for user in self.state.users if user.id in user_ids}

    def read_users(self, emails: Sequence[Text]) -> tuple[LiveUser, ...]:
        with self._call("read_users", ""):
            wanted = {email.raw for email in emails}
            return tuple(replace(user, rows=()) for user in self.state.users if user.email.raw in wanted)

    # HubWriter

    def create_user(self, email: Text, profile: Profile, taken: Collection[int] = ()) -> Created:
        with self._call("create_user", email.raw) as permits:
            if any(user.email.folded == email.folded for user in self.state.users):
                raise HubMovedError("the address is taken", operation="adminUserCreate", code="BAD_REQUEST")
            made = max((user.id for user in self.state.users), default=0) + 1
            if made in taken:
                raise WrongUserError("answered with another user", operation="adminUserCreate")
            if permits():
                rows = tuple(self._row(definition, access) for definition, access in self.new_rows.items())
                self.put(LiveUser(made, email, _set((), profile), rows))
            return Created(made, next(self.moments))

    def update_profile(self, email: Text, profile: Profile, user_id: int | None = None) -> Text | None:
        with self._call("update_profile", email.raw) as permits:
            if not self.has(email.raw) or user_id not in {None, self.user(email.raw).id}:
                raise moved()
            if permits():
                user = self.user(email.raw)
                self.put(replace(user, profile=_set(user.profile, profile)))
        return next(self.moments)

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        del before_again  # nothing is repeated here: this hub never says 429
        with self._call("write_rows", self._email(user_id)) as permits:
            for write in writes:
                user = next((user for user in self.state.users if user.id == user_id), None)
                if user is None:
                    raise moved()
                rows = self._written(user.rows, write)
                if permits():
                    self.put(replace(user, rows=rows))
        return next(self.moments)

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        del before_again  # nothing is repeated here: this hub never says 429
        with self._call("delete_user", email.raw) as permits:
            if not self.has(email.raw) or user_id not in {None, self.user(email.raw).id}:
                raise moved()
            if permits():
                self.remove(email.raw)

    def _written(self, rows: tuple[GrantRow, ...], write: RowWrite) -> tuple[GrantRow, ...]:
        match write:
            case CreateRow(definition_id, access):
                if any(row.definition_id == definition_id for row in rows):
                    raise HubMovedError("a row exists", operation="roleCreate", code="ROLE_ALREADY_EXISTS_ERROR")
                return (*rows, self._row(definition_id, access))
            case UpdateRow(row_id, access):
                _must_stand(rows, row_id)
                return tuple(replace(row, access=access) if row.id == row_id else row for row in rows)
            case DeleteRow(row_id):
                _must_stand(rows, row_id)
                return tuple(row for row in rows if row.id != row_id)

    def _row(self, definition_id: str, access: Access) -> GrantRow:
        self._rows_made += 1
        return GrantRow(f"made-{self._rows_made}", definition_id, access)

    def _email(self, user_id: int) -> str:
        return next((user.email.raw for user in self.state.users if user.id == user_id), f"nobody-{user_id}")

    @contextmanager
    def _call(self, operation: Operation, email: str) -> Iterator[Callable[[], bool]]:
        """One call: counted, delayed, and met by its event. What is yielded says whether the next effect may happen."""
        with self._lock:
            self.log.append((operation, email))
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            waiting = self._script[operation, email]
            event = waiting.popleft() if waiting else NO_EVENT
        try:
            if self.pause:
                time.sleep(self.pause)
            with self._lock:
                if event.meanwhile is not None:
                    event.meanwhile(self)
                left = iter(range(event.effect if event.error else 99))
                if event.error is not None and event.effect == 0:
                    raise event.error()
                yield lambda: next(left, None) is not None
                if event.error is not None:
                    raise event.error()
        finally:
            with self._lock:
                self._in_flight -= 1


def _must_stand(rows: tuple[GrantRow, ...], row_id: str) -> None:
    if all(row.id != row_id for row in rows):
        raise moved()


def _set(before: Profile, given: Profile) -> Profile:
    values = {entry.field: entry.value for entry in (*before, *given)}
    return tuple(FieldValue(name, values.get(name)) for name in PROFILE_FIELDS)


def definitions_with(default: Access, definitions: Sequence[RoleDefinition]) -> tuple[RoleDefinition, ...]:
    return tuple(replace(definition, default_access=default) for definition in definitions)


class Silent:
    """A Progress that nobody watches."""

    def advance(self, what: str, done: int, total: int) -> None:
        pass


SILENT = Silent()


def hurried(
    run: str = "run", concurrency: int = 8, *, fail_fast: bool = False, stopped: Callable[[], bool] = lambda: False
) -> Options:
    """Options of a run that waits no time between its reads."""
    return Options(run, concurrency, fail_fast=fail_fast, stopped=stopped, sleep=lambda _: None)


@dataclass
class Repeating(InMemoryHub):
    """Every write is answered with 429 at first, and repeated. `meanwhile` is what somebody else does before that;
    `objection` is what was said against the repeat."""

    meanwhile: Callable[[InMemoryHub], None] | None = None
    objection: HubError | None = None

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        self._wait(before_again)
        return super().write_rows(user_id, writes)

    def delete_user(self, email: Text, user_id: int | None = None, before_again: Again = no_objection) -> None:
        self._wait(before_again)
        super().delete_user(email, user_id)

    def _wait(self, before_again: Again) -> None:
        if self.meanwhile is not None:
            self.meanwhile(self)
        try:
            before_again()
        except HubError as error:
            self.objection = error
            raise
