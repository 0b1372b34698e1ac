"""The laws of the core, over random worlds: nothing to do for equal sides, convergence from anywhere, no order."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from bo_sync.apply.executor import apply_plan
from bo_sync.apply.planner import Desired, Reading, make_plan
from bo_sync.core.changes import Cause, Change, CreateUser, DeleteUser, GrantChange, RemoveDuplicate, UpdateUser
from bo_sync.core.diff import diff
from bo_sync.core.guardrail_checks import Situation, role_owners
from bo_sync.core.guardrails import check
from bo_sync.core.live import HubUser, grants_after, index
from bo_sync.core.model import (
    BACKOFFICE,
    ROLES_PERMISSIONS,
    Access,
    DesiredGrant,
    DesiredUser,
    GrantRow,
    LiveState,
    is_comparable,
    is_same_value,
)
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.plan_digest import content_of, digest
from bo_sync.core.settings import Unmanaged
from bo_sync.core.write_order import ONE_BY_ONE, CreateStep, DeleteStep, Phase, ProfileStep, Step, WriteGrants, steps
from tests.support.builders import source
from tests.support.hub_double import SILENT, InMemoryHub, hurried
from tests.support.strategies import UNKNOWN, World, shuffled, worlds
from tests.support.users import revoke_all

COSTLY = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def planned(world: World, live: LiveState | None = None) -> Reading:
    """The plan for the world, over its hub or a later state of it; as if every guardrail let it pass."""
    facts = ConfigFacts(len(world.declarations), "sha256:0")
    reading = make_plan(Desired(world.desired, world.settings, facts), live or world.live, "https://hub.example.com/")
    assume(_leaves_an_owner(reading))
    return replace(reading, plan=replace(reading.plan, guardrails=()))


def _leaves_an_owner(reading: Reading) -> bool:
    """Whether the plan may be run at all: nothing takes the last owner of the roles away."""
    owners = next(guardrail.actual for guardrail in reading.plan.guardrails if guardrail.guardrail == "min_role_owners")
    return owners > 0 or not role_owners(reading.live)


def applied(world: World, limit: int = 10**6) -> LiveState:
    """What the hub holds after at most `limit` steps of the plan."""
    hub, begun = InMemoryHub(world.live), count()
    options = hurried("run", concurrency=1, stopped=lambda: next(begun) >= limit)
    apply_plan(planned(world), hub, options, SILENT)
    return hub.state


def as_wanted(user: HubUser) -> DesiredUser:
    """A file that says just what the hub holds."""
    grants = tuple(DesiredGrant(role, access, source()) for role, access in user.grants.items())
    return DesiredUser(user.user.email, source(), user.user.id, user.user.profile, grants)


@COSTLY
@given(worlds())
def test_equal_sides_differ_in_nothing(world: World) -> None:
    alone = [users[0] for users in world.index.by_address.values() if len(users) == 1]
    tidy = [user for user in alone if not any(held.surplus for held in user.holdings.values())]
    difference = diff(
        [as_wanted(user) for user in tidy], world.index, replace(world.settings, unmanaged=Unmanaged.REPORT)
    )
    assert (difference.changes, difference.conflicts, difference.missing) == ((), (), ())
    assert set(difference.unchanged) == {user.user.email for user in tidy}


@COSTLY
@given(worlds())
def test_applying_a_plan_gives_what_the_files_want_in_every_managed_field_and_grant(world: World) -> None:
    difference = diff(world.desired, world.index, world.settings)
    refused = {conflict.email for conflict in difference.conflicts} | {found.email for found in difference.protected}
    shared = {entry.email: entry.chosen for entry in difference.shared}
    after = index(applied(world), world.settings)
    for user in world.desired:
        found = after.at(user.email)
        if user.email in shared:
            found = tuple(hub_user for hub_user in found if hub_user.user.id == shared[user.email])
        if user.email in refused or shared.get(user.email, 0) is None:
            continue
        if user.departure is not None and user.email not in shared:
            assert found == ()
            continue
        (hub_user,) = found
        if user.email not in shared and is_comparable(hub_user.user.profile):
            held = {entry.field: entry.value for entry in hub_user.user.profile}
            assert all(is_same_value(entry.field, held[entry.field], entry.value) for entry in user.profile)
        assert hub_user.grants == {grant.role: grant.access for grant in user.grants}
        assert not any(holding.surplus for holding in hub_user.holdings.values())


@COSTLY
@given(worlds())
def test_after_an_apply_nothing_is_left_to_do(world: World) -> None:
    assert planned(world, applied(world)).plan.changes == ()


@COSTLY
@given(worlds())
def test_looking_ahead_sees_what_an_apply_does(world: World) -> None:
    ahead = grants_after(world.index, planned(world).plan.changes)
    assert ahead == index(applied(world), world.settings).held


@COSTLY
@given(worlds(), st.data())
def test_the_order_of_input_never_matters(world: World, data: st.DataObject) -> None:
    other = data.draw(shuffled(world))
    one, two = planned(world), planned(other)
    assert one.plan == two.plan
    assert digest(one.plan) == digest(two.plan)
    assert [content_of(change) for change in one.plan.changes] == [content_of(change) for change in two.plan.changes]
    assert steps(one.plan, role_owners(one.live)) == steps(two.plan, role_owners(two.live))
    assert checked(world) == checked(other)


def checked(world: World) -> object:
    return check(situation(world))


Atom = tuple[object, ...]
"""The smallest thing a plan does, named without what an earlier step may change (which row stands, what stays)."""


def atoms_of(change: Change) -> Iterator[Atom]:
    match change:
        case CreateUser():
            yield ("create", change.email)
        case UpdateUser():
            yield from ((change.email, entry) for entry in change.profile)
        case DeleteUser():
            yield ("delete", change.email)
            return
    yield from (_atom(change, grant) for grant in change.grants)


def atoms_of_step(step: Step) -> Iterator[Atom]:
    match step:
        case CreateStep(change):
            yield ("create", change.email)
        case ProfileStep(change, fields):
            yield from ((change.email, entry) for entry in fields)
        case WriteGrants(change, grants):
            yield from (_atom(change, grant) for grant in grants)
        case DeleteStep(change):
            yield ("delete", change.email)


def _atom(change: CreateUser | UpdateUser, grant: GrantChange) -> Atom:
    if isinstance(grant, RemoveDuplicate):
        return change.email, grant.role, "surplus", grant.row_id
    return change.email, grant.role, grant.direction, grant.before, grant.after


def all_steps(reading: Reading) -> list[tuple[Phase, Step]]:
    return [(phase, step) for phase, found in steps(reading.plan, role_owners(reading.live)) for step in found]


@COSTLY
@given(worlds())
def test_all_steps_together_do_each_thing_of_the_plan_exactly_once(world: World) -> None:
    reading = planned(world)
    done = Counter(atom for _, step in all_steps(reading) for atom in atoms_of_step(step))
    assert done == Counter(atom for change in reading.plan.changes for atom in atoms_of(change))
    assert set(done.values()) <= {1}


@COSTLY
@given(worlds(), st.data())
def test_any_prefix_of_the_steps_leaves_just_the_rest(world: World, data: st.DataObject) -> None:
    reading = planned(world)
    ordered = all_steps(reading)
    limit = data.draw(st.integers(0, len(ordered)))
    rest = planned(world, applied(world, limit))
    # The creation of a protected user is blocked, so no prefix of a run holds it.
    steps_left = [step for _, step in ordered[limit:] if not world.settings.is_protected(step.change.email)]
    expected = {atom for step in steps_left for atom in atoms_of_step(step)}
    left = [change for change in rest.plan.changes if not world.settings.is_protected(change.email)]
    assert {atom for change in left for atom in atoms_of(change)} == expected


@COSTLY
@given(worlds())
def test_ownership_is_lost_in_the_last_two_phases_only(world: World) -> None:
    reading = planned(world)
    owners = role_owners(reading.live)
    limit = sum(phase not in ONE_BY_ONE for phase, _ in all_steps(reading))
    assert owners <= role_owners(index(applied(world, limit), world.settings))


@COSTLY
@given(worlds())
def test_users_without_a_file_and_refused_ones_appear_in_no_change_and_stay_as_they_are(world: World) -> None:
    difference = diff(world.desired, world.index, world.settings)
    unmanaged = {hub_user.email for hub_user in difference.unmanaged}
    chosen = {shared.chosen for shared in difference.shared}
    left = {user.id for user in difference.unmanageable}
    left |= {number for shared in difference.shared for number in shared.ids} - chosen
    left |= {user.id for user in world.live.users if user.email in unmanaged}
    changed = {change.id for change in planned(world).plan.changes if not isinstance(change, CreateUser)}
    assert not left & changed
    before = {user.id: user for user in world.live.users}
    after = {user.id: user for user in applied(world).users}
    assert {number: after[number] for number in left} == {number: before[number] for number in left}


@COSTLY
@given(worlds())
def test_of_users_who_share_an_address_nothing_is_sent_or_asked_by_it(world: World) -> None:
    hub = InMemoryHub(world.live)
    apply_plan(planned(world), hub, hurried(concurrency=1), SILENT)
    shared = {user.email.raw for user in world.live.users if len(world.index.at(user.email)) > 1}
    assert not shared & hub.calls("read_user", "create_user", "update_profile", "delete_user").keys()
    assert {user.id for user in world.live.users if user.email.raw in shared} <= {user.id for user in hub.state.users}


@COSTLY
@given(worlds())
def test_users_whom_no_file_can_name_change_no_guardrail(world: World) -> None:
    odd = {hub_user.user.id for hub_user in world.index.unmanageable}
    assume(not odd & {user.id for user in world.desired})
    alone = replace(world, live=replace(world.live, users=tuple(u for u in world.live.users if u.id not in odd)))
    assert checked(world) == checked(alone)


@COSTLY
@given(worlds())
def test_fields_that_no_file_manages_appear_in_no_change(world: World) -> None:
    managed = {user.email: {entry.field for entry in user.profile} for user in world.desired}
    for change in planned(world).plan.changes:
        if not isinstance(change, DeleteUser):
            assert {entry.field for entry in change.profile} <= managed[change.email]


@COSTLY
@given(worlds())
def test_rows_of_definitions_that_we_do_not_know_stay_as_they_are(world: World) -> None:
    after = {user.id: user for user in applied(world).users}
    for user in world.live.users:
        if user.id in after:
            assert _foreign(after[user.id].rows) == _foreign(user.rows)


def _foreign(rows: tuple[GrantRow, ...]) -> list[GrantRow]:
    return [row for row in rows if row.definition_id in UNKNOWN]


@COSTLY
@given(worlds())
def test_protected_users_without_a_file_are_never_deleted(world: World) -> None:
    for change in planned(world).plan.changes:
        if isinstance(change, DeleteUser) and change.cause is Cause.UNMANAGED:
            assert not world.settings.is_protected(change.hub_email)


def situation(world: World) -> Situation:
    difference = diff(world.desired, world.index, world.settings)
    return Situation(difference, difference, world.index, world.settings, len(world.declarations))


def one_loss_more(of: Situation, user: HubUser, *, is_deletion: bool) -> Situation:
    """`of` with one loss more: another deletion, or everything taken from one more user."""
    email, number = user.user.email, user.user.id
    more: Change = (
        DeleteUser(email, None, number, email, Cause.UNMANAGED, ())
        if is_deletion
        else UpdateUser(email, source(), number, email, (), revoke_all(user))
    )
    return replace(of, difference=replace(of.difference, changes=(*of.difference.changes, more)))


def still(of: Situation) -> list[HubUser]:
    """The live users whom no change is about."""
    changed = {change.id for change in of.difference.changes if not isinstance(change, CreateUser)}
    return [user for user in of.live.users if user.user.id not in changed]


TIGHT: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries(
    {"min_role_owners": st.integers(1, 3), "max_user_deletes": st.integers(0, 2), "max_grant_losses": st.integers(0, 3)}
)


@COSTLY
@given(worlds(), TIGHT, st.booleans())
def test_a_guardrail_that_refuses_refuses_with_one_loss_more(
    world: World, allowed: dict[str, int], is_deletion: bool
) -> None:
    of = replace(situation(world), allowed=allowed)
    refused = {found.guardrail for found in check(of) if not found.ok}
    for user in still(of):
        worse = one_loss_more(of, user, is_deletion=is_deletion)
        assert refused <= {found.guardrail for found in check(worse) if not found.ok}


def takes_access(change: Change) -> bool:
    return isinstance(change, DeleteUser) or any(edit.direction.takes for edit in change.grants)


@COSTLY
@given(worlds())
def test_no_override_lets_the_last_owner_go(world: World) -> None:
    of = replace(situation(world), allowed={"min_role_owners": 0})
    after = grants_after(of.live, of.difference.changes).values()
    owners = [held for held in after if held.get(ROLES_PERMISSIONS) is Access.OWNER and held.get(BACKOFFICE)]
    (found,) = [found for found in check(of) if found.guardrail == "min_role_owners"]
    if role_owners(of.live):
        assert (found.actual, found.ok) == (len(owners), bool(owners))
    else:
        assert found.ok is not any(map(takes_access, of.difference.changes))
