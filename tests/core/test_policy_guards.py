"""A policy that is removed or weakened is a weakened guard; one that is tightened is not."""

from dataclasses import replace
from datetime import date
from itertools import product

import pytest

from bo_sync.access.policies import evaluate
from bo_sync.core.base_compare import Snapshot, compare
from bo_sync.core.model import Declaration, Ignore
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import GuardComparison, Weakened, weakened_ignores, weakened_policies
from tests.access.companies import POWERS, policy, subject
from tests.config.trees import JANE, tree
from tests.support.builders import source
from tests.support.users import declares

MATCH = "match: {any_of: [{can: [priceUpdate, discountUpdate]}]}"
TODAY = date(2026, 6, 15)


def guards(before: str, after: str) -> list[tuple[str, str | None, str | None]]:
    """What is weakened from one policy to another: the key, and what stood and stands there."""
    return [
        (entry.guard, entry.before or None, entry.after or None)
        for entry in weakened_policies((policy(before),), (policy(after),))
    ]


ANN = "except: [{email: ann@b.c, reason: %s, until: %s}]"
EXCEPTED, PROLONGED = ANN % ("r", "2026-12-31"), ANN % ("s", "2027-12-31")
ANN_R, ANN_S = "ann@b.c until 2026-12-31: r", "ann@b.c until 2027-12-31: s"
Shown = tuple[str, str | None, str | None]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param("", "severity: warning", ("severity", "error", "warning"), id="a warning now"),
        pytest.param("severity: warning", "", None, id="an error now"),
        pytest.param("at_most: 2", "at_most: 3", ("at_most", "2", "3"), id="more allowed"),
        pytest.param("at_most: 3", "at_most: 2", None, id="fewer allowed"),
        pytest.param("", "at_least: 1", ("at_most", "0", None), id="a lower limit in place of an upper"),
        pytest.param("", "at_least: 1\nat_most: 1", ("at_most", "0", "1"), id="both limits"),
        pytest.param("at_least: 3", "at_least: 2", ("at_least", "3", "2"), id="fewer demanded"),
        pytest.param("at_least: 2", "at_least: 3", None, id="more demanded"),
        pytest.param("at_least: 2", "at_most: 9", ("at_least", "2", None), id="none demanded"),
        pytest.param("title: A", "title: B\nwhy: c", None, id="other words"),
        pytest.param("", EXCEPTED, ("except", None, ANN_R), id="an exception added"),
        pytest.param(EXCEPTED, "", None, id="an exception dropped"),
        pytest.param(EXCEPTED, PROLONGED, ("except", ANN_R, ANN_S), id="an exception prolonged"),
        pytest.param(PROLONGED, EXCEPTED, None, id="an exception shortened"),
        pytest.param(
            f"at_least: 2\n{EXCEPTED}", "at_least: 2", ("except", ANN_R, None), id="one from a lower limit dropped"
        ),
        pytest.param("at_least: 2", f"at_least: 2\n{EXCEPTED}", None, id="one more not to be counted"),
    ],
)
def test_what_weakens_a_policy_is_shown(before: str, after: str, expected: Shown | None) -> None:
    shown = [(f"policies.p.{expected[0]}", *expected[1:])] if expected else []
    assert guards(f"{MATCH}\n{before}", f"{MATCH}\n{after}") == shown
    assert guards(f"{MATCH}\n{before}", f"{MATCH}\n{before}") == []


def test_a_comparison_is_with_the_tip_and_weakens_nothing_unless_it_says_so() -> None:
    assert GuardComparison(Text("main"), "c0ffee") == GuardComparison(Text("main"), "c0ffee", (), None)


def test_a_removed_policy_is_shown_by_its_id_and_a_new_one_is_not() -> None:
    old = policy(f"title: Prices\n{MATCH}")
    assert weakened_policies((old,), ()) == (Weakened("policies.p", Message("Prices"), None),)
    assert weakened_policies((), (old,)) == ()
    found = weakened_policies(tuple(replace(old, id=name) for name in "bac"), ())
    assert [entry.guard for entry in found] == ["policies.a", "policies.b", "policies.c"]


