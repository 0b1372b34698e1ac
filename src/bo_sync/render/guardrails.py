"""The guardrails of a plan in words: what each measured against what, and the way past those that refuse."""

from collections.abc import Iterator, Sequence
from typing import Final, assert_never

from bo_sync.core.guardrails import Basis, GuardrailResult, GuardrailRow, way_past
from bo_sync.core.plan import Plan
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.phrases import address, counted, people

_BELOW: Final = " " * 11
"""What belongs to a guardrail stands below its name."""


_COUNTED: Final = {
    "max_user_deletes": ("deletion", "deletions"),
    "max_access_losses": ("user without any platform area left", "users without any platform area left"),
    "max_grant_losses": ("grant lowered or revoked", "grants lowered or revoked"),
    "max_expiries": ("expired account or grant", "expired accounts and grants"),
}
"""What each limit counts: one, and several."""


def measure_of(guardrail: GuardrailResult) -> str:
    """What a guardrail found, what it demands, and why: `23 deletions, limit 10 (20 % of 200 is 40, cap 10)`."""
    why = guardrail.allowed_by or (_arithmetic(guardrail.basis) if guardrail.basis else "")
    return _found(guardrail) + (f" ({why})" if why else "")


def _arithmetic(basis: Basis) -> str:
    """How a limit came about; nothing for one that is the same for every population."""
    limit, share = basis.limit, basis.limit.share(basis.population)
    if not limit.percent:
        return ""
    bound = f", floor {limit.floor}" if share < limit.floor else f", cap {limit.cap}" if share > limit.cap else ""
    return f"{limit.percent} % of {basis.population} is {share}{bound}"


def _found(guardrail: GuardrailResult) -> str:
    match guardrail.guardrail:
        case "empty":
            told = f"{people(guardrail.actual)} in the files, at least {guardrail.limit}"
        case "email_change":
            told = f"{counted(guardrail.actual, 'uncertain identity', 'uncertain identities')}, none allowed"
        case "removed_file":
            told = f"{counted(guardrail.actual, 'person', 'people')} without a file since the base, none allowed"
        case "ambiguous_address":
            told = f"{counted(guardrail.actual, 'ambiguous address', 'ambiguous addresses')}, none allowed"
        case "protected":
            told = f"{counted(guardrail.actual, 'protected person', 'protected people')} changed, none allowed"
        case "self":
            told = f"{counted(guardrail.actual, 'loss', 'losses')} of whoever runs this, none allowed"
        case "min_role_owners":
            below = "; already fewer, and not made worse" if guardrail.ok and guardrail.actual < guardrail.limit else ""
            told = (
                f"{counted(guardrail.actual, 'owner')} of Roles & permissions left, at least {guardrail.limit}{below}"
            )
        case "max_user_deletes" | "max_access_losses" | "max_grant_losses" | "max_expiries" as limited:
            told = f"{counted(guardrail.actual, *_COUNTED[limited])}, limit {guardrail.limit}"
        case unreachable:
            assert_never(unreachable)
    return told


def skipped_of(plan: Plan) -> str:
    """The guardrails whose users are left out of a plan; empty where there are none."""
    return ", ".join(guardrail.guardrail for guardrail in plan.skipped)


def refusing_of(plan: Plan) -> str:
    """All that refuses a plan: `max_user_deletes, the policy prices`; empty where nothing does."""
    policies = (f"the policy {result.policy.id}" for result in plan.violated)
    return ", ".join((*(guardrail.guardrail for guardrail in plan.refused), *policies))


def guardrail_lines(plan: Plan, page: Page) -> Iterator[str]:
    """One line a guardrail; below one that refuses, its rows and the exact way past. One sentence where nothing is to
    do."""
    if not plan.guardrails:
        return
    if not plan.changes and not plan.refused and not plan.skipped:
        yield f"{counted(len(plan.guardrails), 'guardrail')} checked, none refuses."
        return
    yield page.paint(_title(plan), Tone.TITLE)
    yield from guardrails_block(plan.guardrails, page)


def guardrails_block(guardrails: Sequence[GuardrailResult], page: Page) -> Iterator[str]:
    """One line a guardrail; below one that refuses, its rows and the exact way past."""
    widest = max(cells(guardrail.guardrail) for guardrail in guardrails)
    columns = measure(_row(entry) for guardrail in guardrails if not guardrail.ok for entry in guardrail.rows)
    for guardrail in guardrails:
        yield from _one(guardrail, widest, page)
        if not guardrail.ok:
            yield from lay_out([_row(entry) for entry in guardrail.rows], columns, page, _BELOW)
            yield from page.hang(f"{_BELOW}way past: ", terminal(way_past(guardrail)))


def _title(plan: Plan) -> str:
    refusing = len(plan.refused)
    if not refusing and plan.skipped:
        skipped = len(plan.skipped)
        return (
            f"Guardrails: {skipped} of {len(plan.guardrails)} {'blocks' if skipped == 1 else 'block'} users, left out"
        )
    if not refusing:
        return "Guardrails: none refuses"
    return f"Guardrails: {refusing} of {len(plan.guardrails)} {'refuses' if refusing == 1 else 'refuse'} this plan"


def _one(guardrail: GuardrailResult, widest: int, page: Page) -> Iterator[str]:
    state = "ok     " if guardrail.ok else "SKIPPED" if guardrail.skipped else "REFUSED"
    begin = f"  {state}  {guardrail.guardrail:<{widest}}  "
    tone = Tone.PLAIN if guardrail.ok else Tone.ALARM
    for line in page.hang(begin, terminal(measure_of(guardrail))):
        yield page.paint(line, tone)


def _row(entry: GuardrailRow) -> Row:
    return row("!", address(entry.email), entry.message, source=str(entry.source.short) if entry.source else "")
