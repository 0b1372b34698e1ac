"""Paged lists: page size, which pages exist, and the proof that a list was read completely.

The hub's largest page is unknown. It may reject a larger one, so the size steps down and is remembered; or it may
return fewer items, so the first answer decides which pages follow.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Generic, TypeVar

from pydantic import BaseModel

from bo_sync.errors import HubError, HubIncompleteError
from bo_sync.hub.graphql import DENIALS, JsonObject, JsonValue, call, read_failure
from bo_sync.hub.transport import Transport
from bo_sync.hub.wire import DefinitionShape, PageShape, RowShape, UserShape, parse

ItemT = TypeVar("ItemT", bound=BaseModel)

SMALLEST_PAGE: Final = 12
"""The hub's own default (`offset: Int! = 12`): a hub that rejects this size has another reason."""

MOST_ITEMS: Final = 1_000_000
"""The longest list that is read. A hub that announces more does not really have as many, or not for one file tree."""

CHANGING: Final = "the hub may be changing at the moment: try again later"

Items = dict[str | int, ItemT]


class Sizes:
    """Most items per page, and most users whose grants are read at once.

    A batch never spans two pages of users, so it shrinks with them.
    """

    def __init__(self, page: int, batch: int) -> None:
        self.page = page
        self.batch = batch

    def lower(self, refused: int) -> bool:
        """Lowers the sizes after a page of this size was rejected; False if there is nothing left to lower."""
        smaller = min(refused, max(SMALLEST_PAGE, refused // 2))
        self.page = min(self.page, smaller)
        return smaller < refused


@dataclass(frozen=True, slots=True)
class Listing(Generic[ItemT]):
    """What to list: an operation, its input except for the paging, the shape of its items and their identity."""

    operation: str
    shape: type[PageShape[ItemT]]
    identity: Callable[[ItemT], str | int]
    fixed: JsonObject


@dataclass(frozen=True, slots=True)
class ListPage(Generic[ItemT]):
    """One page from the hub. `last` is the number of the last page, `size` the hub's real page size."""

    items: tuple[ItemT, ...]
    found: int
    size: int
    last: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A page that the hub rejects at this size, and the error to raise if no smaller one helps."""

    size: int
    error: HubError


def ask_page(transport: Transport, listing: Listing[ItemT], number: int, size: int) -> ListPage[ItemT] | Refused:
    """One page. Raises HubError, except for failures that may be due to the page's size."""
    reply = transport.read(call(listing.operation, {"input": {**listing.fixed, "page": number, "offset": size}}))
    if reply.faults or reply.data is None or reply.data.get(listing.operation) is None:
        failure = read_failure(listing.operation, None, reply)
        if any(fault.code in DENIALS for fault in reply.faults):
            raise failure
        return Refused(size, _with_the_way_out(failure, size) if reply.faults else failure)
    shape = parse(listing.shape, listing.operation, reply.data[listing.operation])
    if shape.itemsFound > MOST_ITEMS:
        message = f"{listing.operation}: the hub announces {shape.itemsFound} items, more than {MOST_ITEMS}"
        raise HubError(message, operation=listing.operation, hint="bo-sync reads no list of that length")
    return _page(shape, size)


def _with_the_way_out(failure: HubError, size: int) -> HubError:
    """The same, with a hint at the option for smaller pages, unless a changed schema is the reason."""
    if failure.code == "GRAPHQL_VALIDATION_FAILED":
        return failure
    hint = f"if a page of {size} is too large for it, give a smaller --page-size; or run `bo-sync doctor`"
    return HubError(failure.message, operation=failure.operation, code=failure.code, hint=hint)


def _page(shape: PageShape[ItemT], asked: int) -> ListPage[ItemT]:
    held, found = len(shape.items), shape.itemsFound
    if held >= found or held == 0:
        return ListPage(shape.items, found, asked, 1)
    # More is to come. A hub that cuts pages short may say so in `offset`, or only by what the page holds.
    size = min(held, shape.offset) if shape.offset > 0 else held
    return ListPage(shape.items, found, size, min(found, max(shape.pages, -(-found // size))))


class Gathering(Generic[ItemT]):
    """A list that is being read: the pages so far, and whether they are proved to be all of it."""

    def __init__(self, listing: Listing[ItemT]) -> None:
        self.listing = listing
        self.items: Items[ItemT] = {}
        self.pages = 0
        self._counted: set[int] = set()

    def take(self, page: ListPage[ItemT]) -> None:
        """Adds a page, of any number, in any order."""
        self.pages += 1
        self._counted.add(page.found)
        self.items.update((self.listing.identity(item), item) for item in page.items)

    def check_possible(self, last: int, size: int) -> None:
        """Raises HubIncompleteError if the pages up to `last` can no longer prove to be everything.

        Without this check, a hub that repeats one item on a million pages would be asked for all of them.
        """
        most = len(self.items) + (last - self.pages) * size
        if len(self._counted) > 1 or most < max(self._counted):
            self.check_complete()

    def check_complete(self) -> None:
        """Raises HubIncompleteError unless the number of different items is the one that every page announced."""
        if self._counted == {len(self.items)}:
            return
        counts = " and ".join(str(count) for count in sorted(self._counted))
        operation = self.listing.operation
        message = f"{operation}: the hub said that it has {counts} items, and gave {len(self.items)} different ones"
        raise HubIncompleteError(message, operation=operation, hint=CHANGING)


def chunks(ids: Iterable[int], size: int) -> list[list[int]]:
    """The ids in lists of at most `size`, in order."""
    whole = list(ids)
    return [whole[start : start + size] for start in range(0, len(whole), size)]


# In order of creation, new items come last and shift no page. But a hub that orders items of one instant (an import)
# differently each time would never give pages that fit together: a repeated read requests another order.
_USERS_ORDERS: Final = ("CREATED_AT", "LAST_MODIFIED_AT", None)
_GRANT_ORDERS: Final = ("CREATED_AT", "USER_ID", None)


def users(attempt: int) -> Listing[UserShape]:
    """All users. `attempt` counts from 0 how often the list was read before."""
    fixed = _ordered(_USERS_ORDERS[attempt % len(_USERS_ORDERS)])
    return Listing("adminUsers", PageShape[UserShape], lambda shape: shape.id, fixed)


def newest_first(attempt: int) -> Listing[UserShape]:
    """All users in reverse order: users who moved forward between two pages appear again from the other end."""
    listing = users(attempt)
    return replace(listing, fixed=_ordered(_USERS_ORDERS[attempt % len(_USERS_ORDERS)] or "CREATED_AT", "DESC"))


def definitions(attempt: int) -> Listing[DefinitionShape]:
    """Every role definition, known to us or not. Their names are unique, so any order will do."""
    fixed = _ordered("NAME" if attempt == 0 else None)
    return Listing("roleDefinitions", PageShape[DefinitionShape], lambda shape: shape.id, fixed)


def grants(attempt: int, user_ids: Sequence[int]) -> Listing[RowShape]:
    """Every grant row of some users, at least one. Their rows share the pages."""
    fixed = {**_ordered(_GRANT_ORDERS[attempt % len(_GRANT_ORDERS)]), "userIds": list[JsonValue](user_ids)}
    return Listing("roles", PageShape[RowShape], lambda shape: shape.id, fixed)


def _ordered(field: str | None, order: str = "ASC") -> JsonObject:
    return {} if field is None else {"sortInputs": [{"field": field, "order": order}]}


def check_owners(rows: Items[RowShape], user_ids: Sequence[int]) -> None:
    """Raises HubError if the hub returned rows of users who were not requested."""
    strangers = {row.userId for row in rows.values()}.difference(user_ids)
    if strangers:
        message = f"roles: the hub gave grants of {len(strangers)} people whom nobody asked about"
        raise HubError(message, operation="roles", hint="the hub broke its own rules: report this to Propeller")
