"""Findings about time: what has ended, what ends soon, and what holds again afterwards.

After its last day an own entry is read as if it were not there, so its end can also give: where it took away, what a
preset gives comes back.
"""

from collections.abc import Iterator
from datetime import date

from bo_sync.access.entry import Entry, written
from bo_sync.access.rules import (
    ACCOUNT_ENDED,
    ACCOUNT_ENDS_SOON,
    GIVES_LATER,
    GRANT_ENDED,
    GRANT_ENDS_SOON,
    PRESET_GIVES_MORE,
)
from bo_sync.core.model import Departure, Override
from bo_sync.core.plan import Finding


def account_findings(entry: Entry, within: int) -> Iterator[Finding]:
    """About the end of the account; `within` is how many days ahead an end is warned of."""
    until, email, source = entry.declaration.until, entry.declaration.email, entry.declaration.source
    if entry.user.departure is Departure.UNTIL_PASSED:
        told = f"the account ended on {until}, so apply deletes this person; to keep them, write a later `until`"
        yield ACCOUNT_ENDED.finding(told, email, source)
    elif entry.user.departure is None and until is not None and _is_soon(until, entry.day, within):
        told = f"the account ends {_when(until, entry.day)}; after that day apply deletes this person"
        yield ACCOUNT_ENDS_SOON.finding(told, email, source)


def grant_findings(entry: Entry, within: int) -> Iterator[Finding]:
    """About the ends of the own entries of somebody who stays."""
    for own in entry.user.expired:
        yield _ended(entry, own)
    yield from _later_gains(entry)
    for own in entry.own:
        if own.until is not None and _is_soon(own.until, entry.day, within) and _matters(entry, own):
            more = ", which is more" if entry.preset_access(own.role) > own.access else ""
            told = (
                f"{written(own.role, own.access)} ends {_when(own.until, entry.day)}; then {entry.left(own.role)}{more}"
            )
            yield GRANT_ENDS_SOON.finding(told, entry.declaration.email, own.source)


def _later_gains(entry: Entry) -> Iterator[Finding]:
    """About the own entries after whose end the presets give more, however far ahead the day is."""
    for own in entry.own:
        if own.until is not None and entry.preset_access(own.role) > own.access and _matters(entry, own):
            message = f"{written(own.role, own.access)} holds until {own.until}; afterwards {entry.left(own.role)}"
            yield GIVES_LATER.finding(message, entry.declaration.email, own.source)


def _ended(entry: Entry, own: Override) -> Finding:
    was = f"{written(own.role, own.access)} ended on {own.until}"
    if entry.preset_access(own.role) > own.access:
        told = f"{was}, so {entry.left(own.role)} again, which is more; should it not, write a later `until`"
        return PRESET_GIVES_MORE.finding(told, entry.declaration.email, own.source)
    told = f"{was} and is read as if it were not there ({entry.left(own.role)}); take it out"
    return GRANT_ENDED.finding(told, entry.declaration.email, own.source)


def _matters(entry: Entry, own: Override) -> bool:
    """Whether the end changes anything: the presets give something else, and the account does not end as early."""
    account = entry.declaration.until
    is_last = account is not None and own.until is not None and account <= own.until
    return not is_last and entry.preset_access(own.role) is not own.access


def _is_soon(until: date, day: date, within: int) -> bool:
    return (until - day).days <= within


def _when(until: date, day: date) -> str:
    """`today`, `tomorrow`, `on 2026-06-20, in 5 days`."""
    days = (until - day).days
    return {0: "today", 1: "tomorrow"}.get(days, f"on {until}, in {days} days")
