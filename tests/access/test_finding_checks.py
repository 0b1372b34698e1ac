"""Findings: when each is raised and when not, on which day, and that the order of files never matters."""

from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.access.finding_codes import RULES, Origin
from bo_sync.core.text import Text
from tests.access.judging import DESK, jane, judged, judged_of, rules
from tests.config.trees import JANE
from tests.support.strategies import World, shuffled, worlds
from tests.support.users import TODAY

ENDS: dict[str, tuple[str, str]] = {
    "on its last day an entry holds, and ends today": ("pricing: {access: owner, until: 2026-06-15}", "BOS003"),
    "the day after it has ended": ("pricing: {access: owner, until: 2026-06-14}", "BOS001"),
    "fourteen days ahead it is warned of": ("pricing: {access: owner, until: 2026-06-29}", "BOS003"),
    "fifteen days ahead it is not": ("pricing: {access: owner, until: 2026-06-30}", ""),
    "without an end there is nothing to say": ("pricing: owner", ""),
    "one that gave more than the preset is just over": ("order_data: {access: owner, until: 2026-06-14}", "BOS001"),
    "one that gave what the preset gives is just over": ("order_data: {access: editor, until: 2026-06-14}", "BOS001"),
    "one that gave less lets the preset give more": ("order_data: {access: viewer, until: 2026-06-14}", "BOS002"),
    "one that took away lets the preset give": ("order_data: {access: none, until: 2026-06-14}", "BOS002"),
    "one that took away what nobody gives is just over": ("pricing: {access: none, until: 2026-06-14}", "BOS001"),
}


@pytest.mark.parametrize(("entry", "expected"), ENDS.values(), ids=ENDS.keys())
def test_the_end_of_an_entry(entry: str, expected: str) -> None:
    assert rules(jane(f"preset: desk\nmodules:\n  {entry}\n", desk=DESK)) == expected.split()


def test_a_switch_that_was_off_until_a_day_is_on_again() -> None:
    (found,) = jane("preset: desk\nplatform:\n  backoffice: {access: false, until: 2026-06-14}\n", desk=DESK).findings
    assert (found.rule, str(found.source)) == ("BOS002", "users/u.yaml:6:3")
    assert found.message == (
        "`backoffice: false` ended on 2026-06-14, so preset desk gives `backoffice: true` again, which is more; should "
        "it not, write a later `until`"
    )


SAID: dict[str, tuple[str, str]] = {
    "today, and nothing is left": (
        "pricing: {access: owner, until: 2026-06-15}",
        "`pricing: owner` ends today; then no preset gives pricing",
    ),
    "tomorrow, and less is left": (
        "order_data: {access: owner, until: 2026-06-16}",
        "`order_data: owner` ends tomorrow; then preset desk gives `order_data: editor`",
    ),
    "in some days, and more comes back": (
        "order_data: {access: none, until: 2026-06-18}",
        "`order_data: none` ends on 2026-06-18, in 3 days; then preset desk gives `order_data: editor`, which is more",
    ),
}


@pytest.mark.parametrize(("entry", "expected"), SAID.values(), ids=SAID.keys())
def test_a_warning_ahead_says_when_and_what_holds_then(entry: str, expected: str) -> None:
    found = jane(f"preset: desk\nmodules:\n  {entry}\n", desk=DESK).findings
    assert [finding.message for finding in found if finding.rule == "BOS003"] == [expected]


LATER: dict[str, tuple[str, str]] = {
    "nothing until a far day, and then a preset gives it": ("order_data: {access: none, until: 2099-12-20}", "BOS023"),
    "less until a far day, and then a preset gives more": ("order_data: {access: viewer, until: 2099-12-20}", "BOS023"),
    "a platform area that is off until a far day": ("backoffice: {access: false, until: 2099-12-20}", "BOS023"),
    "soon, it is a warning beside the one of the end": (
        "order_data: {access: none, until: 2026-06-18}",
        "BOS003 BOS023",
    ),
    "what the preset gives until a far day": ("order_data: {access: editor, until: 2099-12-20}", "BOS010"),
    "more until a far day": ("order_data: {access: owner, until: 2099-12-20}", ""),
    "what no preset gives": ("pricing: {access: none, until: 2099-12-20}", "BOS010"),
    "without an end nothing comes back": ("order_data: none", ""),
}


