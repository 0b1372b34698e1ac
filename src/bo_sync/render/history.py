"""The files against those of a revision, as text: the guards that are loosened first, whole; then what refuses."""

from collections.abc import Iterable, Iterator, Sequence

from bo_sync.core.history import Comparison
from bo_sync.core.model import Problem
from bo_sync.core.plan import Finding
from bo_sync.render.escape import terminal
from bo_sync.render.guardrails import guardrails_block
from bo_sync.render.guards import base_words, guard_lines
from bo_sync.render.layout import Page
from bo_sync.render.phrases import counted
from bo_sync.render.text import problems_text


def comparison_text(
    comparison: Comparison,
    problems: Iterable[Problem],
    findings: Sequence[Finding] = (),
    *,
    width: int | None,
    color: bool,
) -> str:
    """What `validate --base` found: loosened guards, guardrails, and the problems and findings with their count."""
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
