"""Making a plan from the files and a hub: what it says, what it leaves out, and what it refuses to begin with."""

import threading
from dataclasses import dataclass, replace
from datetime import date

import pytest

from bo_sync.apply.planner import EVERYBODY, Desired, PlanRequest, make_plan, read_both
from bo_sync.core.changes import Cause, CreateUser, DeleteUser, UpdateUser
from bo_sync.core.guardrail_checks import GuardrailRow
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.live import identity_of
from bo_sync.core.model import Access, Departure, DesiredUser, LiveState, LiveUser, Role, Severity, Source
from bo_sync.core.plan import ConfigFacts, Finding, HubFacts, Plan
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Exemption, Has, Match, Policy
from bo_sync.core.settings import GuardrailLimits, Settings, Unmanaged, fixed
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError, HubUnreachableError, UsageError
from bo_sync.ports import Addresses, Progress, no_addresses
from tests.support.builders import unmanaged
from tests.support.hub_double import SILENT, Event, InMemoryHub, definitions_with, unreachable
from tests.support.users import (
    DEFINITIONS,
    SETTINGS,
    YESTERDAY,
    absent,
    definition,
    grant,
    holds,
    hub_of,
    override,
    owner,
    row,
    wants,
)

URL = "https://hub.example.com/v2/graphql"
FACTS = ConfigFacts(3, "sha256:1", Text("3f2c1ab"), dirty=False)
OWNERS = (owner(91, "zz1@example.com"), owner(92, "zz2@example.com"))


def planned(
    desired: tuple[DesiredUser, ...], live: LiveState, settings: Settings = SETTINGS, request: PlanRequest = EVERYBODY
) -> Plan:
    return make_plan(Desired(desired, settings, FACTS), live, URL, request).plan


def only(*emails: str) -> PlanRequest:
    return PlanRequest(only=tuple(Text(email) for email in emails))


def test_a_plan_states_the_facts_of_both_sides() -> None:
    live = hub_of(
        holds(1, "ann@example.com", row("pricing", "viewer"), row("logistics", "none"), row("rma", "owner")),
        holds(2, "bob@example.com"),
        *OWNERS,
    )
    desired = (
        wants("ann@example.com", grant("pricing", "viewer")),
        absent("gone@example.com"),
        wants("new@example.com"),
    )
    found = planned(desired, live)
    assert found.hub == HubFacts(URL, users=4, grants=5, identity=identity_of(live.definitions, live.users))
    assert found.config is FACTS
    assert found.unchanged == 2
    assert found.unmanaged == tuple(
        unmanaged(email) for email in ("bob@example.com", "zz1@example.com", "zz2@example.com")
    )
    assert [change.email.raw for change in found.changes] == ["new@example.com"]


def test_a_reading_keeps_the_live_state_and_the_viewer_of_its_plan() -> None:
    live = replace(hub_of(*OWNERS), viewer=OWNERS[0].email)
    reading = make_plan(Desired((), SETTINGS, FACTS), live, URL)
    assert [user.user for user in reading.live.users] == list(OWNERS)
    assert reading.viewer == OWNERS[0].email


def test_every_guardrail_is_checked_with_what_the_caller_allows() -> None:
    live = hub_of(*(holds(number, f"p{number}@example.com") for number in range(1, 4)), *OWNERS)
    desired = tuple(absent(f"p{number}@example.com") for number in range(1, 4))
    refused = planned(desired, live)
    assert [guardrail.guardrail for guardrail in refused.refused] == ["max_user_deletes"]
    allowed = planned(desired, live, request=PlanRequest(allowed=(("max_user_deletes", 3),)))
    assert allowed.refused == ()
    (guardrail,) = [guardrail for guardrail in allowed.guardrails if guardrail.guardrail == "max_user_deletes"]
    assert guardrail.allowed_by == "--allow max_user_deletes=3"
    assert digest(allowed) == digest(refused)


def test_no_users_in_the_files_is_refused() -> None:
    reading = make_plan(Desired((), SETTINGS, replace(FACTS, users=0)), hub_of(*OWNERS), URL)
    assert [guardrail.guardrail for guardrail in reading.plan.refused] == ["empty"]


