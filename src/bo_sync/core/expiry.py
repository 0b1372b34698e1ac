"""`until` applied: an entry holds up to and including its last day, and is ignored from the next day on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from bo_sync.core.model import Access, Declaration, Departure, DesiredGrant, Override, Role, Span, State


def has_passed(until: date | None, today: date) -> bool:
    """Whether the last day has passed: an entry still holds on that day."""
    return until is not None and today > until


def departure(declaration: Declaration, today: date) -> Departure | None:
    """Why the user is to be deleted today, or None when they stay."""
    if declaration.state is State.ABSENT:
        return Departure.STATE_ABSENT
    if has_passed(declaration.until, today):
        return Departure.UNTIL_PASSED
    return None


def has_expired_part(declaration: Declaration, today: date) -> bool:
    """Whether the last day of the account, or of a direct grant, has passed."""
    return any(has_passed(until, today) for until in (declaration.until, *(own.until for own in declaration.overrides)))


def spans(holding: Iterable[Override], given: Mapping[Role, DesiredGrant]) -> Iterator[tuple[Role, Span]]:
    """The roles whose access changes to what the presets give after the last day of a direct grant."""
    for own in holding:
        then = given[own.role].access if own.role in given else Access.NONE
        if own.until is not None and then is not own.access:
            yield own.role, Span(own.access, own.until, then)
