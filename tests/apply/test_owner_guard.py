"""The last look before somebody loses the ownership of the hub's roles: whom it counts, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

import pytest

from bo_sync.apply.owner_guard import OwnerGuard, can_be_given_back, least_owners
from bo_sync.apply.planner import Reading
from bo_sync.core.changes import DeleteUser, RevokeGrant, SetGrant, UpdateUser, address_of
from bo_sync.core.guardrails import GuardrailResult
from bo_sync.core.live import index
from bo_sync.core.model import (
    ACCESS_WORDS,
    BACKOFFICE,
    DEFAULT_HUB_NAMES,
    ROLES_PERMISSIONS,
    Access,
    GrantRow,
    LiveState,
    LiveUser,
    RoleDefinition,
)
from bo_sync.core.plan import Plan
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.errors import HubUnreachableError
from bo_sync.ports import Addresses, HubReader, Progress, no_addresses
from tests.support.builders import HUB_URL, create, delete, plan, revoke, set_grant, update

ROLE, ON = f"definition-{ROLES_PERMISSIONS}", f"definition-{BACKOFFICE}"
DEFINITIONS: Final = tuple(
    RoleDefinition(f"definition-{role}", Text(DEFAULT_HUB_NAMES[role]), Access.NONE)
    for role in (ROLES_PERMISSIONS, BACKOFFICE)
)
NEW_OWNER = (set_grant("backoffice", "none", "owner"), set_grant("roles_permissions", "none", "owner"))


def rows(role: str = "owner", on: str = "owner") -> tuple[GrantRow, ...]:
    return GrantRow("1", ROLE, ACCESS_WORDS[role]), GrantRow("2", ON, ACCESS_WORDS[on])


@dataclass
class Rows:
    """A hub of which only grants are read: those that stand now, by the user's id. None: it does not answer."""

    now: Mapping[int, tuple[GrantRow, ...]] | None
    asked: list[Sequence[int]] = field(default_factory=list)
    url: str = HUB_URL

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        self.asked.append(user_ids)
        if self.now is None:
            raise HubUnreachableError("roles: no answer", operation="roles")
        return {user_id: self.now[user_id] for user_id in user_ids if user_id in self.now}

    def read_all(self, progress: Progress, wanted: Addresses = no_addresses) -> LiveState:
        raise AssertionError(progress, wanted)

    def read_users(self, emails: Sequence[Text]) -> Sequence[LiveUser]:
        raise AssertionError(emails)

    def read_user(self, email: Text) -> LiveUser | None:
        raise AssertionError(email)

    def read_rows(self, user_id: int) -> tuple[GrantRow, ...]:
        raise AssertionError(user_id)


def reading(run: Plan, *owners: int, others: Sequence[int] = ()) -> Reading:
    """Users `u1@example.com` and so on by their ids, as they stood when the hub was read."""
    users = [LiveUser(owner, Text(f"u{owner}@example.com"), (), rows()) for owner in owners]
    users += [LiveUser(other, Text(f"u{other}@example.com"), (), rows("viewer")) for other in others]
    return Reading(run, index(LiveState(tuple(users), DEFINITIONS), Settings()))


def guard(hub: HubReader, before: Reading, **more: object) -> OwnerGuard:
    """A guard that waits no time. `created`, `raised` and `lost` as of the run so far."""
    found = OwnerGuard(hub, before, lambda _: True)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def limited(limit: int, actual: int) -> GuardrailResult:
    return GuardrailResult("min_role_owners", actual, limit, ok=True)


LOSS = delete("u1@example.com", user_id=1)
LOWER, RAISE_ROLE = (
    set_grant("roles_permissions", *levels, "1") for levels in (("owner", "viewer"), ("viewer", "owner"))
)
LOWERED = update("u1@example.com", LOWER, user_id=1)
RAISED = update("u3@example.com", RAISE_ROLE, user_id=3)
NONE_LEFT = "not sent: 0 would still own Roles & permissions with Backoffice on, and at least 1 must"


def test_who_is_not_the_last_may_lose_it() -> None:
    hub = Rows({1: rows(), 2: rows()})
    assert guard(hub, reading(plan(LOSS), 1, 2)).why_not_lose(LOSS) == ""
    assert hub.asked == [[1, 2]]


@pytest.mark.parametrize("left", [None, (), rows("editor"), rows(on="none")], ids=["gone", "none", "editor", "off"])
def test_who_would_leave_nobody_may_not_whatever_stood_there_before(left: tuple[GrantRow, ...] | None) -> None:
    hub = Rows({1: rows()} if left is None else {1: rows(), 2: left})
    assert guard(hub, reading(plan(LOSS), 1, 2)).why_not_lose(LOSS) == NONE_LEFT


