"""A hub is never left without owners: what a run gives back, what it reports as not given back, and whom it counts on.

ANN and BEN are owners who lose it by their files, CEM and EVE owners without a file, DAN a clerk. Each loss is sent
after a read that shows enough owners; what others do meanwhile is what makes them too few.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bo_sync.apply.executor import apply_plan
from bo_sync.core.apply_report import Outcome, OwnersLeft, UserOutcome
from bo_sync.core.guardrail_checks import role_owners
from bo_sync.core.live import index
from bo_sync.core.model import Access, DesiredUser, GrantRow, LiveUser
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError
from bo_sync.ports import Again, RowWrite, no_objection
from tests.support.hub_double import LOST, SILENT, Event, InMemoryHub, hurried, refused, unknown, unreachable
from tests.support.running import errors, outcomes, reading_of, run
from tests.support.users import SETTINGS, absent, grant, holds, hub_of, owner, row, wants

ANN, BEN, CEM, DAN, EVE, NEW = (f"{name}@example.com" for name in ("ann", "ben", "cem", "dan", "eve", "new"))
OWNS = (grant("backoffice", "owner"), grant("roles_permissions", "owner"))
HOW = "bo-sync apply --only ADDRESS, of a user whose file has backoffice: true and roles_permissions: owner"
NOT_SHOWN = "ownership given back, but the hub still shows the user as not an owner"
UNREAD = "who still owns Roles & permissions could not be read: no answer"


def clerk(number: int = 4, email: str = DAN) -> LiveUser:
    """Nearly an owner: Backoffice is on."""
    return holds(number, email, row("backoffice", "owner"), row("roles_permissions", "viewer"))


def lowered(email: str) -> DesiredUser:
    """By their file no owner any more."""
    return wants(email, grant("backoffice", "owner"))


def given_back(left: int, least: int = 1) -> str:
    return f"ownership given back: {left} would own Roles & permissions with Backoffice on, and at least {least} must"


def owners(hub: InMemoryHub) -> set[str]:
    """Who really owns, by the name before the `@`."""
    return {email.partition("@")[0] for email in role_owners(index(hub.state, SETTINGS))}


def without(*emails: str) -> Event:
    """Somebody else takes the ownership of some users while a request is on its way."""

    def take(hub: InMemoryHub) -> None:
        for user in map(hub.user, emails):
            rows = tuple(
                replace(each, access=Access.VIEWER) if "roles_permissions" in each.definition_id else each
                for each in user.rows
            )
            hub.put(replace(user, rows=rows))

    return Event(meanwhile=take)


@dataclass
class Forgetful(InMemoryHub):
    """Answers each change of grants with success, and stores only so many of a user's as `stored` says."""

    stored: dict[str, int] = field(default_factory=dict)

    def write_rows(self, user_id: int, writes: Sequence[RowWrite], before_again: Again = no_objection) -> Text | None:
        before = self.state
        moment = super().write_rows(user_id, writes, before_again)
        email = self._email(user_id)
        if self.calls("write_rows")[email] > self.stored.get(email, 99):
            self.state = before
        return moment


