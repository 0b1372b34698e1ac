"""Who gained and who lost what between two lots of users, in grants, menu items and operations."""

from dataclasses import replace
from random import Random

import pytest

from bo_sync.access.access_diff import GrantDifference, Side, UserDifference, difference, differing
from bo_sync.access.capabilities import Powers, powers
from bo_sync.access.catalogue import Catalogue
from bo_sync.access.user_access import Grant, UserAccess, of_files
from bo_sync.core.hub_operations import Operation
from bo_sync.core.model import ACCESS_WORDS, PLATFORM, ROLES, Access, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from tests.support.builders import source
from tests.support.users import absent, grant, wants

POWERS = powers(Settings())


def user(email: str = "jane@example.com", **access: str) -> UserAccess:
    """Somebody with grants by our names: `user(pricing="viewer")`."""
    grants = tuple(Grant(Role(role), ACCESS_WORDS[level]) for role, level in access.items())
    return UserAccess(Text(email), grants, source(f"users/{email.lower()}.yaml"))


def elsewhere(entry: UserAccess) -> UserAccess:
    """The same user, whose entry stands at another place."""
    return replace(entry, source=source("users/team.yaml", 9))


def differ(before: list[UserAccess], after: list[UserAccess]) -> tuple[UserDifference, ...]:
    return difference(Side(tuple(before), POWERS), Side(tuple(after), POWERS))


def one(before: list[UserAccess], after: list[UserAccess]) -> UserDifference:
    (found,) = differ(before, after)
    return found


def step(role: str, before: str, after: str) -> GrantDifference:
    return GrantDifference(Role(role), ACCESS_WORDS[before], ACCESS_WORDS[after])


def test_nothing_differs_between_equal_users_wherever_their_entries_stand() -> None:
    assert differ([], []) == ()
    assert differ([user(pricing="viewer")], [elsewhere(user(pricing="viewer"))]) == ()


def test_a_raised_grant_is_gained_with_all_that_it_opens() -> None:
    found = one([user(backoffice="owner")], [elsewhere(user(backoffice="owner", roles_permissions="editor"))])
    assert (found.email, found.source) == (Text("jane@example.com"), source("users/team.yaml", 9))
    assert (found.joined, found.left, found.gains, found.loses) == (False, False, True, False)
    assert found.gained == found.steps == (step("roles_permissions", "none", "editor"),)
    assert (found.lost, found.shift.closed, found.shift.lost) == ((), (), ())
    assert found.shift.opened == ("Admin > Backoffice Users",)
    assert {"roles", "roleUpdate", "adminUserUpdate"} <= set(found.shift.gained)
    assert "roleCreate" not in found.shift.gained


def test_one_user_gains_and_loses_at_once() -> None:
    found = one(
        [user(sales_hub="owner", user_management="owner", pricing="viewer")],
        [user(sales_hub="owner", user_management="viewer", pricing="owner", order_data="viewer")],
    )
    assert found.gained == (step("pricing", "viewer", "owner"), step("order_data", "none", "viewer"))
    assert found.lost == (step("user_management", "owner", "viewer"),)
    assert (found.gains, found.loses) == (True, True)
    assert found.shift.opened == ("Sales > Requests", "Sales > Quotes", "Sales > Orders")
    assert "companyDelete" in found.shift.lost
    assert "priceDelete" in found.shift.gained


def test_whoever_joins_gains_all_and_whoever_leaves_loses_all_even_without_access() -> None:
    new, nobody = user("new@example.com", pricing="viewer"), user("nobody@example.com")
    joined, left = differ([], [nobody, new]), differ([nobody, new], [])
    expected = [("new@example.com", True, True), ("nobody@example.com", True, False)]
    assert [(found.email.raw, found.joined, found.gains) for found in joined] == expected
    assert [(found.email.raw, found.left, found.loses) for found in left] == expected
    assert left[0].lost == (step("pricing", "viewer", "none"),)
    assert left[0].source == source("users/new@example.com.yaml")
    assert left[0].shift.lost == joined[0].shift.gained


def test_an_address_in_another_case_is_the_same_user_in_the_later_spelling() -> None:
    assert differ([user("Jane@Example.com", pricing="viewer")], [user(pricing="viewer")]) == ()
    later = one([user("Jane@Example.com")], [user("JANE@example.com", pricing="viewer")])
    assert later.email.raw == "JANE@example.com"
    assert differ([user("strasse@example.com")], [user("STRASSE@EXAMPLE.COM")]) == ()


