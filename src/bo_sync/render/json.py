"""Plans, reports, problems and users as JSON for programs: pure ASCII, and nothing in it can act on a terminal or log.

Keys and their order are a promise; `format_version` changes when it is not kept. Text that is not ours stands here as
its exact characters, escaped as JSON escapes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from bo_sync import __version__
from bo_sync.core.apply_report import Outcome, Report
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import Cause, Change, DeleteUser, Direction, Effect, RevokeGrant, SetGrant
from bo_sync.core.changes_json import FORMAT_VERSION, Json, change_document, digest
from bo_sync.core.guardrails import OF_USER, Basis, GuardrailResult
from bo_sync.core.model import Problem, Role, Source
from bo_sync.core.plan import Finding, Plan, Summary
from bo_sync.core.policy import PolicyResult
from bo_sync.core.text import Text
from bo_sync.core.weakened_guards import GuardComparison
from bo_sync.render.escape import json_text
from bo_sync.render.guardrails import guard_documents, policy_document
from bo_sync.render.wording import UserRow


def plan_json(plan: Plan) -> str:
    """A plan: what is shown, saved, and given to `apply`."""
    return envelope(
        {
            "tool": {"name": "bo-sync", "version": __version__},
            "hub": {
                "url": plan.hub.url,
                "identity": plan.hub.identity,
                "identity_after": plan.hub.identity_after,
                "tenant": _raw(plan.hub.tenant),
                "users": plan.hub.users,
                "grants": plan.hub.grants,
            },
            "config": {
                "users": plan.config.users,
                "digest": plan.config.digest,
                "commit": _raw(plan.config.commit),
                "dirty": plan.config.dirty,
            },
            **(_base(plan.base) if plan.base is not None else {}),
            "summary": _summary(plan.summary),
            "changes": [_change(change, plan) for change in plan.changes],
            "unmanaged": [{"email": user.email.raw, "policy": user.policy} for user in plan.unmanaged],
            "unmanageable": [{"id": user.id, "reason": user.reason} for user in plan.unmanageable],
            "left_for_full_apply": plan.left_out,
            "findings": [finding_document(finding) for finding in plan.findings],
            "guardrails": [_guardrail(guardrail) for guardrail in plan.guardrails],
            "policies": [policy_document(result) for result in plan.policies],
            "digest": digest(plan),
        }
    )


CAUSES: Final = {Cause.STATE_ABSENT: "absent", Cause.UNTIL_PASSED: "until", Cause.UNMANAGED: "unmanaged"}
"""Why somebody is deleted, in a word."""


def _change(change: Change, plan: Plan) -> Json:
    """A change, why, and what it lets the user do; `unknown` counts operations of which the hub does not say who may.

    `cause` is that of a deletion, `expired` the roles whose own entry has ended, `places` where own entries stand.
    """
    effect = plan.effects.get(change.email.folded, Effect())
    whole = effect.whole
    return {
        **change_document(change),
        "cause": CAUSES[change.cause] if isinstance(change, DeleteUser) else None,
        "expired": [{"role": role, "until": until.isoformat()} for role, until in _expired(change)],
        "places": [{"role": role, "source": place.short.raw} for role, place in _places(change)],
        "menu": {"opened": list(whole.opened), "closed": list(whole.closed)},
        "operations": {"gained": list(whole.gained), "lost": list(whole.lost), "unknown": effect.unknown},
    }


def _expired(change: Change) -> Iterator[tuple[Role, date]]:
    for grant in change.grants:
        if isinstance(grant, SetGrant | RevokeGrant) and grant.expired is not None:
            yield grant.role, grant.expired


def _places(change: Change) -> Iterator[tuple[Role, Source]]:
    for grant in change.grants:
        if isinstance(grant, SetGrant | RevokeGrant) and grant.source is not None:
            yield grant.role, grant.source


def envelope(content: Mapping[str, Json]) -> str:
    """A whole document: its content below the version of the format."""
    return json_text({"format_version": FORMAT_VERSION, **content})


def _raw(text: Text | None) -> str | None:
    return text.raw if text is not None else None


def _place(source: Source | None) -> str | None:
    return source.short.raw if source is not None else None


def _summary(summary: Summary) -> Json:
    return {
        "create": summary.create,
        "update": summary.update,
        "delete": summary.delete,
        "unchanged": summary.unchanged,
        "unmanaged": summary.unmanaged,
        "unmanageable": summary.unmanageable,
        "grants": {direction.value: summary.grants[direction] for direction in Direction},
    }


def finding_document(finding: Finding) -> Json:
    """One entry of `findings`, in every document that has them."""
    return {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "email": _raw(finding.email),
        "message": finding.message,
        "source": _place(finding.source),
    }


def _guardrail(guardrail: GuardrailResult) -> Json:
    return {
        "guardrail": guardrail.guardrail,
        "of": "user" if guardrail.guardrail in OF_USER else "run",
        "actual": guardrail.actual,
        "limit": guardrail.limit,
        "ok": guardrail.ok,
        "skipped": guardrail.skipped,
        "allowed_by": guardrail.allowed_by,
        "basis": _basis(guardrail.basis),
        "rows": [
            {"email": row.email.raw, "message": row.message, "source": _place(row.source)} for row in guardrail.rows
        ],
    }


def _basis(basis: Basis | None) -> Json:
    if basis is None:
        return None
    limit = basis.limit
    return {"percent": limit.percent, "population": basis.population, "floor": limit.floor, "cap": limit.cap}


def report_json(report: Report, plan: Plan) -> str:
    """What an apply of `plan` did, each outcome counted under its own name; and, as of a plan, what could refuse it."""
    return envelope(
        {
            "run": report.run,
            "digest": report.digest,
            "not_run": report.not_run or None,
            "moved": list(report.moved),
            "summary": {outcome.value: report.count(outcome) for outcome in Outcome},
            "owners": _owners(report),
            "outcomes": [
                {
                    "email": user.email.raw,
                    "action": user.action,
                    "outcome": user.outcome.value,
                    "error": user.error,
                }
                for user in report.outcomes
            ],
            "invitations": [
                {"email": user.email.raw, "outcome": user.outcome.value, "error": user.error}
                for user in report.invitations
            ],
            "guardrails": [_guardrail(guardrail) for guardrail in plan.guardrails],
            "policies": [policy_document(result) for result in plan.policies],
        }
    )


def _owners(report: Report) -> Json:
    if (owners := report.owners) is None:
        return None
    return {"left": owners.left, "least": owners.least, "command": owners.command}


def problems_json(
    problems: Iterable[Problem],
    users: int,
    presets: int,
    comparison: Comparison | None = None,
    *,
    findings: Iterable[Finding] | None = (),
    policies: Iterable[PolicyResult] | None = (),
) -> str:
    """What `validate` found: how many users and presets were read, every problem in the order of the files, the
    findings and the policies (None, hence null, when errors kept the files from being judged); with a base, also the
    guards that are weakened since, and the guardrails."""
    return envelope(
        {
            "users": users,
            "presets": presets,
            "problems": [_problem(problem) for problem in sorted(problems)],
            "findings": None if findings is None else [finding_document(finding) for finding in findings],
            "policies": None if policies is None else [policy_document(result) for result in policies],
            **(_comparison(comparison) if comparison is not None else {}),
        }
    )


def _problem(problem: Problem) -> Json:
    return {
        "file": problem.source.path.raw,
        "line": problem.source.line,
        "column": problem.source.column,
        "severity": problem.severity.value,
        "message": problem.message,
        "rule": problem.rule or None,
    }


def _base(base: GuardComparison) -> dict[str, Json]:
    return {
        "base": {"revision": base.revision.raw, "commit": base.commit, "tip": base.tip},
        "loosened": guard_documents(base.weakened),
    }


def _comparison(comparison: Comparison) -> dict[str, Json]:
    return {
        **_base(comparison),
        "guardrails": [_guardrail(guardrail) for guardrail in comparison.guardrails],
    }


def users_json(rows: Sequence[UserRow]) -> str:
    """The table of users, in the given order; null where something is not known, and for a preset that is Custom."""
    return envelope(
        {
            "users": [
                {
                    "id": entry.id,
                    "name": entry.name.raw,
                    "email": entry.email.raw,
                    "phone": _raw(entry.phone),
                    "created": _raw(entry.created),
                    "updated": _raw(entry.updated),
                    "preset": _raw(entry.preset),
                }
                for entry in rows
            ]
        }
    )
