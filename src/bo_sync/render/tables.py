"""Plans, differences and people as CSV: one row a person and grant, so that a spreadsheet can filter and count."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bo_sync.access.difference import EndStep, GrantStep, PersonDifference
from bo_sync.core.changes import Change, GrantChange, LostGrant, RemoveDuplicate, place_of_grant
from bo_sync.core.effect import Effect, Shift
from bo_sync.core.guards import Loosened
from bo_sync.core.model import Source
from bo_sync.core.plan import Plan, action_of
from bo_sync.core.text import Text
from bo_sync.render.csv import csv_text, foreign
from bo_sync.render.difference import Difference, span_told
from bo_sync.render.guards import after_of, before_of
from bo_sync.render.phrases import level
from bo_sync.render.users import UserRow

_COUNTS: Final = ("menu_opened", "menu_closed", "operations_gained", "operations_lost")
_PLAN: Final = ("email", "action", "role", "before", "after", "direction", "source", *_COUNTS)
_DIFFERENCE: Final = ("email", "status", "role", "before", "after", "direction", "source", *_COUNTS)
_USERS: Final = ("id", "name", "email", "phone", "created", "updated", "preset")


def plan_csv(plan: Plan) -> str:
    """The loosened guards as in `difference_csv`; then one row a person and grant, and of a person without a change of
    grants one row without a role.

    The counts are of that grant. What needs two grants that both are given counts for each, so they do not add up.
    """
    return csv_text(
        _PLAN, (*_guards(plan.loosened), *(line for change in plan.changes for line in _changed(change, plan)))
    )


def _guards(loosened: Iterable[Loosened]) -> Iterator[tuple[str, ...]]:
    """One row a guard, which stands in place of a role."""
    for entry in loosened:
        values = (foreign(before_of(entry)), foreign(after_of(entry)))
        yield "", "guard", foreign(entry.guard), *values, "loosened", "", *_NONE


def _changed(change: Change, plan: Plan) -> Iterator[tuple[str, ...]]:
    parts = plan.effects.get(change.email.folded, Effect()).parts
    person = (foreign(change.email.raw), action_of(change))
    for grant in change.grants:
        shift = Shift() if isinstance(grant, RemoveDuplicate) else parts.get(grant.role, Shift())
        yield *person, *_grant(grant), _place(place_of_grant(grant, change)), *_counts(shift)
    if not change.grants:
        yield *person, "", "", "", "", _place(change.source), *_counts(Shift())


def _grant(grant: GrantChange | LostGrant) -> tuple[str, ...]:
    return (grant.role, level(grant.role, grant.before), level(grant.role, grant.after), grant.direction.value)


def _place(source: Source | None) -> str:
    return "" if source is None else foreign(source.short.raw)


def _counts(shift: Shift) -> tuple[str, ...]:
    return tuple(str(len(names)) for names in (shift.opened, shift.closed, shift.gained, shift.lost))


def difference_csv(found: Difference) -> str:
    """The loosened guards, one row each, the guard in place of a role; then one row a person and grant.

    The counts are of the person, since what several grants open together belongs to none of them; so they stand in the
    person's first row alone, and add up. Somebody without a file whom the hub keeps loses nothing.
    """
    return csv_text(
        _DIFFERENCE, (*_guards(found.loosened), *(line for person in found.people for line in _differing(person)))
    )


_NONE: Final = ("",) * len(_COUNTS)


def _differing(person: PersonDifference) -> Iterator[tuple[str, ...]]:
    email, source = foreign(person.email.raw), _place(person.source)
    shift = person.shift if person.kept is None else Shift()
    steps: list[tuple[str, ...]] = [
        (step.role, level(step.role, step.before), level(step.role, step.after), _direction(person, step))
        for step in person.steps
    ]
    steps += [
        (end.role or "account", span_told(end, end.before), span_told(end, end.after), _of_end(person, end))
        for end in person.ends
    ]
    for number, step in enumerate(steps or [("", "", "", "")]):
        yield email, _status(person), *step, source, *(_NONE if number else _counts(shift))


def _status(person: PersonDifference) -> str:
    if person.kept is not None:
        return "kept"
    return "joined" if person.joined else "left" if person.left else "stays"


def _of_end(person: PersonDifference, end: EndStep) -> str:
    if person.kept is not None:
        return "kept"
    return "holds longer" if end.is_gain else "ends sooner"


def _direction(person: PersonDifference, step: GrantStep) -> str:
    if person.kept is not None or step.kept:
        return "kept"
    return "gained" if step.is_gain else "lost"


def users_csv(rows: Iterable[UserRow]) -> str:
    """One row a person, in the given order; what is not known is empty, and who fits no preset is Custom."""
    return csv_text(_USERS, map(_user, rows))


def _user(entry: UserRow) -> Sequence[str]:
    known = (entry.name, entry.email, entry.phone, entry.created, entry.updated)
    number = "" if entry.id is None else str(entry.id)
    return (number, *map(_cell, known), "Custom" if entry.preset is None else _cell(entry.preset))


def _cell(text: Text | None) -> str:
    return "" if text is None else foreign(text.raw)
