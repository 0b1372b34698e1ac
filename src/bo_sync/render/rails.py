"""The rails of a plan in words: what each measured against what, and the way past those that refuse."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from bo_sync.core.plan import Plan
from bo_sync.core.rails import RailResult, RailRow, way_past
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.phrases import address, counted, people

_BELOW: Final = " " * 11
"""What belongs to a rail stands below its name."""


def measure_of(rail: RailResult) -> str:
    """What a rail found, and what it demands: `3 deletions, at most 2`."""
    return _found(rail) + (f" ({rail.allowed_by})" if rail.allowed_by else "")


def _found(rail: RailResult) -> str:
    match rail.rail:
        case "empty":
            told = f"{people(rail.actual)} in the files, at least {rail.limit}"
        case "email_change":
            told = f"{counted(rail.actual, 'uncertain identity', 'uncertain identities')}, none allowed"
        case "removed_file":
            told = f"{counted(rail.actual, 'person', 'people')} without a file since the base, none allowed"
        case "protected":
            told = f"{counted(rail.actual, 'protected person', 'protected people')} changed, none allowed"
        case "self":
            told = f"{counted(rail.actual, 'loss', 'losses')} of whoever runs this, none allowed"
        case "min_role_owners":
            below = "; already fewer, and not made worse" if rail.ok and rail.actual < rail.limit else ""
            told = f"{counted(rail.actual, 'owner')} of Roles & permissions left, at least {rail.limit}{below}"
        case "max_user_deletes":
            told = f"{counted(rail.actual, 'deletion')}, at most {rail.limit}"
        case "max_grant_losses":
            told = f"{counted(rail.actual, 'grant')} lowered or revoked, at most {rail.limit}"
        case unreachable:
            assert_never(unreachable)
    return told


def refusing_of(plan: Plan) -> str:
    """All that refuses a plan: `max_user_deletes, the policy prices`; empty where nothing does."""
    policies = (f"the policy {result.policy.id}" for result in plan.violated)
    return ", ".join((*(rail.rail for rail in plan.refused), *policies))


def rail_lines(plan: Plan, page: Page) -> Iterator[str]:
    """One line a rail; below one that refuses, its rows and the exact way past. One sentence where nothing is to do."""
    if not plan.rails:
        return
    if not plan.changes and not plan.refused:
        yield f"{counted(len(plan.rails), 'rail')} checked, none refuses."
        return
    yield page.paint(_title(plan), Tone.TITLE)
    yield from rails_block(plan.rails, page)


def rails_block(rails: Sequence[RailResult], page: Page) -> Iterator[str]:
    """One line a rail; below one that refuses, its rows and the exact way past."""
    widest = max(cells(rail.rail) for rail in rails)
    columns = measure(_row(entry) for rail in rails if not rail.ok for entry in rail.rows)
    for rail in rails:
        yield from _one(rail, widest, page)
        if not rail.ok:
            yield from lay_out([_row(entry) for entry in rail.rows], columns, page, _BELOW)
            yield from page.hang(f"{_BELOW}way past: ", terminal(way_past(rail)))


def _title(plan: Plan) -> str:
    refusing = len(plan.refused)
    if not refusing:
        return "Rails: none refuses"
    return f"Rails: {refusing} of {len(plan.rails)} {'refuses' if refusing == 1 else 'refuse'} this plan"


def _one(rail: RailResult, widest: int, page: Page) -> Iterator[str]:
    begin = f"  {'ok     ' if rail.ok else 'REFUSED'}  {rail.rail:<{widest}}  "
    tone = Tone.PLAIN if rail.ok else Tone.ALARM
    for line in page.hang(begin, terminal(measure_of(rail))):
        yield page.paint(line, tone)


def _row(entry: RailRow) -> Row:
    return row("!", address(entry.email), entry.message, source=str(entry.source.short) if entry.source else "")