def test_the_viewer_is_not_to_harm_themselves() -> None:
    live = replace(hub_of(holds(1, "ann@example.com"), *OWNERS), viewer=Text("Ann@Example.com"))
    assert [guardrail.guardrail for guardrail in planned((absent("ann@example.com"),), live).refused] == ["self"]


# Role definitions.


def test_a_file_that_grants_what_the_hub_does_not_define_is_an_error_that_names_everything() -> None:
    live = hub_of(*OWNERS, definitions=(definition("pricing"), definition("zz\x1b"), definition("log", "logistic")))
    desired = (
        wants("b@example.com", grant("logistics", "viewer", line=9)),
        wants("a@example.com", grant("logistics", "viewer", line=4), grant("api_keys", "owner", line=3)),
    )
    with pytest.raises(FilesError) as caught:
        planned(desired, live)
    assert caught.value.message == "the hub lacks the role definition of 3 grants in the files"
    missing = "but the hub has no role definition named"
    assert caught.value.lines == (
        f"users/jane.yaml:3:1: error: a@example.com is granted api_keys, {missing} apikey",
        f"users/jane.yaml:4:1: error: a@example.com is granted logistics, {missing} logistics",
        f"users/jane.yaml:9:1: error: b@example.com is granted logistics, {missing} logistics",
    )
    assert caught.value.hint == (
        "the hub has: logistic, pricing, zz\\x1b; put the right name under `role_definitions` in bo-sync.yaml"
    )


def test_a_hub_without_definitions_says_none() -> None:
    with pytest.raises(FilesError) as caught:
        planned((wants("a@example.com", grant("pricing", "viewer")),), hub_of(definitions=()))
    assert caught.value.hint.startswith("the hub has: none;")


def test_only_leaves_out_what_others_are_granted_in_vain() -> None:
    live = hub_of(holds(1, "a@example.com", phone="1"), *OWNERS, definitions=(definition("pricing"),))
    desired = (wants("a@example.com", phone="2"), wants("b@example.com", grant("logistics", "viewer")))
    assert len(planned(desired, live, request=only("a@example.com")).changes) == 1
    with pytest.raises(FilesError):
        planned(desired, live, request=only("B@example.com"))


@pytest.mark.parametrize(
    ("desired", "is_refused"),
    [
        pytest.param(wants("a@example.com"), True, id="a revoke"),
        pytest.param(wants("a@example.com", grant("pricing", "viewer")), True, id="a lower level"),
        pytest.param(absent("a@example.com"), True, id="a deletion"),
        pytest.param(
            wants("a@example.com", grant("pricing", "none"), grant("order_data", "owner")), True, id="taking and giving"
        ),
        pytest.param(wants("a@example.com", grant("pricing", "owner"), phone="2"), False, id="a phone"),
        pytest.param(
            wants("a@example.com", grant("pricing", "owner"), grant("order_data", "owner")), False, id="a grant"
        ),
        pytest.param(wants("new@example.com", grant("pricing", "owner")), False, id="a new user"),
    ],
)
@pytest.mark.parametrize("allowed", [(), (("min_role_owners", 1),)], ids=["as it is", "with an override"])
def test_a_hub_without_a_definition_of_roles_and_permissions_lets_nothing_be_taken(
    desired: DesiredUser, allowed: tuple[tuple[str, int], ...], *, is_refused: bool
) -> None:
    without = tuple(found for found in DEFINITIONS if found.id != "definition-roles_permissions")
    live = hub_of(holds(1, "a@example.com", row("pricing", "owner")), holds(2, "b@example.com"), definitions=without)
    plan = planned((desired,), live, request=PlanRequest(allowed=allowed))
    assert [found.guardrail for found in plan.refused] == ["min_role_owners"] * is_refused
    (found,) = (found for found in plan.guardrails if found.guardrail == "min_role_owners")
    assert found.actual == 0


# Findings.


def test_a_missing_definition_that_no_file_grants_is_a_finding() -> None:
    without = tuple(found for found in DEFINITIONS if found.name.raw != "pricing")
    assert planned((), hub_of(*OWNERS, definitions=without)).findings == (
        Finding(
            "BOS104",
            Severity.INFO,
            Message("the hub has no role definition named pricing, so pricing cannot be granted"),
        ),
    )


