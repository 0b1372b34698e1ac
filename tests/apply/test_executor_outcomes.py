"""The outcome of a user is true: applied only when the hub shows it, and every other outcome with its reason."""

from collections.abc import Collection
from dataclasses import dataclass, replace

import pytest

from bo_sync.core.apply_report import Outcome, UserOutcome
from bo_sync.core.model import Access, DesiredUser, LiveUser, Profile
from bo_sync.core.text import Message, Text
from bo_sync.errors import HubError, HubUnconfirmedError
from bo_sync.ports import Created
from tests.support.builders import text
from tests.support.hub_double import CUT, LOST, Event, InMemoryHub, definitions_with, hurried, refused
from tests.support.running import errors, outcomes, run
from tests.support.users import DEFINITIONS, full_profile, grant, holds, hub_of, row, wants

ABE, ANN, BEN, CEM, OLD = (f"{name}@example.com" for name in ("abe", "ann", "ben", "cem", "old"))
FIRST, BETWEEN, SECOND, AFTER = (f"2026-06-15T10:00:0{second}Z" for second in range(4))


PHONE = wants(ANN, phone="2")
BOTH = wants(ANN, grant("pricing", "owner"), phone="2")
# What is wanted of ANN, the moments that the hub answers, when somebody else set her phone to 3, and if that is later.
LATER: dict[str, tuple[DesiredUser, tuple[str | None, ...], str, bool]] = {
    "after a new profile": (PHONE, (FIRST,), BETWEEN, True),
    "before a new profile": (PHONE, (SECOND,), BETWEEN, False),
    "after a new profile whose moment is not known": (PHONE, (None,), AFTER, False),
    "after a new profile and new grants": (BOTH, (FIRST, SECOND), AFTER, True),
    "between a new profile and new grants": (BOTH, (FIRST, SECOND), BETWEEN, False),
    "between a new profile and new grants, by a clock that went back": (BOTH, (SECOND, FIRST), BETWEEN, False),
    "after a new profile, and the moment of the new grants is not known": (BOTH, (FIRST, None), BETWEEN, True),
    "after new grants, and the moment of the new profile is not known": (BOTH, (None, FIRST), BETWEEN, True),
}


@pytest.mark.parametrize("is_new", [False, True], ids=["an existing user", "a new user"])
@pytest.mark.parametrize(("wanted", "moments", "at", "is_later"), LATER.values(), ids=LATER.keys())
def test_a_change_that_another_client_made_after_the_last_write_is_a_warning_and_an_earlier_one_is_not(
    *, wanted: DesiredUser, moments: tuple[str | None, ...], at: str, is_later: bool, is_new: bool
) -> None:
    """The hub's own moments decide; where it answered without one, the change is not taken for a later one."""

    def change(hub: InMemoryHub) -> None:
        hub.put(replace(hub.user(ANN), profile=full_profile(phone="3"), updated_at=Text(at)))

    live = () if is_new else (holds(1, ANN, phone="1"),)
    hub = InMemoryHub(hub_of(*live), moments=map(text, moments)).script("read_users", "", Event(meanwhile=change))
    outcome, why = (
        (Outcome.APPLIED, "warning: changed in the hub after this run")
        if is_later
        else (Outcome.UNCONFIRMED, "the hub answered success, but shows another value")
    )
    expected = UserOutcome(
        Text(ANN), "create" if is_new else "update", outcome, Message(f"{why}: phone: sent “2”, found “3”")
    )
    assert run(hub, wanted).outcomes == (expected,)


def test_a_value_that_the_hub_shows_a_second_late_is_applied_after_that_second() -> None:
    old = holds(1, ANN, phone="1")
    late = Event(meanwhile=lambda hub: hub.put(replace(old, profile=full_profile(phone="2"))))
    early = Event(meanwhile=lambda hub: hub.put(old))
    hub = InMemoryHub(hub_of(old)).script("read_users", "", early, late)
    slept: list[float] = []
    options = replace(hurried("run", concurrency=1), sleep=slept.append)
    assert outcomes(run(hub, PHONE, options=options)) == {"ann": "applied"}
    assert sum(slept) == pytest.approx(1.0)