@pytest.mark.parametrize(("entry", "expected"), LATER.values(), ids=LATER.keys())
def test_access_that_a_preset_gives_later_is_reported_however_far_ahead(entry: str, expected: str) -> None:
    part = "platform" if entry.startswith("backoffice") else "modules"
    found = rules(jane(f"preset: desk\n{part}:\n  {entry}\n", desk=DESK))
    assert [rule for rule in found if rule in {"BOS003", "BOS010", "BOS023"}] == expected.split()


def test_access_that_would_come_back_after_the_account_has_ended_is_not_reported() -> None:
    lines = "preset: desk\nuntil: 2099-12-19\nmodules:\n  order_data: {access: none, until: 2099-12-20}\n"
    assert "BOS023" not in rules(jane(lines, desk=DESK))


def test_the_report_of_later_access_names_the_day_and_the_preset() -> None:
    (found,) = jane("preset: desk\nmodules:\n  order_data: {access: none, until: 2099-12-20}\n", desk=DESK).findings
    assert (found.rule, str(found.source)) == ("BOS023", "users/u.yaml:6:3")
    assert found.message == (
        "`order_data: none` holds until 2099-12-20; afterwards preset desk gives `order_data: editor`"
    )


@pytest.mark.parametrize(("days", "ahead", "is_warned"), [(0, 0, True), (0, 1, False), (30, 30, True), (30, 31, False)])
def test_how_far_ahead_is_a_setting(days: int, ahead: int, is_warned: bool) -> None:
    until = TODAY + timedelta(days=ahead)
    files = {"bo-sync.yaml": f"expiring_within: {days}\n", "users/u.yaml": f"{JANE}{DESK}until: {until}\n"}
    assert rules(judged(files)) == (["BOS004"] if is_warned else [])


ACCOUNTS: dict[str, tuple[str, str]] = {
    "without an end": ("", ""),
    "on its last day": ("until: 2026-06-15\n", "BOS004"),
    "the day after": ("until: 2026-06-14\n", "BOS005"),
    "absent, whatever its last day was": ("until: 2026-06-14\nstate: absent\n", ""),
    "absent, whatever its last day will be": ("until: 2026-06-16\nstate: absent\n", ""),
}


@pytest.mark.parametrize(("lines", "expected"), ACCOUNTS.values(), ids=ACCOUNTS.keys())
def test_the_end_of_an_account(lines: str, expected: str) -> None:
    assert rules(jane(DESK + lines)) == expected.split()


@pytest.mark.parametrize("leaves", ["state: absent", "until: 2026-06-14"])
def test_of_who_leaves_no_access_is_judged(leaves: str) -> None:
    found = jane(f"platform: {{sales_hub: true}}\nmodules: {{roles_permissions: editor}}\n{leaves}\n")
    assert set(rules(found)) <= {"BOS005"}


THREE: Final = "user_management: editor, product_data: editor, order_data: editor"

ACCESS: dict[str, tuple[str, str, str]] = {
    "nothing at all": ("", "", ""),
    "a module without an area": ("", "pricing: editor", "BOS006"),
    "areas that are off do not count as areas": ("backoffice: false", "pricing: editor", "BOS006 BOS010"),
    "an area without a module": ("backoffice: true", "", ""),
    "the documented Sales Representative": ("sales_hub: true", THREE, ""),
    "Sales Hub with none of its modules": ("sales_hub: true", "", "BOS009"),
    "Sales Hub without orders": ("sales_hub: true", "user_management: editor, product_data: editor", "BOS009"),
    "Sales Hub with a viewer of orders": (
        "sales_hub: true",
        "user_management: editor, product_data: editor, order_data: viewer",
        "BOS007",
    ),
    "a module of the Backoffice in the Sales Hub": ("sales_hub: true", f"{THREE}, pricing: editor", "BOS008"),
    "a module of the Backoffice with both areas": (
        "sales_hub: true, backoffice: true",
        f"{THREE}, pricing: editor",
        "",
    ),
    "an owner of the roles": ("backoffice: true", "roles_permissions: owner", ""),
    "an owner of the roles without any area": ("", "roles_permissions: owner", "BOS011"),
    "an editor of the roles": ("backoffice: true", "roles_permissions: editor", "BOS012"),
    "an editor of the roles without Backoffice": ("", "roles_permissions: editor", "BOS011 BOS012"),
    "a viewer of the roles without Backoffice": ("", "roles_permissions: viewer", "BOS006 BOS007"),
    "a viewer of what nobody changes as viewer": ("backoffice: true", "pricing: viewer", ""),
    "a viewer of what a viewer changes": ("backoffice: true", "configuration: viewer", "BOS007 BOS022"),
    "an editor of what a viewer changes": ("backoffice: true", "configuration: editor", "BOS022"),
    "a role that no menu item needs": ("", "tickets: editor", ""),
}