PRICE, ORDER = "{can: [priceUpdate]}", "{can: [orderUpdate]}"
BOTH_PRICES = "{can: [discountUpdate, priceUpdate]}"
OWNER, EDITOR = "{has: {pricing: owner}}", "{has: {pricing: editor}}"
PAIR = "{has: {logistics: viewer, pricing: editor}}"
MENU = "{menu: Pricing > Taxes}"


@pytest.mark.parametrize(
    ("before", "after", "is_shown"),
    [
        pytest.param(f"any_of: [{PRICE}, {ORDER}]", f"any_of: [{ORDER}, {PRICE}]", False, id="another order"),
        pytest.param(f"any_of: [{PRICE}]", f"any_of: [{PRICE}, {ORDER}]", False, id="one more way to match"),
        pytest.param(f"any_of: [{PRICE}, {ORDER}]", f"any_of: [{PRICE}]", True, id="one way fewer"),
        pytest.param(f"all_of: [{PRICE}]", f"all_of: [{PRICE}, {ORDER}]", True, id="one more condition"),
        pytest.param(f"all_of: [{PRICE}, {ORDER}]", f"all_of: [{PRICE}]", False, id="one condition fewer"),
        pytest.param(f"all_of: [{PRICE}, {ORDER}]", f"any_of: [{PRICE}, {ORDER}]", False, id="any instead of all"),
        pytest.param(f"any_of: [{PRICE}, {ORDER}]", f"all_of: [{PRICE}, {ORDER}]", True, id="all instead of any"),
        pytest.param(f"any_of: [{PRICE}]", f"all_of: [{PRICE}]", False, id="all of one is any of one"),
        pytest.param(f"all_of: [{PRICE}]", f"any_of: [{PRICE}, {ORDER}]", False, id="any of more than the one"),
        pytest.param(f"all_of: [{PRICE}, {ORDER}]", f"any_of: [{PRICE}]", False, id="any of fewer than all"),
        pytest.param(f"any_of: [{MENU}]", f"any_of: [{MENU}, {PRICE}]", False, id="the same menu item or more"),
        pytest.param(f"any_of: [{PRICE}]", f"any_of: [{BOTH_PRICES}]", False, id="one more operation"),
        pytest.param(f"any_of: [{BOTH_PRICES}]", f"any_of: [{PRICE}]", True, id="one operation fewer"),
        pytest.param(f"any_of: [{OWNER}]", f"any_of: [{EDITOR}]", False, id="a lower level"),
        pytest.param(f"any_of: [{EDITOR}]", f"any_of: [{OWNER}]", True, id="a higher level"),
        pytest.param(f"any_of: [{PAIR}]", f"any_of: [{EDITOR}]", False, id="one role fewer"),
        pytest.param(f"any_of: [{EDITOR}]", f"any_of: [{PAIR}]", True, id="one more role"),
        pytest.param(f"any_of: [{MENU}]", f"any_of: [{PRICE}]", True, id="something else"),
    ],
)
def test_a_match_that_may_let_somebody_through_is_shown(before: str, after: str, is_shown: bool) -> None:
    shown = guards(f"match: {{{before}}}", f"match: {{{after}}}")
    assert [guard for guard, _, _ in shown] == (["policies.p.match"] if is_shown else [])
    reverse = guards(f"at_least: 1\nmatch: {{{after}}}", f"at_least: 1\nmatch: {{{before}}}")
    assert bool(reverse) is is_shown, "a lower limit is loosened by what tightens an upper one"


def test_a_match_is_shown_in_one_line() -> None:
    then = "all_of: [has pricing editor, logistics viewer, menu Pricing > Taxes]"
    now = "any_of: [can discountUpdate or priceUpdate]"
    found = guards(f"match: {{all_of: [{PAIR}, {MENU}]}}", f"match: {{any_of: [{BOTH_PRICES}]}}")
    assert found == [("policies.p.match", then, now)]


