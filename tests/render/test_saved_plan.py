"""A saved plan shown in another form: what was saved and what is shown are one plan, and nothing altered is shown."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from bo_sync.apply.planner import Desired, make_plan
from bo_sync.core.changes import Cause, Change, RevokeGrant, SetGrant
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Access, Role, Severity
from bo_sync.core.plan import ConfigFacts, Plan
from bo_sync.core.plan_digest import Json, digest
from bo_sync.core.policy import Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text
from bo_sync.errors import StalePlanError
from bo_sync.exit_codes import ExitCode
from bo_sync.render.json import plan_json
from bo_sync.render.markdown_plan import marker, plan_markdown
from bo_sync.render.saved_plan import read_plan
from bo_sync.render.text import plan_text
from tests.render.cases import PLANS, everything, hostile, judged
from tests.support.builders import delete, plan, resealed_digest, revoke, source, update
from tests.support.hostile import HOSTILE
from tests.support.strategies import World, worlds
from tests.support.users import TODAY

NIGHT = date(2026, 1, 31)


def policies() -> tuple[PolicyResult, ...]:
    """One that refuses, one that is content, one that asks for more users and is tolerated, and one that fails within
    its limit, for an exception has expired."""
    row = PolicyRow(Text("jane@example.com"), Message("has pricing editor"), source("users/jane.yaml", 4), is_new=True)
    note = PolicyRow(Text("karel@example.com"), Message("the exception has ended"), None)
    strict = Policy(
        "one-hand", Text("Price | order"), Match((), is_all=True), source("policies/a.yaml", 2), why=Text("<b>")
    )
    content = Policy("content", Text("Fine"), Match((), is_all=True), source("policies/b.yaml", 1), Severity.WARNING)
    wanting = replace(strict, id="wanting", why=None, at_most=None, at_least=3)
    return (
        PolicyResult(strict, (row,), (note,), (note,)),
        PolicyResult(content),
        PolicyResult(wanting, (row,), is_tolerated=True),
        PolicyResult(replace(strict, id="within", at_most=1), (row,), has_expired=True),
    )


def expired() -> Plan:
    """Access that ended, beside a change of the same user that did not."""
    return judged(
        plan(
            update(
                "jane@example.com",
                SetGrant(Role("pricing"), Access.OWNER, Access.VIEWER, "d", "r", NIGHT),
                RevokeGrant(Role("order_data"), Access.EDITOR, "r2", expired=NIGHT),
                RevokeGrant(Role("logistics"), Access.EDITOR, "r3"),
            )
        )
    )


CASES: dict[str, Plan] = {
    **PLANS,
    "judged by policies": replace(everything(), policies=policies()),
    "with access that ended": expired(),
    "without a commit": plan(config=ConfigFacts(0, "sha256:" + "a" * 64)),
}


def assert_read_back(shown: Plan) -> None:
    text = plan_json(shown)
    again = read_plan(text)
    assert plan_json(again) == text
    assert plan_markdown(again, explain=True) == plan_markdown(shown, explain=True)
    assert plan_text(again, width=None, color=False, explain=True) == plan_text(
        shown, width=None, color=False, explain=True
    )
    assert (marker(again), digest(again), again.effects) == (marker(shown), digest(shown), shown.effects)
    assert [result.is_violated for result in again.policies] == [result.is_violated for result in shown.policies]


@pytest.mark.parametrize("shown", CASES.values(), ids=CASES)
def test_a_plan_is_read_back_and_shown_alike(shown: Plan) -> None:
    assert_read_back(shown)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_plan_of_hostile_words_is_read_back(text: str) -> None:
    assert_read_back(hostile(text))


@given(worlds())
def test_any_plan_that_can_be_made_is_read_back(world: World) -> None:
    facts = ConfigFacts(len(world.declarations), "sha256:" + "0" * 64, Text("3f2c1ab"), dirty=False)
    desired = Desired(world.desired, world.settings, facts, today=TODAY)
    assert_read_back(make_plan(desired, world.live, "https://hub.example.com/v2/graphql").plan)


SOUND = plan_json(CASES["judged by policies"])


def edited(edit: Callable[[dict[str, Json]], object], *, resealed: bool = True) -> str:
    """The sound plan after `edit`, with a digest that fits its content again unless it is not to be."""
    document = json.loads(SOUND)
    edit(document)
    if resealed:
        document["digest"] = resealed_digest(document)
    return json.dumps(document)


def part(document: dict[str, Json], *path: str | int) -> dict[str, Json]:
    """An object within a document."""
    found: Json = document
    for step in path:
        held: dict[str | int, Json] = {}
        held.update(enumerate(found) if isinstance(found, list) else {})
        held.update(found if isinstance(found, dict) else {})
        found = held[step]
    assert isinstance(found, dict)
    return found


BASE: dict[str, Json] = {"revision": "main", "commit": "3f2c1ab42d", "tip": None}
GUARD: dict[str, Json] = {"guard": "unmanaged", "before": "report", "after": "delete"}
ALTERED: dict[str, tuple[str, str]] = {
    "a change that the digest does not bear out": (
        edited(lambda plan: part(plan, "changes", 0).update(email="eve@example.com"), resealed=False),
        "was altered",
    ),
    "a guardrail that is said to be content": (
        edited(lambda plan: part(plan, "policies", 0).update(ok=True)),
        "contradicts itself",
    ),
    "a summary that is made smaller": (
        edited(lambda plan: part(plan, "summary").update(delete=0)),
        "contradicts itself",
    ),
    "a key that nobody knows": (edited(lambda plan: plan.update(note="x")), 'unknown key "note"'),
    "a summary without the unchanged": (
        edited(lambda plan: part(plan, "summary").pop("unchanged")),
        "summary: `unchanged` is missing",
    ),
    "a menu item that acts": (
        edited(lambda plan: part(plan, "changes", 0, "menu").update(opened=["<img src=x>"])),
        "changes[0].menu.opened[0]: expected an item of this bo-sync's menu",
    ),
    "an operation that is a number": (
        edited(lambda plan: part(plan, "changes", 0, "operations").update(gained=[1])),
        "changes[0].operations.gained[0]: expected text, found 1",
    ),
    "operations that are an object": (
        edited(lambda plan: part(plan, "changes", 0, "operations").update(lost={})),
        "changes[0].operations.lost: expected a list, found an object",
    ),
    "a role that is markup": (
        edited(lambda plan: part(plan, "changes", 0, "grants", 0).update(role="<b>")),
        'changes[0].grants[0].role: expected the name of a role, found "<b>"',
    ),
    "a direction that does not fit": (
        edited(lambda plan: part(plan, "changes", 0, "grants", 0).update(direction="lowered")),
        "contradicts itself",
    ),
    "access taken from somebody new": (
        edited(lambda plan: part(plan, "changes", 0, "grants", 0).update(direction="revoked")),
        "takes access from a user that it creates",
    ),
    "a field that nobody has": (
        edited(lambda plan: part(plan, "changes", 0, "profile", 0).update(field="shoe_size")),
        "changes[0].profile[0].field: expected one of gender, first_name",
    ),
    "a rule that is markup": (
        edited(lambda plan: part(plan, "findings", 0).update(rule="@everyone")),
        'findings[0].rule: expected the number of a finding, found "@everyone"',
    ),
    "a message with a line of its own": (
        edited(lambda plan: part(plan, "findings", 0).update(message="fine\n\n# Approved")),
        "contradicts itself",
    ),
    "a guardrail that nobody knows": (
        edited(lambda plan: part(plan, "guardrails", 0).update(guardrail="all_good")),
        "guardrails[0].guardrail: expected one of empty",
    ),
    "an override that is markup": (
        edited(lambda plan: part(plan, "guardrails", 0).update(allowed_by="--allow <b>=1")),
        "guardrails[0].allowed_by: expected an option --allow",
    ),
    "a guardrail whose limit is null": (
        edited(lambda plan: part(plan, "guardrails", 0).update(limit=None)),
        "guardrails[0].limit: expected a whole number, found null",
    ),
    "a guardrail that is content and says so in a word": (
        edited(lambda plan: part(plan, "guardrails", 0).update(ok="yes")),
        'guardrails[0].ok: expected true or false, found "yes"',
    ),
    "a policy without a file": (
        edited(lambda plan: part(plan, "policies", 0).update(source=None)),
        "policies[0].source: expected text, found null",
    ),
    "a source that is no line": (
        edited(lambda plan: part(plan, "changes", 0).update(source="users/jane.yaml")),
        'changes[0].source: expected a file and line, found "users/jane.yaml"',
    ),
    "an end that is no day": (
        edited(lambda plan: part(plan, "changes", 3).update(expired=[{"role": "pricing", "until": "soon"}])),
        'changes[3].expired[0].until: expected a day such as 2026-01-31, found "soon"',
    ),
    "an end of access that does not change": (
        edited(lambda plan: part(plan, "changes", 3).update(expired=[{"role": "returns", "until": "2026-01-31"}])),
        "contradicts itself",
    ),
    "a cause that nobody knows": (
        edited(lambda plan: part(plan, "changes", 4).update(cause="whim")),
        'changes[4].cause: expected one of absent, until, unmanaged, found "whim"',
    ),
    "an update without an id": (
        edited(lambda plan: part(plan, "changes", 3).update(id=None)),
        "has an id, a source or a cause that does not fit its action",
    ),
    "somebody left alone by no policy": (
        edited(lambda plan: part(plan, "unmanaged", 0).update(policy="forget")),
        "unmanaged[0].policy: expected one of report, ignore, delete, protected",
    ),
    "a user who is unmanageable for no reason of ours": (
        edited(lambda plan: part(plan, "unmanageable", 0).update(reason="I said so")),
        "unmanageable[0].reason: expected a reason of bo-sync",
    ),
    "an unmanageable user who is not counted": (
        edited(lambda plan: plan.update(unmanageable=[])),
        "contradicts itself",
    ),
    "weakened guards without a base": (
        edited(lambda plan: plan.update(loosened=[GUARD])),
        "contradicts itself",
    ),
    "a base without weakened guards": (
        edited(lambda plan: plan.update(base=BASE)),
        "contradicts itself",
    ),
    "a base with a key that nobody knows": (
        edited(lambda plan: plan.update(base={**BASE, "note": "x"}, loosened=[])),
        'base: unknown key "note"',
    ),
    "a base whose commit is markup": (
        edited(lambda plan: plan.update(base={**BASE, "commit": "<b>"}, loosened=[])),
        'base.commit: expected a commit, found "<b>"',
    ),
    "a base whose tip is a branch": (
        edited(lambda plan: plan.update(base={**BASE, "tip": "main"}, loosened=[])),
        'base.tip: expected a commit, found "main"',
    ),
    "a weakened guard that is markup": (
        edited(lambda plan: plan.update(base=BASE, loosened=[{**GUARD, "guard": "<b>"}])),
        'loosened[0].guard: expected the name of a guard, found "<b>"',
    ),
    "a weakened guard with a key that nobody knows": (
        edited(lambda plan: plan.update(base=BASE, loosened=[{**GUARD, "harmless": True}])),
        'loosened[0]: unknown key "harmless"',
    ),
    "a list of findings that is text": (
        edited(lambda plan: plan.update(findings="x")),
        'findings: expected a list, found "x"',
    ),
    "a finding that is text": (
        edited(lambda plan: plan.update(findings=["x"])),
        'findings[0]: expected an object, found "x"',
    ),
    "no JSON at all": ("%PDF-1.7", "is not the JSON of a plan"),
}


@pytest.mark.parametrize(("text", "told"), ALTERED.values(), ids=ALTERED)
def test_what_was_altered_or_made_up_is_refused(text: str, told: str) -> None:
    with pytest.raises(StalePlanError, match=re.escape(told)) as refused:
        read_plan(text)
    assert refused.value.exit_code is ExitCode.STALE
    assert refused.value.message.isprintable()


def _failing() -> list[str]:
    found = json.loads(plan_json(PLANS["refused-by-every-guardrail"]))["guardrails"]
    return [result["guardrail"] for result in found]


def guardrail(name: str, **values: Json) -> str:
    """The plan that every guardrail blocks, with one of them altered; the digest does not cover it."""
    document = json.loads(plan_json(PLANS["refused-by-every-guardrail"]))
    next(found for found in document["guardrails"] if found["guardrail"] == name).update(values)
    return json.dumps(document)


@pytest.mark.parametrize("name", [name for name in _failing() if name != "min_role_owners"])
def test_a_guardrail_that_fails_by_its_numbers_and_is_said_to_pass_is_refused(name: str) -> None:
    for altered in (guardrail(name, ok=True), guardrail(name, ok=True, rows=[])):
        with pytest.raises(StalePlanError, match=f"contradicts itself in guardrail {name}"):
            read_plan(altered)


@pytest.mark.parametrize("name", [name for name in _failing() if name != "empty"])
def test_a_guardrail_that_fails_without_a_row_is_refused(name: str) -> None:
    with pytest.raises(StalePlanError, match=f"contradicts itself in guardrail {name}"):
        read_plan(guardrail(name, rows=[]))


LIMIT: dict[str, Json] = {"percent": 20, "floor": 1, "cap": 10, "population": 200}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("max_user_deletes", {"ok": True, "limit": 99, "basis": LIMIT}, id="another limit than its origin"),
        pytest.param(
            "max_user_deletes",
            {"ok": True, "limit": 99, "allowed_by": "--allow max_user_deletes=9"},
            id="an override of another number",
        ),
        pytest.param(
            "max_user_deletes",
            {"ok": True, "limit": 99, "allowed_by": "--allow max_grant_losses=99"},
            id="an override of another guardrail",
        ),
        pytest.param("self", {"ok": True, "limit": 99}, id="a limit that no setting gives"),
        pytest.param("empty", {"ok": True, "limit": 0}, id="fewer than a minimum that no setting gives"),
        pytest.param("email_change", {"basis": LIMIT}, id="the origin of a limit that has none"),
        pytest.param("min_role_owners", {"limit": 0}, id="too few owners by a limit that is kept"),
        pytest.param("max_user_deletes", {"actual": 0}, id="a failure within the limit"),
    ],
)
def test_a_guardrail_whose_numbers_contradict_each_other_is_refused(name: str, values: dict[str, Json]) -> None:
    with pytest.raises(StalePlanError, match=f"contradicts itself in guardrail {name}"):
        read_plan(guardrail(name, **values))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        pytest.param("max_user_deletes", [delete("ann@example.com")], id="deletions"),
        pytest.param("max_expiries", [delete("ann@example.com", cause=Cause.UNTIL_PASSED)], id="expired accounts"),
        pytest.param("max_grant_losses", [update("ann@example.com", revoke("pricing", "owner"))], id="revoked grants"),
        pytest.param(
            "max_expiries",
            [update("ann@example.com", replace(revoke("pricing", "owner"), expired=NIGHT))],
            id="expired grants",
        ),
    ],
)
def test_a_plan_that_takes_more_than_a_guardrail_counts_is_refused(name: str, changes: list[Change]) -> None:
    made = plan(*changes, guardrails=(GuardrailResult(name, 0, 0, ok=True),))
    with pytest.raises(StalePlanError, match=f"contradicts itself in guardrail {name}"):
        read_plan(plan_json(made))


def test_a_guardrail_that_appears_twice_is_refused() -> None:
    with pytest.raises(StalePlanError, match="a guardrail appears twice"):
        read_plan(plan_json(plan(guardrails=(GuardrailResult("self", 0, 0, ok=True),) * 2)))


def test_the_version_of_the_tool_is_nobodys_business() -> None:
    read_plan(edited(lambda plan: part(plan, "tool").update(version="9")))