def test_definitions_that_we_do_not_know_are_listed_with_their_grants_by_name() -> None:
    live = hub_of(
        holds(1, "a@example.com", row("rma", "owner"), row("loyalty", "none")),
        holds(2, "b@example.com", row("rma", "viewer"), row("wms", "viewer")),
        *OWNERS,
        definitions=(*DEFINITIONS, definition("wms"), definition("rma", "returns\u202e"), definition("loyalty")),
    )
    findings = planned((), live).findings
    assert {(found.rule, found.severity) for found in findings} == {("BOS102", Severity.INFO)}
    is_unknown = "is not in `role_definitions` of bo-sync.yaml"
    assert [found.message for found in findings] == [
        f"role definition loyalty {is_unknown}: nobody holds it",
        f"role definition returns\\u202e {is_unknown}: the 2 grants of it are left alone",
        f"role definition wms {is_unknown}: the one grant of it is left alone",
    ]


def test_findings_do_not_depend_on_the_order_of_definitions_that_share_a_name() -> None:
    twins = (definition("a", "pricing"), definition("b", "pricing"), definition("c", "rma"), definition("d", "rma"))
    one, other = (hub_of(*OWNERS, definitions=found) for found in (twins, twins[::-1]))
    users = holds(1, "a@example.com", row("b", "owner"), row("d", "owner"))
    assert planned((), replace(one, users=(users,))) == planned((), replace(other, users=(users,)))


def test_a_default_access_that_is_not_none_is_said() -> None:
    definitions = (*DEFINITIONS[1:], *definitions_with(Access.VIEWER, DEFINITIONS[:1]))
    assert planned((), hub_of(*OWNERS, definitions=definitions)).findings == (
        Finding(
            "BOS103",
            Severity.WARNING,
            Message(
                "role definition sales gives viewer by default: "
                "a person whom apply creates is taken back to exactly what the file gives"
            ),
        ),
    )


@pytest.mark.parametrize("default", ["viewer", "editor", "owner"])
def test_a_default_access_of_an_unknown_definition_is_a_warning(default: str) -> None:
    live = hub_of(*OWNERS, definitions=(*DEFINITIONS, definition("wms", default=default), definition("rma")))
    found = [(finding.rule, finding.severity, finding.message) for finding in planned((), live).findings]
    unknown = "is not in `role_definitions` of bo-sync.yaml: nobody holds it"
    assert found == [
        ("BOS102", Severity.INFO, f"role definition rma {unknown}"),
        ("BOS102", Severity.INFO, f"role definition wms {unknown}"),
        (
            "BOS103",
            Severity.WARNING,
            f"unknown role definition wms gives {default} by default: a user whom apply creates may keep that access",
        ),
    ]


def mapped(**names: str) -> Settings:
    """The settings with other hub names for some roles."""
    ours = {role: Text(names.get(role, name.raw)) for role, name in SETTINGS.role_definitions}
    return Settings(role_definitions=tuple(ours.items()))


@pytest.mark.parametrize(
    ("settings", "others", "other"),
    [
        pytest.param(mapped(backoffice="ticket"), ("backoffice", "ticket"), "ticket", id="another definition"),
        pytest.param(mapped(backoffice="bo"), ("backoffice",), "bo", id="a name that the hub lacks"),
        pytest.param(mapped(backoffice="bo"), ("bo",), "", id="the only name in the hub"),
        pytest.param(mapped(backoffice="Backoffice"), ("Backoffice",), "", id="another spelling in the hub"),
        pytest.param(mapped(), ("backoffice", "bo"), "", id="the usual name"),
    ],
)
def test_backoffice_is_not_mapped_to_another_definition_beside_the_one_of_that_name(
    settings: Settings, others: tuple[str, ...], other: str
) -> None:
    live = hub_of(*OWNERS, definitions=(definition("role"), *map(definition, others)))
    if not other:
        planned((), live, settings)
        return
    with pytest.raises(FilesError) as caught:
        planned((), live, settings)
    assert caught.value.message == f"`role_definitions` maps backoffice to {other}, but the hub has backoffice too"
    assert caught.value.hint.startswith("remove `backoffice` from `role_definitions` in bo-sync.yaml")


