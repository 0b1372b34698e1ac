"""Policies in a plan and by themselves: the whole text, and the JSON."""

import json
from dataclasses import replace

import pytest

from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.model import Severity
from bo_sync.core.plan import Plan
from bo_sync.core.policy import Has, Match, Policy, PolicyResult, PolicyRow
from bo_sync.core.text import Message, Text
from bo_sync.render.guardrails import policies_text, policy_lines
from bo_sync.render.json import plan_json, problems_json
from bo_sync.render.layout import Page
from bo_sync.render.text import plan_text
from tests.support.builders import plan, source
from tests.support.hostile import HOSTILE

GUARDRAIL = GuardrailResult("empty", 3, 1, ok=True)
TAKE = "take from each person one of the grants named, or except them, with a reason and an end, in"


def policy(
    name: str, title: str = "Few people set prices", at_most: int | None = 0, at_least: int | None = None
) -> Policy:
    match = Match((Has(()),), is_all=True)
    return Policy(name, Text(title), match, source(f"policies/{name}.yaml"), at_most=at_most, at_least=at_least)


def line(email: str, message: str, *, is_new: bool = False) -> PolicyRow:
    return PolicyRow(Text(email), Message(message), source(f"users/{email.partition('@')[0]}.yaml"), is_new)


ANN = line("ann@example.com", "pricing editor: priceUpdate")
BOB = line("bob.the.builder@example.com", "pricing owner: priceUpdate", is_new=True)
NOTE = PolicyRow(
    Text("cid@example.com"), Message("has an exception, but does not match"), source("policies/prices.yaml", 9)
)
REFUSING = PolicyResult(replace(policy("prices"), why=Text("Prices are money.")), (ANN, BOB))
TOLERATED = PolicyResult(policy("sales"), (ANN,), is_tolerated=True)
WARNING = PolicyResult(replace(policy("owners", "Two owners", None, 2), severity=Severity.WARNING), (ANN,))
HOLDS = PolicyResult(policy("fine", at_most=3), (ANN,), (BOB,))
NOTED = PolicyResult(policy("noted", at_most=3), (ANN,), (), (NOTE,))


def block(*results: PolicyResult, width: int | None = None) -> str:
    return policies_text(results, "this plan", width=width, color=False)


def test_without_policies_nothing_is_said() -> None:
    assert block() == ""


@pytest.mark.parametrize(
    ("results", "expected"),
    [((HOLDS,), "1 policy checked, none fails.\n"), ((HOLDS, HOLDS), "2 policies checked, none fails.\n")],
)
def test_policies_that_hold_are_one_sentence(results: tuple[PolicyResult, ...], expected: str) -> None:
    assert block(*results) == expected


def test_what_fails_is_told_with_its_users_and_the_way_past() -> None:
    assert (
        block(HOLDS, NOTED, WARNING, REFUSING, TOLERATED)
        == f"""\
Policies: 1 of 5 refuses this plan
  ok       noted   Few people set prices: 1 person, at most 3
           ? cid@example.com              has an exception, but does not match  policies/prices.yaml:9
  WARNING  owners  Two owners: 1 person, at least 2
           ! ann@example.com              pricing editor: priceUpdate  users/ann.yaml:1
           way past: give it to somebody else too, or change policies/owners.yaml:1 in a reviewed change
  REFUSED  prices  Few people set prices: 2 people, none allowed
           ! ann@example.com              pricing editor: priceUpdate  users/ann.yaml:1
           ! bob.the.builder@example.com  pricing owner: priceUpdate; new with this plan  users/bob.the.builder.yaml:1
           why: Prices are money.
           way past: {TAKE} policies/prices.yaml:1
  FAILS    sales   Few people set prices: 1 person, none allowed; fails already today; this plan does not make it worse
           ! ann@example.com              pricing editor: priceUpdate  users/ann.yaml:1
           way past: {TAKE} policies/sales.yaml:1
  ok       1 other
"""
    )


@pytest.mark.parametrize(
    ("results", "title"),
    [
        pytest.param((NOTED,), "Policies: none refuses", id="only a note"),
        pytest.param((WARNING, HOLDS), "Policies: none refuses, 1 of 2 fails", id="a warning"),
        pytest.param((WARNING, TOLERATED), "Policies: none refuses, 2 of 2 fail", id="two that refuse nothing"),
        pytest.param((REFUSING, REFUSING), "Policies: 2 of 2 refuse this plan", id="two that refuse"),
    ],
)
def test_the_title_counts(results: tuple[PolicyResult, ...], title: str) -> None:
    assert block(*results).splitlines()[0] == title