@dataclass
class Lagging(InMemoryHub):
    """So many first reads of several users' grants show the state of the beginning."""

    late: int = 0
    asked: list[set[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.old = InMemoryHub(self.state)

    def read_rows_of(self, user_ids: Sequence[int]) -> dict[int, tuple[GrantRow, ...]]:
        self.asked.append(set(user_ids))
        now = super().read_rows_of(user_ids)
        return self.old.read_rows_of(user_ids) if len(self.asked) <= self.late else now


def four_owners() -> InMemoryHub:
    return InMemoryHub(hub_of(owner(1, ANN), owner(2, BEN), owner(3, CEM), owner(5, EVE)))


# How many must remain, who loses it to somebody else at BEN's loss, and who owns afterwards, by which reports.
RETURNS: dict[str, tuple[int, tuple[str, ...], set[str], dict[str, str]]] = {
    "nothing is given back while enough owners are left": (1, (CEM,), {"eve"}, {}),
    "nothing is given back while exactly enough owners are left": (2, (), {"cem", "eve"}, {}),
    "what was lowered last is given back where none is left": (1, (CEM, EVE), {"ben"}, {"ben": given_back(0)}),
    "no more is given back than is needed": (2, (CEM,), {"ben", "eve"}, {"ben": given_back(1, 2)}),
    "as much is given back as is needed": (
        *(2, (CEM, EVE), {"ann", "ben"}),
        {"ben": given_back(0, 2), "ann": given_back(1, 2)},
    ),
}


@pytest.mark.parametrize(("least", "taken", "own", "told"), RETURNS.values(), ids=RETURNS.keys())
def test_while_too_few_owners_are_left_ownership_is_given_back(
    least: int, taken: tuple[str, ...], own: set[str], told: dict[str, str]
) -> None:
    hub = four_owners().script("write_rows", BEN, without(*taken))
    report = run(hub, lowered(ANN), lowered(BEN), least=least)
    assert owners(hub) == own
    assert errors(report) == told
    expected = {name: "reversed" if name in told else "applied" for name in ("ann", "ben")}
    assert (outcomes(report), report.owners) == (expected, None)


def test_an_ownership_given_back_is_reported_as_reversed_and_costs_no_read_that_confirms_the_loss() -> None:
    hub = InMemoryHub(hub_of(owner(2, BEN), owner(3, CEM))).script("write_rows", BEN, without(CEM))
    report = run(hub, lowered(BEN))
    assert report.outcomes == (UserOutcome(Text(BEN), "update", Outcome.REVERSED, Message(given_back(0))),)
    assert not report.complete
    # The rows are read before the loss, after it, and after the return.
    assert (
        " ".join(operation for operation, _ in hub.log)
        == "read_rows_of write_rows read_rows_of write_rows read_rows_of"
    )


def test_both_halves_of_the_ownership_come_back_as_they_were_and_nothing_else() -> None:
    halves = row("backoffice", "viewer"), row("roles_permissions", "owner")
    hub = InMemoryHub(hub_of(holds(2, BEN, *halves, row("pricing", "owner")), owner(3, CEM)))
    hub.script("write_rows", BEN, Event(), without(CEM))
    assert outcomes(run(hub, wants(BEN))) == {"ben": "reversed"}
    assert hub.user(BEN).rows == (*halves, row("pricing", "none"))


def test_a_user_whose_account_is_absent_gets_nothing_back_and_the_one_before_does() -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(2, BEN), owner(3, CEM))).script("write_rows", BEN, without(CEM))
    reading = replace(reading_of(lowered(ANN), lowered(BEN), live=hub.state), departing=frozenset({BEN}))
    report = apply_plan(reading, hub, hurried("run", concurrency=1), SILENT)
    assert owners(hub) == {"ann"}
    assert (outcomes(report), report.owners) == ({"ann": "reversed", "ben": "applied"}, None)
    assert errors(report) == {"ann": given_back(0)}


@pytest.mark.parametrize(
    ("end", "outcome", "why"),
    [
        pytest.param(refused, "failed", "the hub said no", id="the hub refuses it"),
        pytest.param(unknown, "unknown", "the connection was cut", id="nobody answers"),
    ],
)
def test_where_one_return_does_not_succeed_the_next_ownership_is_given_back(
    end: Callable[[], HubError], outcome: str, why: str
) -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(2, BEN), owner(3, CEM)))
    hub.script("write_rows", BEN, without(CEM), Event(end))
    report = run(hub, lowered(ANN), lowered(BEN))
    assert owners(hub) == {"ann"}
    assert outcomes(report) == {"ann": "reversed", "ben": outcome}
    assert errors(report) == {"ann": given_back(0), "ben": why}
    assert report.owners is None


def test_where_no_return_succeeds_the_report_has_the_owners_that_are_left_and_the_loss_has_failed() -> None:
    hub = four_owners().script("write_rows", BEN, without(CEM), Event(refused)).script("write_rows", ANN, Event(), LOST)
    report = run(hub, lowered(ANN), lowered(BEN), least=2)
    assert owners(hub) == {"eve"}
    assert outcomes(report) == {"ann": "unknown", "ben": "failed"}
    assert (report.owners, report.complete) == (OwnersLeft(1, 2, Message(HOW)), False)


# How many changes of a user the hub stores, whose returns are then not shown, and how many owners are reported as left.
UNSTORED: dict[str, tuple[dict[str, int], set[str], OwnersLeft | None]] = {
    "both returns are stored": ({}, set(), None),
    "the first return is not stored": ({BEN: 1}, {"ben"}, OwnersLeft(1, 2, Message(HOW))),
    "the second return is not stored": ({ANN: 1}, {"ann"}, OwnersLeft(1, 2, Message(HOW))),
    "neither return is stored": ({ANN: 1, BEN: 1}, {"ann", "ben"}, OwnersLeft(0, 2, Message(HOW))),
}


