"""Guardrails, policies and weakened guards as text and JSON: which are blocked, by which users, and the override."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import BY_NAME, Basis, GuardrailResult, way_past
from bo_sync.core.model import Severity
from bo_sync.core.plan import Plan
from bo_sync.core.policy import PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Pieces, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.wording import address, counted, quoted, users

_BELOW: Final = " " * 11
"""Details of a guardrail are indented below its name."""


def measure_of(result: GuardrailResult) -> str:
    """The value of a guardrail, its limit, and why: `23 deletions, limit 10 (20 % of 200 is 40, cap 10)`."""
    guardrail, limit = BY_NAME[result.guardrail], result.limit
    if guardrail.is_minimum:
        below = "; already fewer, and not made worse" if result.ok and result.actual < limit else ""
        allowed = f"at least {limit}{below}"
    else:
        allowed = f"limit {limit}" if guardrail.is_numeric else "none allowed"
    why = result.allowed_by or (_arithmetic(result.basis) if result.basis else "")
    return f"{counted(result.actual, *guardrail.unit)}, {allowed}" + (f" ({why})" if why else "")


def _arithmetic(basis: Basis) -> str:
    """How a limit was computed; "" for one that does not depend on the number of users."""
    limit, share = basis.limit, basis.limit.share(basis.population)
    if not limit.percent:
        return ""
    bound = f", floor {limit.floor}" if share < limit.floor else f", cap {limit.cap}" if share > limit.cap else ""
    return f"{limit.percent} % of {basis.population} is {share}{bound}"


def skipped_of(plan: Plan) -> str:
    """The guardrails whose users are left out of a plan; "" for none."""
    return ", ".join(guardrail.guardrail for guardrail in plan.skipped)


def refusing_of(plan: Plan) -> Message:
    """Everything that blocks a plan: `max_user_deletes, the policy prices`; "" for nothing."""
    policies = (Message("the policy {}", Text(result.policy.id)) for result in plan.violated)
    return Message.of((*(guardrail.guardrail for guardrail in plan.refused), *policies), ", ")


def guardrail_lines(plan: Plan, page: Page) -> Iterator[str]:
    """One line per guardrail; below one that blocks, its rows and the exact override. One sentence where all pass."""
    if not plan.guardrails:
        return
    if not plan.changes and not plan.refused and not plan.skipped:
        yield f"{counted(len(plan.guardrails), 'guardrail')} checked, none refuses."
        return
    yield page.paint(_title(plan), Tone.TITLE)
    yield from guardrails_block(plan.guardrails, page)


def guardrails_block(guardrails: Sequence[GuardrailResult], page: Page) -> Iterator[str]:
    """One line per guardrail; below one that blocks, its rows and the exact override."""
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


_NOTHING: Final = {
    "email_domains": "any domain",
    "hub_host": "any hub",
    "hub_identity": "any hub",
    "protect": "not protected",
}
"""The effect of a removed entry, where it is more than the removal."""


def guard_rows(weakened: Iterable[Weakened]) -> list[Row]:
    """One row per guard: `! unmanaged: report → delete`."""
    return [row("!", "", f"{entry.guard}: {before_of(entry)} → {after_of(entry)}") for entry in weakened]


def guard_lines(base: GuardComparison, page: Page) -> Iterator[str]:
    """The first block of a text; empty where no guard is weaker."""
    if base.weakened:
        yield from page.title(terminal(f"Guards loosened since {base_words(base)}"))
        rows = guard_rows(base.weakened)
        yield from lay_out(rows, measure(rows), page)
        yield ""


def guards_verdict(number: int) -> str:
    """`1 guard is weakened.`; "" for none."""
    return f"{counted(number, 'guard')} {'is' if number == 1 else 'are'} loosened." if number else ""


def base_words(base: GuardComparison) -> str:
    """`main (0123456789)`: the revision and the compared commit; also the revision's own commit if it differs."""
    since = f", where HEAD left it; it is at {base.tip}" if base.tip is not None else ""
    return f"{base.revision!s} ({base.commit}{since})"


def before_of(entry: Weakened) -> str:
    return "(none)" if entry.before is None else _value(entry.before)


def after_of(entry: Weakened) -> str:
    return f"({_NOTHING.get(entry.guard, 'none')})" if entry.after is None else _value(entry.after)


def _value(entry: Message) -> str:
    """Numbers and our own words without quotes, everything else quoted."""
    shown = str(entry)
    return shown if shown.isascii() and shown.isalnum() else str(quoted(Text(shown)))


