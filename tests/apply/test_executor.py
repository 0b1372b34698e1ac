"""Running a plan: the order, the isolation of failures, what stops it, and a report of what happened."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pytest

from bo_sync.apply.executor import BrokenRunError, Options, apply_plan, unattempted
from bo_sync.apply.planner import Reading
from bo_sync.core.apply_report import Outcome, Report, UserOutcome
from bo_sync.core.guardrail_checks import role_owners
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.live import index
from bo_sync.core.model import Access, DesiredUser
from bo_sync.core.plan_digest import digest
from bo_sync.core.policy import Match, Policy, PolicyResult
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError
from tests.support.builders import delete, plan, source, update
from tests.support.hub_double import (
    CUT,
    LOST,
    SILENT,
    Event,
    InMemoryHub,
    Operation,
    Repeating,
    definitions_with,
    denied,
    hurried,
    refused,
    unknown,
    unreachable,
)
from tests.support.running import errors, outcomes, reading_of, run
from tests.support.users import DEFINITIONS, SETTINGS, absent, grant, holds, hub_of, owner, row, wants

ANN, BEN, CEM = "ann@example.com", "ben@example.com", "cem@example.com"
OWNERS = tuple(owner(100 + number, f"zz-owner-{number}@example.com") for number in range(3))


def everything() -> tuple[InMemoryHub, tuple[DesiredUser, ...]]:
    """One user for each kind of change."""
    live = (
        holds(2, "bob@example.com", row("pricing", "owner"), phone="1"),
        holds(3, "cas@example.com", row("pricing", "viewer"), row("api_keys", "owner")),
        holds(4, "dee@example.com", row("pricing", "viewer")),
        holds(5, "eve@example.com", row("logistics", "owner"), row("logistics", "none", "surplus")),
    )
    desired = (
        wants(ANN, grant("pricing", "viewer"), grant("logistics", "editor"), phone="1"),
        wants("bob@example.com", grant("pricing", "viewer"), phone="2"),
        wants("cas@example.com", grant("pricing", "owner")),
        absent("dee@example.com"),
        wants("eve@example.com", grant("logistics", "owner")),
        absent("zz-owner-0@example.com"),
    )
    return InMemoryHub(hub_of(*live, *OWNERS)), desired


def name(email: str) -> str:
    return email.partition("@")[0]


def operations(hub: InMemoryHub) -> list[str]:
    return [operation for operation, _ in hub.log]


ALL = ("ann", "bob", "cas", "dee", "eve", "zz-owner-0")


def test_everything_is_sent_in_the_order_of_the_phases() -> None:
    hub, desired = everything()
    report = run(hub, *desired)
    assert [f"{operation} {name(email)}".strip() for operation, email in hub.log] == [
        *("create_user ann", "update_profile bob", "write_rows ann", "write_rows cas", "write_rows bob"),
        *("write_rows cas", "read_rows eve", "write_rows eve", "read_rows_of", "delete_user dee"),
        *("read_rows_of", "delete_user zz-owner-0"),
        *("read_rows_of", "read_users", "read_rows_of"),  # who owns now; what was sent is confirmed
    ]
    assert report.complete
    assert report.count(Outcome.APPLIED) == 6
    assert reading_of(*desired, live=hub.state).plan.changes == ()


def test_the_changes_of_one_user_in_a_phase_travel_in_one_request() -> None:
    hub = InMemoryHub(hub_of())
    run(hub, wants(ANN, *(grant(role, "owner") for role in SETTINGS.roles), phone="1"))
    assert operations(hub) == ["create_user", "write_rows", "read_users", "read_rows_of"]
    rows = (row("pricing", "owner"), row("logistics", "owner"), row("api_keys", "viewer"))
    hub = InMemoryHub(hub_of(holds(1, ANN, *rows)))
    run(hub, wants(ANN, grant("api_keys", "owner"), grant("order_data", "viewer"), grant("pricing", "viewer")))
    assert operations(hub) == ["write_rows", "write_rows", "read_rows_of"]


def test_the_report_names_the_plan_and_everybody_in_it_sorted() -> None:
    hub, desired = everything()
    reading = reading_of(*desired, live=hub.state)
    report = apply_plan(reading, hub, hurried("20260615-1"), SILENT)
    assert (report.run, report.digest) == ("20260615-1", digest(reading.plan))
    assert [name(user.email.raw) for user in report.outcomes] == [*ALL]
    assert [user.action for user in report.outcomes] == ["create", "update", "update", "delete", "update", "delete"]
    hub = InMemoryHub(hub_of(*OWNERS))
    report = run(hub)
    assert (hub.log, report.outcomes, report.complete) == ([], (), True)


def test_a_refused_plan_cannot_be_run() -> None:
    hub = InMemoryHub(hub_of())
    refused_by_a_guardrail = plan(update(ANN), guardrails=(GuardrailResult("self", 1, 0, ok=False),))
    owners = PolicyResult(Policy("owners", Text("Two owners"), Match((), is_all=True), source(), at_least=2))
    refused_by_a_policy = replace(plan(update(ANN)), policies=(owners,))
    for refusing in (refused_by_a_guardrail, refused_by_a_policy):
        with pytest.raises(ValueError, match="refused") as raised:
            apply_plan(Reading(refusing, index(hub.state, SETTINGS)), hub, hurried("run"), SILENT)
        assert str(raised.value) == "a refused plan cannot be run"
    assert hub.log == []


def test_an_apply_runs_eight_users_side_by_side_and_to_the_end_unless_told_otherwise() -> None:
    options = Options("run")
    assert (options.concurrency, options.fail_fast, options.stopped(), options.sleep) == (8, False, False, time.sleep)


def test_an_outcome_names_the_user_what_was_to_be_done_and_what_went_wrong() -> None:
    hub, desired = everything()
    hub.script("create_user", ANN, Event(refused))
    hub.script("update_profile", "bob@example.com", CUT).script("read_user", "bob@example.com", Event(denied))
    lost = "the connection was cut; and reading again failed: the key lacks the access"
    report = run(hub, *desired)
    assert report.outcomes == (
        UserOutcome(Text(ANN), "create", Outcome.FAILED, Message("the hub said no")),
        UserOutcome(Text("bob@example.com"), "update", Outcome.UNKNOWN, Message(lost)),
        UserOutcome(Text("cas@example.com"), "update", Outcome.APPLIED),
        UserOutcome(Text("dee@example.com"), "delete", Outcome.APPLIED),
        UserOutcome(Text("eve@example.com"), "update", Outcome.APPLIED),
        UserOutcome(Text("zz-owner-0@example.com"), "delete", Outcome.APPLIED),
    )
    counts = {outcome.value: report.count(outcome) for outcome in Outcome if report.count(outcome)}
    assert counts == {"applied": 4, "failed": 1, "unknown": 1}


def test_one_users_failure_stops_that_user_and_nobody_else() -> None:
    hub, desired = everything()
    hub.script("create_user", ANN, Event(refused)).script("update_profile", "bob@example.com", Event(denied))
    report = run(hub, *desired)
    assert outcomes(report) == {**dict.fromkeys(ALL, "applied"), "ann": "failed", "bob": "failed"}
    assert errors(report) == {"ann": "the hub said no", "bob": "the key lacks the access"}
    assert hub.calls("write_rows") == {"cas@example.com": 2, "eve@example.com": 1}
    assert hub.user("bob@example.com").rows == (row("pricing", "owner"),)
    assert not report.complete


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (Event(refused), "failed"),
        (Event(denied), "failed"),
        (Event(unreachable), "failed"),
        (LOST, "applied"),
        (CUT, "applied"),
        (Event(unknown, 1), "applied"),
    ],
    ids=["refused", "denied", "never sent", "lost", "its answer lost", "half done"],
)
def test_what_becomes_of_one_write(event: Event, outcome: str) -> None:
    live = (holds(1, "ann@example.com", row("pricing", "owner"), row("logistics", "owner")),)
    hub = InMemoryHub(hub_of(*live)).script("write_rows", "ann@example.com", event)
    assert outcomes(run(hub, wants("ann@example.com"))) == {"ann": outcome}
    assert all(found.access is Access.NONE for found in hub.user("ann@example.com").rows) is (outcome == "applied")


UNREADABLE = {
    "a fate that cannot be read is unknown": ((CUT,), (Event(unreachable),), "unknown"),
    "a fate that a denied read hides is unknown": ((LOST,), (Event(denied),), "unknown"),
    "a fate that is read is known: it happened": ((CUT,), (), "applied"),
    "a fate that is read is known: it did not happen, twice": ((LOST, LOST), (), "failed"),
    "a fate that cannot be read after the second try is unknown": (
        (LOST, CUT),
        (Event(), Event(unreachable)),
        "unknown",
    ),
}


@pytest.mark.parametrize(("writes", "reads", "outcome"), UNREADABLE.values(), ids=UNREADABLE.keys())
def test_unknown_is_only_what_cannot_be_read(writes: tuple[Event, ...], reads: tuple[Event, ...], outcome: str) -> None:
    for operation, desired in (("update_profile", wants(ANN, phone="2")), ("delete_user", absent(ANN))):
        hub = InMemoryHub(hub_of(holds(1, ANN, phone="1"))).script("read_user", ANN, *reads)
        hub.script("delete_user", ANN, *writes).script("update_profile", ANN, *writes)
        assert outcomes(run(hub, desired)) == {"ann": outcome}, operation


@pytest.mark.parametrize(
    ("writes", "reads", "outcome"),
    [
        pytest.param((), (), "applied", id="no fault"),
        pytest.param((LOST,), (), "applied", id="the request was lost"),
        pytest.param((CUT,), (), "applied", id="the answer was cut off"),
        pytest.param((LOST, LOST), (), "failed", id="it was lost twice"),
        pytest.param((CUT,), (Event(unreachable),), "unknown", id="it cannot be read again"),
    ],
)
@pytest.mark.parametrize("wanted", [wants(ANN), absent(ANN)], ids=["present", "absent"])
def test_of_a_user_who_shares_the_address_everything_goes_by_id(
    writes: tuple[Event, ...], reads: tuple[Event, ...], outcome: str, wanted: DesiredUser
) -> None:
    twins = tuple(
        holds(number, email, row("pricing", "owner", email)) for number, email in enumerate((ANN, ANN.upper()))
    )
    hub = InMemoryHub(hub_of(*twins, *OWNERS))
    hub.script("write_rows", ANN, *writes).script("read_rows", ANN, *reads)
    assert outcomes(run(hub, replace(wanted, id=0)))["ann"] == outcome
    assert not {"read_user", "create_user", "update_profile", "delete_user"} & {name for name, _ in hub.log}
    assert hub.user(ANN.upper()) == twins[1]
    assert hub.has(ANN)


def test_a_later_step_that_fails_leaves_the_earlier_ones_done_and_says_failed() -> None:
    hub, desired = everything()
    hub.script("write_rows", ANN, Event(refused))
    assert outcomes(run(hub, *desired))["ann"] == "failed"
    assert hub.has(ANN)
    assert run(hub, *desired).complete
    assert reading_of(*desired, live=hub.state).plan.changes == ()


@pytest.mark.parametrize("access", Access)
def test_a_new_user_gets_what_the_file_gives_whatever_the_hub_gives_by_itself(access: Access) -> None:
    definitions = definitions_with(access, DEFINITIONS)
    desired = wants(ANN, grant("pricing", "viewer"), grant("backoffice", "owner"), phone="1")
    for events in ((), (CUT,)):
        hub = InMemoryHub(hub_of(definitions=definitions), {found.id: access for found in definitions})
        hub.script("create_user", ANN, *events)
        assert run(hub, desired).complete
        assert index(hub.state, SETTINGS).users[0].grants == {"pricing": Access.VIEWER, "backoffice": Access.OWNER}
        assert reading_of(desired, live=hub.state).plan.changes == ()


@pytest.mark.parametrize("event", [Event(refused), Event(denied)], ids=["refused", "denied"])
def test_a_new_user_whose_rows_cannot_be_read_gets_no_more(event: Event) -> None:
    hub = InMemoryHub(hub_of(definitions=definitions_with(Access.VIEWER, DEFINITIONS)))
    hub.script("read_rows", ANN, event)
    assert outcomes(run(hub, wants(ANN, grant("pricing", "viewer")))) == {"ann": "failed"}
    assert hub.calls("write_rows") == {}
    hub = InMemoryHub(hub_of())
    run(hub, wants(ANN, grant("pricing", "viewer")))
    assert hub.calls("read_rows", "read_user") == {}, "where no definition gives access, nothing is read"


def test_fail_fast_begins_nothing_more_after_the_first_failure() -> None:
    hub, desired = everything()
    hub.script("update_profile", "bob@example.com", Event(refused))
    report = run(hub, *desired, options=hurried("run", concurrency=1, fail_fast=True))
    assert outcomes(report) == {**dict.fromkeys(ALL, "not_attempted"), "ann": "failed", "bob": "failed"}
    ann, _, cas, *_ = report.outcomes
    assert (ann.action, ann.error) == ("create", "stopped before everything was sent")
    assert (cas.action, cas.error) == ("update", "stopped before anything was sent")
    assert operations(hub) == ["create_user", "update_profile"]


@pytest.mark.parametrize("limit", range(10))
def test_once_stopped_nothing_new_begins_and_running_again_converges(limit: int) -> None:
    hub, desired = everything()
    asked = count()
    report = run(hub, *desired, options=hurried("run", concurrency=1, stopped=lambda: next(asked) >= limit))
    assert len([operation for operation, _ in hub.log if not operation.startswith("read_")]) == limit
    assert report.complete is (limit == 9)
    assert run(hub, *desired).complete
    assert reading_of(*desired, live=hub.state).plan.changes == ()


def test_a_stop_that_is_taken_back_still_stops() -> None:
    hub, desired = everything()
    answers = iter([True])
    report = run(hub, *desired, options=hurried("run", stopped=lambda: next(answers, False)))
    assert set(outcomes(report).values()) == {"not_attempted"}
    assert hub.log == []


def test_a_plan_that_was_not_run_says_why() -> None:
    unconfirmed = plan(update(ANN), delete(BEN))
    outcomes = (
        UserOutcome(Text(ANN), "update", Outcome.NOT_ATTEMPTED, Message("not confirmed")),
        UserOutcome(Text(BEN), "delete", Outcome.NOT_ATTEMPTED, Message("not confirmed")),
    )
    expected = Report("", digest(unconfirmed), outcomes, Message("not confirmed"), (Message("b is deleted"),))
    assert unattempted(unconfirmed, "not confirmed", (Message("b is deleted"),)) == expected


def many(number: int) -> tuple[InMemoryHub, tuple[DesiredUser, ...]]:
    users = tuple(holds(one, f"p{one:02}@example.com", row("pricing", "owner"), phone="1") for one in range(1, number))
    desired = tuple(wants(user.email.raw, grant("logistics", "viewer"), phone="2") for user in users)
    new = tuple(wants(f"q{one:02}@example.com", grant("pricing", "viewer")) for one in range(number))
    return InMemoryHub(hub_of(*users), pause=0.002), (*desired, *new)


@pytest.mark.parametrize("concurrency", [1, 2, 5])
def test_never_more_than_the_limit_are_in_flight_and_the_limit_is_used(concurrency: int) -> None:
    hub, desired = many(12)
    assert run(hub, *desired, options=hurried("run", concurrency)).complete
    assert hub.most_in_flight == concurrency
    assert reading_of(*desired, live=hub.state).plan.changes == ()
    kinds = operations(hub)  # a phase begins when the one before has ended
    assert kinds.index("update_profile") > max(at for at, kind in enumerate(kinds) if kind == "create_user")
    assert kinds.index("write_rows") > max(at for at, kind in enumerate(kinds) if kind == "update_profile")


def test_losses_of_ownership_go_one_at_a_time() -> None:
    hub = InMemoryHub(hub_of(*(owner(number, f"o{number}@example.com") for number in range(1, 9))), pause=0.002)
    desired = [wants(f"o{number}@example.com", grant("backoffice", "owner")) for number in range(1, 5)]
    desired += [absent(f"o{number}@example.com") for number in range(5, 8)]
    assert run(hub, *desired, options=hurried("run", 8)).complete
    assert hub.most_in_flight == 1


AN_OWNER = (grant("backoffice", "owner"), grant("roles_permissions", "owner"))
LESS: dict[str, DesiredUser] = {
    "deleted": absent(ANN),
    "raised to less": wants(ANN, grant("roles_permissions", "editor"), grant("backoffice", "owner")),
    "switched off": wants(ANN, grant("roles_permissions", "viewer")),
}


CLERK = holds(1, ANN, row("backoffice", "owner"), row("roles_permissions", "viewer"))


@pytest.mark.parametrize("wanted", LESS.values(), ids=LESS.keys())
def test_whoever_became_the_only_owner_since_the_plan_was_made_stays_it(wanted: DesiredUser) -> None:
    hub = InMemoryHub(hub_of(CLERK, owner(2, BEN)))
    reading = reading_of(wanted, live=hub.state)
    hub.put(owner(1, ANN))
    hub.remove(BEN)
    report = apply_plan(reading, hub, hurried("run"), SILENT)
    assert outcomes(report) == {"ann": "not_attempted"}
    assert "became an owner of Roles & permissions after this plan was made" in str(report.outcomes[0].error)
    assert role_owners(index(hub.state, SETTINGS)) == {ANN}


def test_whoever_is_left_alone_in_one_phase_is_left_alone_in_the_later_ones() -> None:
    pricing = row("pricing", "owner")
    hub = InMemoryHub(hub_of(replace(CLERK, rows=(*CLERK.rows, pricing)), owner(2, BEN)))
    reading = reading_of(LESS["raised to less"], live=hub.state)
    hub.put(replace(owner(1, ANN), rows=(*owner(1, ANN).rows, pricing)))
    assert outcomes(apply_plan(reading, hub, hurried("run"), SILENT)) == {"ann": "not_attempted"}
    assert hub.calls("write_rows") == {}


ALONE = "not sent: 0 would still own Roles & permissions with Backoffice on, and at least 1 must"
LOSSES: dict[str, tuple[Operation, DesiredUser]] = {
    "deleted": ("delete_user", absent(ANN)),
    "no owner any more": ("write_rows", wants(ANN, grant("backoffice", "owner"))),
}


def two_owners() -> InMemoryHub:
    return InMemoryHub(hub_of(owner(1, ANN), owner(2, BEN)))


@pytest.mark.parametrize(("operation", "wanted"), LOSSES.values(), ids=LOSSES.keys())
def test_whoever_became_the_last_owner_between_two_tries_stays_it(operation: Operation, wanted: DesiredUser) -> None:
    hub = two_owners().script(operation, ANN, Event(unknown, 0, lambda found: found.remove(BEN)))
    told = {"ann": f"an earlier try did not do it, then {ALONE}"}
    assert errors(run(hub, wanted)) == told
    assert hub.calls(operation) == {ANN: 1}
    assert hub.user(ANN) == owner(1, ANN)
    waiting = Repeating(hub_of(owner(1, ANN), owner(2, BEN)), meanwhile=lambda found: found.remove(BEN))
    assert errors(run(waiting, wanted)) == told
    assert waiting.objection is not None
    assert (waiting.objection.operation, waiting.objection.hint) == ("roles", "run plan again: it shows what is left")
    assert waiting.calls(operation) == {}


def test_whoever_may_not_lose_the_ownership_has_what_was_given_before_and_the_report_says_so() -> None:
    hub = two_owners().script("write_rows", ANN, Event(meanwhile=lambda found: found.remove(BEN)))
    report = run(hub, wants(ANN, grant("backoffice", "owner"), grant("pricing", "viewer")))
    assert report.outcomes == (UserOutcome(Text(ANN), "update", Outcome.FAILED, Message(f"partly done; {ALONE}")),)


def test_a_new_owner_whose_raise_is_only_half_done_at_first_gets_the_other_half() -> None:
    hub = InMemoryHub(hub_of(holds(1, ANN), owner(2, BEN))).script("write_rows", ANN, Event(unknown, 2))
    assert run(hub, wants(ANN, *AN_OWNER, grant("pricing", "viewer"))).complete


def test_a_duplicate_whose_other_row_is_gone_by_now_is_none_and_stays() -> None:
    first, second = row("roles_permissions", "owner", "1"), row("roles_permissions", "owner", "2")
    hub = InMemoryHub(hub_of(holds(1, ANN, row("backoffice", "owner"), first, second)))
    reading = reading_of(wants(ANN, *AN_OWNER), live=hub.state)
    hub.put(holds(1, ANN, row("backoffice", "owner"), second))
    report = apply_plan(reading, hub, hurried("run"), SILENT)
    assert outcomes(report) == {"ann": "failed"}
    assert role_owners(index(hub.state, SETTINGS)) == {ANN}


@pytest.mark.parametrize("end", [unreachable, denied], ids=["not sent", "denied"])
def test_a_loss_whose_first_try_may_happen_yet_counts_as_happened_however_the_second_ends(
    end: Callable[[], HubError],
) -> None:
    hub = InMemoryHub(hub_of(*(owner(number, email) for number, email in enumerate((ANN, BEN, CEM), start=1))))
    hub.script("delete_user", ANN, LOST, Event(end, meanwhile=lambda found: found.remove(CEM)))
    report = run(hub, absent(ANN), absent(BEN), wants(CEM, *AN_OWNER))
    assert outcomes(report) == {"ann": "failed", "ben": "not_attempted"}
    hub.remove(ANN)  # what was cut off at first arrives
    assert role_owners(index(hub.state, SETTINGS)) == {BEN}


def test_a_loss_counts_as_happened_unless_it_certainly_did_not() -> None:
    hub = two_owners().script("delete_user", ANN, LOST).script("read_user", ANN, Event(unreachable))
    report = run(hub, absent(ANN), absent(BEN))
    assert outcomes(report) == {"ann": "unknown", "ben": "not_attempted"}
    assert errors(report)["ben"] == ALONE
    hub = two_owners().script("delete_user", ANN, Event(refused))
    assert outcomes(run(hub, absent(ANN), absent(BEN))) == {"ann": "failed", "ben": "applied"}
    hub = two_owners().script("update_profile", ANN, CUT).script("read_user", ANN, Event(unreachable))
    report = run(hub, wants(ANN, *AN_OWNER, phone="2"), absent(BEN))
    assert outcomes(report) == {"ann": "unknown", "ben": "applied"}, "a profile in doubt is no loss"


class Watching:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int, int]] = []
        self.threads: set[str] = set()

    def advance(self, what: str, done: int, total: int) -> None:
        self.told.append((what, done, total))
        self.threads.add(threading.current_thread().name)

    def stopped(self) -> bool:
        self.threads.add(threading.current_thread().name)
        return False


def test_progress_counts_every_step_of_the_whole_run_once_in_the_thread_that_began_it() -> None:
    hub, desired = everything()
    watching, workers = Watching(), Watching()
    options = hurried("run", concurrency=1, stopped=workers.stopped)
    apply_plan(reading_of(*desired, live=hub.state), hub, options, watching)
    assert watching.told == [("steps", done, 9) for done in range(1, 10)]
    assert (watching.threads, workers.threads) == ({threading.current_thread().name}, {"apply_0"})


def test_our_own_failure_lets_nothing_more_begin_and_the_report_tells_of_everybody() -> None:
    def broken() -> HubError:
        raise ZeroDivisionError

    live = hub_of(*(holds(number, email, phone="1") for number, email in enumerate((ANN, BEN, CEM), 1)))
    hub = InMemoryHub(live).script("update_profile", BEN, Event(broken))
    with pytest.raises(BrokenRunError) as raised:
        run(hub, *(wants(email, phone="2") for email in (ANN, BEN, CEM)))
    assert str(raised.value) == "the run broke off"
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert outcomes(raised.value.report) == {"ann": "applied", "ben": "unknown", "cem": "not_attempted"}
    assert errors(raised.value.report)["ben"] == (
        "bo-sync itself failed at this person, so whether the last request happened is unknown"
    )


def test_users_are_told_apart_by_folded_address_and_reached_by_the_hubs_spelling() -> None:
    hub = InMemoryHub(hub_of(holds(1, "ANN@example.com", row("pricing", "viewer"), phone="1")))
    assert run(hub, wants("Ann@Example.com", grant("pricing", "editor"), phone="2")).complete
    assert hub.calls("update_profile", "write_rows") == {"ANN@example.com": 2}


def test_the_running_user_is_the_last() -> None:
    hub = InMemoryHub(replace(hub_of(*OWNERS, owner(110, "boss@example.com")), viewer=Text("ZZ-owner-0@example.com")))
    assert run(hub, *(absent(user.email.raw) for user in OWNERS)).complete
    assert [name(email) for operation, email in hub.log if operation == "delete_user"] == [
        *("zz-owner-1", "zz-owner-2", "zz-owner-0")
    ]


@pytest.mark.parametrize("operation", ["read_users", "read_rows_of"])
def test_a_defect_while_an_apply_is_confirmed_leaves_a_report_in_which_nothing_is_applied(operation: Operation) -> None:
    def broken(_: InMemoryHub) -> None:
        raise ZeroDivisionError

    hub = InMemoryHub(hub_of(holds(1, ANN, row("pricing", "owner"), phone="1")))
    hub.script(operation, "", Event(meanwhile=broken))
    with pytest.raises(BrokenRunError) as raised:
        run(hub, wants(ANN, phone="2"))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert raised.value.report.outcomes == (
        UserOutcome(Text(ANN), "update", Outcome.UNCONFIRMED, Message("sent and answered, but it was not read again")),
    )


def test_what_cannot_be_read_again_is_unconfirmed_at_once() -> None:
    hub = InMemoryHub(hub_of(holds(1, ANN, phone="1"))).script("read_users", "", Event(unreachable))
    report = run(hub, wants(ANN, phone="2"))
    assert outcomes(report) == {"ann": "unconfirmed"}
    assert errors(report) == {"ann": "sent and answered, but it could not be read again: no answer"}
    assert hub.calls("read_users")[""] == 1
