"""Guardrails and policies in a comment: those that block are unfolded, with the users and the exact override."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult, way_past
from bo_sync.core.model import Source
from bo_sync.core.policy import PolicyResult, PolicyRow
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.escape import markdown_code
from bo_sync.render.guardrails import after_of, before_of, measure_of, way_past_policy, weight_of
from bo_sync.render.markdown_blocks import Block, Cells, Detail, code, folded, prose, said, sentence, table, unfolded
from bo_sync.render.wording import counted, users

_HEAD: Final = ("who", "why", "where")


def weakened_table(weakened: Sequence[Weakened], detail: Detail) -> Block:
    """All guards that are weaker than at a base, while any grave row fits."""
    rows = [partial(_weakened, entry, detail) for entry in weakened]
    return table(("guard", "before", "after"), rows, detail.most(len(rows), detail.rows))


def weakened_block(weakened: Sequence[Weakened], detail: Detail) -> Block:
    """That table under its heading; an empty block where no guard is weaker."""
    return unfolded(f"Guards loosened ({len(weakened)})", weakened_table(weakened, detail)) if weakened else Block()


def _weakened(entry: Weakened, detail: Detail) -> Cells:
    return code(entry.guard, detail), code(before_of(entry), detail), code(after_of(entry), detail)


def compared_with(base: GuardComparison, detail: Detail) -> str:
    """The revision and its commit, as `base_words` names them."""
    since = f", where HEAD left it; it is at {code(base.tip, detail)}" if base.tip is not None else ""
    return f"compared with {code(base.revision.raw, detail)} ({code(base.commit, detail)}{since})"


def guardrail_blocks(guardrails: Iterable[GuardrailResult], detail: Detail) -> Iterator[Block]:
    """One block per guardrail that blocks."""
    for guardrail in guardrails:
        if not guardrail.ok:
            rows = table(_HEAD, [partial(_guardrail_row, row, detail) for row in guardrail.rows], detail.blocked)
            told = (
                f"{prose(measure_of(guardrail))}.",
                *_below(rows),
                "",
                f"**Way past:** {prose(way_past(guardrail))}.",
            )
            verdict = "Left out, blocked by" if guardrail.skipped else "Refused by"
            yield unfolded(f"{verdict} {markdown_code(guardrail.guardrail)}", Block(told, rows.shown, rows.rows))


def _below(rows: Block) -> tuple[str, ...]:
    return ("", *rows.lines) if rows.lines else ()


def _guardrail_row(row: GuardrailRow | PolicyRow, detail: Detail) -> Cells:
    return code(row.email.raw, detail), code(row.message, detail), place(row.source, detail)


def place(source: Source | None, detail: Detail) -> str:
    return code(source.short.raw, detail) if source is not None else ""


def guardrail_table(guardrails: Sequence[GuardrailResult]) -> Block:
    """All guardrails folded, passed or not; an empty block where none was checked."""
    if not guardrails:
        return Block()
    refusing = sum(guardrail.blocks for guardrail in guardrails)
    rows = [partial(_measured, guardrail) for guardrail in guardrails]
    left_out = ", users left out" if any(guardrail.skipped for guardrail in guardrails) else ""
    verdict = f"{refusing} {'refuses' if refusing == 1 else 'refuse'}" if refusing else f"none refuses{left_out}"
    measured = table(("", "guardrail", "found, and allowed"), rows)
    return folded(f"Guardrails: {len(guardrails)} checked, {verdict}", Block(measured.lines))


def _measured(guardrail: GuardrailResult) -> Cells:
    state = "ok" if guardrail.ok else "**left out**" if guardrail.skipped else "**refused**"
    return state, markdown_code(guardrail.guardrail), prose(measure_of(guardrail))


def policy_blocks(results: Iterable[PolicyResult], detail: Detail) -> Iterator[Block]:
    """One block per policy that fails, those that block first, while they fit; the others are counted."""
    failing = sorted((result for result in results if not result.ok), key=lambda result: not result.is_violated)
    shown = failing[: detail.blocked]
    for result in shown:
        yield _policy(result, detail)
    left = failing[len(shown) :]
    if left:
        rows = sum(result.actual for result in left)
        yield Block((f"{counted(len(left), 'more policy fails', 'more policies fail')}.",), 0, rows)


def pressing(results: Iterable[PolicyResult]) -> tuple[PolicyResult, ...]:
    """The policies that block a plan, or that fail differently than before it."""
    return tuple(result for result in results if not result.ok and not _stood(result))


def _stood(result: PolicyResult) -> bool:
    """Whether it fails as it did before the plan, and blocks nothing."""
    is_new = any(row.is_new for row in result.rows) or result.is_too_few
    return not result.ok and not result.is_violated and (result.is_tolerated or not is_new)


def standing_policies(results: Iterable[PolicyResult], detail: Detail) -> Block:
    """The other policies that fail, folded: a reviewer has seen them before."""
    standing = [result for result in results if _stood(result)]
    if not standing:
        return Block()
    blocks = list(policy_blocks(standing, replace(detail, rows=detail.folded, grave=0)))
    lines = tuple(line for block in blocks for line in ("", *block.lines))[1:]
    number = sum(result.actual for result in standing)
    told = f"{counted(len(standing), 'policy fails', 'policies fail')} as before, and refuse nothing: {users(number)}"
    title = told if len(standing) > 1 else told.replace("and refuse", "and refuses")
    return folded(title, Block(lines, sum(block.shown for block in blocks), sum(block.rows for block in blocks)))


def _counting(result: PolicyResult, detail: Detail) -> Block:
    """The users who match; where some are new, the earlier ones are folded."""
    cells = [partial(_policy_row, row, detail) for row in result.rows]
    new = [shown for shown, row in zip(cells, result.rows, strict=True) if row.is_new]
    if not new or len(new) == len(cells):
        return table((*_HEAD, ""), cells, detail.blocked)
    old = [shown for shown, row in zip(cells, result.rows, strict=True) if not row.is_new]
    first, then = (
        table((*_HEAD, ""), new, detail.blocked),
        table(_HEAD, [_without_mark(each) for each in old], detail.folded),
    )
    below = folded(f"{users(len(old))} did so before", then)
    return Block((*first.lines, "", *below.lines), first.shown + then.shown, len(cells))


def _without_mark(row: Callable[[], Cells]) -> Callable[[], Cells]:
    return lambda: row()[:-1]


def _policy(result: PolicyResult, detail: Detail) -> Block:
    policy = result.policy
    rows = _counting(result, detail)
    why = ("", f"**Why:** {code(policy.why.raw, detail)}") if policy.why is not None else ()
    told = (
        f"{code(policy.title.raw, detail)}: {prose(weight_of(result))}.",
        *_below(rows),
        *why,
        "",
        f"**Way past:** {sentence(way_past_policy(result), detail)}.",
    )
    name = f"policy {code(policy.id, detail)}"
    title = f"Refused by the {name}" if result.is_violated else f"The {name} fails, and refuses nothing"
    return unfolded(title, Block(told, rows.shown, rows.rows))


def _policy_row(row: PolicyRow, detail: Detail) -> Cells:
    return (*_guardrail_row(row, detail), "**new**" if row.is_new else "")


def policy_notes(results: Sequence[PolicyResult], detail: Detail) -> Block:
    """The notes on exceptions, folded under the number of checked policies; empty without policies."""
    if not results:
        return Block()
    failing = sum(not result.ok for result in results)
    checked = counted(len(results), "policy", "policies")
    title = (
        f"Policies: {checked} checked, {f'{failing} fail' + ('s' if failing == 1 else '') if failing else 'none fails'}"
    )
    notes = [partial(_note, result, row, detail) for result in results for row in result.notes]
    if not notes:
        return said(f"{title}.")
    return folded(
        f"{title}; {counted(len(notes), 'note')} on exceptions", table(("policy", *_HEAD), notes, detail.folded)
    )


def _note(result: PolicyResult, row: PolicyRow, detail: Detail) -> Cells:
    return (code(result.policy.id, detail), *_guardrail_row(row, detail))
