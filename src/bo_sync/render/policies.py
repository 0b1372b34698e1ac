"""Policies in words and as JSON: which fail, because of whom, and the way past them."""

from collections.abc import Iterator, Sequence
from typing import Final

from bo_sync.core.document import Json
from bo_sync.core.model import Severity
from bo_sync.core.policy import PolicyResult, PolicyRow
from bo_sync.render.escape import terminal
from bo_sync.render.layout import Page, Pieces, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.phrases import address, counted, people

_BELOW: Final = " " * 11
"""What belongs to a policy stands below its name."""
TOLERATED: Final = "fails already today; this plan does not make it worse"


def policies_text(results: Sequence[PolicyResult], subject: str, *, width: int | None, color: bool) -> str:
    """The block of policies by itself; `subject` is what they refuse, as in `these files`."""
    return "".join(f"{line}\n" for line in policy_lines(results, subject, Page(width, color)))


def policy_lines(results: Sequence[PolicyResult], subject: str, page: Page) -> Iterator[str]:
    """Every policy that fails, or of whose exceptions there is something to say; the others are counted.

    Nothing without policies; one sentence when there is nothing else to tell.
    """
    told = [result for result in results if not result.ok or result.notes]
    if not told:
        if results:
            yield f"{counted(len(results), 'policy', 'policies')} checked, none fails."
        return
    yield page.paint(_title(results, subject), Tone.TITLE)
    widest = max(cells(result.policy.id) for result in told)
    columns = measure(entry for result in told for entry in _rows(result))
    for result in told:
        yield from _one(result, widest, page)
        yield from lay_out(_rows(result), columns, page, _BELOW)
        if not result.ok:
            yield from _advice(result, page)
    if len(told) < len(results):
        yield f"  ok       {counted(len(results) - len(told), 'other')}"


def _title(results: Sequence[PolicyResult], subject: str) -> str:
    refusing = sum(result.is_violated for result in results)
    if refusing:
        return f"Policies: {refusing} of {len(results)} {'refuses' if refusing == 1 else 'refuse'} {subject}"
    failing = sum(not result.ok for result in results)
    failed = f", {failing} of {len(results)} {'fails' if failing == 1 else 'fail'}" if failing else ""
    return f"Policies: none refuses{failed}"


def _one(result: PolicyResult, widest: int, page: Page) -> Iterator[str]:
    for line in page.hang(f"  {_mark(result):<7}  {result.policy.id:<{widest}}  ", terminal(told_of(result))):
        yield page.paint(line, Tone.ALARM if result.is_violated else Tone.PLAIN)


def _mark(result: PolicyResult) -> str:
    if result.ok:
        return "ok"
    if result.policy.severity is Severity.WARNING:
        return "WARNING"
    return "FAILS" if result.is_tolerated else "REFUSED"


def told_of(result: PolicyResult) -> str:
    """What a policy demands and what was found: `Price and order in one hand: 2 people, none allowed`."""
    return f"{result.policy.title}: {weight_of(result)}"


def weight_of(result: PolicyResult) -> str:
    """What was found against what is allowed, in words of ours alone: `2 people, none allowed`."""
    tolerated = f"; {TOLERATED}" if result.is_tolerated else ""
    fits = result.has_expired and not (result.is_too_many or result.is_too_few)
    expired = "; an exception has expired" if fits else ""
    nameless = f" ({result.nameless} without a usable address)" if result.is_too_few and result.nameless else ""
    return f"{people(result.actual)}{nameless}, {_limits(result)}{expired}{tolerated}"


def _limits(result: PolicyResult) -> str:
    least, most = result.policy.at_least, result.policy.at_most
    upper = None if most is None else f"at most {most}" if most else "none allowed"
    lower = None if least is None else f"at least {least}"
    return " and ".join(limit for limit in (lower, upper) if limit)


def _rows(result: PolicyResult) -> list[Row]:
    """Who counts, where the policy fails; and what there is to say of its exceptions."""
    counting = [] if result.ok else [_row("!", entry) for entry in result.rows]
    return counting + [_row("?", note) for note in result.notes]


def _row(symbol: str, entry: PolicyRow) -> Row:
    new = "; new with this plan" if entry.is_new else ""
    source = str(entry.source.short) if entry.source else ""
    return row(symbol, address(entry.email), entry.message + new, source=source)


def _advice(result: PolicyResult, page: Page) -> Iterator[str]:
    if result.policy.why is not None:
        yield from page.hang(f"{_BELOW}why: ", terminal(str(result.policy.why)))
    way = "".join(map(str, way_past_policy(result)))
    yield from page.hang(f"{_BELOW}way past: ", terminal(way))


def way_past_policy(result: PolicyResult) -> Pieces:
    """The way past a policy that fails, with the place of its file."""
    place = result.policy.source.short
    if result.is_too_few:
        return ("give it to somebody else too, or change ", place, " in a reviewed change")
    return ("take from each person one of the grants named, or except them, with a reason and an end, in ", place)


def policy_document(result: PolicyResult) -> Json:
    """One policy for programs. Of the limits, those that the policy has."""
    policy = result.policy
    limits: dict[str, Json] = {"at_most": policy.at_most, "at_least": policy.at_least}
    return {
        "id": policy.id,
        "severity": policy.severity.value,
        "title": policy.title.raw,
        "why": policy.why.raw if policy.why is not None else None,
        "actual": result.actual,
        **{key: limit for key, limit in limits.items() if limit is not None},
        "ok": result.ok,
        "tolerated": result.is_tolerated,
        "source": policy.source.short.raw,
        "rows": [{**_row_document(entry), "new": entry.is_new} for entry in result.rows],
        "excepted": [_row_document(entry) for entry in result.excepted],
        "notes": [_row_document(entry) for entry in result.notes],
    }


def _row_document(entry: PolicyRow) -> dict[str, Json]:
    source = entry.source.short.raw if entry.source is not None else None
    return {"email": entry.email.raw, "message": entry.message, "source": source}
