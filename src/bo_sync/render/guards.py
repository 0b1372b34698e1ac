"""Loosened guards as rows, for every text that shows them first, and as JSON."""

from collections.abc import Iterable
from typing import Final

from bo_sync.core.document import Json
from bo_sync.core.guards import Loosened
from bo_sync.core.text import Text
from bo_sync.render.layout import Row, row
from bo_sync.render.phrases import quoted

_NOTHING: Final = {
    "email_domains": "any domain",
    "hub_host": "any hub",
    "hub_identity": "any hub",
    "protect": "not protected",
}
"""What it means that an entry is gone, where that is more than that it is gone."""


def guard_rows(loosened: Iterable[Loosened]) -> list[Row]:
    """One row a guard: `! unmanaged: report → delete`."""
    return [row("!", "", f"{entry.guard}: {before_of(entry)} → {after_of(entry)}") for entry in loosened]


def before_of(entry: Loosened) -> str:
    return "(none)" if entry.before is None else _value(entry.before)


def after_of(entry: Loosened) -> str:
    return f"({_NOTHING.get(entry.guard, 'none')})" if entry.after is None else _value(entry.after)


def _value(text: Text) -> str:
    """Numbers and our own words bare, everything else between quotes."""
    return text.raw if text.raw.isascii() and text.raw.isalnum() else quoted(text)


def guard_documents(loosened: Iterable[Loosened]) -> list[Json]:
    """One object a guard, with the exact characters; null where there was, or is, no such entry."""
    return [
        {
            "guard": entry.guard,
            "before": entry.before.raw if entry.before is not None else None,
            "after": entry.after.raw if entry.after is not None else None,
        }
        for entry in loosened
    ]
