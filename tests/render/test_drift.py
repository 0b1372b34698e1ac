"""Whether a plan is drift, and the title of the issue that tells of it: never anything that somebody else wrote."""

from dataclasses import replace

import pytest

from bo_sync.core.plan import HubFacts, Plan
from bo_sync.render.drift import drift_title, is_drift
from tests.render.cases import PLANS, hostile
from tests.support.builders import plan, update
from tests.support.hostile import HOSTILE

QUIET = {name for name in PLANS if name.startswith("nothing-to-do")}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_drift_when_it_changes_something_or_is_refused(name: str) -> None:
    assert is_drift(PLANS[name]) is (name not in QUIET)


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        (plan(update("jane@example.com")), "Drift on hub.example.com: 1 person differs from the files"),
        (PLANS["everything"], "Drift on hub.example.com: 7 people differ from the files"),
        (PLANS["no-change-yet-refused"], "Drift on hub.example.com: refused as it is"),
        (PLANS["one-person"], "Drift: 1 person differs from the files"),
    ],
)
def test_the_title_counts_and_names_the_hub(shown: Plan, title: str) -> None:
    assert drift_title(shown) == title


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_words_of_others_are_in_a_title(text: str) -> None:
    assert drift_title(hostile(text)) == "Drift on 127.0.0.1: 4 people differ from the files"
    shown = replace(hostile("x"), hub=HubFacts(f"https://{text}/graphql", 1, 1))
    assert drift_title(shown) in {
        "Drift: 4 people differ from the files",
        f"Drift on {text}: 4 people differ from the files",
    }
    assert not set("@#<>[]()`\n\x1b") & set(drift_title(shown))
