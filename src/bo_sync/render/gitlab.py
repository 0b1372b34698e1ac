"""Reports that GitLab shows in merge requests: code quality (`artifacts:reports:codequality`) and the plan widget
(`artifacts:reports:terraform`)."""

from collections.abc import Mapping, Sequence
from typing import Final

from bo_sync.core.model import Severity
from bo_sync.core.plan import Plan
from bo_sync.core.plan_digest import Json
from bo_sync.render.escape import json_text
from bo_sync.render.notices import Notice, fingerprints, place_of

_WEIGHTS: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "blocker",
    Severity.WARNING: "minor",
    Severity.INFO: "info",
}


def codequality(notices: Sequence[Notice], below: str = "") -> str:
    """One object per notice; GitLab finds new ones by their fingerprints. `below` is as in `sarif`."""
    return json_text(
        [_degradation(notice, known, below) for notice, known in zip(notices, fingerprints(notices), strict=True)]
    )


def _degradation(notice: Notice, known: str, below: str) -> Json:
    """Also has what Code Climate's own readers require: a type, a category, the last line."""
    source = place_of(notice, below)
    return {
        "type": "issue",
        "categories": ["Security"],
        "description": notice.told,
        "check_name": notice.check,
        "fingerprint": known,
        "severity": _WEIGHTS[notice.severity],
        "location": {"path": str(source.path), "lines": {"begin": source.line, "end": source.line}},
    }


def plan_widget(plan: Plan) -> str:
    """How many users are created, changed and deleted."""
    summary = plan.summary
    return json_text({"create": summary.create, "update": summary.update, "delete": summary.delete})