LEVELS = ("", ":viewer", ":editor", ":owner")
EVERY = [
    " ".join(
        f"{role}{level}" for role, level in zip(("pricing", "order_data", "logistics"), levels, strict=True) if level
    )
    for levels in product(LEVELS, repeat=3)
]
CLAUSES = (PRICE, ORDER, BOTH_PRICES, OWNER, EDITOR, PAIR)
MATCHES = [
    f"match: {{{kind}: [{', '.join(clauses)}]}}"
    for kind in ("any_of", "all_of")
    for count in (1, 2)
    for clauses in product(CLAUSES, repeat=count)
]


def test_what_is_not_shown_lets_nobody_through() -> None:
    everybody = [subject(f"p{number}", f"backoffice {grants}") for number, grants in enumerate(EVERY)]
    policies = [policy(text) for text in MATCHES]
    caught = [{row.email for row in result.rows} for result in evaluate(policies, everybody, POWERS, TODAY)]
    for (before, then), (after, now) in product(zip(policies, caught, strict=True), repeat=2):
        if not weakened_policies((before,), (after,)):
            assert then <= now, (before.match, after.match)


def snapshot(policies: str = "", *, has_policies: bool = True) -> Snapshot:
    files = {"users/u.yaml": JANE} | ({"policies/p.yaml": policies} if policies else {})
    read = tree(files)
    return Snapshot(read.declarations, policies=read.policies, has_policies=has_policies)


def test_a_comparison_shows_a_removed_policy_unless_one_of_them_has_an_error() -> None:
    before = snapshot(f"id: p\ntitle: Prices\n{MATCH}\n")
    assert compare(before, snapshot(), TODAY)[0] == (Weakened("policies.p", Message("Prices"), None),)
    assert compare(before, snapshot(has_policies=False), TODAY)[0] == ()


def ignoring(entries: str) -> tuple[Declaration, ...]:
    """Users who suppress a finding until a day of June: name, finding and day."""
    return tuple(
        replace(
            declares(f"{name}@b.c"), ignore=(Ignore(Text(rule), Text("agreed"), date(2026, 6, int(day)), source()),)
        )
        for name, rule, day in (entry.split() for entry in entries.split("; ") if entry)
    )


A7 = "ann BOS007 16"
IGNORES = {
    "a new one": ("", A7, [("", "BOS007 of ann 16")]),
    "one that holds today": ("", "ann BOS007 15", [("", "BOS007 of ann 15")]),
    "one that has expired": ("", "ann BOS007 14", []),
    "one that is gone": (A7, "", []),
    "the same": (A7, A7, []),
    "the same, in other letters": (A7, "ANN bos007 16", []),
    "a longer one": (A7, "ann BOS007 17", [("BOS007 of ann 16", "BOS007 of ann 17")]),
    "the longest of two counts": (A7, f"{A7}; ann BOS007 15", []),
    "the longest of two counts, in another order": (f"ann BOS007 15; {A7}", A7, []),
    "the longest of two counts, whichever comes last": (f"{A7}; ann BOS007 15", A7, []),
    "of two that are as long the first is named": ("", f"{A7}; ANN BOS007 16", [("", "BOS007 of ann 16")]),
    "each user and each finding": (
        A7,
        f"ben BOS007 16; ann BOS008 16; {A7}",
        [("", "BOS008 of ann 16"), ("", "BOS007 of ben 16")],
    ),
}


@pytest.mark.parametrize(("before", "after", "expected"), IGNORES.values(), ids=IGNORES)
def test_a_finding_that_is_suppressed_or_for_longer_is_shown(
    before: str, after: str, expected: list[tuple[str, str]]
) -> None:
    def told(words: str) -> Message | None:
        what, _, day = words.rpartition(" ")
        return Message(f"{what}@b.c until 2026-06-{day}: agreed") if words else None

    found = weakened_ignores(ignoring(before), ignoring(after), TODAY)
    assert found == tuple(Weakened("ignore", told(then), told(now)) for then, now in expected)
