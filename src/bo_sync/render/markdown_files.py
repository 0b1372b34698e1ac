"""The results of `validate` as a comment: weakened guards and errors unfolded, the rest folded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from bo_sync.core.model import Problem, Severity
from bo_sync.core.plan import Finding
from bo_sync.core.text import Text
from bo_sync.core.weakened_guards import GuardComparison
from bo_sync.render.escape import markdown_code
from bo_sync.render.guardrails import guards_verdict
from bo_sync.render.markdown_blocks import (
    COMMENT_LIMIT,
    Block,
    Cells,
    Detail,
    code,
    fitted,
    folded,
    said,
    table,
    unfolded,
)
from bo_sync.render.markdown_checks import (
    compared_with,
    guardrail_blocks,
    guardrail_table,
    place,
    policy_blocks,
    policy_notes,
    weakened_block,
)
from bo_sync.render.markdown_plan import marker_of
from bo_sync.render.notices import Checked
from bo_sync.render.wording import counted, listed, users

_WHOLE: Final = "All of it is in the JSON, and in `bo-sync validate --format text`."


@dataclass(frozen=True, slots=True)
class Validated:
    """The results of `validate`: the number of users and presets, the checks, and, with a base, the revision as given,
    the compared commit, and the `tip` of a `Comparison`."""

    users: int
    presets: int
    checked: Checked
    revision: Text | None = None
    commit: str = ""
    tip: str | None = None


def files_markdown(found: Validated, *, limit: int = COMMENT_LIMIT) -> str:
    """The results in at most `limit` bytes."""
    return fitted(partial(_blocks, found), limit, _WHOLE)


def _blocks(found: Validated, detail: Detail) -> Iterator[Block]:
    checked = found.checked
    yield said(marker_of("validate"), f"### {_heading(checked)}", "", _told(found))
    yield weakened_block(checked.weakened, detail)
    yield from (_problems(checked, severity, detail) for severity in (Severity.ERROR, Severity.WARNING))
    yield from guardrail_blocks(checked.guardrails, detail)
    yield from policy_blocks(checked.policies or (), detail)
    yield _findings(checked, detail, is_info=False)
    yield _findings(checked, detail, is_info=True)
    yield _problems(checked, Severity.INFO, detail)
    yield guardrail_table(checked.guardrails)
    yield policy_notes(checked.policies or (), detail)
    yield said(_footer(found, detail))


def _weights(checked: Checked) -> dict[Severity, int]:
    """The number of problems and findings per severity."""
    each: Sequence[Problem | Finding] = (*checked.problems, *(checked.findings or ()))
    return {severity: sum(entry.severity is severity for entry in each) for severity in Severity}


def _refusing(checked: Checked) -> list[str]:
    violated = [result for result in checked.policies or () if result.is_violated]
    named = [markdown_code(guardrail.guardrail) for guardrail in checked.guardrails if not guardrail.ok]
    named += [f"the policy {markdown_code(result.policy.id)}" for result in violated[:_NAMED]]
    return [*named, *([f"{len(violated) - _NAMED} more"] if len(violated) > _NAMED else [])]


_NAMED: Final = 10
"""Maximum number of policies that the verdict names."""


def _heading(checked: Checked) -> str:
    weights = _weights(checked)
    if weights[Severity.ERROR]:
        return f"⛔ bo-sync validate: {counted(weights[Severity.ERROR], 'error')}"
    if _refusing(checked):
        return "⛔ bo-sync validate: these files are refused"
    doubtful = any(not result.ok for result in checked.policies or ()) or checked.weakened
    if weights[Severity.WARNING] or doubtful:
        return "🔶 bo-sync validate: valid, and worth a look"
    return "✅ bo-sync validate: valid"


def _told(found: Validated) -> str:
    weights = _weights(found.checked)
    counts = listed((weights[severity], _WORDS[severity][weights[severity] != 1]) for severity in Severity)
    weakened = guards_verdict(len(found.checked.weakened))
    guards = f" **{weakened}**" if weakened else ""
    refusing = _refusing(found.checked)
    refused = f" **Refused by {', '.join(refusing)}.**" if refusing else ""
    read = f"{users(found.users)} and {counted(found.presets, 'preset')}"
    unjudged = " The files are not judged further while they have errors." if found.checked.findings is None else ""
    return f"{read}: {counts or 'nothing to say of them'}.{unjudged}{guards}{refused}"


_WORDS: Final = {
    Severity.ERROR: ("error", "errors"),
    Severity.WARNING: ("warning", "warnings"),
    Severity.INFO: ("note", "notes"),
}


def _problems(checked: Checked, severity: Severity, detail: Detail) -> Block:
    found = sorted(problem for problem in checked.problems if problem.severity is severity)
    if not found:
        return Block()
    is_info = severity is Severity.INFO
    rows = [partial(_problem, problem, detail) for problem in found]
    shown = table(("where", "what"), rows, detail.folded if is_info else detail.rows)
    title = f"{_WORDS[severity][1].capitalize()} about the files ({len(found)})"
    return folded(title, shown) if is_info else unfolded(title, shown)


def _problem(problem: Problem, detail: Detail) -> Cells:
    return place(problem.source, detail), code(problem.message, detail)


def _findings(checked: Checked, detail: Detail, *, is_info: bool) -> Block:
    """Warnings unfolded, notes folded."""
    found = [finding for finding in checked.findings or () if (finding.severity is Severity.INFO) is is_info]
    if not found:
        return Block()
    rows = [partial(_finding, finding, detail) for finding in found]
    shown = table(("", "who", "what", "where"), rows, detail.folded if is_info else detail.rows)
    return folded(f"Notes ({len(found)})", shown) if is_info else unfolded(f"Findings ({len(found)})", shown)


def _finding(finding: Finding, detail: Detail) -> Cells:
    who = code(finding.email.raw, detail) if finding.email is not None else ""
    return markdown_code(finding.rule), who, code(finding.message, detail), place(finding.source, detail)


def _footer(found: Validated, detail: Detail) -> str:
    if found.revision is None:
        return "<sub>Judged from the files alone, without a hub.</sub>"
    base = GuardComparison(found.revision, found.commit, tip=found.tip)
    return f"<sub>Judged from the files alone, without a hub, and {compared_with(base, detail)}.</sub>"