def unconfirmed() -> HubError:
    return HubUnconfirmedError("sent “2”, and the hub answered “3”", operation="adminUserUpdate")


def test_a_write_that_the_hub_answers_with_another_value_is_unconfirmed() -> None:
    stored = Event(unconfirmed, meanwhile=lambda hub: hub.put(holds(1, ANN, phone="3")))
    hub = InMemoryHub(hub_of(holds(1, ANN, phone="1"))).script("update_profile", ANN, stored)
    assert run(hub, PHONE).outcomes == (
        UserOutcome(Text(ANN), "update", Outcome.UNCONFIRMED, Message("sent “2”, and the hub answered “3”")),
    )
    assert hub.calls("update_profile") == {ANN: 1}


@dataclass
class SameId(InMemoryHub):
    """Answers each creation of `confused` with the id 7, whatever id the user has."""

    confused: tuple[str, ...] = ()

    def create_user(self, email: Text, profile: Profile, taken: Collection[int] = ()) -> Created:
        made = super().create_user(email, profile, taken)
        return Created(7) if email.raw in self.confused else made


@pytest.mark.parametrize("default", [Access.NONE, Access.VIEWER], ids=["no access by default", "access by default"])
def test_two_new_users_for_whom_the_hub_answers_one_id_have_both_failed_and_get_no_access(default: Access) -> None:
    hub = SameId(hub_of(definitions=definitions_with(default, DEFINITIONS)), confused=(BEN, CEM))
    hub.script("create_user", ABE, Event(refused))
    report = run(hub, *(wants(email, grant("pricing", "owner")) for email in (ABE, ANN, BEN, CEM)))
    why = f"adminUserCreate of {CEM}: the hub answers two creations with the same id (7)"
    assert outcomes(report) == {"abe": "failed", "ann": "applied", "ben": "failed", "cem": "failed"}
    assert errors(report) == {"abe": "the hub said no", "ben": why, "cem": why}
    assert hub.calls("write_rows") == {ANN: 1}


def renamed(hub: InMemoryHub) -> None:
    """Another client gives an old user the address of a new one."""
    hub.put(LiveUser(5, Text(ANN), full_profile()))


def made_with_access(hub: InMemoryHub) -> None:
    """Another client creates a user with access."""
    hub.put(holds(9, ANN, row("api_keys", "owner")))


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        pytest.param(CUT, "applied", id="the one whom the run created, when the answer is lost"),
        pytest.param(replace(LOST, meanwhile=renamed), "failed", id="not a user from before the plan"),
        pytest.param(replace(LOST, meanwhile=made_with_access), "failed", id="not a user with access already"),
    ],
)
def test_a_new_user_is(event: Event, outcome: str) -> None:
    hub = InMemoryHub(hub_of(holds(5, OLD))).script("create_user", ANN, event)
    report = run(hub, wants(ANN, grant("pricing", "owner")))
    assert outcomes(report) == {"ann": outcome}
    if outcome == "failed":
        assert errors(report) == {"ann": f"adminUserCreate {ANN}: somebody else created this person meanwhile"}
        assert hub.calls("write_rows") == {}


def test_a_user_who_was_deleted_and_created_again_meanwhile_gets_no_access() -> None:
    def created_again(hub: InMemoryHub) -> None:
        hub.remove(ANN)
        hub.put(holds(9, ANN))

    hub = InMemoryHub(hub_of(holds(1, ANN))).script("write_rows", ANN, replace(LOST, meanwhile=created_again))
    report = run(hub, wants(ANN, grant("pricing", "owner")))
    assert hub.user(ANN).rows == ()
    assert errors(report) == {"ann": f"test {ANN}: this address has another id (9) in the hub by now"}
