"""Copies of plans, reports and what is told of files, with pseudonyms in place of people: to be shown, never run."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar, assert_never

from bo_sync.core.changes import (
    Change,
    CreateUser,
    DeleteUser,
    FieldChange,
    GrantChange,
    RemoveDuplicate,
    UpdateUser,
)
from bo_sync.core.diff import UnmanagedPerson
from bo_sync.core.document import digest
from bo_sync.core.guardrails import GuardrailResult, GuardrailRow
from bo_sync.core.guards import GuardComparison, Loosened
from bo_sync.core.history import Comparison
from bo_sync.core.model import Declaration, DesiredUser, FieldValue, LiveUser, Problem, Profile, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.policy import Exemption, Policy, PolicyResult, PolicyRow
from bo_sync.core.report import Report
from bo_sync.core.text import Text
from bo_sync.render.pseudonyms import Acquaintance, Pseudonyms

Compared = TypeVar("Compared", bound=GuardComparison)


def declared(person: Declaration) -> Acquaintance:
    """Somebody as a file tells of them."""
    reasons = (*(entry.reason for entry in person.overrides), *(entry.reason for entry in person.ignore))
    told = tuple(reason for reason in reasons if reason is not None)
    return Acquaintance(person.email, person.profile, person.source.path, told)


def living(person: LiveUser) -> Acquaintance:
    """Somebody as the hub tells of them."""
    return Acquaintance(person.email, person.profile)


def excepted(policy: Policy) -> Iterator[Acquaintance]:
    """Whom a policy names."""
    return (Acquaintance(entry.email, reasons=(entry.reason,)) for entry in policy.exemptions)


def redacted_plan(plan: Plan, who: Pseudonyms) -> Plan:
    """`plan` with pseudonyms, sorted by them: the order of names tells of names. Its digest is told as that of the plan
    itself, or with a key as the key makes it."""
    who = who.knowing(_met(plan))
    return replace(
        plan,
        changes=tuple(
            sorted((_change(change, who) for change in plan.changes), key=lambda change: change.email.folded)
        ),
        unmanaged=tuple(sorted((_left(person, who) for person in plan.unmanaged), key=attrgetter("email"))),
        findings=redacted_findings(plan.findings, who),
        guardrails=tuple(redacted_guardrail(guardrail, who) for guardrail in plan.guardrails),
        effects={
            who.email(change.email).folded: plan.effects[change.email.folded]
            for change in plan.changes
            if change.email.folded in plan.effects
        },
        policies=tuple(redacted_policy(result, who) for result in plan.policies),
        hub=replace(plan.hub, tenant=None if plan.hub.tenant is None else who.text(plan.hub.tenant)),
        config=replace(plan.config, digest=who.digest(plan.config.digest)),
        redacted_from=who.digest(digest(plan)),
        base=plan.base and redacted_guards(plan.base, who),
    )


def _met(plan: Plan) -> Iterator[Acquaintance]:
    """Everybody whom the plan itself names."""
    for change in plan.changes:
        path = change.source.path if change.source else None
        yield Acquaintance(change.email, path=path)
        match change:
            case CreateUser():
                yield Acquaintance(profile=change.profile)
            case UpdateUser():
                yield Acquaintance(change.hub_email, _both(change.profile))
            case DeleteUser():
                yield Acquaintance(change.hub_email)
    yield from (Acquaintance(person.email) for person in plan.unmanaged)
    yield from met_in_findings(plan.findings)
    yield from met_in_guardrails(plan.guardrails)
    yield from met_in_policies(plan.policies)
    yield from _met_in_guards(plan.loosened)


def _met_in_guards(loosened: Iterable[Loosened]) -> Iterator[Acquaintance]:
    """The reasons of exceptions and suppressed findings: the files at hand may no longer have them."""
    for entry in loosened:
        if entry.guard == "ignore" or entry.guard.endswith(".except"):
            told = (text.raw.partition(": ")[2] for text in (entry.before, entry.after) if text is not None)
            yield Acquaintance(reasons=tuple(map(Text, told)))


def _both(changes: Iterable[FieldChange]) -> Profile:
    return tuple(FieldValue(entry.field, value) for entry in changes for value in (entry.before, entry.after))


def met_in_findings(findings: Iterable[Finding]) -> Iterator[Acquaintance]:
    return (Acquaintance(found.email, path=found.source.path if found.source else None) for found in findings)


def met_in_guardrails(guardrails: Iterable[GuardrailResult]) -> Iterator[Acquaintance]:
    return (_met_in_row(row) for guardrail in guardrails for row in guardrail.rows)


def met_in_policies(results: Iterable[PolicyResult]) -> Iterator[Acquaintance]:
    for result in results:
        yield from excepted(result.policy)
        yield from map(_met_in_row, (*result.rows, *result.excepted, *result.notes))


def _met_in_row(row: GuardrailRow | PolicyRow) -> Acquaintance:
    return Acquaintance(row.email, path=row.source.path if row.source else None)


def _change(change: Change, who: Pseudonyms) -> Change:
    match change:
        case CreateUser():
            return replace(
                change,
                email=who.email(change.email),
                source=who.source(change.source),
                profile=who.profile(change.profile),
                grants=tuple(replace(grant, source=who.place(grant.source)) for grant in change.grants),
            )
        case UpdateUser():
            return replace(
                change,
                email=who.email(change.email),
                source=who.source(change.source),
                hub_email=who.email(change.hub_email),
                profile=tuple(_edited(entry, who) for entry in change.profile),
                grants=tuple(_placed(grant, who) for grant in change.grants),
            )
        case DeleteUser():
            return replace(
                change,
                email=who.email(change.email),
                source=who.place(change.source),
                hub_email=who.email(change.hub_email),
            )
        case unreachable:
            assert_never(unreachable)


def _placed(grant: GrantChange, who: Pseudonyms) -> GrantChange:
    return grant if isinstance(grant, RemoveDuplicate) else replace(grant, source=who.place(grant.source))


def _edited(entry: FieldChange, who: Pseudonyms) -> FieldChange:
    return replace(entry, before=who.value(entry.field, entry.before), after=who.value(entry.field, entry.after))


def _left(person: UnmanagedPerson, who: Pseudonyms) -> UnmanagedPerson:
    return replace(person, email=who.email(person.email))


def redacted_findings(findings: Iterable[Finding], who: Pseudonyms) -> tuple[Finding, ...]:
    """In the order of their new places; those that stand nowhere last, as they were."""
    shown = (redacted_finding(finding, who) for finding in findings)
    return tuple(sorted(shown, key=lambda finding: (finding.source is None, *_order(finding.source))))


def _order(source: Source | None) -> tuple[str, int, int]:
    return ("", 0, 0) if source is None else (source.path.raw, source.line, source.column)


def redacted_finding(finding: Finding, who: Pseudonyms) -> Finding:
    return replace(
        finding,
        message=who.told(finding.message),
        email=who.email(finding.email) if finding.email is not None else None,
        source=who.place(finding.source),
    )


def redacted_guardrail(guardrail: GuardrailResult, who: Pseudonyms) -> GuardrailResult:
    rows = (GuardrailRow(who.email(row.email), who.told(row.message), who.place(row.source)) for row in guardrail.rows)
    return replace(guardrail, rows=tuple(sorted(rows, key=attrgetter("email"))))


def redacted_policy(result: PolicyResult, who: Pseudonyms) -> PolicyResult:
    policy = result.policy
    shown = replace(
        policy,
        id=who.told(policy.id),
        title=who.text(policy.title),
        source=who.source(policy.source),
        why=who.text(policy.why) if policy.why is not None else None,
        exemptions=tuple(sorted((_exempted(entry, who) for entry in policy.exemptions), key=attrgetter("email"))),
    )
    rows, others, notes = (_rows(lot, who) for lot in (result.rows, result.excepted, result.notes))
    return replace(result, policy=shown, rows=rows, excepted=others, notes=notes)


def _exempted(entry: Exemption, who: Pseudonyms) -> Exemption:
    return replace(entry, email=who.email(entry.email), reason=who.text(entry.reason), source=who.source(entry.source))


def _rows(rows: Iterable[PolicyRow], who: Pseudonyms) -> tuple[PolicyRow, ...]:
    shown = (
        replace(row, email=who.email(row.email), message=who.told(row.message), source=who.place(row.source))
        for row in rows
    )
    return tuple(sorted(shown, key=attrgetter("email")))


def redacted_report(report: Report, who: Pseudonyms) -> Report:
    """`report` with pseudonyms; its digest is told as the redacted plan's is."""
    who = who.knowing(Acquaintance(person.email) for person in report.outcomes)
    outcomes = (
        replace(person, email=who.email(person.email), error=None if person.error is None else who.told(person.error))
        for person in report.outcomes
    )
    invitations = (
        replace(user, email=who.email(user.email), error=None if user.error is None else who.told(user.error))
        for user in report.invitations
    )
    return replace(
        report,
        outcomes=tuple(sorted(outcomes, key=attrgetter("email"))),
        moved=tuple(map(who.told, report.moved)),
        digest=who.digest(report.digest),
        owners=report.owners and replace(report.owners, command=who.told(report.owners.command)),
        invitations=tuple(sorted(invitations, key=attrgetter("email"))),
    )


