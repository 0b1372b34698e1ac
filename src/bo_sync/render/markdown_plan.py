"""A plan as a Markdown comment, and its replacement when no plan could be made."""

from collections.abc import Iterator
from functools import cache, partial
from hashlib import sha256
from typing import Final
from urllib.parse import quote

from bo_sync.core.changes import Direction
from bo_sync.core.plan import Plan, Summary
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Text
from bo_sync.exit_codes import ExitCode
from bo_sync.render.escape import markdown_code
from bo_sync.render.guardrails import guards_verdict
from bo_sync.render.layout import Row
from bo_sync.render.markdown_blocks import (
    COMMENT_LIMIT,
    Block,
    Cells,
    Detail,
    code,
    effect,
    fitted,
    folded,
    prose,
    said,
    symbol,
    table,
    unfolded,
)
from bo_sync.render.markdown_checks import (
    compared_with,
    guardrail_blocks,
    guardrail_table,
    policy_blocks,
    policy_notes,
    pressing,
    standing_policies,
    weakened_block,
)
from bo_sync.render.sections import Section, attention, left_out_of, nothing_of, sections
from bo_sync.render.wording import counted, identity_change, listed, users

_WHOLE: Final = "The whole plan is in the JSON, and in `bo-sync plan --format text`."
_LONGEST: Final = 200


def marker(plan: Plan) -> str:
    """The first line of a plan's comment, the same for every plan of one hub.

    `<!-- bo-sync:plan https://… sha256:… -->`: two hubs at one address have two comments.
    """
    return marker_of("plan", plan.hub.url, plan.hub.identity)


def marker_of(about: str, hub_url: str = "", identity: str = "") -> str:
    """An HTML comment that the address cannot end; a very long address is cut, and made unique by its hash.

    `identity` is "" where the hub was not read.
    """
    exact = hub_url.encode("utf-8", "backslashreplace")
    safe = quote(exact, safe=":/?=&%").replace("--", "-%2D")
    if len(safe) > _LONGEST:
        safe = f"{safe[: _LONGEST // 2]}~{sha256(exact).hexdigest()[:32]}"
    return " ".join(part for part in ("<!--", f"bo-sync:{about}", safe, identity, "-->") if part)


def plan_markdown(plan: Plan, *, explain: bool = False, limit: int = COMMENT_LIMIT) -> str:
    """A plan in at most `limit` bytes; `explain` names every menu item and operation, while there is room."""
    told, grave = cache(lambda explained: sections(plan, explain=explained)), len(attention(plan))
    named = digest(plan)  # once for all tried levels of detail
    return fitted(
        lambda detail: _blocks(plan, told(detail.explain), detail, grave=grave, named=named),
        limit,
        _WHOLE,
        explain=explain,
    )


def _blocks(plan: Plan, told: tuple[Section, ...], detail: Detail, *, grave: int, named: str) -> Iterator[Block]:
    parts = {part.title: part for part in told}
    risky = _attention(plan, parts.pop(ATTENTION, None))
    new_identity = ("", prose(identity_change(plan.hub))) if plan.hub.identity_after else ()
    left_out = ("", prose(left_out_of(plan))) if plan.left_out else ()
    told_first = (*_verdict(plan), *new_identity, *left_out, *_counts(plan.summary))
    yield said(marker(plan), f"### {_heading(plan, len(risky))}", "", *told_first)
    yield weakened_block(plan.weakened, detail)
    yield from guardrail_blocks((*plan.refused, *plan.skipped), detail)
    yield from policy_blocks(pressing(plan.policies), detail)
    if risky:
        yield unfolded(f"{ATTENTION} ({len(risky)})", _table(risky, detail, detail.most(grave, detail.rows)))
    for part in parts.values():
        yield folded(f"{part.title} ({len(part.rows)})", _table(part.rows, detail, detail.folded))
    yield standing_policies(plan.policies, detail)
    yield guardrail_table(plan.guardrails)
    yield policy_notes(plan.policies, detail)
    yield said(_footer(plan, named, detail))