@pytest.mark.parametrize("change", [LOSS, LOWERED], ids=["a deletion", "a lowering"])
@pytest.mark.parametrize(
    ("now", "why"),
    [
        pytest.param({1: rows("viewer"), 2: rows()}, "", id="another client lowered the user, and one owner is left"),
        pytest.param({2: rows()}, "", id="another client deleted the user, and one owner is left"),
        pytest.param({1: rows("viewer"), 2: rows("viewer")}, NONE_LEFT, id="the read shows no owner"),
        pytest.param({1: rows(on="none"), 2: rows(on="none")}, NONE_LEFT, id="Backoffice is off everywhere"),
        pytest.param({}, NONE_LEFT, id="the read shows no rows"),
    ],
)
def test_a_read_that_shows_the_user_as_not_an_owner_does_not_skip_the_count(
    change: DeleteUser | UpdateUser, now: Mapping[int, tuple[GrantRow, ...]], why: str
) -> None:
    """Such a read may be older than the plan: then the user still is an owner, and the last one."""
    assert guard(Rows(now), reading(plan(change), 1, 2)).why_not_lose(change) == why


def test_where_the_owners_cannot_be_read_nothing_is_lost() -> None:
    assert guard(Rows(None), reading(plan(LOSS), 1, 2)).why_not_lose(LOSS) == (
        "not sent: who would still own Roles & permissions could not be read: roles: no answer"
    )


def test_the_owners_to_be_are_counted_once_they_are_and_others_are_not_looked_at() -> None:
    raised = update("u2@example.com", RAISE_ROLE, user_id=2)
    aside = update("u4@example.com", set_grant("roles_permissions", "viewer", "editor", "1"), user_id=4)
    run = plan(LOSS, raised, aside, create("New@Example.com", *NEW_OWNER), create("clerk@example.com"))
    before = reading(run, 1, others=(2, 3, 4))
    made = {"new@example.com": 9, "clerk@example.com": 10}
    hub = Rows({1: rows(), 2: rows("viewer"), 9: rows()})
    assert guard(hub, before, created=made).why_not_lose(LOSS) == ""
    assert hub.asked == [[1, 2, 9]]
    assert guard(Rows({1: rows(), 2: rows()}), before).why_not_lose(LOSS) == ""
    assert guard(Rows({1: rows(), 2: rows("viewer")}), before).why_not_lose(LOSS) == NONE_LEFT


def test_whose_own_loss_is_in_limbo_is_no_owner_to_count_on() -> None:
    hub, before = Rows({1: rows(), 2: rows(), 3: rows()}), reading(plan(LOSS), 1, 2, 3)
    assert guard(hub, before, lost={2}).why_not_lose(LOSS) == ""
    assert guard(hub, before, lost={2, 3}).why_not_lose(LOSS) == NONE_LEFT
    as_many = reading(plan(LOSS, guardrails=(limited(3, 3),)), 1, 2, 3)
    assert guard(hub, as_many).why_not_lose(LOSS) == NONE_LEFT.replace("0", "2").replace("1", "3")


@dataclass
class Lagging(Rows):
    """A hub of which each read shows the next of `states`, and then always the last."""

    states: tuple[frozenset[int], ...] = ()

    def read_rows_of(self, user_ids: Sequence[int]) -> Mapping[int, tuple[GrantRow, ...]]:
        owners = self.states[min(len(self.asked), len(self.states) - 1)]
        self.asked.append(user_ids)
        return {user_id: rows() if user_id in owners else rows("viewer") for user_id in user_ids}


def lagging(*states: set[int]) -> Lagging:
    return Lagging(None, states=tuple(map(frozenset, states)))


@dataclass
class Pauses:
    """Lets so many waits begin, and keeps their seconds."""

    most: int = 99
    waited: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> bool:
        self.waited.append(seconds)
        return len(self.waited) < self.most


def test_who_was_raised_counts_for_a_lowering_though_no_read_shows_it_yet() -> None:
    hub, before = lagging({1}), reading(plan(LOWERED, RAISED), 1, others=(3,))
    assert guard(hub, before, raised={3}).why_not_lose(LOWERED) == ""
    assert guard(hub, before).why_not_lose(LOWERED) == NONE_LEFT


