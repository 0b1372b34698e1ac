"""Read everything in the hub concurrently; no page waits for one that it does not need.

When the pages do not prove to be complete, because the hub changes meanwhile, everything is read again. A list of
several pages can have the right number of users and still lack one: a user on a read page is deleted, another one is
created, a third moves to a read page. So an address of the files that the list lacks is asked for by itself. Workers
are daemon threads: after Ctrl-C an abandoned read must not hold the process until its timeout.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from bo_sync.core.model import GrantRow, LiveState, LiveUser, RoleDefinition
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, HubIncompleteError
from bo_sync.hub.graphql import call, is_missing, read_failure
from bo_sync.hub.pagination import (
    CHANGING,
    Gathering,
    Items,
    ItemT,
    Listing,
    ListPage,
    Refused,
    Sizes,
    ask_page,
    check_owners,
    chunks,
    definitions,
    grants,
    newest_first,
    users,
)
from bo_sync.hub.transport import Transport
from bo_sync.hub.wire import (
    DefinitionShape,
    RowShape,
    TenantShape,
    UserShape,
    ViewerShape,
    definition,
    grant_row,
    live_user,
    parse,
)
from bo_sync.interruptible import taken
from bo_sync.ports import Addresses, Progress

ResultT = TypeVar("ResultT")


class Workers(Generic[ResultT]):
    """Runs calls in the given order, `count` at a time; `next` returns results in the order in which they are ready."""

    def __init__(self, count: int) -> None:
        self._calls: queue.SimpleQueue[Callable[[], ResultT] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[tuple[ResultT] | BaseException] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._outstanding = 0
        self.threads = [threading.Thread(target=self._run, name="hub-read", daemon=True) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    @property
    def outstanding(self) -> int:
        """Submitted calls whose results were not taken yet."""
        return self._outstanding

    def submit(self, call: Callable[[], ResultT]) -> None:
        """Queues a call. Only the thread that made the workers may do so."""
        self._outstanding += 1
        self._calls.put(call)

    def next(self) -> ResultT:
        """Waits for the next result. Raises the call's error."""
        result = taken(self._results)
        self._outstanding -= 1
        if isinstance(result, BaseException):
            raise result
        return result[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Drops what is still queued. Calls in flight end by themselves, without being waited for."""
        self._closed.set()
        for _ in self.threads:
            self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None and not self._closed.is_set():
            try:
                self._results.put((call(),))
            except BaseException as err:  # noqa: BLE001  # raised again by `next`, in the caller's thread
                self._results.put(err)


Step = Callable[[], None]

ATTEMPTS: Final = 3
QUEUED: Final = 2
"""Pages of one list that wait or are in flight, per worker: enough to keep workers busy, few enough for memory."""


def _nothing(_: object) -> None:
    """For a page that is only gathered: nothing follows."""


def _incomplete(why: str) -> HubIncompleteError:
    return HubIncompleteError(Message("adminUsers: {}", why), operation="adminUsers", hint=CHANGING)


class _SmallerError(Exception):
    """The hub rejected a page; the sizes were lowered, and the read must start again."""


def _accepted(answer: ListPage[ItemT] | Refused, sizes: Sizes) -> ListPage[ItemT]:
    """Raises _SmallerError for a rejected page, or its own error if no smaller page is left to try."""
    if isinstance(answer, Refused):
        if not sizes.lower(answer.size):
            raise answer.error
        raise _SmallerError
    return answer


def read_everything(transport: Transport, sizes: Sizes, progress: Progress, wanted: Addresses) -> LiveState:
    """Everything, proved complete, also in `wanted`. Raises HubIncompleteError if that fails `ATTEMPTS` times."""
    attempt = 0
    while True:
        try:
            with Workers[Step](transport.concurrency) as workers:
                return _Reading(transport, sizes, workers, progress=progress, attempt=attempt).run(wanted)
        except _SmallerError:
            continue
        except HubIncompleteError:
            attempt += 1
            if attempt == ATTEMPTS:
                raise


class _Reading:
    """One attempt to read everything."""

    def __init__(
        self, transport: Transport, sizes: Sizes, workers: Workers[Step], *, progress: Progress, attempt: int
    ) -> None:
        self._transport = transport
        self._sizes = sizes
        self._workers = workers
        self._progress = progress
        self._attempt = attempt
        self._everybody = Gathering(users(attempt))
        self._definitions = Gathering(definitions(attempt))
        self._batches: list[tuple[Gathering[RowShape], list[int]]] = []
        self._viewer: Text | None = None
        self._tenant: Text | None

    def run(self, wanted: Addresses) -> LiveState:
        self._start(self._everybody, self._take_users)
        self._start(self._definitions, _nothing)
        if self._transport.credentials.session is not None:
            self._workers.submit(self._ask_viewer)
        self._workers.submit(self._ask_tenant)
        self._finish()
        self._everybody.check_complete()
        self._definitions.check_complete()
        definitions_held = sorted_definitions(self._definitions.items)
        live = LiveState(self._users(), definitions_held, self._viewer, self._tenant)
        if self._everybody.pages > 1:  # a list of one page is of one moment
            self._check_missing(wanted())
        return live

    def _finish(self) -> None:
        while self._workers.outstanding:
            self._workers.next()()

    def _check_missing(self, wanted: Iterable[Text]) -> None:
        """Raises HubIncompleteError if the hub has a user of `wanted` that the list lacks, or has other users.

        Asks for each missing one or, if that is fewer requests, for the whole list from its other end.
        """
        listed = {Text(shape.email).folded for shape in self._everybody.items.values()}
        missing = [email for email in wanted if email.folded not in listed]
        if len(missing) > self._everybody.pages:
            again = Gathering(newest_first(self._attempt))
            self._start(again, _nothing)
            self._finish()
            again.check_complete()
            if again.items.keys() != self._everybody.items.keys():
                raise _incomplete("two lists, one from each end, hold different users")
        for email in missing if len(missing) <= self._everybody.pages else ():
            self._workers.submit(partial(self._ask_user, email))
        self._finish()

    def _ask_user(self, email: Text) -> Step:
        """Compared by id, because a hub may answer with a listed user under another spelling of the address."""
        found = _user_at(self._transport, email)
        if found is None or found.id in self._everybody.items:
            return lambda: None
        raise _incomplete(Message("the list lacks {}, who is in the hub", email))

    def _users(self) -> tuple[LiveUser, ...]:
        rows: dict[int, list[RowShape]] = {}
        for gathering, user_ids in self._batches:
            gathering.check_complete()
            check_owners(gathering.items, user_ids)
            for row in gathering.items.values():
                rows.setdefault(row.userId, []).append(row)
        shapes = sorted(self._everybody.items.values(), key=lambda shape: shape.id)
        return tuple(live_user(shape, sorted_rows(rows.get(shape.id, ()))) for shape in shapes)

    def _start(self, gathering: Gathering[ItemT], then: Callable[[ListPage[ItemT]], None]) -> None:
        """Requests a list's first page and then the others, never more than a few at once."""

        def first(page: ListPage[ItemT]) -> None:
            rest = iter(range(2, page.last + 1))

            def following(answer: ListPage[ItemT]) -> None:
                then(answer)
                gathering.check_possible(page.last, page.size)
                for number in islice(rest, 1):
                    self._ask(gathering, number, page.size, following)

            then(page)
            for number in islice(rest, QUEUED * len(self._workers.threads)):
                self._ask(gathering, number, page.size, following)

        self._ask(gathering, 1, self._sizes.page, first)

    def _ask(
        self, gathering: Gathering[ItemT], number: int, size: int, then: Callable[[ListPage[ItemT]], None]
    ) -> None:
        listing = gathering.listing

        def work() -> Step:
            answer = ask_page(self._transport, listing, number, size)
            return lambda: self._take(gathering, answer, then)

        self._workers.submit(work)

    def _take(
        self, gathering: Gathering[ItemT], answer: ListPage[ItemT] | Refused, then: Callable[[ListPage[ItemT]], None]
    ) -> None:
        page = _accepted(answer, self._sizes)
        gathering.take(page)
        then(page)

    def _take_users(self, page: ListPage[UserShape]) -> None:
        for batch in chunks(dict.fromkeys(shape.id for shape in page.items), self._sizes.batch):
            gathering = Gathering(grants(self._attempt, batch))
            self._batches.append((gathering, batch))
            self._start(gathering, self._take_grants)
        self._progress.advance("people", len(self._everybody.items), page.found)

    def _take_grants(self, _: ListPage[RowShape]) -> None:
        self._progress.advance("grants", sum(len(gathering.items) for gathering, _ in self._batches), 0)

    def _ask_viewer(self) -> Step:
        viewer = read_viewer(self._transport)

        def take() -> None:
            self._viewer = viewer

        return take

    def _ask_tenant(self) -> Step:
        tenant = read_tenant(self._transport)

        def take() -> None:
            self._tenant = tenant

        return take


def read_tenant(transport: Transport) -> Text | None:
    """The id of the tenant; None if the key may not read it, or the hub gives none. Raises nothing.

    Keys for bo-sync need not read it, so an error there must not stop a plan.
    """
    try:
        reply = transport.read(call("tenant"))
        found = None if reply.faults else (reply.data or {}).get("tenant")
        return transport.credentials.said(parse(TenantShape, "tenant", found).id)
    except HubError:
        return None


def read_viewer(transport: Transport) -> Text | None:
    """The address of the session's user; None if the hub knows of none.

    Raises HubDeniedError if the session is not accepted: to continue would switch off the guardrail that protects the
    viewer.
    """
    reply = transport.read(call("adminUserViewer"))
    if reply.faults:
        raise read_failure("adminUserViewer", None, reply)
    found = (reply.data or {}).get("adminUserViewer")
    return None if found is None else Text(parse(ViewerShape, "adminUserViewer", found).email)


def find_user(transport: Transport, email: Text) -> UserShape | None:
    """A user by the hub's own spelling of the address. Raises HubError if the hub answers with another user."""
    shape = _user_at(transport, email)
    if shape is not None and Text(shape.email).folded != email.folded:
        other = transport.credentials.said(shape.email)
        message = Message("adminUser of {}: the hub answers with somebody else, {}", email, other)
        raise HubError(message, operation="adminUser", hint="nothing was done; report this to Propeller")
    return shape


def _user_at(transport: Transport, email: Text) -> UserShape | None:
    """The user in the hub's answer for an address, even under another address; None for a missing one."""
    reply = transport.read(call("adminUser", {"email": email.raw}))
    if any(is_missing(fault) for fault in reply.faults):
        return None
    found = (reply.data or {}).get("adminUser")
    if reply.faults or found is None:
        raise read_failure("adminUser", email, reply)
    return parse(UserShape, "adminUser", found)


def read_list(transport: Transport, listing: Callable[[int], Listing[ItemT]], sizes: Sizes) -> Items[ItemT]:
    """One list, page after page, proved complete. Raises HubIncompleteError if that fails `ATTEMPTS` times."""
    attempt = 0
    while True:
        gathering = Gathering(listing(attempt))
        try:
            _gather(transport, gathering, sizes)
            gathering.check_complete()
        except _SmallerError:
            continue
        except HubIncompleteError:
            attempt += 1
            if attempt == ATTEMPTS:
                raise
        else:
            return gathering.items


def _gather(transport: Transport, gathering: Gathering[ItemT], sizes: Sizes) -> None:
    first = _accepted(ask_page(transport, gathering.listing, 1, sizes.page), sizes)
    gathering.take(first)
    for number in range(2, first.last + 1):
        gathering.check_possible(first.last, first.size)
        gathering.take(_accepted(ask_page(transport, gathering.listing, number, first.size), sizes))


def read_definitions(transport: Transport, sizes: Sizes) -> tuple[RoleDefinition, ...]:
    """Every role definition, known to us or not, by name."""
    return sorted_definitions(read_list(transport, definitions, sizes))


def read_grants(transport: Transport, user_ids: Sequence[int], sizes: Sizes) -> dict[int, tuple[GrantRow, ...]]:
    """Every grant row of some users, by the user's id; users without rows are left out."""
    rows = read_list(transport, lambda attempt: grants(attempt, user_ids), sizes)
    check_owners(rows, user_ids)
    by_user: dict[int, list[RowShape]] = {}
    for row in rows.values():
        by_user.setdefault(row.userId, []).append(row)
    return {user_id: sorted_rows(found) for user_id, found in by_user.items()}


def sorted_rows(shapes: Iterable[RowShape]) -> tuple[GrantRow, ...]:
    """Rows in an order independent of pages: by definition, then by id."""
    return tuple(sorted(map(grant_row, shapes), key=lambda row: (row.definition_id, row.id)))


def sorted_definitions(shapes: Items[DefinitionShape]) -> tuple[RoleDefinition, ...]:
    """Definitions in an order independent of pages: by name, then by id."""
    return tuple(sorted(map(definition, shapes.values()), key=lambda kind: (kind.name, kind.id)))
