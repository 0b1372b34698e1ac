"""Judging policies: who matches and why, limits, exceptions, and what of it a plan must answer for."""

from datetime import date

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.access.policies import AroundPlan, Subject, evaluate, judge, on_files, only_takes, subjects
from bo_sync.access.user_access import of_hub
from bo_sync.core.changes import Change
from bo_sync.core.model import ROLES, Access, Role, Severity
from bo_sync.core.policy import PolicyResult, PolicyRow
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Message, Text
from tests.access.companies import POWERS, TODAY, company, held, judged, policy, subject
from tests.config.trees import tree
from tests.support.builders import create, delete, duplicate, field_change, revoke, set_grant, source, update
from tests.support.cases import cases
from tests.support.users import holds, indexed, row, wants

PRICE_AND_ORDER = "match: {all_of: [{can: [priceUpdate]}, {can: [orderUpdate, orderSetStatus]}]}"


def emails(rows: tuple[PolicyRow, ...]) -> list[str]:
    return [entry.email.raw.partition("@")[0] for entry in rows]


PRICING_EDITOR = "any_of: [{has: {pricing: editor}}]"
TWO_ROLES = "any_of: [{has: {pricing: viewer, order_data: viewer}}]"
ALL_OF = "all_of: [{has: {pricing: viewer}}, {menu: Sales > Orders}]"
CARRIERS = "any_of: [{menu: Orders > Carriers}]"
BACKOFFICE = "any_of: [{has: {backoffice: true}}]"
# The match, the grants of a user, and the reason for which they match, or nothing.
MATCHES = f"""
the very level
    {PRICING_EDITOR} | pricing:editor | pricing editor
a higher level
    {PRICING_EDITOR} | pricing:owner | pricing owner
a lower level
    {PRICING_EDITOR} | pricing:viewer |
nothing
    {PRICING_EDITOR} | |
an area that is on
    {BACKOFFICE} | backoffice | backoffice on
another area
    {BACKOFFICE} | sales_hub |
all roles of one `has`
    {TWO_ROLES} | order_data:viewer pricing:viewer | pricing viewer, order_data viewer
one of two roles
    {TWO_ROLES} | pricing:owner |
one of the operations
    any_of: [{{can: [orderDelete, orderUpdate]}}] | order_data:editor | order_data editor: orderUpdate
an operation that two roles open
    any_of: [{{can: [attributeUpdate]}}] | user_management:editor product_data:owner
        | user_management editor, product_data owner: attributeUpdate
an operation open to some by a clause
    any_of: [{{can: [orders]}}] | pricing:owner |
an operation that nobody can judge
    any_of: [{{can: [viewer]}}] | {" ".join(ROLES)} |
a menu item
    {CARRIERS} | backoffice logistics:viewer | backoffice on, logistics viewer: Orders > Carriers
a menu item of an area off
    {CARRIERS} | logistics:owner |
all conditions
    {ALL_OF} | sales_hub order_data:viewer pricing:viewer
        | sales_hub on, pricing viewer, order_data viewer: Sales > Orders
one of two wanted
    {ALL_OF} | pricing:viewer |
only what is met is named
    any_of: [{{has: {{pricing: viewer}}}}, {{has: {{logistics: viewer}}}}] | pricing:viewer | pricing viewer
many operations are cut short
    any_of: [{{can: [priceCreate, priceCsvImport, priceDelete, priceUpdate, pricesheetCreate]}}] | pricing:owner
        | pricing owner: priceCreate, priceCsvImport, priceDelete and 2 more
"""


@pytest.mark.parametrize("case", cases(MATCHES))
def test_somebody_matches_by_the_grants_that_are_named(case: str) -> None:
    match, grants, reason = (part.strip() for part in case.split("|"))
    result = judged(f"match: {{{match}}}", subject("ann", grants))
    assert [entry.message for entry in result.rows] == ([reason] if reason else [])