@pytest.mark.parametrize(
    ("role", "usual"),
    [("api_keys", "apikey"), ("sales_hub", "sales"), ("roles_permissions", "role"), ("pricing", "pricing")],
)
def test_no_documented_role_is_mapped_away_from_a_definition_that_the_hub_has(role: str, usual: str) -> None:
    definitions = tuple(map(definition, {"role", usual}))
    with pytest.raises(FilesError) as caught:
        planned((), hub_of(*OWNERS, definitions=definitions), mapped(**{role: "other"}))
    assert caught.value.message == f"`role_definitions` maps {role} to other, but the hub has {usual} too"
    assert caught.value.hint.startswith(f"remove `{role}` from `role_definitions` in bo-sync.yaml")


def test_two_names_of_documented_roles_are_not_swapped() -> None:
    definitions = tuple(map(definition, ("role", "backoffice", "sales")))
    with pytest.raises(FilesError, match="maps sales_hub to backoffice, but the hub has sales too"):
        planned((), hub_of(*OWNERS, definitions=definitions), mapped(backoffice="sales", sales_hub="backoffice"))


EXCEPTED = Policy(
    "few",
    Text("few own prices"),
    Match((Has(((Role("pricing"), Access.OWNER),)),), is_all=True),
    Source(Text("policies/few.yaml"), 1),
    at_most=3,
    exemptions=tuple(
        Exemption(Text(email), Text("CHG-1"), date(2099, 1, 1), Source(Text("policies/few.yaml"), line))
        for line, email in enumerate(("File@example.com", "live@example.com", "typo@example.com"), start=1)
    ),
)


def test_an_exception_of_a_policy_that_matches_no_user_is_a_finding() -> None:
    desired = Desired((wants("file@example.com"),), SETTINGS, FACTS, (EXCEPTED,), date(2026, 6, 15))
    found = make_plan(desired, hub_of(holds(1, "live@example.com"), *OWNERS), URL).plan.findings
    told = "policy few: the exception matches no user"
    assert [finding for finding in found if finding.rule == "BOS021"] == [
        Finding(
            "BOS021", Severity.WARNING, Message(told), Text("typo@example.com"), Source(Text("policies/few.yaml"), 3)
        )
    ]


LAST = date(2026, 6, 20)


def ending(number: int, until: date | None = None, *grants: date) -> DesiredUser:
    """A user in the hub with the last days of the account and of grants."""
    given = tuple(
        replace(grant(role, "owner"), until=day) for role, day in zip(("pricing", "logistics"), grants, strict=False)
    )
    return replace(wants(f"p{number}@example.com", *given), until=until)


COMING: dict[str, tuple[tuple[DesiredUser, ...], int, tuple[tuple[date, int], ...]]] = {
    "as many accounts as the limit": ((ending(1, LAST), ending(2, LAST)), 14, ()),
    "one account more": ((ending(1, LAST), ending(2, LAST), ending(3, LAST)), 14, ((LAST, 3),)),
    "grants count": ((ending(1, None, LAST, LAST), ending(2, LAST)), 14, ((LAST, 3),)),
    "a grant that ends with its account counts once": ((ending(1, LAST, LAST, LAST), ending(2, LAST)), 14, ()),
    "a grant that ends before its account": (
        (ending(1, date(2026, 6, 21), LAST, LAST), ending(2, LAST)),
        14,
        ((LAST, 3),),
    ),
    "on the last of the days ahead": (tuple(ending(number, LAST) for number in range(1, 4)), 5, ((LAST, 3),)),
    "beyond the days ahead": (tuple(ending(number, LAST) for number in range(1, 4)), 4, ()),
    "users whom the hub does not have": (tuple(ending(number, LAST) for number in range(7, 10)), 14, ()),
    "on different days": ((ending(1, LAST), ending(2, LAST), ending(3, date(2026, 6, 21))), 14, ()),
    "today": (tuple(ending(number, date(2026, 6, 15)) for number in range(1, 4)), 14, ((date(2026, 6, 15), 3),)),
}