TOLERATED: Final = "fails already today; this plan does not make it worse"


def policies_text(results: Sequence[PolicyResult], subject: str, *, width: int | None, color: bool) -> str:
    """The block of policies; `subject` is what they block, as in `these files`."""
    return "".join(f"{line}\n" for line in policy_lines(results, subject, Page(width, color)))


def policy_lines(results: Sequence[PolicyResult], subject: str, page: Page) -> Iterator[str]:
    """Each policy that fails or has notes on its exceptions; the others are counted.

    Empty without policies; one sentence when all pass without notes.
    """
    told = [result for result in results if not result.ok or result.notes]
    if not told:
        if results:
            yield f"{counted(len(results), 'policy', 'policies')} checked, none fails."
        return
    yield page.paint(_policies_title(results, subject), Tone.TITLE)
    widest = max(cells(result.policy.id) for result in told)
    columns = measure(entry for result in told for entry in _rows(result))
    for result in told:
        yield from _policy_lines(result, widest, page)
        yield from lay_out(_rows(result), columns, page, _BELOW)
        if not result.ok:
            yield from _advice(result, page)
    if len(told) < len(results):
        yield f"  ok       {counted(len(results) - len(told), 'other')}"


def _policies_title(results: Sequence[PolicyResult], subject: str) -> str:
    refusing = sum(result.is_violated for result in results)
    if refusing:
        return f"Policies: {refusing} of {len(results)} {'refuses' if refusing == 1 else 'refuse'} {subject}"
    failing = sum(not result.ok for result in results)
    failed = f", {failing} of {len(results)} {'fails' if failing == 1 else 'fail'}" if failing else ""
    return f"Policies: none refuses{failed}"


def _policy_lines(result: PolicyResult, widest: int, page: Page) -> Iterator[str]:
    for line in page.hang(f"  {_mark(result):<7}  {result.policy.id:<{widest}}  ", terminal(told_of(result))):
        yield page.paint(line, Tone.ALARM if result.is_violated else Tone.PLAIN)


def _mark(result: PolicyResult) -> str:
    if result.ok:
        return "ok"
    if result.policy.severity is Severity.WARNING:
        return "WARNING"
    return "FAILS" if result.is_tolerated else "REFUSED"


def told_of(result: PolicyResult) -> str:
    """A policy's title, what was found and what is allowed: `Price and order in one hand: 2 users, none allowed`."""
    return f"{result.policy.title!s}: {weight_of(result)}"


def weight_of(result: PolicyResult) -> str:
    """What was found and what is allowed, only in our own words: `2 users, none allowed`."""
    tolerated = f"; {TOLERATED}" if result.is_tolerated else ""
    fits = result.has_expired and not (result.is_too_many or result.is_too_few)
    expired = "; an exception has expired" if fits else ""
    nameless = f" ({result.nameless} without a usable address)" if result.is_too_few and result.nameless else ""
    return f"{users(result.actual)}{nameless}, {_limits(result)}{expired}{tolerated}"


def _limits(result: PolicyResult) -> str:
    least, most = result.policy.at_least, result.policy.at_most
    upper = None if most is None else f"at most {most}" if most else "none allowed"
    lower = None if least is None else f"at least {least}"
    return " and ".join(limit for limit in (lower, upper) if limit)


def _rows(result: PolicyResult) -> list[Row]:
    """The users who match, where the policy fails; and the notes on its exceptions."""
    counting = [] if result.ok else [_policy_row("!", entry) for entry in result.rows]
    return counting + [_policy_row("?", note) for note in result.notes]


def _policy_row(symbol: str, entry: PolicyRow) -> Row:
    new = "; new with this plan" if entry.is_new else ""
    source = str(entry.source.short) if entry.source else ""
    return row(symbol, address(entry.email), entry.message + new, source=source)


def _advice(result: PolicyResult, page: Page) -> Iterator[str]:
    if result.policy.why is not None:
        yield from page.hang(f"{_BELOW}why: ", terminal(str(result.policy.why)))
    way = "".join(map(str, way_past_policy(result)))
    yield from page.hang(f"{_BELOW}way past: ", terminal(way))


def way_past_policy(result: PolicyResult) -> Pieces:
    """How to override a policy that fails, with the place of its file."""
    place = result.policy.source.short
    if result.is_too_few:
        return ("give it to somebody else too, or change ", place, " in a reviewed change")
    return ("take from each person one of the grants named, or except them, with a reason and an end, in ", place)