@pytest.mark.parametrize(
    ("at_most", "at_least", "told"),
    [(0, None, "none allowed"), (4, None, "at most 4"), (None, 4, "at least 4"), (5, 4, "at least 4 and at most 5")],
)
def test_limits_in_words(at_most: int | None, at_least: int | None, told: str) -> None:
    result = PolicyResult(policy("p", at_most=at_most, at_least=at_least), (ANN,) * 9, (), (NOTE,))
    assert f"9 people, {told}" in block(result)


def test_a_terminal_of_eighty_columns_holds_every_line_but_words() -> None:
    told = block(HOLDS, WARNING, REFUSING, TOLERATED, width=80)
    assert all(len(line) <= 80 for line in told.splitlines())


def test_only_what_refuses_is_painted_as_an_alarm() -> None:
    lines = [*policy_lines((REFUSING, TOLERATED), "this plan", Page(color=True))]
    painted = [line for line in lines if "\x1b[1;31m  " in line]
    assert ["REFUSED" in line for line in painted] == [True]


# In a plan.


def planned(*results: PolicyResult) -> Plan:
    return replace(plan(guardrails=(GUARDRAIL,)), policies=results)


def test_a_plan_tells_of_policies_in_its_verdict_on_top_and_below_the_guardrails() -> None:
    told = plan_text(planned(HOLDS, REFUSING), width=None, color=False)
    assert "Refused by the policy prices.\n" in told
    assert (
        "\nNeeds attention\n  ! the policy prices refuses this plan: Few people set prices: 2 people, none allowed; "
        "see the policies below\n"
    ) in told
    assert told.endswith(f"\n\n{block(HOLDS, REFUSING)}")


def test_a_plan_with_policies_that_hold_says_so_in_a_line() -> None:
    told = plan_text(planned(HOLDS), width=None, color=False)
    assert told.endswith("1 guardrail checked, none refuses.\n1 policy checked, none fails.\n")
    assert "Refused" not in told


def test_a_plan_that_is_not_refused_names_no_policy_on_top() -> None:
    told = plan_text(planned(WARNING, TOLERATED), width=None, color=False)
    assert "Needs attention" not in told
    assert "Refused" not in told


def test_the_json_of_a_plan_has_every_policy() -> None:
    whole = json.loads(plan_json(planned(HOLDS, REFUSING)))
    assert list(whole) == [
        *(
            "format_version",
            "tool",
            "hub",
            "config",
            "summary",
            "changes",
            "unmanaged",
            "unmanageable",
            "left_for_full_apply",
        ),
        *("findings", "guardrails"),
        *("policies", "digest"),
    ]
    assert whole["policies"] == [
        {
            "id": "fine",
            "severity": "error",
            "title": "Few people set prices",
            "why": None,
            "actual": 1,
            "at_most": 3,
            "ok": True,
            "tolerated": False,
            "source": "policies/fine.yaml:1",
            "rows": [document("ann", "pricing editor: priceUpdate") | {"new": False}],
            "excepted": [document("bob.the.builder", "pricing owner: priceUpdate")],
            "notes": [],
        },
        {
            "id": "prices",
            "severity": "error",
            "title": "Few people set prices",
            "why": "Prices are money.",
            "actual": 2,
            "at_most": 0,
            "ok": False,
            "tolerated": False,
            "source": "policies/prices.yaml:1",
            "rows": [
                document("ann", "pricing editor: priceUpdate") | {"new": False},
                document("bob.the.builder", "pricing owner: priceUpdate") | {"new": True},
            ],
            "excepted": [],
            "notes": [],
        },
    ]


def document(name: str, message: str) -> dict[str, object]:
    return {"email": f"{name}@example.com", "message": message, "source": f"users/{name}.yaml:1"}


def test_the_json_names_the_limits_that_there_are() -> None:
    both = PolicyResult(policy("both", at_most=2, at_least=1), (ANN,))
    found = json.loads(problems_json((), 1, 0, policies=(WARNING, both)))["policies"]
    limits = [{key: entry[key] for key in entry if key in {"at_most", "at_least"}} for entry in found]
    assert limits == [{"at_least": 2}, {"at_most": 2, "at_least": 1}]
    assert json.loads(problems_json((), 1, 0, policies=None))["policies"] is None


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_text_of_policies_and_users_does_nothing(attack: str) -> None:
    row = PolicyRow(Text(attack), Message("pricing editor ({})", Text(attack)), source(attack))
    hostile = PolicyResult(
        replace(policy("p", attack), why=Text(attack), source=source(attack)), (row,), (row,), (row,)
    )
    for width in (None, 60):
        told = plan_text(planned(hostile), width=width, color=False)
        assert all(line.isprintable() for line in told.split("\n"))
        assert "##[" not in told
        assert not any(line.lstrip().startswith("::") for line in told.splitlines())
    text = plan_json(planned(hostile))
    assert text.isascii()
    assert json.loads(text)["policies"][0]["title"] == attack