def test_a_row_says_who_and_where() -> None:
    result = judged("match: {any_of: [{has: {pricing: viewer}}]}", subject("ann", "pricing:viewer"))
    assert result.rows == (PolicyRow(Text("ann@example.com"), Message("pricing viewer"), source("users/ann.yaml")),)


def test_an_added_role_can_be_asked_for() -> None:
    ticket = Role("ticket")
    settings = Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (ticket, Text("ticket"))))
    files = {
        "bo-sync.yaml": "role_definitions: {ticket: ticket}\n",
        "policies/p.yaml": "id: p\nmatch: {any_of: [{has: {ticket: editor, pricing: viewer}}]}\n",
    }
    users = (Subject(Text("a@example.com"), {ticket: Access.OWNER, Role("pricing"): Access.VIEWER}),)
    (result,) = evaluate(tree(files).policies, users, powers(settings), TODAY)
    assert [entry.message for entry in result.rows] == ["pricing viewer, ticket owner"]


@pytest.mark.parametrize(
    ("limits", "number", "ok"),
    [
        pytest.param("", 0, True, id="none allowed unless a limit says so"),
        pytest.param("", 1, False, id="one is too many"),
        pytest.param("at_most: 2\n", 2, True, id="as many as are allowed"),
        pytest.param("at_most: 2\n", 3, False, id="one more than is allowed"),
        pytest.param("at_least: 2\n", 2, True, id="as many as are wanted"),
        pytest.param("at_least: 2\n", 1, False, id="one fewer than is wanted"),
        pytest.param("at_least: 2\n", 9, True, id="with at_least alone there is no upper limit"),
        pytest.param("at_least: 2\nat_most: 3\n", 1, False, id="below both"),
        pytest.param("at_least: 2\nat_most: 3\n", 3, True, id="between both"),
        pytest.param("at_least: 2\nat_most: 3\n", 4, False, id="above both"),
    ],
)
def test_limits_count_who_matches(limits: str, number: int, ok: bool) -> None:
    users = [subject(f"p{index}", "pricing:viewer") for index in range(number)]
    result = judged(f"{limits}match: {{any_of: [{{has: {{pricing: viewer}}}}]}}", *users, subject("other"))
    assert (result.actual, result.ok) == (number, ok)


EXCEPT = "match: {any_of: [{has: {pricing: viewer}}]}\nexcept: [{email: Ann@Example.com, reason: audited, until: %s}]"


def test_somebody_excepted_does_not_count_and_is_told() -> None:
    result = judged(EXCEPT % "2026-06-15", subject("ann", "pricing:viewer"), subject("bob", "pricing:viewer"))
    assert (emails(result.rows), emails(result.excepted), result.notes) == (["bob"], ["ann"], ())
    assert result.excepted[0].message == "excepted until 2026-06-15: audited"
    assert str(result.excepted[0].source) == "policies/p.yaml:3:10"


def test_an_exception_that_expired_yesterday_excepts_no_more_and_says_so() -> None:
    result = judged(EXCEPT % "2026-06-14", subject("ann", "pricing:viewer"))
    assert not result.ok
    assert [entry.message for entry in result.rows] == ["pricing viewer; the exception expired on 2026-06-14"]
    assert [(str(note.source), note.message) for note in result.notes] == [
        ("policies/p.yaml:3:10", "the exception (audited) expired on 2026-06-14: end the access, or prolong it")
    ]


@pytest.mark.parametrize(
    ("users", "until", "why"),
    [
        pytest.param(company(ann=""), "2026-06-15", "does not match", id="no match"),
        pytest.param(
            company(ann=""), "2026-06-14", "does not match, and it expired on 2026-06-14", id="no match, and expired"
        ),
        pytest.param(company(bob=""), "2099-01-01", "is nobody who is known here", id="nobody"),
    ],
)
def test_an_idle_exception_is_a_note_and_no_failure(users: tuple[Subject, ...], until: str, why: str) -> None:
    result = judged(EXCEPT % until, *users)
    assert result.ok
    assert [note.message for note in result.notes] == [f"has an exception, but {why}: drop it if it is over"]


