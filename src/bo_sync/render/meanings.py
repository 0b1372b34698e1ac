"""What a change of access means, in words: what somebody can now do, which menu items open, how many operations."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from bo_sync.access.capabilities import among
from bo_sync.access.catalogue import catalogue
from bo_sync.core.effect import Shift
from bo_sync.core.model import ROLES_PERMISSIONS, Role
from bo_sync.render.phrases import counted

DELICATE: Final = frozenset({ROLES_PERMISSIONS, Role("api_keys")})
"""Whoever holds these can give themselves more, or make a key that outlives them."""

NAMED: Final = 2
"""Menu items that are named; of more only the number is told."""


@lru_cache(maxsize=1024)  # people with one preset gain the same
def meaning(shift: Shift, *, explain: bool = False) -> str:
    """`can now create API keys; opens Admin > API Keys; +10 operations`; with `explain` every item and operation."""
    return "; ".join(_parts(shift, explain=explain)) or "opens and closes nothing that is known"


def _parts(shift: Shift, *, explain: bool) -> Iterator[str]:
    if gained := _capabilities(shift.gained, shift.lost):
        yield f"can now {gained}"
    if lost := _capabilities(shift.lost, shift.gained):
        yield f"can no longer {lost}"
    for verb, items in (("opens", shift.opened), ("closes", shift.closed)):
        if items:
            yield f"{verb} {_items(items, explain=explain)}"
    for sign, names in (("+", shift.gained), ("-", shift.lost)):
        if names:
            told = f": {', '.join(names)}" if explain else ""
            yield f"{sign}{counted(len(names), 'operation')}{told}"


def _capabilities(here: Sequence[str], elsewhere: Sequence[str]) -> str:
    """Capabilities among the operations `here`, except those that the other direction touches as well."""
    return "; ".join(entry.words for entry in among(here) if entry not in among(elsewhere))


def _items(items: Sequence[str], *, explain: bool) -> str:
    if explain or len(items) <= NAMED:
        return ", ".join(items)
    return counted(len(items), "menu item")


@lru_cache(maxsize=1024)
def is_grave(shift: Shift) -> bool:
    """Whether somebody gains a capability that deserves attention, or opens an item of the menu for what is delicate.

    That item may open by another grant: Backoffice switched on for somebody who owns Roles & permissions already.
    """
    return any(entry.is_grave for entry in among(shift.gained)) or not _delicate_items().isdisjoint(shift.opened)


def has_ability(shift: Shift) -> bool:
    """Whether a gain is told in words."""
    return bool(among(shift.gained))


@lru_cache(maxsize=1)
def _delicate_items() -> frozenset[str]:
    return frozenset(item.name for item in catalogue().menu if not DELICATE.isdisjoint(item.modules))