@pytest.mark.parametrize(("users", "within", "expected"), COMING.values(), ids=COMING.keys())
def test_a_coming_day_that_exceeds_the_limit_of_expiries_is_a_finding(
    users: tuple[DesiredUser, ...], within: int, expected: tuple[tuple[date, int], ...]
) -> None:
    settings = Settings(expiring_within=within, guardrails=GuardrailLimits(max_expiries=fixed(2)))
    live = hub_of(*(holds(number, f"p{number}@example.com") for number in range(1, 4)), *OWNERS)
    found = make_plan(Desired(users, settings, FACTS, today=date(2026, 6, 15)), live, URL).plan.findings
    assert [finding for finding in found if finding.rule == "BOS111"] == [
        Finding(
            "BOS111",
            Severity.WARNING,
            Message(
                f"{number} accounts and grants expire after {day}, and max_expiries is 2: that run needs "
                f"--allow max_expiries={number}, or other dates"
            ),
        )
        for day, number in expected
    ]


PROTECTING = Settings(protect=(Text("boss@example.com"), Text("gone@example.com"), Text("*@vendor.example")))


def test_an_entry_of_protect_that_matches_no_user_is_a_finding() -> None:
    place = Source(Text("bo-sync.yaml"), 3, 5)
    settings = replace(PROTECTING, protect_places=(place, place, place))
    found = planned((), hub_of(holds(1, "Boss@example.com"), *OWNERS), settings).findings
    assert found == tuple(
        Finding("BOS106", Severity.WARNING, Message(f"`protect`: {entry} matches no user in the hub"), None, place)
        for entry in ("gone@example.com", "*@vendor.example")
    )


def test_a_protected_user_who_differs_is_a_finding_and_no_change() -> None:
    boss = holds(1, "boss@example.com", row("pricing", "owner"), row("logistics", "viewer", "r2"), job="Boss")
    surplus = replace(boss, rows=(*boss.rows, row("logistics", "viewer", "r3")))
    files = (wants("boss@example.com", grant("logistics", "viewer"), job="Poet"), wants("new@example.com"))
    found = planned(
        files, hub_of(surplus, holds(2, "gone@example.com"), holds(3, "x@vendor.example"), *OWNERS), PROTECTING
    )
    assert [change.email.raw for change in found.changes] == ["new@example.com"]
    assert found.refused == ()
    told = (
        "protected, and differs from the file in job, pricing (owner → none), logistics (a duplicate role row); "
        "nothing of it is changed"
    )
    assert found.findings == (
        Finding("BOS109", Severity.WARNING, Message(told), Text("boss@example.com"), files[0].source),
    )


@pytest.mark.parametrize("named", ["boss@example.com", "new@example.com"])
def test_only_narrows_what_is_said_about_protected_users(named: str) -> None:
    live = hub_of(holds(1, "boss@example.com"), holds(2, "gone@example.com"), holds(3, "x@vendor.example"), *OWNERS)
    files = (replace(wants("boss@example.com", job="Poet"), until=YESTERDAY), wants("new@example.com"))
    found = planned(files, live, PROTECTING, only(named))
    assert [finding.rule for finding in found.findings] == (["BOS109"] if named.startswith("boss") else [])
    assert [result.guardrail for result in found.refused] == (["protected"] if named.startswith("boss") else [])


ROLES_ONLY = holds(1, "ann@example.com", row("roles_permissions", "owner"))


@pytest.mark.parametrize(
    ("live", "desired", "rules"),
    [
        pytest.param((), (), ["BOS114"], id="no user at all"),
        pytest.param((ROLES_ONLY,), (), ["BOS114"], id="Backoffice is off"),
        pytest.param((holds(1, "ann@example.com", row("backoffice", "owner")),), (), ["BOS114"], id="no owner"),
        pytest.param((owner(1, "ann@example.com"),), (), [], id="one owner, and two are the minimum"),
        pytest.param(
            (ROLES_ONLY,),
            (wants("ann@example.com", grant("backoffice", "owner"), grant("roles_permissions", "owner")),),
            [],
            id="the plan makes an owner",
        ),
    ],
)
def test_a_hub_without_an_owner_is_a_finding(
    live: tuple[LiveUser, ...], desired: tuple[DesiredUser, ...], rules: list[str]
) -> None:
    found = planned(desired, hub_of(*live))
    assert [finding.rule for finding in found.findings] == rules