def redacted_problem(problem: Problem, who: Pseudonyms) -> Problem:
    return replace(problem, source=who.source(problem.source), message=who.complaint(problem.message))


def redacted_comparison(comparison: Comparison, who: Pseudonyms) -> Comparison:
    guardrails = tuple(redacted_guardrail(guardrail, who) for guardrail in comparison.guardrails)
    return replace(redacted_guards(comparison, who), guardrails=guardrails)


def redacted_guards(compared: Compared, who: Pseudonyms) -> Compared:
    return replace(
        compared,
        revision=who.text(compared.revision),
        loosened=tuple(redacted_guard(entry, who) for entry in compared.loosened),
    )


def redacted_guard(entry: Loosened, who: Pseudonyms) -> Loosened:
    before, after = (None if text is None else who.text(text) for text in (entry.before, entry.after))
    return Loosened(who.told(entry.guard), before, after)


def redacted_user(user: DesiredUser, who: Pseudonyms) -> DesiredUser:
    """Somebody of the files; what they hold stays."""
    return replace(user, email=who.email(user.email), source=who.source(user.source), profile=who.profile(user.profile))


def redacted_live_user(user: LiveUser, who: Pseudonyms) -> LiveUser:
    """Somebody of the hub; what they hold stays."""
    return replace(user, email=who.email(user.email), profile=who.profile(user.profile))