def test_exceptions_do_not_count_towards_a_lower_limit_either() -> None:
    text = "at_least: 1\n" + EXCEPT % "2099-01-01"
    assert not judged(text, subject("ann", "pricing:viewer")).ok
    assert judged(text, subject("ann", "pricing:viewer"), subject("bob", "pricing:viewer")).ok


def test_results_do_not_depend_on_the_order_of_users() -> None:
    users = company(cid="pricing:editor order_data:editor", Ann="pricing:owner order_data:owner", bob="")
    forwards = judged(PRICE_AND_ORDER, *users)
    assert judged(PRICE_AND_ORDER, *reversed(users)) == forwards
    assert emails(forwards.rows) == ["Ann", "cid"]


def offline(text: str, *users: Subject) -> PolicyResult:
    (result,) = on_files((policy(text),), users, POWERS, TODAY)
    return result


def test_too_few_users_in_the_files_are_a_warning_and_too_many_an_error() -> None:
    text = "at_least: 1\nat_most: 1\nmatch: {any_of: [{has: {pricing: viewer}}]}"
    few, many = offline(text), offline(text, *company(ann="pricing:viewer", bob="pricing:viewer"))
    assert (few.ok, few.policy.severity, few.is_violated) == (False, Severity.WARNING, False)
    assert (many.ok, many.policy.severity, many.is_violated) == (False, Severity.ERROR, True)


def test_an_exception_for_somebody_without_a_file_is_no_fault_of_the_files() -> None:
    assert offline(EXCEPT % "2099-01-01", subject("bob")).notes == ()
    assert emails(offline(EXCEPT % "2099-01-01", subject("ann")).notes) == ["Ann"]


def test_users_of_the_hub_are_judged_like_those_of_the_files() -> None:
    live = indexed(holds(1, "ann@example.com", row("pricing", "viewer"), row("order_data", "none")))
    assert [tuple(found) for found in subjects(of_hub(live.users, ROLES))] == [
        (Text("ann@example.com"), held("pricing:viewer"), None)
    ]


BOTH = "pricing:editor order_data:editor"
HALF = "pricing:editor"


def weigh(
    before: dict[str, str], after: dict[str, str], takes: bool = False, text: str = PRICE_AND_ORDER
) -> PolicyResult:
    """The policy on a plan from one state to another, which only takes access away or not."""
    changes: tuple[Change, ...] = (delete("zoe@example.com"),) if takes else (create("zoe@example.com", GAIN),)
    around = AroundPlan(_held(before), _held(after), changes, (wants("ann@example.com"),))
    (result,) = judge((policy(text),), around, POWERS, TODAY)
    return result


GAIN = set_grant("logistics", "none", "viewer")


def _held(users: dict[str, str]) -> dict[str, dict[Role, Access]]:
    return {f"{name}@example.com": held(grants) for name, grants in users.items()}


@pytest.mark.parametrize(
    ("before", "after", "takes", "refused"),
    [
        pytest.param({}, {"ann": HALF}, False, False, id="a plan after which it holds passes"),
        pytest.param({"ann": BOTH}, {"ann": HALF}, False, False, id="a plan that mends it passes"),
        pytest.param({}, {"ann": BOTH}, False, True, id="a new offender is refused"),
        pytest.param({"ann": BOTH}, {"ann": BOTH}, False, True, id="an old offender is refused where access is given"),
        pytest.param({"ann": BOTH}, {"ann": BOTH}, True, False, id="an old one does not stop taking access away"),
        pytest.param({"ann": BOTH, "bob": BOTH}, {"ann": BOTH}, False, False, id="fewer offenders, nobody new: passes"),
        pytest.param({"ann": BOTH}, {"bob": BOTH}, True, True, id="an offender in place of another is refused"),
        pytest.param(
            {"ann": BOTH, "bob": BOTH, "cid": BOTH},
            {"ann": BOTH, "zoe": BOTH},
            False,
            True,
            id="fewer, one new: refused",
        ),
    ],
)
def test_a_plan_answers_for_what_it_makes_worse(
    before: dict[str, str], after: dict[str, str], takes: bool, refused: bool
) -> None:
    result = weigh(before, after, takes)
    assert result.is_violated is refused
    assert result.is_tolerated is (not result.ok and not refused)