def test_a_deletion_waits_for_a_read_that_shows_who_was_raised_unless_the_run_is_stopped() -> None:
    before, pause = reading(plan(LOSS, RAISED), 1, others=(3,)), Pauses()
    hub = lagging({1}, {1}, {1, 3})
    assert guard(hub, before, raised={3}, pause=pause).why_not_lose(LOSS) == ""
    assert (pause.waited, len(hub.asked)) == ([1.0, 9.0], 3)
    for pause, reads in ((Pauses(), 4), (Pauses(0), 1)):
        hub = lagging({1})
        assert guard(hub, before, raised={3}, pause=pause).why_not_lose(LOSS) == NONE_LEFT
        assert len(hub.asked) == reads


def ended(grant: SetGrant | RevokeGrant) -> SetGrant | RevokeGrant:
    return replace(grant, expired=date(2026, 1, 31))


OFF, TAKEN = revoke("backoffice", "owner"), revoke("roles_permissions", "owner")


@pytest.mark.parametrize(
    "grants",
    [
        pytest.param((ended(TAKEN),), id="the ownership has expired"),
        pytest.param((ended(LOWER),), id="it is lowered to a preset's"),
        pytest.param((ended(OFF),), id="Backoffice has expired"),
        pytest.param((TAKEN, ended(OFF)), id="one half has expired, the other was removed"),
        pytest.param((TAKEN,), id="the account is absent, and its address is shared"),
        pytest.param((), id="a deletion"),
    ],
)
def test_a_loss_that_is_not_given_back_waits_for_a_read_that_shows_enough_owners(
    grants: tuple[SetGrant | RevokeGrant, ...],
) -> None:
    change = update("u1@example.com", *grants, user_id=1) if grants else LOSS
    departing = frozenset({"u1@example.com"}) if grants == (TAKEN,) else frozenset[str]()
    before = replace(reading(plan(change, RAISED), 1, others=(3,)), departing=departing)
    never, later = lagging({1}), lagging({1}, {1}, {1, 3})
    assert guard(never, before, raised={3}).why_not_lose(change) == NONE_LEFT
    assert guard(later, before, raised={3}).why_not_lose(change) == ""
    assert (len(never.asked), len(later.asked)) == (4, 3)


def test_what_else_of_a_user_has_expired_does_not_matter_for_a_lowering() -> None:
    change = update("u1@example.com", ended(revoke("pricing", "owner")), LOWER, user_id=1)
    before = reading(plan(change, RAISED), 1, others=(3,))
    assert guard(lagging({1}), before, raised={3}).why_not_lose(change) == ""


def test_no_read_brings_back_an_owner_whom_this_run_took_it_from() -> None:
    hub, before = lagging({1, 2, 3}), reading(plan(LOWERED), 1, 2, 3)
    assert guard(hub, before, lost={2, 3}).why_not_lose(LOWERED) == NONE_LEFT


@pytest.mark.parametrize(
    ("states", "left", "reads"),
    [
        pytest.param([{2, 3}], 2, 1, id="the first read agrees"),
        pytest.param([{1, 2}, {1, 2, 3}, {2, 3}], 2, 3, id="the third read agrees"),
        pytest.param([{1, 2, 3}], 2, 4, id="no read loses the user who was lowered: who is left still counts"),
        pytest.param([{1, 2}], 1, 4, id="no read has the user who was raised: not counted"),
        pytest.param([{1}], 0, 4, id="another run took the others"),
        pytest.param([{3}], 1, 1, id="another run took one, and the first read agrees with this run"),
    ],
)
def test_the_owners_after_the_last_loss(states: list[set[int]], left: int, reads: int) -> None:
    hub, before = lagging(*states), reading(plan(LOWERED, RAISED), 1, 2, others=(3,))
    assert len(guard(hub, before, raised={3}, lost={1}).remaining()) == left
    assert len(hub.asked) == reads


@pytest.mark.parametrize(
    ("states", "left", "reads"),
    [
        pytest.param([{1, 3}], {1, 3}, 1, id="the first read shows the return"),
        pytest.param([{3}, {3}, {1, 3}], {1, 3}, 3, id="the third read shows the return"),
        pytest.param([{3}], {3}, 4, id="no read shows the return"),
        pytest.param([{1}], {1}, 4, id="only the return is shown"),
        pytest.param([set()], set(), 4, id="no read shows an owner"),
    ],
)
def test_the_owners_after_a_return_of_ownership(states: list[set[int]], left: set[int], reads: int) -> None:
    hub, before = lagging(*states), reading(plan(LOWERED, RAISED), 1, 2, others=(3,))
    found = guard(hub, before, raised={3}, lost={1, 2})
    found.note_return(1)
    assert found.remaining() == left
    assert len(hub.asked) == reads


