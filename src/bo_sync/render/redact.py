"""Redacted copies of plans, reports, findings and answers, with pseudonyms in place of users."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from operator import attrgetter
from typing import TypeVar, assert_never

from bo_sync.access.access_diff import UserDifference
from bo_sync.access.provenance import AnyPlace, HubPlace, Provenance
from bo_sync.access.queries import Able, QueryAnswer, Reaching
from bo_sync.access.user_access import Contrast, Grant, Granted, Matrix, Panel, UserAccess
from bo_sync.core.apply_report import Report
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import Change, CreateUser, DeleteUser, FieldChange, GrantChange, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import UnmanagedUser
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Declaration, DesiredUser, FieldValue, LiveUser, Preset, Problem, Profile, Source
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Exemption, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from bo_sync.render.access_diff import AccessDiff
from bo_sync.render.pseudonyms import HIDDEN, Acquaintance, Pseudonyms

Compared = TypeVar("Compared", bound=GuardComparison)


def declared(user: Declaration) -> Acquaintance:
    """The data of a user in a file."""
    reasons = (*(entry.reason for entry in user.overrides), *(entry.reason for entry in user.ignore))
    told = tuple(reason for reason in reasons if reason is not None)
    return Acquaintance(user.email, user.profile, user.source.path, told)


def living(user: LiveUser) -> Acquaintance:
    """The data of a user in the hub."""
    return Acquaintance(user.email, user.profile)


def excepted(policy: Policy) -> Iterator[Acquaintance]:
    """The users that a policy names."""
    return (Acquaintance(entry.email, reasons=(entry.reason,)) for entry in policy.exemptions)


def redacted_plan(plan: Plan, who: Pseudonyms) -> Plan:
    """`plan` with pseudonyms, sorted by them, since the order of names reveals names. The digest is that of the plan
    itself, or with a key its hash."""
    who = who.knowing(_met(plan))
    return replace(
        plan,
        changes=tuple(
            sorted((_change(change, who) for change in plan.changes), key=lambda change: change.email.folded)
        ),
        unmanaged=tuple(sorted((_left(user, who) for user in plan.unmanaged), key=attrgetter("email"))),
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
    """All users that the plan itself names."""
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
    yield from (Acquaintance(user.email) for user in plan.unmanaged)
    yield from met_in_findings(plan.findings)
    yield from met_in_guardrails(plan.guardrails)
    yield from met_in_policies(plan.policies)
    yield from _met_in_guards(plan.weakened)


def _met_in_guards(weakened: Iterable[Weakened]) -> Iterator[Acquaintance]:
    """The reasons of exceptions and suppressed findings, which the present files may no longer have."""
    for entry in weakened:
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


def _left(user: UnmanagedUser, who: Pseudonyms) -> UnmanagedUser:
    return replace(user, email=who.email(user.email))


def redacted_findings(findings: Iterable[Finding], who: Pseudonyms) -> tuple[Finding, ...]:
    """In the order of their new places; those without a place last, in their old order."""
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
    """`report` with pseudonyms; its digest as in the redacted plan."""
    who = who.knowing(Acquaintance(user.email) for user in report.outcomes)
    outcomes = (
        replace(user, email=who.email(user.email), error=None if user.error is None else who.told(user.error))
        for user in report.outcomes
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
        weakened=tuple(redacted_guard(entry, who) for entry in compared.weakened),
    )


def redacted_guard(entry: Weakened, who: Pseudonyms) -> Weakened:
    before, after = (None if text is None else who.text(text) for text in (entry.before, entry.after))
    return Weakened(who.told(entry.guard), before, after)


def redacted_user(user: DesiredUser, who: Pseudonyms) -> DesiredUser:
    """A user of the files; access stays."""
    return replace(user, email=who.email(user.email), source=who.source(user.source), profile=who.profile(user.profile))


def redacted_live_user(user: LiveUser, who: Pseudonyms) -> LiveUser:
    """A user of the hub; access stays."""
    return replace(user, email=who.email(user.email), profile=who.profile(user.profile))


def met(user: UserAccess) -> Acquaintance:
    """The data of a user whose access is shown."""
    path = user.source.path if user.source is not None else None
    reasons = tuple(grant.reason for grant in user.grants if grant.reason is not None)
    return Acquaintance(user.email, user.profile, path, reasons)


def redacted_access(user: UserAccess, who: Pseudonyms) -> UserAccess:
    return UserAccess(
        who.email(user.email),
        _grants(user.grants, who),
        who.place(user.source),
        who.profile(user.profile),
        tuple(map(who.told, user.presets)),
    )


def _grant(grant: Granted, who: Pseudonyms) -> Grant:
    preset = None if grant.preset is None else who.told(grant.preset)
    reason = None if grant.reason is None else Text(HIDDEN)
    return Grant(grant.role, grant.access, who.place(grant.source), preset, grant.until, reason)


def redacted_answer(answer: QueryAnswer, who: Pseudonyms) -> QueryAnswer:
    """An answer with pseudonyms; the question and its notes name no user."""
    users = (*(entry.user for entry in answer.able), *(entry.user for entry in answer.reaching))
    who = who.knowing(map(met, users))
    able = (Able(redacted_access(entry.user, who), _grants(entry.because, who)) for entry in answer.able)
    reaching = (Reaching(redacted_access(entry.user, who), entry.steps) for entry in answer.reaching)
    return replace(
        answer,
        able=tuple(sorted(able, key=lambda entry: entry.user.email.folded)),
        reaching=tuple(sorted(reaching, key=lambda entry: entry.user.email.folded)),
    )


def _grants(grants: Iterable[Granted], who: Pseudonyms) -> tuple[Grant, ...]:
    return tuple(_grant(grant, who) for grant in grants)


def redacted_panel(panel: Panel, who: Pseudonyms) -> Panel:
    who = who.knowing((met(panel.user), *met_in_findings(panel.findings)))
    return replace(
        panel,
        user=redacted_access(panel.user, who),
        preset=None if panel.preset is None else _preset(panel.preset, who),
        leaves=None if panel.leaves is None else redacted_user(panel.leaves, who),
        findings=redacted_findings(panel.findings, who),
    )


def _preset(preset: Preset, who: Pseudonyms) -> Preset:
    return replace(
        preset,
        name=who.told(preset.name),
        source=who.source(preset.source),
        label=None if preset.label is None else who.text(preset.label),
        description=None if preset.description is None else who.text(preset.description),
    )


def redacted_matrix(matrix: Matrix, who: Pseudonyms) -> Matrix:
    users = (redacted_access(user, who) for user in matrix.users)
    return replace(matrix, users=tuple(sorted(users, key=lambda user: user.email.folded)))


def redacted_place(place: AnyPlace, who: Pseudonyms) -> AnyPlace:
    """A place with pseudonyms: the name of a revision or a hub may contain an address."""
    match place:
        case Provenance():
            return redacted_side(place, who)
        case HubPlace():
            return replace(place, hub=who.text(place.hub))
        case unreachable:
            assert_never(unreachable)


def redacted_contrast(contrast: Contrast, who: Pseudonyms) -> Contrast:
    """A contrast with pseudonyms: the name of either side may contain an address."""
    who = who.knowing(Acquaintance(user.email) for user in contrast.users)
    users = (replace(user, email=who.email(user.email)) for user in contrast.users)
    return replace(
        contrast,
        here=redacted_place(contrast.here, who),
        there=who.text(contrast.there),
        users=tuple(sorted(users, key=lambda user: user.email.folded)),
    )


def redacted_difference(found: AccessDiff, who: Pseudonyms) -> AccessDiff:
    who = who.knowing(_differing(user) for user in found.users)
    return AccessDiff(
        redacted_side(found.base, who),
        redacted_side(found.head, who),
        tuple(redacted_guard(entry, who) for entry in found.weakened),
        tuple(sorted((_moved(user, who) for user in found.users), key=attrgetter("email"))),
    )


def _differing(user: UserDifference) -> Acquaintance:
    return Acquaintance(user.email, path=user.source.path if user.source is not None else None)


def redacted_side(place: Provenance, who: Pseudonyms) -> Provenance:
    return replace(place, revision=None if place.revision is None else who.text(place.revision))


def _moved(user: UserDifference, who: Pseudonyms) -> UserDifference:
    return replace(user, email=who.email(user.email), source=who.place(user.source))
