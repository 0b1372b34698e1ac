"""The report of an apply as a comment: users who need attention unfolded, applied changes folded."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from bo_sync.core.apply_report import InvitedUser, Outcome, Report, UserOutcome
from bo_sync.core.plan import Plan
from bo_sync.render.markdown_blocks import (
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
from bo_sync.render.markdown_checks import guardrail_blocks, policy_blocks
from bo_sync.render.markdown_plan import marker_of
from bo_sync.render.sections import by_gravity
from bo_sync.render.wording import invitation_words, listed, mail_sentence, not_invited, users

_WHOLE: Final = "The whole report is in the JSON; `bo-sync journal` reads back what was sent."
_TITLES: Final = {
    Outcome.UNKNOWN: ("Unknown", "Look at these people in the hub, then run plan again."),
    Outcome.UNCONFIRMED: (
        "Unconfirmed",
        "The hub answered success and does not show what was sent: look there, then run plan again.",
    ),
    Outcome.FAILED: ("Failed", "Maybe partly done: run plan again, it shows what is left."),
    Outcome.REVERSED: ("Reversed", "Too few owners were left, so their ownership was given back."),
    Outcome.NOT_ATTEMPTED: ("Not attempted", "Nothing was sent for these people: plan and apply again."),
}


@dataclass(frozen=True, slots=True)
class _Applied:
    report: Report
    plan: Plan

    @property
    def hub_url(self) -> str:
        return self.plan.hub.url


def report_markdown(report: Report, plan: Plan, *, limit: int = COMMENT_LIMIT) -> str:
    """The report of an apply of `plan`, in at most `limit` bytes."""
    return fitted(partial(_blocks, _Applied(report, plan)), limit, _WHOLE)


def _blocks(applied: _Applied, detail: Detail) -> Iterator[Block]:
    report = applied.report
    yield said(
        marker_of("apply", applied.hub_url, applied.plan.hub.identity), f"### {_heading(report)}", "", _told(report)
    )
    yield from _why_not_run(applied, detail)
    if report.owners is not None:
        command = code(report.owners.command, detail)
        yield said(f"**{prose(str(report.owners))}.**", "", f"{prose('To make an owner: ')}{command}")
    for outcome, (title, advice) in _TITLES.items():
        rows = _table(applied, outcome, detail, detail.rows)
        if rows.rows:
            shown = folded if report.not_run else unfolded
            yield shown(f"{title} ({rows.rows})", Block((advice, "", *rows.lines), rows.shown, rows.rows))
    done = _table(applied, Outcome.APPLIED, detail, detail.folded)
    if done.rows:
        yield folded(f"Applied ({done.rows})", done)
    missed = table(("", "who", "why"), [partial(_missed, user, detail) for user in not_invited(report)], detail.rows)
    if missed.rows:
        yield unfolded(f"Not invited for certain ({missed.rows})", missed)
    if told := mail_sentence(report):
        yield said(prose(told))
    yield said(_footer(applied, detail))


def _why_not_run(applied: _Applied, detail: Detail) -> Iterator[Block]:
    """What blocks, each with its rows and the override; or how the saved plan differs from the one made now."""
    report, plan = applied.report, applied.plan
    if report.moved:
        rows = table(("what moved",), [partial(_moved, line, detail) for line in report.moved], detail.rows)
        told = ("Plan again, and have that plan reviewed.", "", *rows.lines)
        yield unfolded("It is not what would be done now", Block(told, rows.shown, rows.rows))
    else:
        yield from guardrail_blocks(plan.skipped, detail)
    if report.not_run and not report.moved:
        yield from guardrail_blocks(plan.refused, detail)
        yield from policy_blocks(plan.violated, detail)


def _moved(line: str, detail: Detail) -> Cells:
    return (code(line, detail),)


def _heading(report: Report) -> str:
    if report.not_run:
        return "⛔ bo-sync apply: nothing was sent"
    if not report.outcomes:
        return "✅ bo-sync apply: nothing was to be done"
    if report.complete:
        return f"✅ bo-sync apply: {users(len(report.outcomes))} applied"
    left = len(report.outcomes) - report.count(Outcome.APPLIED)
    if not left:
        return f"⛔ bo-sync apply: {users(len(report.outcomes))} applied, not all new users invited"
    return f"⛔ bo-sync apply: {left} of {users(len(report.outcomes))} not applied"


def _told(report: Report) -> str:
    if report.not_run:
        return f"**{prose(report.not_run[:1].upper() + report.not_run[1:])}.**"
    counts = listed((report.count(outcome), outcome.value.replace("_", " ")) for outcome in Outcome)
    return f"{users(len(report.outcomes))}: {counts}." if counts else "The hub holds what the files say."


def _table(applied: _Applied, outcome: Outcome, detail: Detail, most: int | None) -> Block:
    report, plan = applied.report, applied.plan
    found = [user for user in report.outcomes if user.outcome is outcome]
    return table(("", "who", "why"), [partial(_cells, user, detail) for user in by_gravity(found, plan)], most)


def _cells(user: UserOutcome, detail: Detail) -> Cells:
    return user.action, code(user.email.raw, detail), code(user.error or "", detail)


def _missed(user: InvitedUser, detail: Detail) -> Cells:
    return "invite", code(user.email.raw, detail), code(invitation_words(user), detail)


def _footer(applied: _Applied, detail: Detail) -> str:
    report = applied.report
    parts = (
        f"Run {code(report.run, detail)}" if report.run else "",
        f"hub {code(applied.hub_url, detail)}" if applied.hub_url else "",
        f"plan {code(report.digest, Detail())}",
    )
    return f"<sub>{prose(' · ').join(part for part in parts if part)}</sub>"