@pytest.mark.parametrize(("platform", "modules", "expected"), ACCESS.values(), ids=ACCESS.keys())
def test_access(platform: str, modules: str, expected: str) -> None:
    user = f"{JANE}platform: {{{platform}}}\nmodules: {{{modules}}}\n"
    files = {"bo-sync.yaml": "role_definitions: {tickets: ticket}\n", "users/u.yaml": user}
    assert rules(judged(files)) == expected.split()


def test_several_idle_roles_are_one_finding_in_the_plural() -> None:
    (found,) = jane("modules: {pricing: editor, logistics: editor, order_data: editor}\n").findings
    assert found.message == "pricing, logistics and order_data open no menu item while sales_hub and backoffice are off"


def test_a_viewer_of_several_roles_is_told_once_with_the_first_operations() -> None:
    (found,) = jane("platform: {backoffice: true}\nmodules: {user_management: viewer, order_data: viewer}\n").findings
    assert found.message == (
        "a viewer of user_management and order_data may do more than look: cartSetContact, cartSetCustomer, "
        "cartSetUser and 7 more"
    )


def test_what_a_preset_gives_viewers_is_told_of_the_preset_and_not_of_everybody() -> None:
    files = {
        "presets/look.yaml": "platform: {backoffice: true}\nmodules: {order_data: viewer}\n",
        "users/u.yaml": f"{JANE}preset: look\n",
        "users/v.yaml": "email: ben@example.com\nfirst_name: Ben\nlast_name: Vos\npreset: look\n",
    }
    (found,) = judged(files).findings
    assert (found.rule, found.email, str(found.source)) == ("BOS007", None, "presets/look.yaml:1:1")


KEYS: Final = "may read the values of API keys (gqlApiKeys) and possibly act with every key"
TOKENS: Final = "may read login tokens (magicTokens) and possibly log in as a customer"


@pytest.mark.parametrize(
    ("modules", "expected"),
    [
        pytest.param("api_keys: viewer", [f"`api_keys: viewer` {KEYS}"], id="a viewer of API keys"),
        pytest.param("api_keys: owner", [f"`api_keys: owner` {KEYS}"], id="an owner of API keys"),
        pytest.param("configuration: viewer", [f"`configuration: viewer` {TOKENS}"], id="a viewer of Configuration"),
        pytest.param("configuration: editor", [f"`configuration: editor` {TOKENS}"], id="an editor of Configuration"),
        pytest.param(
            "api_keys: editor, configuration: owner",
            [f"`api_keys: editor` {KEYS}", f"`configuration: owner` {TOKENS}"],
            id="both kinds are two findings",
        ),
        pytest.param(
            "roles_permissions: editor, api_keys: viewer",
            [f"`api_keys: viewer` {KEYS}"],
            id="an editor of Roles & permissions is not exempt",
        ),
        pytest.param("roles_permissions: owner, api_keys: owner, configuration: owner", [], id="an owner of roles is"),
        pytest.param("roles_permissions: viewer", [], id="adminUserTenantCreate is no credential"),
        pytest.param("user_management: owner, order_data: owner, product_data: owner", [], id="other modules"),
    ],
)
def test_users_who_can_read_credentials_are_found(modules: str, expected: list[str]) -> None:
    found = jane(f"platform: {{backoffice: true}}\nmodules: {{{modules}}}\n").findings
    assert [finding.message for finding in found if finding.rule == "BOS022"] == expected


def test_credentials_that_a_preset_lets_read_are_found_at_each_user() -> None:
    files = {
        "presets/keys.yaml": "platform: {backoffice: true}\nmodules: {api_keys: viewer}\n",
        "users/u.yaml": f"{JANE}preset: keys\n",
    }
    assert [(str(one.source), one.rule) for one in judged(files).findings] == [("users/u.yaml:1:1", "BOS022")]