LEAST = "at_least: 2\nmatch: {any_of: [{has: {pricing: editor}}]}"


@pytest.mark.parametrize(
    ("before", "after", "takes", "refused"),
    [
        pytest.param(2, 1, True, True, id="fewer than wanted is refused, also when access is taken"),
        pytest.param(0, 1, False, False, id="too few, and more than before: passes"),
        pytest.param(1, 1, False, True, id="too few as before, where access is given: refused"),
        pytest.param(1, 1, True, False, id="too few as before, where access is only taken: passes"),
        pytest.param(1, 0, True, True, id="fewer still is refused"),
        pytest.param(1, 2, False, False, id="enough: passes"),
    ],
)
def test_of_users_who_are_wanting_a_plan_may_not_leave_fewer(
    before: int, after: int, takes: bool, refused: bool
) -> None:
    then, now = ({f"p{number}": HALF for number in range(count)} for count in (before, after))
    assert weigh(then, now, takes, LEAST).is_violated is refused


def test_who_is_new_is_told() -> None:
    result = weigh({"ann": BOTH}, {"ann": BOTH, "bob": BOTH})
    new = {entry.email.raw: entry.is_new for entry in result.rows}
    assert new == {"ann@example.com": False, "bob@example.com": True}


def test_users_are_named_as_their_files_spell_them_and_others_as_the_hub_does() -> None:
    after = {"Ann@Example.com": held(BOTH), "Bob@Example.com": held(BOTH)}
    around = AroundPlan({}, after, (), (wants("ann@example.com"),))
    (result,) = judge((policy(PRICE_AND_ORDER),), around, POWERS, TODAY)
    named = {entry.email.raw: str(entry.source) for entry in result.rows}
    assert named == {"ann@example.com": "users/ann.yaml:1:1", "Bob@Example.com": "None"}


def test_a_warning_refuses_nothing() -> None:
    result = weigh({}, {"ann": BOTH}, text=f"severity: warning\n{PRICE_AND_ORDER}")
    assert (result.ok, result.is_violated) == (False, False)


def test_an_exception_is_judged_on_the_day() -> None:
    text = PRICE_AND_ORDER + "\nexcept: [{email: ann@example.com, reason: r, until: 2026-06-15}]"
    users = (subject("ann", BOTH),)
    assert judged(text, *users, today=date(2026, 6, 15)).ok
    assert not judged(text, *users, today=date(2026, 6, 16)).ok


@pytest.mark.parametrize(
    ("changes", "takes"),
    [
        pytest.param((), False, id="nothing"),
        pytest.param((update("a@example.com", profile=(field_change("job", "a", "b"),)),), False, id="a profile"),
        pytest.param((update("a@example.com", revoke("pricing", "viewer")),), True, id="a revoke"),
        pytest.param((update("a@example.com", set_grant("pricing", "owner", "viewer")),), True, id="a lowered grant"),
        pytest.param((delete("a@example.com"),), True, id="a deletion"),
        pytest.param((delete("a@example.com"), create("b@example.com")), True, id="a new person without access"),
        pytest.param((delete("a@example.com"), create("b@example.com", GAIN)), False, id="a new person with access"),
        pytest.param((update("a@example.com", duplicate("pricing", "viewer", "owner")),), False, id="a duplicate"),
        pytest.param(
            (update("a@example.com", revoke("pricing", "viewer"), set_grant("logistics", "viewer", "editor")),),
            False,
            id="one grant for another",
        ),
    ],
)
def test_a_plan_takes_when_it_takes_and_gives_nothing(changes: tuple[Change, ...], takes: bool) -> None:
    assert only_takes(changes) is takes