IDS = "several users in the hub have this address (id 1, id 2)"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param((), f"{IDS}; none of them is changed", id="without a file"),
        pytest.param((wants("ANN@example.com"),), f"{IDS}; none of them is changed", id="not certain"),
        pytest.param((wants("Ann@example.com", pin=9),), f"{IDS}; none of them is changed", id="refused"),
        pytest.param((wants("ann@example.com"),), f"{IDS}; only grants of id 2 are changed", id="certain"),
        pytest.param(
            (wants("ann@example.com", phone="1", job="x"),),
            f"{IDS}; only grants of id 2 are changed; the profile stays as it is, though phone, job should change",
            id="another profile",
        ),
        pytest.param(
            (absent("ANN@example.com", pin=1),),
            f"{IDS}; only grants of id 1 are changed; the deletion is blocked",
            id="absent",
        ),
    ],
)
def test_users_with_one_address_are_told_once(wanted: tuple[DesiredUser, ...], message: str) -> None:
    live = hub_of(holds(1, "Ann@example.com"), holds(2, "ann@example.com"), *OWNERS)
    found = planned(wanted, live)
    email = wanted[0].email if wanted else Text("Ann@example.com")
    assert [(one.rule, one.severity, one.email, one.message) for one in found.findings] == [
        ("BOS101", Severity.WARNING, email, message)
    ]


@pytest.mark.parametrize(
    ("wanted", "row"),
    [
        pytest.param(
            wants("ANN@example.com"),
            "is the address of several users in the hub (id 1, id 2): add the `id` of the right one",
            id="a user who is not certain",
        ),
        pytest.param(
            absent("ann@example.com"),
            "id 2 cannot be deleted: the hub deletes by address, which is also that of id 1",
            id="a deletion",
        ),
    ],
)
def test_an_ambiguous_address_blocks_the_plan_with_a_row_of_the_user(wanted: DesiredUser, row: str) -> None:
    live = hub_of(holds(1, "Ann@example.com"), holds(2, "ann@example.com"), *OWNERS)
    (blocked,) = planned((wanted,), live).refused
    assert blocked == GuardrailResult(
        "ambiguous_address", 1, 0, ok=False, rows=(GuardrailRow(wanted.email, Message(row), wanted.source),)
    )


def test_users_whom_no_file_can_name_are_told_and_counted_nowhere() -> None:
    live = hub_of(holds(5, "", row("pricing", "owner")), holds(6, "x"), *OWNERS)
    found = planned((), live)
    assert [(one.rule, one.severity, one.message) for one in found.findings] == [
        ("BOS107", Severity.WARNING, f"user id {told}")
        for told in (
            "5 has no address: it is never changed or deleted, and keeps 1 grant",
            "6 has an invalid address: it is never changed or deleted, and keeps 0 grants",
        )
    ]
    assert [(user.id, user.reason) for user in found.unmanageable] == [(5, "no address"), (6, "an invalid address")]
    assert (found.summary.unmanageable, found.summary.unmanaged) == (2, len(OWNERS))
    assert found.hub.grants == planned((), hub_of(*OWNERS)).hub.grants


OTHER_FORM = "differs from the hub only in form, which is not a change"


def test_text_in_another_form_is_told_once_a_field_and_is_no_change() -> None:
    user = wants("ann@example.com", first_name="Jos\u00e9", phone="+31 20", job="x")
    live = hub_of(holds(1, "ann@example.com", first_name="Jose\u0301", phone="+3120", job="x"), *OWNERS)
    found = planned((user,), live)
    assert (found.changes, found.unchanged) == ((), 1)
    assert [(one.rule, one.severity, one.email, one.source, one.message) for one in found.findings] == [
        ("BOS108", Severity.INFO, user.email, user.source, f"{name} {OTHER_FORM}") for name in ("first_name", "phone")
    ]


def test_a_profile_that_no_file_can_hold_is_told() -> None:
    user = wants("ann@example.com", phone="1")
    found = planned((user,), hub_of(holds(1, "ann@example.com", job="x\ud800"), *OWNERS))
    assert (found.changes, found.unchanged) == ((), 0)
    assert [(one.rule, one.message) for one in found.findings] == [
        ("BOS108", "job holds text in the hub that no file can hold, so the whole profile stays as it is")
    ]


# Only some users.