ATTENTION: Final = "Needs attention"


def _attention(plan: Plan, part: Section | None) -> tuple[Row, ...]:
    """The rows that need attention, without the blocking ones, which the text above shows in full."""
    return part.rows[len(plan.refused) + len(plan.skipped) + len(plan.violated) :] if part is not None else ()


def _heading(plan: Plan, risky: int) -> str:
    if plan.refused or plan.violated:
        return "⛔ bo-sync: this plan is refused"
    if plan.skipped:
        rest = _size(plan.summary) if plan.changes else "nothing else to do"
        return f"⛔ bo-sync: users are blocked and left out; {rest}"
    told = f"bo-sync: {_size(plan.summary) if plan.changes else 'nothing to do'}"
    guards = len(plan.weakened)
    if risky or guards:
        attention = listed(((guards, f"guard{'' if guards == 1 else 's'} loosened"), (risky, _ROWS[risky == 1])))
        return f"🔶 {told}; {attention}"
    return f"🔷 {told}" if plan.changes else f"✅ {told}"


_ROWS: Final = ("rows need attention", "row needs attention")


def _size(summary: Summary) -> str:
    """`7 users, 15 grants, 1 deletion`."""
    number = summary.create + summary.update + summary.delete
    grants = _grants(summary)
    deleted = f", {counted(summary.delete, 'deletion')}" if summary.delete else ""
    return f"{users(number)}, {counted(grants, 'grant') if grants else 'no grant'}{deleted}"


def _grants(summary: Summary) -> int:
    return sum(summary.grants.values())


def _verdict(plan: Plan) -> tuple[str, ...]:
    """The changes, what blocks them, and the next step."""
    refusing = [markdown_code(guardrail.guardrail) for guardrail in plan.refused]
    refusing += [f"the policy {markdown_code(result.policy.id)}" for result in plan.violated][:_NAMED]
    more = len(plan.refused) + len(plan.violated) - len(refusing)
    refused = f" **Refused by {', '.join(refusing)}{f' and {more} more' if more else ''}; nothing can be applied.**"
    if refusing:
        return _would(plan) + refused, "", "**Next:** each refusal below says the way past; then plan again."
    if plan.skipped:
        left_out = ", ".join(markdown_code(guardrail.guardrail) for guardrail in plan.skipped)
        return (f"{_would(plan)} **Users blocked by {left_out} are left out; the rest can be applied.**",)
    following = ("", f"**Next:** {prose(_NEXT)}") if plan.changes else ()
    return _would(plan), *following


_NEXT: Final = (
    "nothing is sent before `bo-sync apply`, which plans anew, and refuses a saved plan when anything has moved."
)


_NAMED: Final = 10
"""Maximum number of policies that the verdict names."""


def _would(plan: Plan) -> str:
    guards = guards_verdict(len(plan.weakened))
    return f"{_changing(plan)} **{guards}**" if guards else _changing(plan)


def _changing(plan: Plan) -> str:
    summary = plan.summary
    if not plan.changes:
        return "No change can be made." if plan.refused else f"{nothing_of(plan)}."
    done = listed(((summary.create, "created"), (summary.update, "updated"), (summary.delete, "deleted")))
    gained, lost = gained_and_lost(summary)
    grants = listed(((gained, "gained"), (lost, "lost"), (summary.grants[Direction.DUPLICATE], "surplus rows removed")))
    told = f"Apply would change **{users(len(plan.changes))}** ({done})"
    told += f" and **{counted(_grants(summary), 'grant')}** ({grants})" if grants else ", and no grant of who stays"
    return f"{told}; who is deleted loses all access." if summary.delete else f"{told.removesuffix(' of who stays')}."


