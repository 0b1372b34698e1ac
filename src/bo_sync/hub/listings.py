"""The lists that the hub has for us: people, their grant rows, and role definitions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bo_sync.errors import HubError
from bo_sync.hub.answers import JsonObject, JsonValue
from bo_sync.hub.paging import Items, Listing
from bo_sync.hub.wire import DefinitionShape, PageShape, RowShape, UserShape

# By when they were created, new items come last and shift no page. But a hub that orders items of one instant (an
# import) now so, now otherwise, would never give pages that fit together: a repeated read asks in another order.
_PEOPLE_ORDERS: Final = ("CREATED_AT", "LAST_MODIFIED_AT", None)
_GRANT_ORDERS: Final = ("CREATED_AT", "USER_ID", None)


def people(attempt: int) -> Listing[UserShape]:
    """Everybody. `attempt` counts from 0 how often the list was read before."""
    fixed = _ordered(_PEOPLE_ORDERS[attempt % len(_PEOPLE_ORDERS)])
    return Listing("adminUsers", PageShape[UserShape], lambda shape: shape.id, fixed)


def newest_first(attempt: int) -> Listing[UserShape]:
    """All users, the other way round: what moved forward between two pages is met again from the other end."""
    listing = people(attempt)
    return replace(listing, fixed=_ordered(_PEOPLE_ORDERS[attempt % len(_PEOPLE_ORDERS)] or "CREATED_AT", "DESC"))


def definitions(attempt: int) -> Listing[DefinitionShape]:
    """Every role definition, known to us or not. Their names are unique, so any order will do."""
    fixed = _ordered("NAME" if attempt == 0 else None)
    return Listing("roleDefinitions", PageShape[DefinitionShape], lambda shape: shape.id, fixed)


def grants(attempt: int, user_ids: Sequence[int]) -> Listing[RowShape]:
    """Every grant row of some people, at least one. Their rows share the pages."""
    fixed = {**_ordered(_GRANT_ORDERS[attempt % len(_GRANT_ORDERS)]), "userIds": list[JsonValue](user_ids)}
    return Listing("roles", PageShape[RowShape], lambda shape: shape.id, fixed)


def _ordered(field: str | None, order: str = "ASC") -> JsonObject:
    return {} if field is None else {"sortInputs": [{"field": field, "order": order}]}


def check_owners(rows: Items[RowShape], user_ids: Sequence[int]) -> None:
    """Raises HubError when the hub gave rows of somebody whom nobody asked about."""
    strangers = {row.userId for row in rows.values()}.difference(user_ids)
    if strangers:
        message = f"roles: the hub gave grants of {len(strangers)} people whom nobody asked about"
        raise HubError(message, operation="roles", hint="the hub broke its own rules: report this to Propeller")
