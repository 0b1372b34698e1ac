"""Everything that somebody should be told, as one list: what annotations, SARIF and code quality reports are made of.

What refuses comes first, then what needs attention, then what is worth knowing; of equal weight the files come before
the rails, the policies, the guards, the changes and the findings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bo_sync.access.rules import RULES
from bo_sync.core.changes import CreateUser, DeleteUser, UpdateUser
from bo_sync.core.guards import Loosened
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.policy import PolicyResult
from bo_sync.core.rails import RailResult, way_past
from bo_sync.core.text import Text, visible
from bo_sync.render.guards import after_of, before_of
from bo_sync.render.phrases import address
from bo_sync.render.policies import told_of
from bo_sync.render.rails import measure_of
from bo_sync.render.sections import attention

FILES: Final = "files"
GUARD: Final = "loosened_guard"
DELETION: Final = "deletion"
DELICATE: Final = "delicate_access"
_WEIGHTS: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to be told. `rule` is a finding's number, a rail, a policy's id, or one of the words above.

    `title` is a short sentence in lower case without a full stop (a policy's is its own), `message` one line without
    the person. Both are harmless where they stand in plain text. `what` is what the notice is about beside the rule, the
    person and the file, in words that stay while lines, days and counts move.
    """

    rule: str
    severity: Severity
    title: str
    message: str
    email: Text | None = None
    source: Source | None = None
    what: str = ""

    @property
    def told(self) -> str:
        """The message with its person: `jane@example.com: it ends today`."""
        return self.message if self.email is None else f"{address(self.email)}: {self.message}"


@dataclass(frozen=True, slots=True)
class Judged:
    """All that is told of files: what is wrong, what is worth knowing, what policies and rails say, and which guards
    are loosened since a base. None for findings and policies when errors kept the files from being judged."""

    problems: Sequence[Problem] = ()
    findings: Sequence[Finding] | None = ()
    policies: Sequence[PolicyResult] | None = ()
    rails: Sequence[RailResult] = ()
    loosened: Sequence[Loosened] = ()


def plan_notices(plan: Plan) -> tuple[Notice, ...]:
    """What is to be told of a plan, gravest first."""
    return _gravest_first(
        (*_of_rails(plan.rails), *_of_policies(plan.policies), *_of_changes(plan), *_of_findings(plan.findings))
    )


def files_notices(judged: Judged) -> tuple[Notice, ...]:
    """What is to be told of files, gravest first."""
    return _gravest_first(
        (
            *map(_of_problem, sorted(judged.problems)),
            *_of_rails(judged.rails),
            *_of_policies(judged.policies or ()),
            *map(_of_guard, judged.loosened),
            *_of_findings(judged.findings or ()),
        )
    )


def _gravest_first(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple(sorted(notices, key=lambda notice: _WEIGHTS.index(notice.severity)))


def _of_problem(problem: Problem) -> Notice:
    what = _lasting(problem.message)
    return Notice(FILES, problem.severity, "a file is not as it should be", problem.message, None, problem.source, what)


def _of_rails(rails: Iterable[RailResult]) -> Iterator[Notice]:
    """One for each row of a rail that refuses, or one for the rail where it has no rows."""
    for rail in rails:
        if rail.ok:
            continue
        title, way = f"the rail {rail.rail} refuses: {measure_of(rail)}", f"way past: {way_past(rail)}"
        for row in rail.rows:
            told = f"{row.message}; {way}"
            yield Notice(rail.rail, Severity.ERROR, title, told, row.email, row.source, _lasting(row.message))
        if not rail.rows:
            yield Notice(rail.rail, Severity.ERROR, title, f"{measure_of(rail)}; {way}")


def _of_policies(policies: Iterable[PolicyResult]) -> Iterator[Notice]:
    """One for each person who makes a policy fail, or one for the policy where people are wanting; and its notes.

    What people are told of is the policy's title, limits and why; where somebody has no file, the policy's is named.
    """
    for result in policies:
        policy, title = result.policy, f"{result.policy.title}"
        severity = Severity.ERROR if result.is_violated else Severity.WARNING
        why = f" ({policy.why})" if policy.why is not None else ""
        if result.is_too_few or (not result.ok and not result.rows):
            yield Notice(policy.id, severity, title, told_of(result) + why, None, policy.source)
        elif not result.ok:
            for row in result.rows:
                told = f"{row.message}; {told_of(result)}{why}"
                yield Notice(policy.id, severity, title, told, row.email, row.source or policy.source)
        for note in result.notes:
            source = note.source or policy.source
            yield Notice(policy.id, Severity.WARNING, title, note.message, note.email, source, _lasting(note.message))


def _of_guard(loosened: Loosened) -> Notice:
    told = f"{loosened.guard}: {before_of(loosened)} → {after_of(loosened)}"
    return Notice(GUARD, Severity.WARNING, "a guard is loosened since the base", visible(told), what=_lasting(told))


def _of_changes(plan: Plan) -> Iterator[Notice]:
    for change, row in attention(plan):
        told = "; ".join(filter(None, (f"{row.topic} {row.effect}".strip(), row.meaning)))
        match change:
            case DeleteUser():
                yield Notice(DELETION, Severity.WARNING, "somebody is deleted", told, change.email, change.source)
            case CreateUser() | UpdateUser():
                title = "delicate access changes"
                yield Notice(DELICATE, Severity.WARNING, title, told, change.email, change.source, row.topic)


def _of_findings(findings: Iterable[Finding]) -> Iterator[Notice]:
    for found in findings:
        rule = RULES.get(found.rule)
        title = rule.title if rule else found.rule
        what = _about(found)
        yield Notice(found.rule, found.severity, title, found.message, found.email, found.source, what)


_QUOTED: Final = re.compile("`[^`]*`")


def _about(found: Finding) -> str:
    """The entry that a finding speaks of; without one, its person or its file says enough, or else its words."""
    quoted = _QUOTED.search(found.message)
    if quoted is not None:
        return quoted.group()
    return "" if found.email or found.source else _lasting(found.message)


def _lasting(message: str) -> str:
    """`message` without its numbers: lines, days and counts."""
    return re.sub(r"\d+", "#", message)
