"""The plan's own counts."""

from dataclasses import replace
from typing import Any

from bo_sync.core.changes import Cause, Direction
from bo_sync.core.diff import UnmanageableUser
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Severity
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan, action_of
from bo_sync.core.policy import Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened
from tests.support.builders import create, delete, duplicate, plan, revoke, set_grant, source, unmanaged, update

ADDED = set_grant("pricing", "none", "viewer")


def test_a_summary_counts_users_and_the_directions_of_their_grants() -> None:
    summary = plan(
        create("a@example.com", ADDED, set_grant("logistics", "none", "owner")),
        update("b@example.com", ADDED, set_grant("order_data", "viewer", "owner"), revoke("api_keys", "owner")),
        update("c@example.com", set_grant("order_data", "owner", "viewer"), duplicate("pricing", "viewer", "viewer")),
        delete("d@example.com", ("pricing", "owner"), cause=Cause.UNMANAGED),
        unchanged=4,
        unmanaged=(unmanaged("e@example.com"), unmanaged("f@example.com", "protected")),
        unmanageable=(UnmanageableUser(5, "no address", Text("")),),
    ).summary
    assert (summary.create, summary.update, summary.delete, summary.unchanged) == (1, 2, 1, 4)
    assert (summary.unmanaged, summary.unmanageable) == (2, 1)
    assert summary.grants == {**dict.fromkeys(Direction, 1), Direction.ADDED: 3}


def test_an_empty_summary_has_every_direction() -> None:
    assert plan().summary.grants == dict.fromkeys(Direction, 0)


def test_actions_have_the_words_of_the_json() -> None:
    changes = create("a@example.com"), update("a@example.com"), delete("a@example.com")
    assert [action_of(change) for change in changes] == ["create", "update", "delete"]


def test_a_plan_is_refused_by_the_guardrails_that_do_not_hold_and_names_those_whose_users_are_left_out() -> None:
    holding, refusing = GuardrailResult("empty", 1, 1, ok=True), GuardrailResult("self", 1, 0, ok=False)
    skipped = replace(refusing, skipped=True)
    assert plan(guardrails=(holding, refusing)).refused == (refusing,)
    assert plan(guardrails=(holding,)).refused == ()
    assert plan(guardrails=(holding, skipped)).skipped == (skipped,)
    weaker = (Weakened("unmanaged", Message("report"), Message("delete")),)
    assert plan(base=GuardComparison(Text("main"), "3f2c1ab", weaker)).weakened == weaker


def test_a_plan_is_refused_by_the_policies_that_are_violated() -> None:
    policy = Policy("none-but-us", Text("x"), Match((), is_all=True), source(), at_most=0)
    kept, broken = PolicyResult(policy), PolicyResult(policy, (PolicyRow(Text("a@example.com"), Message("y")),))
    judged = replace(plan(), policies=(kept, broken))
    assert judged.violated == (broken,)
    assert judged.refused == ()


def test_a_plan_of_which_nothing_is_said_does_nothing() -> None:
    hub, config = HubFacts("https://hub.example.com", 0, 0), ConfigFacts(0, "sha256:0")
    assert hub == HubFacts("https://hub.example.com", 0, 0, identity="", tenant=None, identity_after=None)
    silent = Plan(hub, config)
    nothing: dict[str, Any] = dict.fromkeys(
        ("changes", "unmanaged", "findings", "guardrails", "policies", "unmanageable"), ()
    )
    assert silent == Plan(hub, config, **nothing, unchanged=0, effects={}, base=None, left_out=0)
    assert (silent.redacted_from, silent.weakened) == (None, ())
    assert config == ConfigFacts(0, "sha256:0", commit=None, dirty=None)
    assert Finding("r", Severity.WARNING, Message("m")) == Finding(
        "r", Severity.WARNING, Message("m"), email=None, source=None
    )


def test_plans_are_values() -> None:
    one, other = (plan(update("a@example.com", ADDED)) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
