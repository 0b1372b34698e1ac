"""Whether a plan is drift, and the title of the issue that tells of it: never anything that somebody else wrote."""

from dataclasses import replace

import pytest

from bo_sync.cli.commands.comment import drift_title, is_drift
from bo_sync.core.model import Severity
from bo_sync.core.plan import Finding, HubFacts, Plan
from bo_sync.core.text import Message
from bo_sync.render.markdown_plan import plan_markdown
from tests.render.cases import PLANS, hostile
from tests.support.builders import plan, update
from tests.support.hostile import HOSTILE

OWNERLESS = plan(findings=(Finding("BOS114", Severity.WARNING, Message("no user owns Roles & permissions")),))
QUIET = {name for name in PLANS if name.startswith("nothing-to-do")}


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_is_drift_when_it_changes_something_or_is_refused(name: str) -> None:
    assert is_drift(PLANS[name]) is (name not in QUIET)


def test_a_hub_without_an_owner_is_drift_and_not_reported_as_clean() -> None:
    assert is_drift(OWNERLESS)
    assert "\u2705" not in plan_markdown(OWNERLESS)
    assert not is_drift(plan(findings=(Finding("BOS103", Severity.WARNING, Message("a default access")),)))


@pytest.mark.parametrize(
    ("shown", "title"),
    [
        (plan(update("jane@example.com")), "Drift on hub.example.com: 1 person differs from the files"),
        (PLANS["everything"], "Drift on hub.example.com: 7 people differ from the files"),
        (PLANS["no-change-yet-refused"], "Drift on hub.example.com: refused as it is"),
        (PLANS["one-person"], "Drift: 1 person differs from the files"),
        (OWNERLESS, "Drift on hub.example.com: no user owns Roles & permissions"),
        (
            replace(PLANS["no-change-yet-refused"], findings=OWNERLESS.findings),
            "Drift on hub.example.com: refused as it is",
        ),
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
