"""What an apply did, as a comment: what needs somebody unfolded, what was applied folded."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from bo_sync.core.report import Outcome, PersonOutcome, Report
from bo_sync.render.comment import (
    COMMENT_LIMIT,
    Block,
    Cells,
    Detail,
    code,
    fitted,
    folded,
    prose,
    said,
    table,
    unfolded,
)
from bo_sync.render.markdown import marker_of
from bo_sync.render.phrases import listed, people

_WHOLE: Final = "The whole report is in the JSON; `bo-sync journal` reads back what was sent."
_TITLES: Final = {
    Outcome.UNKNOWN: ("Unknown", "Look at these people in the hub, then run plan again."),
    Outcome.FAILED: ("Failed", "Maybe partly done: run plan again, it shows what is left."),
    Outcome.NOT_ATTEMPTED: ("Not attempted", "Nothing was sent for these people: plan and apply again."),
}


@dataclass(frozen=True, slots=True)
class _Applied:
    report: Report
    hub_url: str


def report_markdown(report: Report, hub_url: str = "", *, limit: int = COMMENT_LIMIT) -> str:
    """A report in at most `limit` bytes; `hub_url` is what was written to."""
    return fitted(partial(_blocks, _Applied(report, hub_url)), limit, _WHOLE)


def _blocks(applied: _Applied, detail: Detail) -> Iterator[Block]:
    report = applied.report
    yield said(marker_of("apply", applied.hub_url), f"### {_heading(report)}", "", _told(report))
    for outcome, (title, advice) in _TITLES.items():
        rows = _table(report, outcome, detail, detail.rows)
        if rows.rows:
            yield unfolded(f"{title} ({rows.rows})", Block((advice, "", *rows.lines), rows.shown, rows.rows))
    done = _table(report, Outcome.APPLIED, detail, detail.folded)
    if done.rows:
        yield folded(f"Applied ({done.rows})", done)
    yield said(_footer(applied, detail))


def _heading(report: Report) -> str:
    if not report.outcomes:
        return "✅ bo-sync apply: nothing was to be done"
    if report.complete:
        return f"✅ bo-sync apply: {people(len(report.outcomes))} applied"
    left = len(report.outcomes) - report.count(Outcome.APPLIED)
    return f"⛔ bo-sync apply: {left} of {people(len(report.outcomes))} not applied"


def _told(report: Report) -> str:
    counts = listed((report.count(outcome), outcome.value.replace("_", " ")) for outcome in Outcome)
    return f"{people(len(report.outcomes))}: {counts}." if counts else "The hub holds what the files say."


def _table(report: Report, outcome: Outcome, detail: Detail, most: int | None) -> Block:
    found = [partial(_cells, person, detail) for person in report.outcomes if person.outcome is outcome]
    return table(("", "who", "why"), found, most)


def _cells(person: PersonOutcome, detail: Detail) -> Cells:
    return person.action, code(person.email.raw, detail), code(person.error or "", detail)


def _footer(applied: _Applied, detail: Detail) -> str:
    report = applied.report
    parts = (
        f"Run {code(report.run, detail)}" if report.run else "",
        f"hub {code(applied.hub_url, detail)}" if applied.hub_url else "",
        f"plan {code(report.digest, Detail())}",
    )
    return f"<sub>{prose(' · ').join(part for part in parts if part)}</sub>"