CROWD: tuple[LiveUser, ...] = (
    holds(1, "ann@example.com", phone="1"),
    holds(2, "Bob@example.com", row("pricing", "owner")),
    holds(3, "cas@example.com"),
    holds(4, "old@example.com"),
    *OWNERS,
)
FILES = (
    wants("ann@example.com", phone="2"),
    absent("bob@example.com"),
    wants("cas@example.com"),
    wants("new@example.com"),
    wants("moved@example.com", pin=4),
)


def test_only_narrows_everything_that_is_about_users() -> None:
    settings = Settings(unmanaged=Unmanaged.DELETE)
    everybody = planned(FILES, hub_of(*CROWD), settings)
    assert {guardrail.guardrail for guardrail in everybody.refused} == {
        "email_change",
        "max_user_deletes",
        "min_role_owners",
    }
    narrow = planned(FILES, hub_of(*CROWD), settings, only("BOB@example.com", "cas@example.com", "zz1@example.com"))
    assert [(type(change), change.email.raw) for change in narrow.changes] == [
        (DeleteUser, "bob@example.com"),
        (DeleteUser, "zz1@example.com"),
    ]
    assert narrow.changes[0] in everybody.changes
    assert (narrow.unchanged, narrow.unmanaged) == (1, ())
    assert {guardrail.guardrail for guardrail in narrow.refused} == {"max_user_deletes", "min_role_owners"}


def test_only_lets_an_urgent_revoke_pass_beside_a_refused_row() -> None:
    narrow = planned(FILES, hub_of(*CROWD), request=only("bob@example.com"))
    assert narrow.refused == ()
    (change,) = narrow.changes
    assert isinstance(change, DeleteUser)
    assert change.cause is Cause.STATE_ABSENT


def test_only_keeps_the_refusal_of_whom_it_names() -> None:
    narrow = planned(FILES, hub_of(*CROWD), request=only("moved@example.com"))
    assert [guardrail.guardrail for guardrail in narrow.refused] == ["email_change"]


def test_only_lists_an_unmanaged_user_whom_it_names() -> None:
    narrow = planned(FILES, hub_of(*CROWD), request=only("zz1@example.com"))
    assert (narrow.changes, narrow.unmanaged) == ((), (unmanaged("zz1@example.com"),))


def test_the_facts_are_of_the_whole_hub_whoever_is_named() -> None:
    narrow = planned(FILES, hub_of(*CROWD), request=only("ann@example.com"))
    assert narrow.hub == planned(FILES, hub_of(*CROWD)).hub