def test_users_are_sorted_by_address_and_roles_with_added_ones_last() -> None:
    users = [user(email, pricing="viewer") for email in ("b@example.com", "A@example.com", "c@example.com")]
    found = differ(users[1:], users[:1])
    assert [entry.email.raw for entry in found] == ["A@example.com", "b@example.com", "c@example.com"]
    roles = one([user()], [user(zebra="viewer", returns="owner", order_data="viewer", sales_hub="owner")])
    assert [entry.role for entry in roles.steps] == ["sales_hub", "order_data", "returns", "zebra"]


def test_each_side_is_judged_in_the_words_of_its_own_settings() -> None:
    definitions = (*DEFAULT_ROLE_DEFINITIONS[:4], *DEFAULT_ROLE_DEFINITIONS[5:], (Role("returns"), Text("rma")))
    other = powers(Settings(role_definitions=definitions))
    users = (user(pricing="viewer"),)
    assert difference(Side(users, POWERS), Side(users, other)) == ()


def test_the_same_grants_can_mean_more_by_other_names() -> None:
    """A role of ours that settings add, and that the hub's annotations know by its hub name."""
    held = (user(vouchers="owner"),)
    added = Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (Role("vouchers"), Text("voucher"))))
    named = powers(added, _vouchers())
    unnamed = powers(Settings(), _vouchers())
    (found,) = difference(Side(held, unnamed), Side(held, named))
    assert (found.steps, found.shift.gained, found.gains) == ((), ("voucherCreate",), True)


def _vouchers() -> Catalogue:
    create = Operation("voucherCreate", is_mutation=True, alternatives=(("voucher", Access.OWNER),))
    return replace(POWERS.facts, operations=(create,))


def draw(chance: Random) -> list[UserAccess]:
    """A few users, in any spelling, with any grants."""
    found = []
    for name in ("ann", "bob", "cas", "dee", "eve"):
        if chance.random() < 0.7:
            levels = {role: Access.OWNER if role in PLATFORM else chance.choice(list(Access)[1:]) for role in ROLES}
            held = {str(role): level.word for role, level in levels.items() if chance.random() < 0.4}
            spelled = f"{name}@example.com"
            found.append(user(spelled.upper() if chance.random() < 0.2 else spelled, **held))
    return found


@pytest.mark.parametrize("seed", range(60))
def test_back_is_the_mirror_of_there_and_there_ends_where_the_later_side_is(seed: int) -> None:
    chance = Random(seed)
    before, after = draw(chance), draw(chance)
    there, back = differ(before, after), differ(after, before)
    assert [entry.email.folded for entry in there] == [entry.email.folded for entry in back]
    for one_way, other_way in zip(there, back, strict=True):
        assert (one_way.joined, one_way.left) == (other_way.left, other_way.joined)
        assert (one_way.shift.opened, one_way.shift.gained) == (other_way.shift.closed, other_way.shift.lost)
        assert [(entry.role, entry.before, entry.after) for entry in one_way.steps] == [
            (entry.role, entry.after, entry.before) for entry in other_way.steps
        ]
    replayed = _replayed(before, there)
    assert replayed == {entry.email.folded: dict(entry.held) for entry in after}


def _replayed(before: list[UserAccess], found: tuple[UserDifference, ...]) -> dict[str, dict[Role, Access]]:
    """What everybody holds who held what `before` says, and whose difference is `found`."""
    held = {entry.email.folded: dict(entry.held) for entry in before}
    for entry in found:
        if entry.left:
            del held[entry.email.folded]
            continue
        grants = held.setdefault(entry.email.folded, {})
        for moved in entry.steps:
            grants[moved.role] = moved.after
    return {email: {role: level for role, level in grants.items() if level} for email, grants in held.items()}


@pytest.mark.parametrize("seed", range(20))
def test_leaving_out_whoever_holds_the_same_changes_no_difference(seed: int) -> None:
    chance = Random(seed)
    before, after = draw(chance), draw(chance)
    sides = [
        [wants(entry.email.raw, *(grant(role, level.word) for role, level in entry.held.items())) for entry in users]
        for users in ([*before, user("gone@example.com", pricing="owner")], after)
    ]
    sides[1].append(absent("gone@example.com"))
    short = differing(*sides)
    whole, left = (
        difference(Side(of_files(then), POWERS), Side(of_files(now), POWERS)) for then, now in (sides, short)
    )
    assert whole == left
    assert {user.email.folded for users in short for user in users} == {entry.email.folded for entry in whole}


def test_many_users_with_few_different_grants_are_worked_out_once_each() -> None:
    mine: Powers = powers(Settings())
    before = tuple(user(f"p{number}@example.com", pricing="viewer") for number in range(500))
    after = tuple(user(f"p{number}@example.com", pricing="owner") for number in range(500))
    found = difference(Side(before, mine), Side(after, mine))
    assert len(found) == 500
    assert len({id(entry.shift) for entry in found}) == 1
