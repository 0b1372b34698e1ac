"""Notices, as one list for annotations, SARIF and code quality, with stable fingerprints.

Order: what blocks, then what needs attention, then the rest, each by `Gravity`. A fingerprint stays the same while
lines, folders, days and counts change. It is a hash and shows no address.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Final

from bo_sync.access.finding_codes import RULES
from bo_sync.core.changes import DeleteUser
from bo_sync.core.guardrails import GuardrailResult, way_past
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.policy import PolicyResult, PolicyRow
from bo_sync.core.text import Text, visible
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.guardrails import after_of, before_of, measure_of, told_of
from bo_sync.render.sections import Gravity, attention
from bo_sync.render.wording import address

FILES: Final = "files"
GUARD: Final = "loosened_guard"
DELETION: Final = "deletion"
DELICATE: Final = "delicate_access"
_WEIGHTS: Final = tuple(Severity)
_GUARDS_FIRST: Final = 4
"""GitHub shows ten warnings per step: these, five changes, and the count of the others."""


class NoticeKind(StrEnum):
    """The source of a notice, because a guardrail and a policy may have the same name."""

    FILES = "files"
    GUARDRAIL = "guardrail"
    POLICY = "policy"
    GUARD = "guard"
    CHANGE = "change"
    FINDING = "finding"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. `rule` is a finding's number, a guardrail, a policy's id, or one of the words above.

    `title` is a short sentence in lower case without a full stop (a policy has its own), `message` one line without
    the user. Both are safe in plain text. `what` is the subject beside the rule, the user and the file, in words that
    stay the same while lines, days and counts change.
    """

    rule: str
    severity: Severity
    title: str
    message: str
    email: Text | None = None
    source: Source | None = None
    what: str = ""
    kind: NoticeKind = NoticeKind.FINDING
    gravity: Gravity = Gravity.WARNING

    @property
    def told(self) -> str:
        """The message with its user: `jane@example.com: it ends today`."""
        message = str(self.message or self.title)
        return message if self.email is None else f"{address(self.email)!s}: {message}"

    @property
    def check(self) -> str:
        """The rule's unique name: `BOS007`, `files`, `deletion`, `guardrail/self`, `policy/self`."""
        return f"{self.kind}/{self.rule}" if self.kind in {NoticeKind.GUARDRAIL, NoticeKind.POLICY} else self.rule


@dataclass(frozen=True, slots=True)
class Checked:
    """The checks of files: problems, findings, results of policies and guardrails, and the guards that are weakened
    since a base. None for findings and policies when errors prevented judging the files."""

    problems: Sequence[Problem] = ()
    findings: Sequence[Finding] | None = ()
    policies: Sequence[PolicyResult] | None = ()
    guardrails: Sequence[GuardrailResult] = ()
    weakened: Sequence[Weakened] = ()


def plan_notices(plan: Plan) -> tuple[Notice, ...]:
    """The notices of a plan, gravest first."""
    return _gravest_first(
        (
            *_of_guardrails(plan.guardrails),
            *_of_policies(plan.policies),
            *_of_guards_beside_changes(plan.weakened),
            *_of_changes(plan),
            *_of_findings(plan.findings),
        )
    )


def files_notices(checked: Checked) -> tuple[Notice, ...]:
    """The notices of files, gravest first."""
    return _gravest_first(
        (
            *map(_of_problem, sorted(checked.problems)),
            *_of_guardrails(checked.guardrails),
            *_of_policies(checked.policies or ()),
            *map(_of_guard, checked.weakened),
            *_of_findings(checked.findings or ()),
        )
    )


