"""Loosened guards as rows, for every text that shows them first, and as JSON."""

from collections.abc import Iterable, Iterator
from typing import Final

from bo_sync.core.document import Json
from bo_sync.core.guards import GuardComparison, Loosened
from bo_sync.core.text import Text
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, lay_out, measure, row
from bo_sync.render.phrases import counted, quoted

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


def guard_lines(base: GuardComparison, page: Page) -> Iterator[str]:
    """The block that comes first in a text; nothing where no guard is weaker."""
    if base.loosened:
        yield from page.title(terminal(f"Guards loosened since {base_words(base)}"))
        rows = guard_rows(base.loosened)
        yield from lay_out(rows, measure(rows), page)
        yield ""


def guards_verdict(number: int) -> str:
    """`1 guard is loosened.`; "" for none."""
    return f"{counted(number, 'guard')} {'is' if number == 1 else 'are'} loosened." if number else ""


def base_words(base: GuardComparison) -> str:
    """`main (0123456789)`: the revision and its commit, and where the revision is, if another commit was compared."""
    since = f", where HEAD left it; it is at {base.tip}" if base.tip is not None else ""
    return f"{base.revision} ({base.commit}{since})"


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
