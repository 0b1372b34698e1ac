"""What a plan says that a change lets somebody do is the difference of what they may do after it and before it."""

from random import Random

import pytest

from bo_sync.access.capabilities import effect, effects, powers
from bo_sync.core.changes import Effect, Shift
from bo_sync.core.hub_operations import Verdict
from bo_sync.core.model import ROLES, Access, Role
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.render.sections import is_grave, meaning
from tests.support.builders import create, delete, duplicate, set_grant, update

POWERS = powers(Settings())
ROLE, BACKOFFICE = Role("roles_permissions"), Role("backoffice")


def draw(chance: Random) -> dict[Role, Access]:
    held = {role: chance.choice(list(Access)) for role in ROLES if chance.random() < 0.6}
    return {role: access for role, access in held.items() if access}


@pytest.mark.parametrize("seed", range(100))
def test_the_whole_is_the_difference_and_every_part_of_it_is_somebodys(seed: int) -> None:
    chance = Random(seed)
    before, after = draw(chance), draw(chance)
    found = effect(before, after, POWERS)
    allowed = [set(POWERS.with_verdict(held, Verdict.ALLOWED)) for held in (before, after)]
    assert set(found.whole.gained) == allowed[1] - allowed[0]
    assert set(found.whole.lost) == allowed[0] - allowed[1]
    for kind in ("opened", "closed", "gained", "lost"):
        whole = getattr(found.whole, kind)
        parts = {name for part in found.parts.values() for name in getattr(part, kind)}
        assert parts == set(whole), kind
        assert [name for name in whole if name in parts] == list(whole), "in the order of the catalogue"
    assert set(found.parts) == {role for role in ROLES if before.get(role) != after.get(role)}


def test_an_item_that_needs_two_roles_which_are_both_given_is_the_part_of_both() -> None:
    found = effect({}, {BACKOFFICE: Access.OWNER, ROLE: Access.VIEWER}, POWERS)
    assert found.parts[BACKOFFICE].opened == found.parts[ROLE].opened == ("Admin > Backoffice Users",)
    assert found.parts[BACKOFFICE].gained == ()


def test_a_deletion_takes_everything_and_a_profile_or_a_surplus_row_nothing() -> None:
    held = {"a@example.com": {ROLE: Access.OWNER, BACKOFFICE: Access.OWNER}, "b@example.com": {ROLE: Access.OWNER}}
    changes = (
        delete("a@example.com", ("roles_permissions", "owner"), ("backoffice", "owner")),
        update("b@example.com", duplicate("roles_permissions", "viewer", "owner")),
        create("c@example.com", set_grant("roles_permissions", "none", "editor")),
    )
    after = {"b@example.com": held["b@example.com"], "c@example.com": {ROLE: Access.EDITOR}}
    found = effects(changes, held, after, POWERS)
    assert set(found) == {"a@example.com", "c@example.com"}
    assert found["a@example.com"].whole.closed == ("Admin > Backoffice Users",)
    assert "roleCreate" in found["a@example.com"].whole.lost
    assert found["c@example.com"].unknown == 91


def test_users_who_change_alike_share_one_effect_and_others_have_their_own() -> None:
    viewer, editor, owner = ({ROLE: access} for access in (Access.VIEWER, Access.EDITOR, Access.OWNER))
    steps = {"a": (viewer, owner), "b": (editor, owner), "c": (viewer, editor), "d": (viewer, owner)}
    changes = [update(f"{name}@example.com") for name in steps]
    before, after = ({f"{name}@example.com": step[side] for name, step in steps.items()} for side in (0, 1))
    found = effects(changes, before, after, POWERS)
    assert found == {f"{name}@example.com": effect(*step, POWERS, 91) for name, step in steps.items()}
    assert found["a@example.com"] is found["d@example.com"]
    assert effect(viewer, viewer, POWERS) == Effect(Shift(), {}, 0)


