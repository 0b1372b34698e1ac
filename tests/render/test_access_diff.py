"""A difference in every form: hostile text shows and does nothing, and every row keeps to its section."""

import json
from dataclasses import replace
from datetime import date
from html import unescape

import pytest

from bo_sync.access.access_diff import GrantDifference, UserDifference
from bo_sync.access.provenance import Provenance
from bo_sync.core.changes import Shift
from bo_sync.core.model import ACCESS_WORDS, Role
from bo_sync.core.text import Message, Text
from bo_sync.core.weakened_guards import Weakened
from bo_sync.render.access_diff import AccessDiff, difference_json, difference_markdown, difference_text
from tests.support.builders import source
from tests.support.hostile import HOSTILE
from tests.support.inside import check_inert
from tests.support.markdown import check_tables
from tests.support.process import Ran

DAY = date(2026, 6, 15)
NOWHERE = Provenance(None, None, dirty=None, day=DAY)
every_attack = pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)


def step(role: str, before: str, after: str) -> GrantDifference:
    return GrantDifference(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after])


def user(
    email: str,
    *steps: GrantDifference,
    shift: Shift | None = None,
    joined: bool = False,
    left: bool = False,
    kept: str | None = None,
) -> UserDifference:
    return UserDifference(Text(email), source(f"users/{email}.yaml"), steps, shift or Shift(), joined, left, kept)


def told(*users: UserDifference) -> str:
    return difference_text(AccessDiff(NOWHERE, NOWHERE, (), users), width=None, color=False)


def hostile(text: str) -> AccessDiff:
    """A difference with `text` in everything that is not ours."""
    said = Text(text)
    weakened = (
        Weakened("protect", Message("{}", said), None),
        Weakened("hub_host", None, Message("{}", said)),
        Weakened(f"policies.{text}", Message("{}", said), Message("{}", said)),
    )
    users = (
        user(text, step("pricing", "viewer", "editor"), step("order_data", "owner", "none")),
        user(text, step("api_keys", "none", "owner"), joined=True),
        user(text, step("sales_hub", "owner", "none"), left=True),
        user(text, joined=True),
        user(text, step("pricing", "owner", "none"), left=True, kept="report"),
    )
    place = Provenance(said, said, dirty=True, day=DAY)
    return AccessDiff(place, place, weakened, users)


@every_attack
def test_nothing_in_a_difference_acts_and_no_text_adds_a_line(attack: str) -> None:
    plain = difference_text(hostile("x"), width=None, color=False)
    for width in (None, 80, 1):
        shown = difference_text(hostile(attack), width=width, color=False)
        check_inert(Ran(0, shown, ""))
        assert width or shown.count("\n") == plain.count("\n")


@every_attack
def test_no_table_of_markdown_breaks_and_nothing_is_mentioned_or_linked(attack: str) -> None:
    shown = difference_markdown(hostile(attack), limit=10**9)
    check_inert(Ran(0, shown, ""))
    check_tables(shown)
    assert shown.count("\n") == difference_markdown(hostile("x")).count("\n")


@every_attack
def test_json_is_ascii_and_keeps_the_exact_characters(attack: str) -> None:
    shown = difference_json(hostile(attack))
    assert shown.isascii()
    found = json.loads(shown)
    assert [entry["email"] for entry in found["users"]] == [attack] * 5
    assert found["loosened"][0] == {"guard": "protect", "before": attack, "after": None}
    assert found["base"]["revision"] == found["head"]["commit"] == attack


def test_everything_weakened_and_everything_risky_stands_outside_of_what_is_folded() -> None:
    shown = difference_markdown(hostile("x"))
    unfolded, _, folded = shown.partition("<details>")
    assert shown.startswith(
        "**5 people differ: 1 keeps all access without a file, 2 gain access, 2 lose access, 2 joined, 1 left. 3 "
        "guards are loosened.**\n"
    )
    assert unfolded.index("Guards loosened") < unfolded.index("Needs attention")
    assert "api&#95;keys" in unfolded
    assert "api&#95;keys" not in folded
    assert folded.count("<details>") + 1 == folded.count("</details>") == 3