def _gravest_first(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    """By severity and gravity. Only the first notice of each blocking check is among the gravest, so that no check
    hides another one."""
    found: list[Notice] = []
    seen: set[str] = set()
    for notice in notices:
        blocked = Gravity.BLOCKED_TOO if notice.check in seen else Gravity.BLOCKED
        seen.add(notice.check)
        found.append(replace(notice, gravity=blocked) if notice.severity is Severity.ERROR else notice)
    return tuple(sorted(found, key=lambda notice: (_WEIGHTS.index(notice.severity), notice.gravity)))


def kept(notices: Sequence[Notice], most: int) -> tuple[Notice, ...]:
    """The `most` gravest of `notices`, in the given order."""
    gravest = sorted(range(len(notices)), key=lambda index: notices[index].gravity)[:most]
    return tuple(notices[index] for index in sorted(gravest))


def _of_problem(problem: Problem) -> Notice:
    rule = RULES.get(problem.rule)
    return Notice(
        rule.id if rule else FILES,
        problem.severity,
        rule.title if rule else "a file is not as it should be",
        problem.message,
        source=problem.source,
        what=_lasting(problem.message),
        kind=NoticeKind.FINDING if rule else NoticeKind.FILES,
    )


def _of_guardrails(guardrails: Iterable[GuardrailResult]) -> Iterator[Notice]:
    """One per row of a guardrail that blocks, or one for the guardrail where it has no rows."""
    for guardrail in guardrails:
        if guardrail.ok:
            continue
        measured, way = measure_of(guardrail), f"way past: {way_past(guardrail)}"
        whole = Notice(
            guardrail.guardrail,
            Severity.ERROR,
            f"the guardrail {guardrail.guardrail} {'blocks users' if guardrail.skipped else 'refuses'}",
            f"{measured}; {way}",
            kind=NoticeKind.GUARDRAIL,
        )
        if not guardrail.rows:
            yield whole
        for row in guardrail.rows:
            told = f"{row.message!s} ({measured}); {way}"
            yield replace(whole, message=told, email=row.email, source=row.source, what=_lasting(row.message))


def _of_policies(policies: Iterable[PolicyResult]) -> Iterator[Notice]:
    """One per user who makes a policy fail, or one for the policy where users are missing; and its notes.

    An unmanaged user has the policy's place.
    """
    for result in policies:
        policy = result.policy
        severity = Severity.ERROR if result.is_violated else Severity.WARNING
        why = f" ({policy.why!s})" if policy.why is not None else ""
        whole = Notice(
            policy.id,
            severity,
            str(policy.title),
            told_of(result) + why,
            source=policy.source,
            kind=NoticeKind.POLICY,
        )
        if result.is_too_few:
            yield whole
        elif not result.ok:
            for row in result.rows:
                told = f"{row.message!s}; {whole.message!s}"
                yield replace(whole, message=told, email=row.email, source=row.source or policy.source)
        yield from (_of_note(note, whole) for note in result.notes)


def _of_note(note: PolicyRow, whole: Notice) -> Notice:
    return replace(
        whole,
        severity=Severity.WARNING,
        message=note.message,
        email=note.email,
        source=note.source or whole.source,
        what=_lasting(note.message),
    )


def _of_guard(weakened: Weakened) -> Notice:
    told = visible(f"{weakened.guard}: {before_of(weakened)} → {after_of(weakened)}")
    title = "a guard is loosened since the base"
    return Notice(
        GUARD, Severity.WARNING, title, told, what=_lasting(told), kind=NoticeKind.GUARD, gravity=Gravity.WEAKENED_GUARD
    )


def _of_guards_beside_changes(weakened: Sequence[Weakened]) -> Iterator[Notice]:
    """Only the first ones are among the gravest, so that many weakened guards do not hide all changes to review."""
    for number, entry in enumerate(weakened):
        notice = _of_guard(entry)
        yield notice if number < _GUARDS_FIRST else replace(notice, gravity=Gravity.BLOCKED_TOO)


def _of_changes(plan: Plan) -> Iterator[Notice]:
    for change, row, gravity, place in attention(plan):
        told = "; ".join(filter(None, (f"{row.topic} {row.effect}".strip(), row.meaning)))
        is_deletion = isinstance(change, DeleteUser)
        yield Notice(
            DELETION if is_deletion else DELICATE,
            Severity.WARNING,
            "somebody is deleted" if is_deletion else "delicate access changes",
            told,
            change.email,
            place or change.source,
            row.topic,
            NoticeKind.CHANGE,
            gravity,
        )


def _of_findings(findings: Iterable[Finding]) -> Iterator[Notice]:
    for found in findings:
        rule = RULES.get(found.rule)
        title = rule.title if rule else found.rule
        yield Notice(found.rule, found.severity, title, found.message, found.email, found.source, _about(found))


_QUOTED: Final = re.compile("`[^`]*`")


def _about(found: Finding) -> str:
    """The entry of a finding; "" where its user or its file is enough, or else its words."""
    quoted = _QUOTED.search(found.message)
    if quoted is not None:
        return quoted.group()
    return "" if found.email or found.source else _lasting(found.message)


def _lasting(message: str) -> str:
    """`message` without numbers such as lines, days and counts."""
    return re.sub(r"\d+", "#", message)


ANYWHERE = Source(Text("bo-sync.yaml"), 1)
"""The place of notices without a file: forges drop notices without a place."""


def place_of(notice: Notice, below: str = "") -> Source:
    """The place of a notice, for a format that requires one: in the folder `below`, which ends with `/`."""
    source = notice.source or ANYWHERE
    return replace(source, path=Text(f"{below}{source.path.raw}"))


def fingerprints(notices: Iterable[Notice]) -> tuple[str, ...]:
    """A unique one per notice: 32 hexadecimal digits, `:`, and a number that makes equal ones different."""
    seen: Counter[str] = Counter()
    found = []
    for notice in notices:
        key = _key(notice)
        seen[key] += 1
        found.append(f"{key}:{seen[key]}")
    return tuple(found)


def _key(notice: Notice) -> str:
    stem = PurePosixPath(place_of(notice).path.raw).stem
    parts = (notice.check, notice.email.folded if notice.email else "", stem, notice.what)
    told = "".join(f"{len(part)}:{part}" for part in parts)
    return sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