def test_each_role_has_its_own_part() -> None:
    order, product, held = Role("order_data"), Role("product_data"), {BACKOFFICE: Access.OWNER}
    more = {**held, order: Access.EDITOR, product: Access.OWNER}
    up, down = effect(held, more, POWERS).parts, effect(more, held, POWERS).parts
    assert set(up) == set(down) == {order, product}
    assert up[order].opened == down[order].closed == ("Orders > Orders", "Orders > Order Statuses")
    items = ("PIM > Products & Clusters", "PIM > Categories", "Users > Orderlists", "Admin > Cluster Definitions")
    assert up[product].opened == down[product].closed == items
    media = [f"mediaAttachment{verb}" for verb in ("Create", "Delete", "Update")]  # an order editor may only update
    for part, names in ((order, media[2:]), (product, media)):
        assert [name for name in up[part].gained if name in media] == names
        assert [name for name in down[part].lost if name in media] == names


def test_powers_judge_equal_grants_once_and_know_no_way_to_an_unknown_operation() -> None:
    assert POWERS.of({ROLE: Access.OWNER}) is POWERS.of({ROLE: Access.OWNER})
    assert POWERS.ways("roleCreate") == ((ROLE, Access.OWNER),)
    assert POWERS.ways("notInTheTable") == ()


def test_a_renamed_definition_keeps_what_the_annotations_state_of_its_documented_name() -> None:
    named = ((Role("pricing"), Text("prices")), (Role("tickets"), Text("ticket")))
    assert powers(Settings(role_definitions=named)).names == {**POWERS.names, "ticket": "tickets"}


@pytest.mark.parametrize(
    ("grant", "told"),
    [
        pytest.param(
            ("api_keys", "viewer"), "can now read the values of API keys; +4 operations", id="a viewer of API keys"
        ),
        pytest.param(
            ("api_keys", "editor"),
            "can now read the values of API keys; change the roles of API keys; +6 operations",
            id="an editor of API keys",
        ),
        pytest.param(
            ("api_keys", "owner"),
            "can now read the values of API keys; create API keys; change the roles of API keys; +10 operations",
            id="an owner of API keys",
        ),
        pytest.param(
            ("configuration", "viewer"),
            "can now read login tokens and possibly log in as a customer; +15 operations",
            id="a viewer of Configuration",
        ),
        pytest.param(
            ("roles_permissions", "viewer"),
            "can now grant administrative access to an organisation; +5 operations",
            id="a viewer of Roles & permissions",
        ),
    ],
)
def test_a_viewer_who_can_do_more_than_look_is_told_in_words_and_is_grave(grant: tuple[str, str], told: str) -> None:
    role, level = grant
    gained = effect({}, {Role(role): Access[level.upper()]}, POWERS)
    assert meaning(gained.whole) == told
    assert is_grave(gained.whole)


def test_a_link_that_resets_passwords_is_not_said_to_be_for_customers_only() -> None:
    gained = effect({}, {Role("user_management"): Access.OWNER}, POWERS)
    assert "reset passwords, possibly also of backoffice users" in meaning(gained.whole)


def test_a_grant_says_in_words_what_a_reviewer_should_hear_of() -> None:
    before = {BACKOFFICE: Access.OWNER, ROLE: Access.VIEWER}
    raised = effect(before, {**before, ROLE: Access.EDITOR}, POWERS)
    assert meaning(raised.whole) == "can now change anyone's access, including their own; +3 operations"
    assert is_grave(raised.whole)
    opened = effect({BACKOFFICE: Access.OWNER}, {BACKOFFICE: Access.OWNER, Role("logistics"): Access.VIEWER}, POWERS)
    assert meaning(opened.whole) == "opens Orders > Carriers, Orders > Warehouses; +1 operation"
    assert (
        meaning(opened.whole, explain=True) == "opens Orders > Carriers, Orders > Warehouses; +1 operation: inventory"
    )
    assert not is_grave(opened.whole)
    assert meaning(Shift()) == "opens and closes nothing that is known"


def test_backoffice_is_grave_where_it_opens_the_page_of_roles_or_of_api_keys() -> None:
    for role, grave in ((ROLE, True), (Role("api_keys"), True), (Role("logistics"), False)):
        held = {role: Access.OWNER}
        assert is_grave(effect(held, {**held, BACKOFFICE: Access.OWNER}, POWERS).whole) is grave, role
        assert not is_grave(effect({**held, BACKOFFICE: Access.OWNER}, held, POWERS).whole), "closing is not"
