"""The keys of the JSON and their order are promises to programs."""

import json
from typing import Any

import pytest

from bo_sync.core.apply_report import Outcome
from bo_sync.core.base_compare import Comparison
from bo_sync.core.changes import Effect, RevokeGrant, SetGrant
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Source
from bo_sync.core.plan import Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison
from bo_sync.render.json import plan_json, problems_json, report_json, users_json
from tests.render.cases import COMPARISONS, FINDINGS, PLANS, PROBLEMS, REPORTS, USERS, reported
from tests.render.report_cases import COMPLETE

every_plan = pytest.mark.parametrize("shown", [*PLANS.values(), COMPLETE], ids=[*PLANS, "complete"])
KEYS = [
    "format_version",
    "tool",
    "hub",
    "config",
    "summary",
    "changes",
    "unmanaged",
    "unmanageable",
    "left_for_full_apply",
    "findings",
    "guardrails",
    "policies",
    "digest",
]
KEYS_BELOW = {
    "tool": "name version",
    "hub": "url identity identity_after tenant users grants",
    "config": "users digest commit dirty",
    "summary": "create update delete unchanged unmanaged unmanageable grants",
    "changes": "email id action source profile grants duplicates cause expired places menu operations",
    "unmanaged": "email policy",
    "unmanageable": "id reason",
    "findings": "rule severity email message source",
    "guardrails": "guardrail of actual limit ok skipped allowed_by basis rows",
}


def test_a_plan_has_the_promised_keys_in_the_promised_order() -> None:
    document = json.loads(plan_json(PLANS["everything"]))
    assert list(document) == KEYS
    for key, below in KEYS_BELOW.items():
        found = document[key]
        for entry in found if isinstance(found, list) else [found]:
            assert list(entry) == below.split()
    assert list(document["summary"]["grants"]) == ["added", "raised", "lowered", "revoked", "duplicate"]
    jane = next(change for change in document["changes"] if change["email"] == "jane.doe@example.com")
    assert list(jane["profile"][0]) == ["field", "before", "after"]
    assert list(jane["menu"]) == ["opened", "closed"]
    assert list(jane["operations"]) == ["gained", "lost", "unknown"]
    assert list(jane["grants"][0]) == ["role", "before", "after", "direction"]


@every_plan
def test_the_summary_and_the_digest_are_those_of_the_changes(shown: Plan) -> None:
    document = json.loads(plan_json(shown))
    actions = [change["action"] for change in document["changes"]]
    assert [document["summary"][action] for action in ("create", "update", "delete")] == [
        actions.count(action) for action in ("create", "update", "delete")
    ]
    assert document["digest"] == digest(shown)
    assert plan_json(shown).endswith("}\n")


def place(found: Source | None) -> str | None:
    return None if found is None else found.short.raw


def raw(found: Text | Message | None) -> str | None:
    return None if found is None else found.raw


def judged(results: tuple[GuardrailResult, ...]) -> list[dict[str, object]]:
    """Each guardrail as its document, `of` and `floor` and `cap` of its basis left out."""
    return [
        {
            **{name: getattr(result, name) for name in ("guardrail", "actual", "limit", "ok", "skipped", "allowed_by")},
            "basis": result.basis and (result.basis.limit.percent, result.basis.population),
            "rows": [{"email": it.email.raw, "message": it.message, "source": place(it.source)} for it in result.rows],
        }
        for result in results
    ]


def read_judged(document: dict[str, Any]) -> list[dict[str, object]]:
    found = [{name: value for name, value in entry.items() if name != "of"} for entry in document["guardrails"]]
    return [
        {**entry, "basis": entry["basis"] and (entry["basis"]["percent"], entry["basis"]["population"])}
        for entry in found
    ]


def guards(base: GuardComparison | Comparison) -> list[dict[str, str | None]]:
    return [{"guard": entry.guard, "before": raw(entry.before), "after": raw(entry.after)} for entry in base.weakened]