@pytest.mark.parametrize(("stored", "lost", "left"), UNSTORED.values(), ids=UNSTORED.keys())
def test_a_return_that_the_hub_answers_and_does_not_store_is_unconfirmed_and_the_owners_left_are_reported(
    stored: dict[str, int], lost: set[str], left: OwnersLeft | None
) -> None:
    hub = Forgetful(four_owners().state, stored=stored).script("write_rows", BEN, without(CEM, EVE))
    report = run(hub, lowered(ANN), lowered(BEN), least=2)
    assert owners(hub) == {"ann", "ben"} - lost
    expected = {name: "unconfirmed" if name in lost else "reversed" for name in ("ann", "ben")}
    assert (outcomes(report), report.owners) == (expected, left)
    told = {each.error for each in report.outcomes if each.outcome is Outcome.UNCONFIRMED}
    assert told <= {NOT_SHOWN}


def test_while_nobody_can_read_who_owns_nothing_is_given_back_and_each_loss_is_unknown() -> None:
    hub = four_owners().script("write_rows", BEN, without(CEM, EVE))
    hub.put(holds(6, DAN, phone="1"))
    hub.script("read_rows_of", "", Event(), Event(), Event(unreachable))
    report = run(hub, lowered(ANN), lowered(BEN), wants(DAN, phone="2"), wants(NEW))
    assert outcomes(report) == {"ann": "unknown", "ben": "unknown", "dan": "applied", "new": "applied"}
    assert errors(report) == {"ann": UNREAD, "ben": UNREAD}
    assert hub.calls("write_rows") == {ANN: 1, BEN: 1}
    assert report.owners is None


def test_a_return_after_which_nobody_can_read_who_owns_is_unknown() -> None:
    hub = InMemoryHub(hub_of(owner(2, BEN), owner(3, CEM))).script("write_rows", BEN, without(CEM))
    hub.script("read_rows_of", "", Event(), Event(), Event(unreachable))
    report = run(hub, lowered(BEN))
    assert owners(hub) == {"ben"}
    assert errors(report) == {"ben": UNREAD}
    assert (outcomes(report), report.owners) == ({"ben": "unknown"}, None)


def test_a_deletion_whose_own_fate_is_not_known_is_still_reported_by_its_own_reason() -> None:
    hub = four_owners().script("delete_user", ANN, LOST).script("read_user", ANN, Event(unreachable))
    hub.script("read_rows_of", "", Event(), Event(unreachable))
    report = run(hub, absent(ANN))
    assert errors(report) == {"ann": "the connection was cut; and reading again failed: no answer"}


def test_after_a_deletion_nothing_can_be_given_back_and_the_owners_left_are_reported() -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(3, CEM))).script("delete_user", ANN, without(CEM))
    report = run(hub, absent(ANN))
    assert (owners(hub), outcomes(report)) == (set(), {"ann": "applied"})
    assert (report.owners, report.complete) == (OwnersLeft(0, 1, Message(HOW)), False)


def test_after_the_deletion_of_a_user_who_owns_nothing_the_owners_are_not_counted() -> None:
    hub = InMemoryHub(hub_of(clerk(), owner(3, CEM)))
    assert run(hub, absent(DAN)).complete
    assert [operation for operation, _ in hub.log] == ["read_rows_of", "delete_user", "read_users"]


def of(email: str) -> str:
    return f"bo-sync apply --only {email}"


ODD = "d'an@example.com"
MORE = (grant("backoffice", "owner"), grant("pricing", "owner"))
TWO = (wants(CEM, *OWNS), wants(DAN, *OWNS))
KEEPS = (wants(CEM, *OWNS, grant("pricing", "owner")), wants(DAN, *OWNS))
# Who else is in the hub, the files, who loses the ownership again, who owns then, and the command.
COMMANDS: dict[str, tuple[tuple[LiveUser, ...], tuple[DesiredUser, ...], str, set[str], str]] = {
    "no file makes an owner": ((), (), "", set(), HOW),
    "a file gives a clerk less than ownership": ((holds(4, DAN),), (wants(DAN, *MORE),), "", set(), HOW),
    "a file makes a clerk an owner, who is not one": ((clerk(),), (wants(DAN, *OWNS),), DAN, set(), of(DAN)),
    "files make two clerks owners, and the first is one": ((clerk(6, CEM), clerk()), TWO, DAN, {"cem"}, of(DAN)),
    "the first user in the plan was an owner before": ((owner(6, CEM), clerk()), KEEPS, DAN, {"cem"}, of(DAN)),
    "a file makes a new user an owner, who is one": ((), (wants(NEW, *OWNS),), "", {"new"}, HOW),
    "a file makes a new user an owner, who is not one": ((), (wants(NEW, *OWNS),), NEW, set(), of(NEW)),
    "the address has a quote in it": (
        *((clerk(4, ODD),), (wants(ODD, *OWNS),), ODD, set()),
        of("""'d'"'"'an@example.com'"""),
    ),
}