@pytest.mark.parametrize(
    ("named", "message", "hint"),
    [
        (
            "anne@example.com",
            "--only anne@example.com matches no user in the files or in the hub",
            "did you mean ann@example.com?",
        ),
        (
            "\x1b[31mx",
            "--only \\x1b[31mx matches no user in the files or in the hub",
            'give an address, a glob over addresses as in "*@example.com", or a path below users/',
        ),
    ],
    ids=["a near one is offered", "a far one is shown harmlessly"],
)
def test_only_nobody_is_a_mistake(named: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        planned(FILES, hub_of(*CROWD), request=only("bob@example.com", named))
    assert (caught.value.message, caught.value.hint) == (message, hint)


def test_kinds_of_changes_come_through_as_they_are() -> None:
    found = planned(FILES[:4], hub_of(*CROWD))
    assert [type(change) for change in found.changes] == [UpdateUser, DeleteUser, CreateUser]


def test_a_plan_that_deletes_the_user_with_the_lowest_id_states_the_identity_after_it() -> None:
    live = hub_of(holds(1, "ann@example.com"), holds(2, "bob@example.com"), *OWNERS)
    after = hub_of(holds(2, "bob@example.com"), *OWNERS)
    found = planned((absent("ann@example.com"), wants("bob@example.com")), live)
    assert found.hub.identity_after == identity_of(after.definitions, after.users) != found.hub.identity


@pytest.mark.parametrize(
    "desired",
    [
        pytest.param((absent("bob@example.com"),), id="another user is deleted"),
        pytest.param((wants("new@example.com"),), id="a user is created"),
        pytest.param((wants("ann@example.com", grant("pricing", "owner")),), id="the user with the lowest id changes"),
        pytest.param((absent("gone@example.com"),), id="nothing changes"),
    ],
)
def test_no_other_plan_changes_the_identity(desired: tuple[DesiredUser, ...]) -> None:
    live = hub_of(holds(1, "ann@example.com"), holds(2, "bob@example.com"), *OWNERS)
    assert planned(desired, live).hub.identity_after is None


# Reading both at once.


def no_users(_: object) -> tuple[Text, ...]:
    return ()


def test_the_files_load_while_the_hub_is_read() -> None:
    hub_was_asked = threading.Event()
    hub = InMemoryHub(hub_of(*OWNERS)).script("read_all", "", Event(meanwhile=lambda _: hub_was_asked.set()))
    loaded, live = read_both(lambda: hub_was_asked.wait(10), hub, SILENT, no_users)
    assert loaded
    assert live == hub.state


@dataclass
class Asking(InMemoryHub):
    """Asks for the addresses of the files at the end of its read."""

    asked: tuple[Text, ...] = ()

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        live = super().read_all(progress)
        self.asked = tuple(wanted())
        return live


def test_the_read_learns_the_addresses_of_files_that_load_after_it_began() -> None:
    hub_was_asked = threading.Event()
    hub = Asking(hub_of(*OWNERS))
    hub.script("read_all", "", Event(meanwhile=lambda _: hub_was_asked.set()))

    def load() -> str:
        assert hub_was_asked.wait(10)
        return "ann@example.com"

    read_both(load, hub, SILENT, lambda loaded: (Text(loaded),))
    assert hub.asked == (Text("ann@example.com"),)


def test_a_read_without_files_ends() -> None:
    ended = threading.Event()

    class Ending(Asking):
        def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
            try:
                return super().read_all(progress, wanted)
            finally:
                ended.set()

    def load() -> None:
        raise FilesError("the files are invalid")

    with pytest.raises(FilesError):
        read_both(load, Ending(hub_of()), SILENT, no_users)
    assert ended.wait(10)


def test_an_error_of_the_files_comes_before_one_of_the_hub() -> None:
    def load() -> None:
        raise FilesError("the files are invalid")

    hub = InMemoryHub(hub_of()).script("read_all", "", Event(unreachable))
    with pytest.raises(FilesError):
        read_both(load, hub, SILENT, no_users)


def test_an_error_of_the_hub_is_raised_as_it_is() -> None:
    hub = InMemoryHub(hub_of()).script("read_all", "", Event(unreachable))
    with pytest.raises(HubUnreachableError):
        read_both(lambda: 1, hub, SILENT, no_users)


class Panic(BaseException):
    """What a library in another language raises; no Exception, as theirs is none."""


def test_whatever_ends_the_reading_of_the_hub_ends_the_wait_for_it() -> None:
    def panics(_: InMemoryHub) -> None:
        raise Panic

    hub = InMemoryHub(hub_of()).script("read_all", "", Event(meanwhile=panics))
    with pytest.raises(Panic):
        read_both(lambda: 1, hub, SILENT, no_users)


def test_ended_narrows_to_users_whose_account_or_own_entry_has_ended() -> None:
    gone = wants("old@example.com", departure=Departure.UNTIL_PASSED)
    lapsed = replace(wants("Bob@example.com"), expired=(override("pricing", "owner", YESTERDAY),))
    desired = (wants("ann@example.com", phone="2"), lapsed, absent("cas@example.com"), gone)
    found = planned(desired, hub_of(*CROWD), request=PlanRequest(expired=True))
    assert [(type(change), change.email.raw) for change in found.changes] == [
        (UpdateUser, "Bob@example.com"),
        (DeleteUser, "old@example.com"),
    ]
    assert found.unmanaged == ()


def test_ended_and_only_narrow_together_down_to_nobody() -> None:
    gone = wants("old@example.com", departure=Departure.UNTIL_PASSED)
    desired = (wants("ann@example.com", phone="2"), gone)
    request = replace(only("ann@example.com"), expired=True)
    assert planned(desired, hub_of(*CROWD), request=request).changes == ()
    nobody = planned((wants("ann@example.com", phone="2"),), hub_of(*CROWD), request=PlanRequest(expired=True))
    assert nobody.changes == ()