def test_reads_that_do_not_agree_are_1_9_and_20_seconds_apart() -> None:
    pause = Pauses(4)
    before = reading(plan(LOWERED, RAISED), 1, 2, others=(3,))
    found = guard(lagging({1}), before, raised={3}, lost={1}, pause=pause)
    assert found.remaining() == frozenset()
    assert pause.waited == [1.0, 9.0, 20.0]
    assert found.remaining() == frozenset()
    assert pause.waited == [1.0, 9.0, 20.0, 1.0]
    alone = Pauses()
    assert guard(lagging({1}), reading(plan(LOSS), 1), pause=alone).why_not_lose(LOSS) == NONE_LEFT
    assert alone.waited == [], "no promise replaces the owner, so none is waited for"


def test_only_a_user_whom_the_plan_makes_an_owner_counts_as_raised() -> None:
    owner = update("u2@example.com", *NEW_OWNER, user_id=2)
    viewer = update("u3@example.com", set_grant("roles_permissions", "none", "viewer"), user_id=3)
    found = guard(lagging({1}), reading(plan(owner, viewer), 1, others=(2, 3)))
    found.note_raise(viewer, 3)
    assert found.raised == set()
    found.note_raise(owner, 2)
    assert found.raised == {2}


def test_the_end_of_an_entry_that_held_ownership_back_leaves_a_loss_that_can_be_given_back() -> None:
    change = update("u1@example.com", ended(set_grant("backoffice", "none", "owner")), LOWER, user_id=1)
    assert can_be_given_back(change, reading(plan(change), 1, 2))
    assert can_be_given_back(LOSS, reading(plan(LOSS), 1, 2)) is False


def test_the_address_of_a_change_is_the_spelling_of_the_hub() -> None:
    changed = replace(update("u1@example.com", user_id=1), hub_email=Text("U1@example.com"))
    assert address_of(changed) == Text("U1@example.com")
    assert address_of(create("new@example.com")) == Text("new@example.com")


RAISE = update("u1@example.com", set_grant("roles_permissions", "viewer", "editor", "1"), user_id=1)
ANEW = "not sent: became an owner of Roles & permissions after this plan was made"


@pytest.mark.parametrize("change", [LOSS, RAISE], ids=["deleted", "raised to less than owner"])
@pytest.mark.parametrize(
    ("now", "why"),
    [
        pytest.param(rows(), ANEW, id="became an owner"),
        pytest.param(rows("editor"), "", id="is none yet"),
        pytest.param(rows(on="none"), "", id="has Backoffice off"),
        pytest.param((), "", id="lost every row"),
    ],
)
def test_who_became_an_owner_since_loses_nothing(
    change: UpdateUser | DeleteUser, now: tuple[GrantRow, ...], why: str
) -> None:
    hub = Rows({1: now, 2: rows()})
    assert guard(hub, reading(plan(change), 2, others=(1,))).why_not_touch(change) == why
    assert hub.asked == [[1]]


def test_who_is_an_owner_before_or_after_the_plan_is_no_surprise() -> None:
    made = update("u1@example.com", RAISE_ROLE, user_id=1)
    assert guard(Rows({1: rows()}), reading(plan(made), 2, others=(1,))).why_not_touch(made) == ""
    assert guard(Rows({1: rows()}), reading(plan(LOSS), 1, 2)).why_not_touch(LOSS) == ""
    with pytest.raises(HubUnreachableError):
        guard(Rows(None), reading(plan(LOSS), 2, others=(1,))).why_not_touch(LOSS)


DELETIONS = GuardrailResult("max_user_deletes", 9, 9, ok=True)
SKIPPED = GuardrailResult("min_role_owners", 1, 2, ok=False, skipped=True)


@pytest.mark.parametrize(
    ("guardrails", "least"),
    [
        pytest.param((limited(2, 5),), 2, id="the limit"),
        pytest.param((limited(3, 2),), 2, id="what is left, where there were fewer before"),
        pytest.param((limited(0, 2),), 1, id="one, whatever was allowed"),
        pytest.param((DELETIONS, limited(2, 4)), 2, id="this guardrail's limit"),
        pytest.param((SKIPPED,), 2, id="the limit, where the losses that it blocks are left out"),
        pytest.param((), 1, id="one, where no guardrail was checked"),
    ],
)
def test_how_many_owners_must_remain(guardrails: tuple[GuardrailResult, ...], least: int) -> None:
    assert least_owners(plan(guardrails=guardrails)) == least