@pytest.mark.parametrize(("live", "desired", "taken", "own", "command"), COMMANDS.values(), ids=COMMANDS.keys())
def test_the_report_of_too_few_owners_has_the_command_that_makes_one(
    *, live: tuple[LiveUser, ...], desired: tuple[DesiredUser, ...], taken: str, own: set[str], command: str
) -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(2, BEN), owner(5, EVE), *live))
    hub.script("delete_user", ANN, without(BEN, EVE, *filter(None, [taken])))
    report = run(hub, absent(ANN), *desired, least=2)
    assert owners(hub) == own
    assert report.owners == OwnersLeft(len(own), 2, Message(command))


def test_a_new_user_who_could_not_be_created_is_named_as_the_one_to_make_an_owner() -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(5, EVE))).script("create_user", NEW, Event(refused))
    hub.script("delete_user", ANN, without(EVE))
    report = run(hub, absent(ANN), wants(NEW, *OWNS))
    assert outcomes(report) == {"ann": "applied", "new": "failed"}
    assert report.owners == OwnersLeft(0, 1, Message(f"bo-sync apply --only {NEW}"))


LOSS = {"lowered": lowered(ANN), "deleted": absent(ANN)}


@pytest.mark.parametrize("loss", LOSS.values(), ids=LOSS.keys())
def test_the_only_owner_hands_over_to_a_user_whom_the_run_creates(loss: DesiredUser) -> None:
    hub = Lagging(hub_of(owner(1, ANN)))
    assert run(hub, loss, wants(NEW, *OWNS)).complete
    assert owners(hub) == {"new"}
    assert hub.asked[:2] == [{1, 2}, {1, 2}]  # before the loss and after it
    assert len(hub.asked) == 3


@pytest.mark.parametrize("second", [lowered(BEN), absent(BEN)], ids=["the other is lowered", "the other is deleted"])
@pytest.mark.parametrize("first", LOSS.values(), ids=LOSS.keys())
def test_an_owner_whom_this_run_took_it_from_is_not_counted_though_reads_still_show_one(
    first: DesiredUser, second: DesiredUser
) -> None:
    hub = Lagging(hub_of(owner(1, ANN), owner(2, BEN)), late=99)
    report = run(hub, first, second)
    assert len(owners(hub)) == 1
    assert sorted(user.outcome for user in report.outcomes).count(Outcome.NOT_ATTEMPTED) == 1


@pytest.mark.parametrize("late", [0, 1, 2, 3])
def test_the_only_owner_hands_over_to_a_clerk_though_reads_show_it_late(late: int) -> None:
    hub = Lagging(hub_of(owner(1, ANN), clerk()), late=late)
    assert run(hub, lowered(ANN), wants(DAN, *OWNS)).complete
    assert owners(hub) == {"dan"}


def test_a_raised_clerk_counts_as_one_owner_and_not_as_two() -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), owner(3, CEM), clerk())).script("write_rows", DAN, without(CEM))
    report = run(hub, lowered(ANN), wants(DAN, *OWNS), least=2)
    assert owners(hub) == {"ann", "dan"}
    assert outcomes(report) == {"ann": "not_attempted", "dan": "applied"}


DUPLICATE = row("roles_permissions", "viewer", "surplus")
KEPT: dict[str, tuple[LiveUser, DesiredUser, tuple[Event, ...]]] = {
    "another role is raised": (owner(2, BEN), wants(BEN, *OWNS, grant("pricing", "owner")), ()),
    "a duplicate of the ownership is removed, after a read of its own": (
        replace(owner(2, BEN), rows=(*owner(2, BEN).rows, DUPLICATE)),
        wants(BEN, *OWNS),
        (Event(),),
    ),
}


@pytest.mark.parametrize(("ben", "wanted", "before"), KEPT.values(), ids=KEPT.keys())
def test_an_owner_whom_this_run_did_not_make_one_is_not_counted_once_somebody_else_took_it(
    ben: LiveUser, wanted: DesiredUser, before: tuple[Event, ...]
) -> None:
    hub = InMemoryHub(hub_of(owner(1, ANN), ben)).script("read_rows_of", "", *before, without(BEN))
    report = run(hub, lowered(ANN), wanted)
    assert owners(hub) == {"ann"}
    assert outcomes(report)["ann"] == "not_attempted"
