"""Pages as the hub counts them: `page` from 1, `offset` is the size of a page, and the answer says what was applied."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NotRequired, TypedDict

from bo_sync.sandbox.behaviour import Behaviour, LargePages, RefusalForm
from bo_sync.sandbox.permissions import RefusedError, bad_request
from bo_sync.sandbox.population import timestamp
from bo_sync.sandbox.store import Row, Value

_COLUMNS: Final = {
    "CREATED_AT": "createdAt",
    "LAST_MODIFIED_AT": "lastModifiedAt",
    "NAME": "name",
    "USER_ID": "userId",
}


class SortKey(TypedDict):
    """One of the hub's sort inputs, after the schema has checked it."""

    field: str
    order: str


class Dates(TypedDict, total=False):
    """The hub's DateSearchInput: exclusive bounds, each a date or a moment of ISO 8601."""

    greaterThan: str | None
    lessThan: str | None


class Paging(TypedDict):
    """What every search input has."""

    page: int
    offset: int
    sortInputs: NotRequired[list[SortKey] | None]


@dataclass(frozen=True, slots=True)
class RowPage:
    """One page: its rows, how many there are in all, and where it stands."""

    items: list[Row]
    found: int
    page: int
    size: int

    @property
    def shape(self) -> dict[str, int | list[Row]]:
        """The page as the hub's `…Response` types have it. `start` and `end` count from 1; both are 0 without items."""
        before = (self.page - 1) * self.size
        return {
            "items": self.items,
            "itemsFound": self.found,
            "offset": self.size,
            "page": self.page,
            "pages": -(-self.found // self.size),
            "start": before + 1 if self.items else 0,
            "end": before + len(self.items) if self.items else 0,
        }


@dataclass(frozen=True, slots=True)
class RowSelection:
    """What to list: a table of ours, the condition, its parameters, and the column that breaks ties."""

    table: str
    where: str
    parameters: Mapping[str, Value]
    tie: str


def read_page(db: sqlite3.Connection, selection: RowSelection, paging: Paging, behaviour: Behaviour) -> RowPage:
    """The asked page of a selection. Raises BAD_REQUEST for a page or size below 1; a large one is for `behaviour`."""
    size = _size(paging, behaviour)
    tail = f"FROM {selection.table} WHERE {selection.where}"
    found = db.execute(f"SELECT count(*) AS found {tail}", selection.parameters).fetchone()["found"]
    order = f"ORDER BY {_order(paging, selection.tie)} LIMIT :size OFFSET :skipped"
    rows = db.execute(
        f"SELECT * {tail} {order}",
        {**selection.parameters, "size": size, "skipped": (paging["page"] - 1) * size},
    ).fetchall()
    return RowPage(rows, found, paging["page"], size)


def _size(paging: Paging, behaviour: Behaviour) -> int:
    if paging["page"] < 1 or paging["offset"] < 1:
        raise bad_request("page and offset must not be less than 1")
    largest = behaviour.max_page_size
    if largest is None or paging["offset"] <= largest:
        return paging["offset"]
    if behaviour.large_pages is LargePages.CLAMP:
        return largest
    status = 400 if behaviour.refusal is RefusalForm.HTTP_400 else 200
    raise RefusedError("BAD_USER_INPUT", f"offset must not be greater than {largest}", status=status)


def _order(paging: Paging, tie: str) -> str:
    keys = [f"{_COLUMNS[key['field']]} {key['order'].upper()}" for key in paging.get("sortInputs") or []]
    return ", ".join([*keys, tie])


def date_conditions(column: str, dates: Dates | None) -> tuple[dict[str, Value], list[str]]:
    """The parameters and the conditions that keep `column` within `dates`. Raises BAD_REQUEST for what is no date."""
    wanted = dates or {}
    bounds = (("greaterThan", ">", wanted.get("greaterThan")), ("lessThan", "<", wanted.get("lessThan")))
    given = [(f"{column}_{name}", sign, text) for name, sign, text in bounds if text is not None]
    parameters: dict[str, Value] = {name: _moment(text) for name, _, text in given}
    return parameters, [f"{column} {sign} :{name}" for name, sign, _ in given]


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as err:
        raise bad_request("a date must be ISO 8601") from err
    return timestamp(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
