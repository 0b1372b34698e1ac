"""Plans, reports, errors and users as text for a terminal."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import Direction
from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Action, Finding, Plan
from bo_sync.render.escape import terminal
from bo_sync.render.guardrails import (
    base_words,
    guard_lines,
    guardrail_lines,
    guardrails_block,
    guards_verdict,
    policy_lines,
    refusing_of,
    skipped_of,
)
from bo_sync.render.layout import Columns, Page, Row, Tone, cells, lay_out, measure, row
from bo_sync.render.sections import left_out_of, nothing_of, sections
from bo_sync.render.wording import (
    UserRow,
    address,
    counted,
    identity_change,
    invitation_words,
    listed,
    mail_sentence,
    not_invited,
    users,
)


def plan_text(plan: Plan, *, width: int | None, color: bool, explain: bool = False) -> str:
    """A plan: its hub, the rows by risk, one sentence with counts, the guardrails; `explain` names all that opens."""
    return _joined(_plan_lines(plan, Page(width, color), explain=explain))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _plan_lines(plan: Plan, page: Page, *, explain: bool) -> Iterator[str]:
    yield from page.hang("", terminal(_header(plan)))
    if plan.hub.identity_after:
        yield from page.hang("", identity_change(plan.hub))
    if plan.base is not None and not plan.weakened:
        yield from page.hang("", terminal(f"Compared with {base_words(plan.base)}: no guard is loosened."))
    yield ""
    if plan.base is not None:
        yield from guard_lines(plan.base, page)
    parts = sections(plan, explain=explain)
    columns = measure(entry for part in parts for entry in part.rows)
    for part in parts:
        yield page.paint(part.title, Tone.TITLE)
        yield from lay_out(part.rows, columns, page)
        yield ""
    yield from page.hang("", _sentence(plan))
    yield from page.hang("", left_out_of(plan)) if plan.left_out else ()
    if plan.changes or plan.refused or plan.skipped:
        yield ""
    guardrails, policies = list(guardrail_lines(plan, page)), list(policy_lines(plan.policies, "this plan", page))
    yield from guardrails
    if guardrails and policies and len(guardrails) + len(policies) > 2:
        yield ""
    yield from policies


def _header(plan: Plan) -> str:
    hub, config = plan.hub, plan.config
    at = f"commit {config.commit!s}" if config.commit is not None else "no commit"
    dirty = ", with uncommitted changes" if config.dirty else ""
    return (
        f"Plan for {hub.url} ({users(hub.users)}, {counted(hub.grants, 'grant')}) "
        f"from files with {users(config.users)} ({at}{dirty})"
    )


def _sentence(plan: Plan) -> str:
    summary = plan.summary
    changing = len(plan.changes)
    unchanged = "unchanged" if changing else "person unchanged" if summary.unchanged == 1 else "people unchanged"
    rest = listed(
        (
            (summary.unchanged, unchanged),
            (summary.unmanaged, "without a file"),
            (summary.unmanageable, "unmanageable"),
        )
    )
    if not changing:
        nothing = nothing_of(plan)
        begin = "No change can be made" if plan.refused else f"Nothing to do: {nothing[:1].lower()}{nothing[1:]}"
        return begin + (f" ({rest})." if rest else ".") + _verdict(plan)
    done = listed(((summary.create, "created"), (summary.update, "updated"), (summary.delete, "deleted")))
    grants = listed((summary.grants[direction], _GRANT_WORDS[direction]) for direction in Direction)
    parts = (
        f"{users(changing)} {'changes' if changing == 1 else 'change'}: {done}",
        rest,
        grants and f"grants: {grants}",
    )
    return "; ".join(part for part in parts if part) + "." + _verdict(plan)


_GRANT_WORDS: Final = {direction: direction.value for direction in Direction} | {
    Direction.DUPLICATE: "duplicate rows removed"
}


def _verdict(plan: Plan) -> str:
    refusing, skipped = str(refusing_of(plan)), skipped_of(plan)
    left_out = f" Users blocked by {skipped} are left out." if skipped else ""
    told = guards_verdict(len(plan.weakened))
    return (f" {told}" if told else "") + (f" Refused by {refusing}." if refusing else "") + left_out


_DONE: Final[dict[Action, str]] = {"create": "created", "update": "updated", "delete": "deleted"}
_TITLES: Final = {
    Outcome.UNKNOWN: "Unknown: look at these people in the hub, then run plan again",
    Outcome.UNCONFIRMED: "Unconfirmed: the hub does not show what was sent; look there, then run plan again",
    Outcome.FAILED: "Failed, maybe partly done: run plan again, it shows what is left",
    Outcome.REVERSED: "Reversed: too few owners were left, so their ownership was given back",
    Outcome.NOT_ATTEMPTED: "Not attempted: nothing was sent for these people; plan and apply again",
    Outcome.APPLIED: "Applied",
}
_SYMBOLS: Final[dict[Action, str]] = {"create": "+", "update": "~", "delete": "-"}


def report_text(report: Report, plan: Plan, width: int | None = None) -> str:
    """The report of an apply of `plan`: first what blocked it or needs attention, then what was applied, and one
    sentence with counts."""
    return _joined(_report_lines(report, plan, Page(width)))


def _report_lines(report: Report, plan: Plan, page: Page) -> Iterator[str]:
    yield from _why_not_run(report, plan, page)
    yield from _too_few_owners(report, page)
    rows = {outcome: [_outcome(user) for user in report.outcomes if user.outcome is outcome] for outcome in _TITLES}
    columns = measure(entry for found in rows.values() for entry in found)
    for outcome, found in rows.items():
        if found:
            yield _TITLES[outcome]
            yield from lay_out(found, columns, page)
            yield ""
    yield from _invitations(report, columns, page)
    yield from page.hang("", _told(report))
    if said := mail_sentence(report):
        yield from page.hang("", said)


def _invitations(report: Report, columns: Columns, page: Page) -> Iterator[str]:
    rows = [row("!", address(user.email), invitation_words(user)) for user in not_invited(report)]
    if rows:
        yield "Not invited for certain: a mail is never sent twice, so ask these users"
        yield from lay_out(rows, columns, page)
        yield ""


def _why_not_run(report: Report, plan: Plan, page: Page) -> Iterator[str]:
    if plan.skipped and not report.moved:
        yield "Blocked by guardrails, and left out"
        yield from guardrails_block(plan.skipped, page)
        yield ""
    if report.moved:
        yield f"{report.not_run[:1].upper()}{report.not_run[1:]}: it is not what would be done now"
        yield from lay_out([row("!", "", line) for line in report.moved], Columns(), page)
        yield ""
    elif report.not_run:
        if plan.refused:
            yield "Refused by guardrails"
            yield from guardrails_block(plan.refused, page)
            yield ""
        if plan.violated:
            yield from policy_lines(plan.violated, "this plan", page)
            yield ""


def _too_few_owners(report: Report, page: Page) -> Iterator[str]:
    if report.owners is not None:
        yield from page.hang("! ", terminal(str(report.owners)))
        yield from page.hang("  ", f"to make an owner: {terminal(report.owners.command)}")
        yield ""


def _outcome(user: UserOutcome) -> Row:
    if user.outcome is Outcome.APPLIED:
        done = _DONE[user.action]
        return row(_SYMBOLS[user.action], address(user.email), f"{done}; {user.error!s}" if user.error else done)
    return row("!", address(user.email), f"{user.action}: {user.error or 'no reason is known'!s}")


def _told(report: Report) -> str:
    if not report.outcomes:
        return f"Nothing was sent: {report.not_run!s}." if report.not_run else "Nothing was to be done."
    run = f"Run {terminal(report.run)}, " if report.run else ""
    counts = listed((report.count(outcome), outcome.value.replace("_", " ")) for outcome in Outcome)
    return f"{run}{users(len(report.outcomes))}: {counts}."


def problems_text(problems: Sequence[Problem], findings: Sequence[Finding] = ()) -> str:
    """One line per problem, in the order of the files, then one per finding, and the count of both."""
    told = (*map(str, sorted(problems)), *map(_finding, findings))
    return _joined((*map(terminal, told), _count((*problems, *findings))))


def _finding(finding: Finding) -> str:
    place = f"{finding.source!s}: " if finding.source else ""
    whose = f"{address(finding.email)!s}: " if finding.email else ""
    return f"{place}{finding.severity}: {whose}{finding.message!s} ({finding.rule})"


def _count(told: Sequence[Problem | Finding]) -> str:
    found = Counter(each.severity for each in told)
    counts = ", ".join(counted(found[severity], _NOUNS[severity]) for severity in Severity if found[severity])
    return f"{counts}." if counts else "No problems."


_NOUNS: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_HEAD: Final = ("ID", "NAME", "EMAIL", "PHONE", "CREATED", "UPDATED", "PRESET")


def users_text(rows: Sequence[UserRow], width: int | None) -> str:
    """The table of users, in the given order; two lines per user where it is wider than `width`."""
    table = [_HEAD, *(_cells(entry) for entry in rows)]
    widths = [max(map(cells, column)) for column in zip(*table, strict=True)]
    if width is None or sum(widths) + 2 * (len(widths) - 1) <= width:
        lines = [_table_line(line, widths) for line in table]
    else:
        lines = [line for entry in table[1:] for line in _card(entry, widths[0], Page(width))]
    return _joined((*lines, f"{users(len(rows))}."))


def _cells(entry: UserRow) -> tuple[str, ...]:
    texts = (entry.name, entry.email, entry.phone, entry.created, entry.updated)
    shown = (terminal(text.raw) if text is not None and text.raw else "-" for text in texts)
    number = "-" if entry.id is None else str(entry.id)
    return (number, *shown, "Custom" if entry.preset is None else terminal(entry.preset.raw))


def _table_line(line: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (wide - cells(cell)) for cell, wide in zip(line, widths, strict=True)).rstrip()


def _card(line: Sequence[str], widest: int, page: Page) -> Iterator[str]:
    number, name, email, phone, created, updated, preset = line
    indent = " " * (widest + 2)
    yield from page.hang(number + indent[cells(number) :], f"{name}  {email}")
    yield from page.hang(indent, f"{preset}, phone {phone}, created {created}, updated {updated}")


def comparison_text(
    comparison: Comparison,
    problems: Iterable[Problem],
    findings: Sequence[Finding] = (),
    *,
    width: int | None,
    color: bool,
) -> str:
    """The results of `validate --base`: weakened guards, guardrails, and problems and findings with their count."""
    page = Page(width, color)
    lines = "".join(f"{line}\n" for line in _lines(comparison, page))
    refused = ", ".join(guardrail.guardrail for guardrail in comparison.refused)
    verdict = f" Refused by {refused}." if refused else ""
    return f"{lines}\n{problems_text(tuple(problems), findings).rstrip()}{verdict}\n"


def _lines(comparison: Comparison, page: Page) -> Iterator[str]:
    base = base_words(comparison)
    yield from guard_lines(comparison, page)
    refusing = len(comparison.refused)
    checked = counted(len(comparison.guardrails), "guardrail")
    if not refusing:
        yield from page.hang("", terminal(f"Compared with {base}: {checked} checked, none refuses."))
        return
    title = (
        f"Guardrails: {refusing} of {len(comparison.guardrails)} {'refuses' if refusing == 1 else 'refuse'} these files"
    )
    yield from page.title(terminal(f"{title}, compared with {base}"))
    yield from guardrails_block(comparison.guardrails, page)