@every_plan
def test_a_plan_holds_what_was_judged_and_against_what(shown: Plan) -> None:
    document = json.loads(plan_json(shown))
    assert read_judged(document) == judged(shown.guardrails)
    assert [tuple(entry.values()) for entry in document["findings"]] == [
        (entry.rule, entry.severity.value, raw(entry.email), entry.message, place(entry.source))
        for entry in shown.findings
    ]
    assert [tuple(entry.values()) for entry in document["unmanaged"]] == [
        (entry.email.raw, entry.policy) for entry in shown.unmanaged
    ]
    assert ("base" in document) == (shown.base is not None)
    if shown.base is not None:
        assert tuple(document["base"].values()) == (shown.base.revision.raw, shown.base.commit, shown.base.tip)
        assert document["loosened"] == guards(shown.base)


@every_plan
def test_a_change_says_why_from_where_and_what_it_means(shown: Plan) -> None:
    for change, document in zip(shown.changes, json.loads(plan_json(shown))["changes"], strict=True):
        dated = {grant.role: grant for grant in change.grants if isinstance(grant, SetGrant | RevokeGrant)}
        assert {entry["role"]: entry["until"] for entry in document["expired"]} == {
            role: grant.expired.isoformat() for role, grant in dated.items() if grant.expired
        }
        assert {entry["role"]: entry["source"] for entry in document["places"]} == {
            role: place(grant.source) for role, grant in dated.items() if grant.source
        }
        effect = shown.effects.get(change.email.folded, Effect())
        assert [*document["menu"].values(), *document["operations"].values()] == [
            *map(list, (effect.whole.opened, effect.whole.closed, effect.whole.gained, effect.whole.lost)),
            effect.unknown,
        ]
        assert document["source"] == place(change.source)


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_holds_each_outcome_and_the_guardrails_of_its_plan(name: str) -> None:
    report, shown = REPORTS[name], reported(name)
    document = json.loads(report_json(report, shown))
    assert (document["run"], document["digest"]) == (report.run, report.digest)
    assert (document["not_run"], document["moved"]) == (report.not_run or None, list(report.moved))
    assert document["summary"] == {outcome.value: report.count(outcome) for outcome in Outcome}
    assert [tuple(entry.values()) for entry in document["outcomes"]] == [
        (user.email.raw, user.action, user.outcome.value, user.error) for user in report.outcomes
    ]
    assert (document["owners"], document["invitations"], document["policies"]) == (None, [], [])
    assert read_judged(document) == judged(shown.guardrails)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("comparison", [None, *COMPARISONS.values()], ids=["no base", *COMPARISONS])
def test_what_was_validated_holds_each_problem_in_the_order_of_the_files(
    name: str, comparison: Comparison | None
) -> None:
    document = json.loads(problems_json(PROBLEMS[name], 15, 5, comparison, findings=FINDINGS))
    assert (document["users"], document["presets"], document["policies"]) == (15, 5, [])
    assert [tuple(entry.values()) for entry in document["problems"]] == [
        (found.source.path.raw, found.source.line, found.source.column, found.severity.value, found.message, None)
        for found in sorted(PROBLEMS[name])
    ]
    assert [entry["rule"] for entry in document["findings"]] == [finding.rule for finding in FINDINGS]
    assert ("base" in document) == (comparison is not None)
    if comparison is not None:
        assert document["base"] == {
            "revision": comparison.revision.raw,
            "commit": comparison.commit,
            "tip": comparison.tip,
        }
        assert document["loosened"] == guards(comparison)
        assert read_judged(document) == judged(comparison.guardrails)


def test_what_was_not_judged_is_null() -> None:
    document = json.loads(problems_json(PROBLEMS["problems"], 15, 5, findings=None, policies=None))
    assert (document["findings"], document["policies"]) == (None, None)


@pytest.mark.parametrize("name", USERS)
def test_a_list_of_users_holds_every_cell_and_null_for_what_is_unknown(name: str) -> None:
    assert [tuple(entry.values()) for entry in json.loads(users_json(USERS[name]))["users"]] == [
        (row.id, row.name.raw, row.email.raw, raw(row.phone), raw(row.created), raw(row.updated), raw(row.preset))
        for row in USERS[name]
    ]