def gained_and_lost(summary: Summary) -> tuple[int, int]:
    """The number of grants added or raised, and lowered or revoked, of users who are not deleted."""
    grants = summary.grants
    return (
        grants[Direction.ADDED] + grants[Direction.RAISED],
        grants[Direction.LOWERED] + grants[Direction.REVOKED],
    )


def _counts(summary: Summary) -> tuple[str, ...]:
    """The summary of the JSON as a table of two lines."""
    counts = {
        "created": summary.create,
        "updated": summary.update,
        "deleted": summary.delete,
        "unchanged": summary.unchanged,
        "without a file": summary.unmanaged,
        "unmanageable": summary.unmanageable,
        **{f"grants {direction.value}": summary.grants[direction] for direction in Direction},
    }
    counts["duplicates removed"] = counts.pop(f"grants {Direction.DUPLICATE.value}")
    figures = (f"**{count}**" if count else "0" for count in counts.values())
    return ("", f"| {' | '.join(counts)} |", f"|{' ---: |' * len(counts)}", f"| {' | '.join(figures)} |")


def _table(rows: tuple[Row, ...], detail: Detail, most: int | None) -> Block:
    head = ("", "who", "what", "means", "where")
    return table(head, [partial(_cells, entry, detail) for entry in rows], most)


def _cells(entry: Row, detail: Detail) -> Cells:
    return (
        symbol(entry),
        code(entry.subject, detail),
        effect(entry, detail),
        prose(entry.meaning),
        code(entry.source, detail),
    )


def _footer(plan: Plan, named: str, detail: Detail) -> str:
    hub, config = plan.hub, plan.config
    commit = f"commit {code(config.commit.raw, detail)}" if config.commit is not None else "no commit"
    dirty = ", with uncommitted changes" if config.dirty else ""
    parts = (
        f"Files with {users(config.users)}, {commit}{dirty}",
        f"hub {code(hub.url, detail)} with {users(hub.users)}, {counted(hub.grants, 'grant')}",
        f"plan {markdown_code(named)}",
        f"guards {compared_with(plan.base, detail)}" if plan.base is not None else "",
        "names and addresses are pseudonyms" if plan.redacted_from else "",
    )
    return f"<sub>{' · '.join(part for part in parts if part)}</sub>"


_WHY: Final[dict[int, tuple[str, str]]] = {
    ExitCode.FAILED: (
        "the hub, the network or bo-sync failed",
        "run it again; `bo-sync doctor` looks at the way there",
    ),
    ExitCode.INVALID: ("the files are invalid", "`bo-sync validate` tells all that is wrong with them, offline"),
    ExitCode.PARTIAL: ("it was interrupted", "run it again"),
    ExitCode.USAGE: ("it was called in a way that it refuses", "mend the pipeline, or its variables"),
}
_KILLED: Final = ("it did not end by itself", "run it again")
WITH_A_PLAN: Final = frozenset({ExitCode.OK, ExitCode.PENDING, ExitCode.REFUSED})
"""The exit codes of `plan` with which a plan exists."""


def failed_markdown(
    hub_url: str, code_of_plan: int, *, identity: str = "", commit: Text | None = None, log: str = ""
) -> str:
    """The comment without a plan, with the marker of that hub's plan, or of every plan at the address for "".

    `log` is our own address of the run's log.
    """
    why, advice = _WHY.get(code_of_plan, _KILLED)
    place = f"the [log of this run]({log})" if log else "the log of this run"
    at = f"<sub>Commit {code(commit.raw, Detail())}</sub>" if commit is not None else ""
    lines = (
        marker_of("plan", hub_url, identity),
        "### ⛔ bo-sync: there is no plan",
        "",
        f"**`plan` ended with exit code {code_of_plan}: {why}.** What an older plan said here no longer counts.",
        "",
        f"**Next:** {place} says more; {prose(advice)}.",
        *(("", at) if at else ()),
    )
    return "".join(f"{line}\n" for line in lines)
