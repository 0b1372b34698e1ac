"""Plans, reports, problems and users as JSON: pure ASCII that cannot act on a terminal or log.

Keys and their order are a promise; `format_version` changes when it is broken. Untrusted text keeps its exact
characters, with JSON's escapes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from bo_sync.access.access_diff import GrantDifference
from bo_sync.access.user_access import Grant
from bo_sync.codec import Codec, Shape
from bo_sync.core.apply_report import Outcome, Report
from bo_sync.core.base_compare import Comparison
from bo_sync.core.model import DesiredGrant, Problem
from bo_sync.core.plan import Finding, Plan
from bo_sync.core.plan_digest import FORMAT_VERSION
from bo_sync.core.policy import PolicyResult
from bo_sync.render.escape import json_text
from bo_sync.render.plan_document import SHAPES, document_of
from bo_sync.render.wording import UserRow

_GRANT: Final = Shape("role access preset source until reason")
_CODEC: Final = Codec({**SHAPES, Grant: _GRANT, DesiredGrant: _GRANT, GrantDifference: Shape("role before after")})


def plan_json(plan: Plan) -> str:
    """A plan, as it is shown, saved, and given to `apply`."""
    return json_text(_CODEC.document(document_of(plan)))


def envelope(content: Mapping[str, object]) -> str:
    """A whole document: the version of the format, then the content, which may have values of the core."""
    return json_text({"format_version": FORMAT_VERSION, **_CODEC.document(content)})


def report_json(report: Report, plan: Plan) -> str:
    """The report of an apply of `plan`: the count of each outcome under its name; and, as for a plan, its checks."""
    return envelope(
        {
            "run": report.run,
            "digest": report.digest,
            "not_run": report.not_run or None,
            "moved": report.moved,
            "summary": {outcome.value: report.count(outcome) for outcome in Outcome},
            "owners": report.owners,
            "outcomes": report.outcomes,
            "invitations": report.invitations,
            "guardrails": plan.guardrails,
            "policies": plan.policies,
        }
    )


def problems_json(
    problems: Iterable[Problem],
    users: int,
    presets: int,
    comparison: Comparison | None = None,
    *,
    findings: Iterable[Finding] | None = (),
    policies: Iterable[PolicyResult] | None = (),
) -> str:
    """The results of `validate`: the number of users and presets, all problems in the order of the files, the findings
    and the policies (None, hence null, when errors prevented judging the files); with a base, also the weakened
    guards, and the guardrails."""
    compared: dict[str, object] = {}
    if comparison is not None:
        compared = {"base": comparison, "loosened": comparison.weakened, "guardrails": comparison.guardrails}
    return envelope(
        {
            "users": users,
            "presets": presets,
            "problems": [_problem(problem) for problem in sorted(problems)],
            "findings": None if findings is None else tuple(findings),
            "policies": None if policies is None else tuple(policies),
            **compared,
        }
    )


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "file": problem.source.path,
        "line": problem.source.line,
        "column": problem.source.column,
        "severity": problem.severity,
        "message": problem.message,
        "rule": problem.rule or None,
    }


def users_json(rows: Sequence[UserRow]) -> str:
    """The table of users, in the given order; null for an unknown value, and for a preset that is Custom."""
    return envelope({"users": rows})
