"""The keys of the JSON and their order are promises to programs."""

import json

import pytest

from bo_sync.core.document import digest
from bo_sync.core.plan import Plan
from bo_sync.render.json import plan_json
from tests.render.cases import PLANS

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


@pytest.mark.parametrize("shown", PLANS.values(), ids=PLANS)
def test_the_summary_and_the_digest_are_those_of_the_changes(shown: Plan) -> None:
    document = json.loads(plan_json(shown))
    actions = [change["action"] for change in document["changes"]]
    assert [document["summary"][action] for action in ("create", "update", "delete")] == [
        actions.count(action) for action in ("create", "update", "delete")
    ]
    assert document["digest"] == digest(shown)
    assert plan_json(shown).endswith("}\n")