OWN: dict[str, tuple[str, str]] = {
    "an entry that says what the preset gives": ("order_data: editor", "BOS010"),
    "until a day, too": ("order_data: {access: editor, until: 2099-01-01}", "BOS010"),
    "an entry that takes away what nobody gives": ("pricing: none", "BOS010"),
    "an entry that takes away": ("order_data: none", ""),
    "an entry that gives less": ("order_data: viewer", "BOS007"),
    "an entry that gives more": ("order_data: owner", ""),
}


@pytest.mark.parametrize(("entry", "expected"), OWN.values(), ids=OWN.keys())
def test_own_entries_beside_a_preset(entry: str, expected: str) -> None:
    assert rules(jane(f"preset: desk\nmodules:\n  {entry}\n", desk=DESK)) == expected.split()


LIKENESS: dict[str, tuple[str, str]] = {
    "own entries that equal a preset": (DESK, "BOS014"),
    "own entries that give more": ("platform: {backoffice: true}\nmodules: {order_data: owner}\n", ""),
    "own entries that end": (
        "platform: {backoffice: true}\nmodules:\n  order_data: {access: editor, until: 2099-01-01}\n",
        "",
    ),
    "somebody without access": ("", ""),
}


@pytest.mark.parametrize(("lines", "expected"), LIKENESS.values(), ids=LIKENESS.keys())
def test_likeness_to_a_preset(lines: str, expected: str) -> None:
    files = {
        "presets/desk.yaml": DESK,
        "users/ben.yaml": "email: ben@example.com\nfirst_name: Ben\nlast_name: Vos\npreset: desk\n",
        "users/u.yaml": JANE + lines,
    }
    assert rules(judged(files)) == expected.split()


USED: dict[str, tuple[str, str]] = {
    "one that somebody uses, and what it extends": ("preset: top\n", ""),
    "what is extended, but not by one in use": ("preset: base\n", "presets/top.yaml"),
    "one that only somebody uses who leaves": ("preset: top\nstate: absent\n", "presets/base.yaml presets/top.yaml"),
}


@pytest.mark.parametrize(("lines", "expected"), USED.values(), ids=USED.keys())
def test_unused_presets(lines: str, expected: str) -> None:
    found = jane(lines, base=DESK, top="extends: [base]\n").findings
    assert [str(finding.source.path) for finding in found if finding.source] == expected.split()
    assert {finding.rule for finding in found} <= {"BOS013"}


def test_presets_without_anybody_are_not_judged() -> None:
    assert judged({"presets/desk.yaml": DESK}).findings == ()


def test_findings_stand_in_the_order_of_the_files_and_of_their_lines() -> None:
    files = {
        "users/b.yaml": JANE + "modules:\n  roles_permissions: editor\n  pricing: {access: owner, until: 2026-06-14}\n",
        "users/a.yaml": "email: ben@example.com\nfirst_name: Ben\nlast_name: Vos\nmodules: {pricing: editor}\n",
    }
    found = judged(files)
    assert [(str(finding.source), finding.rule) for finding in found.findings] == [
        ("users/a.yaml:1:1", "BOS006"),
        ("users/b.yaml:1:1", "BOS011"),
        ("users/b.yaml:1:1", "BOS012"),
        ("users/b.yaml:6:3", "BOS001"),
    ]
    assert [finding.rule for finding in found.of(Text("JANE@example.com"))] == ["BOS011", "BOS012", "BOS001"]


@given(worlds(), st.data())
def test_the_order_of_the_files_never_matters(world: World, data: st.DataObject) -> None:
    other = data.draw(shuffled(world))
    assert judged_of(world, TODAY) == judged_of(other, TODAY)


@given(worlds(), st.dates(date(2026, 6, 1), date(2026, 7, 1)))
def test_what_is_said_is_in_the_table_and_about_whom_it_may_be(world: World, day: date) -> None:
    for finding in judged_of(world, day).findings:
        rule = RULES[finding.rule]
        assert finding.severity is rule.severity
        assert rule.origin is not Origin.HUB
        assert finding.email is None or rule.origin is Origin.USER
