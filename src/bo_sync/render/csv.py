"""Plans, diffs and users as CSV: one row per user and grant. No cell is a formula."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from typing import Final

from bo_sync.access.access_diff import EndStep, GrantDifference, UserDifference
from bo_sync.core.changes import Change, Effect, GrantChange, LostGrant, RemoveDuplicate, Shift, place_of_grant
from bo_sync.core.model import Source
from bo_sync.core.plan import Plan, action_of
from bo_sync.core.text import Text
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.access_diff import AccessDiff, span_told
from bo_sync.render.escape import csv_cell, terminal
from bo_sync.render.guardrails import after_of, before_of
from bo_sync.render.wording import UserRow, level


def foreign(text: str) -> str:
    """Untrusted text for a cell, in a file or in a log that the table is printed to."""
    return terminal(csv_cell(text))


def csv_text(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The table. Each cell is safe already: our own text, or `foreign`."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return out.getvalue()


_COUNTS: Final = ("menu_opened", "menu_closed", "operations_gained", "operations_lost")
_PLAN: Final = ("email", "action", "role", "before", "after", "direction", "source", *_COUNTS)
_DIFFERENCE: Final = ("email", "status", "role", "before", "after", "direction", "source", *_COUNTS)
_USERS: Final = ("id", "name", "email", "phone", "created", "updated", "preset")


def plan_csv(plan: Plan) -> str:
    """The weakened guards as in `difference_csv`; then one row per user and grant. A user without changed grants has
    one row without a role.

    Counts are per grant. What needs two new grants counts for each, so the counts do not add up.
    """
    return csv_text(
        _PLAN, (*_guards(plan.weakened), *(line for change in plan.changes for line in _changed(change, plan)))
    )


def _guards(weakened: Iterable[Weakened]) -> Iterator[tuple[str, ...]]:
    """One row per guard, named in the role's column."""
    for entry in weakened:
        values = (foreign(before_of(entry)), foreign(after_of(entry)))
        yield "", "guard", foreign(entry.guard), *values, "loosened", "", *_NONE


def _changed(change: Change, plan: Plan) -> Iterator[tuple[str, ...]]:
    parts = plan.effects.get(change.email.folded, Effect()).parts
    user = (foreign(change.email.raw), action_of(change))
    for grant in change.grants:
        shift = Shift() if isinstance(grant, RemoveDuplicate) else parts.get(grant.role, Shift())
        yield *user, *_grant(grant), _place(place_of_grant(grant, change)), *_counts(shift)
    if not change.grants:
        yield *user, "", "", "", "", _place(change.source), *_counts(Shift())


def _grant(grant: GrantChange | LostGrant) -> tuple[str, ...]:
    return (grant.role, level(grant.role, grant.before), level(grant.role, grant.after), grant.direction.value)


def _place(source: Source | None) -> str:
    return "" if source is None else foreign(source.short.raw)


def _counts(shift: Shift) -> tuple[str, ...]:
    return tuple(str(len(names)) for names in (shift.opened, shift.closed, shift.gained, shift.lost))


def difference_csv(found: AccessDiff) -> str:
    """The weakened guards, one row each, with the guard in the role's column; then one row per user and grant.

    Counts are per user, since what several grants open together belongs to none of them. They are only in the user's
    first row, so they add up. A user without a file that the hub keeps loses nothing.
    """
    return csv_text(
        _DIFFERENCE, (*_guards(found.weakened), *(line for user in found.users for line in _differing(user)))
    )


_NONE: Final = ("",) * len(_COUNTS)


def _differing(user: UserDifference) -> Iterator[tuple[str, ...]]:
    email, source = foreign(user.email.raw), _place(user.source)
    shift = user.shift if user.kept is None else Shift()
    steps: list[tuple[str, ...]] = [
        (step.role, level(step.role, step.before), level(step.role, step.after), _direction(user, step))
        for step in user.steps
    ]
    steps += [
        (end.role or "account", span_told(end, end.before), span_told(end, end.after), _of_end(user, end))
        for end in user.ends
    ]
    for number, step in enumerate(steps or [("", "", "", "")]):
        yield email, _status(user), *step, source, *(_NONE if number else _counts(shift))


def _status(user: UserDifference) -> str:
    if user.kept is not None:
        return "kept"
    return "joined" if user.joined else "left" if user.left else "stays"


def _of_end(user: UserDifference, end: EndStep) -> str:
    if user.kept is not None:
        return "kept"
    return "holds longer" if end.is_gain else "ends sooner"


def _direction(user: UserDifference, step: GrantDifference) -> str:
    if user.kept is not None or step.kept:
        return "kept"
    return "gained" if step.is_gain else "lost"


def users_csv(rows: Iterable[UserRow]) -> str:
    """One row per user, in the given order; unknown values are empty, and without a matching preset it is Custom."""
    return csv_text(_USERS, map(_user, rows))


def _user(entry: UserRow) -> Sequence[str]:
    known = (entry.name, entry.email, entry.phone, entry.created, entry.updated)
    number = "" if entry.id is None else str(entry.id)
    return (number, *map(_cell, known), "Custom" if entry.preset is None else _cell(entry.preset))


def _cell(text: Text | None) -> str:
    return "" if text is None else foreign(text.raw)