def test_who_gains_and_loses_has_a_row_in_either_section_each_with_what_it_means() -> None:
    shift = Shift(
        opened=("Orders > Carriers",), closed=("Pricing > Taxes",), gained=("carriers",), lost=("taxes", "tax")
    )
    shown = told(user("a@x", step("logistics", "none", "viewer"), step("pricing", "owner", "none"), shift=shift))
    assert shown.splitlines()[2:-2] == [
        "Access gained",
        "  ▲ a@x  logistics none → viewer  users/a@x.yaml:1  opens Orders > Carriers; +1 operation",
        "",
        "Access lost",
        "  ▼ a@x  pricing owner → none  users/a@x.yaml:1  closes Pricing > Taxes; -2 operations",
    ]


@pytest.mark.parametrize(
    ("gained", "section"),
    [
        (step("roles_permissions", "none", "viewer"), "Needs attention"),
        (step("roles_permissions", "owner", "editor"), "Access lost"),
        (step("api_keys", "viewer", "owner"), "Needs attention"),
        (step("pricing", "none", "owner"), "Access gained"),
        (step("sales_hub", "none", "owner"), "Access gained"),
        (step("sales_hub", "owner", "none"), "Access lost"),
    ],
    ids=lambda value: (
        f"{value.role} {value.before.word} to {value.after.word}" if isinstance(value, GrantDifference) else ""
    ),
)
def test_a_row_stands_in_the_section_of_its_risk(gained: GrantDifference, section: str) -> None:
    assert told(user("a@x", gained)).splitlines()[2] == section


def test_what_is_grave_needs_attention_whatever_the_role() -> None:
    shift = Shift(gained=("magicTokenCreate",))
    shown = told(user("a@x", step("user_management", "none", "editor"), shift=shift))
    assert shown.splitlines()[2] == "Needs attention"
    assert "can now create login tokens and log in as a customer" in shown


@pytest.mark.parametrize(
    ("kept", "rule"),
    [("report", "`unmanaged: report`"), ("ignore", "`unmanaged: ignore`"), ("protected", "protected")],
)
def test_whoever_loses_only_the_file_needs_attention_and_is_said_to_keep_everything(kept: str, rule: str) -> None:
    one = user("a@x", step("pricing", "owner", "none"), shift=Shift(lost=("tax",)), left=True, kept=kept)
    cause = "leaves the files" if kept == "protected" else "has no file any more"
    said = f"{cause}; the hub keeps the account and all access ({rule})"
    assert told(one).splitlines()[2:-2] == [
        "Needs attention",
        f"  ! a@x  {said}  users/a@x.yaml:1  by the files it was pricing owner",
    ]
    found = AccessDiff(NOWHERE, NOWHERE, (), (one,))
    shown = unescape(difference_markdown(found))
    assert shown.index("**Needs attention**") < shown.index(said)
    assert "<details>" not in shown
    (document,) = json.loads(difference_json(found))["users"]
    assert (document["left"], document["kept"], document["lost"]["operations"]) == (True, True, ["tax"])
    assert not json.loads(difference_json(AccessDiff(NOWHERE, NOWHERE, (), (replace(one, kept=None),))))["users"][0][
        "kept"
    ]


def test_the_same_grants_that_mean_more_say_so() -> None:
    shown = told(user("a@x", shift=Shift(gained=("orders",))))
    assert "  ▲ a@x  the same grants  users/a@x.yaml:1  +1 operation" in shown


@pytest.mark.parametrize(
    ("users", "sentence"),
    [
        ((), "Nobody gains or loses access."),
        ((user("a@x", step("pricing", "none", "viewer")),), "1 person differs: 1 gains access."),
        ((user("a@x", step("pricing", "viewer", "none")),), "1 person differs: 1 loses access."),
        ((user("a@x", joined=True), user("b@x", left=True)), "2 people differ: 1 joined, 1 left."),
        (
            (user("a@x", step("pricing", "owner", "none"), left=True, kept="report"),),
            "1 person differs: 1 keeps all access without a file.",
        ),
    ],
    ids=["nobody", "one gains", "one loses", "one joins and one leaves", "one loses the file alone"],
)
def test_one_counted_sentence_ends_it(users: tuple[UserDifference, ...], sentence: str) -> None:
    assert told(*users).endswith(f"\n\n{sentence}\n")


def test_without_git_a_side_has_no_commit() -> None:
    first = told().partition("\n")[0]
    assert first == (
        "Access from the working tree (no commit, on 2026-06-15) to the working tree (no commit, on 2026-06-15)"
    )
