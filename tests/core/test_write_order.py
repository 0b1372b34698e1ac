"""The order of an apply: each phase, what travels together, and who comes last."""

from bo_sync.core.changes import Change
from bo_sync.core.text import Text
from bo_sync.core.write_order import CreateStep, DeleteStep, Phase, ProfileStep, WriteGrants, steps
from tests.support.builders import create, delete, duplicate, field_change, plan, revoke, set_grant, update

ADDED = set_grant("pricing", "none", "viewer")
RAISED = set_grant("logistics", "viewer", "owner", "r1")
LOWERED = set_grant("order_data", "owner", "viewer", "r2")
REVOKED = revoke("api_keys", "owner")
SURPLUS = duplicate("product_data", "viewer", "owner")
PHONE = (field_change("phone", "1", "2"),)
NO_ROLES = revoke("roles_permissions", "owner")
FEWER_ROLES = set_grant("roles_permissions", "owner", "editor", "r3")
NO_BACKOFFICE = revoke("backoffice", "owner")


def order(*changes: Change, owners: frozenset[str] = frozenset(), viewer: str | None = None) -> list[object]:
    """Phases and, in them, what is sent to whom."""
    found = steps(plan(*changes), owners, Text(viewer) if viewer else None)
    return [(phase, [_shown(step) for step in of_phase]) for phase, of_phase in found]


def _shown(step: CreateStep | ProfileStep | WriteGrants | DeleteStep) -> object:
    name = step.change.email.raw.partition("@")[0]
    match step:
        case WriteGrants(grants=grants):
            return (name, *grants)
        case ProfileStep(fields=fields):
            return (name, *fields)
        case CreateStep() | DeleteStep():
            return name


def test_the_phases_stand_in_their_order() -> None:
    assert [phase.value for phase in Phase] == [
        "create users",
        "update profiles",
        "raise grants",
        "lower grants",
        "delete users",
        "lower ownership",
        "delete owners",
    ]


def test_one_users_changes_are_split_over_the_phases_and_travel_together_in_each() -> None:
    change = update("a@example.com", ADDED, REVOKED, RAISED, LOWERED, SURPLUS, profile=PHONE)
    assert order(change) == [
        (Phase.PROFILES, [("a", *PHONE)]),
        (Phase.RAISE, [("a", ADDED, RAISED)]),
        (Phase.LOWER, [("a", REVOKED, LOWERED, SURPLUS)]),
    ]


def test_a_new_user_costs_two_steps_and_one_without_grants() -> None:
    logistics = set_grant("logistics", "none", "owner")
    both = [(Phase.CREATE, ["a"]), (Phase.RAISE, [("a", ADDED, logistics)])]
    assert order(create("a@example.com", ADDED, logistics)) == both
    assert order(create("a@example.com")) == [(Phase.CREATE, ["a"])]
    assert order() == []


def test_inside_a_phase_users_stand_in_the_order_of_the_plan() -> None:
    assert order(update("a@example.com", ADDED), create("b@example.com", ADDED), delete("c@example.com")) == [
        (Phase.CREATE, ["b"]),
        (Phase.RAISE, [("a", ADDED), ("b", ADDED)]),
        (Phase.DELETE, ["c"]),
    ]


def test_losses_of_ownership_come_last_and_only_they() -> None:
    found = order(
        update("a@example.com", NO_BACKOFFICE, REVOKED),
        delete("b@example.com"),
        update("c@example.com", FEWER_ROLES, RAISED),
        delete("d@example.com"),
        update("e@example.com", NO_ROLES),
        owners=frozenset({"a@example.com", "b@example.com", "c@example.com", "e@example.com"}),
    )
    assert found == [
        (Phase.RAISE, [("c", RAISED)]),
        (Phase.LOWER, [("a", REVOKED)]),
        (Phase.DELETE, ["d"]),
        (Phase.LOWER_OWNERSHIP, [("a", NO_BACKOFFICE), ("c", FEWER_ROLES), ("e", NO_ROLES)]),
        (Phase.DELETE_OWNERS, ["b"]),
    ]


def test_an_owner_who_loses_both_loses_them_in_one_step_and_who_owns_no_roles_in_the_ordinary_phase() -> None:
    both = ("a", NO_BACKOFFICE, NO_ROLES)
    loses = update("a@example.com", NO_BACKOFFICE, NO_ROLES)
    assert order(loses, owners=frozenset({"a@example.com"})) == [(Phase.LOWER_OWNERSHIP, [both])]
    assert order(loses, delete("b@example.com")) == [(Phase.LOWER, [both]), (Phase.DELETE, ["b"])]


OWNED, ON = set_grant("roles_permissions", "editor", "owner", "r3"), set_grant("backoffice", "none", "owner")


def test_nobody_is_an_owner_in_between_who_gets_one_half_of_the_ownership_and_loses_the_other() -> None:
    found = order(update("a@example.com", NO_BACKOFFICE, ADDED, OWNED))
    assert found == [(Phase.RAISE, [("a", ADDED)]), (Phase.LOWER, [("a", NO_BACKOFFICE, OWNED)])]
    assert order(update("a@example.com", ON, FEWER_ROLES)) == [(Phase.LOWER, [("a", FEWER_ROLES, ON)])]


def test_a_half_of_the_ownership_is_given_with_the_rest_where_the_other_is_not_lost() -> None:
    assert order(update("a@example.com", OWNED)) == [(Phase.RAISE, [("a", OWNED)])]
    found = order(update("a@example.com", ON, REVOKED, OWNED))
    assert found == [(Phase.RAISE, [("a", ON, OWNED)]), (Phase.LOWER, [("a", REVOKED)])]
    an_owner = order(update("a@example.com", ON, FEWER_ROLES), owners=frozenset({"a@example.com"}))
    assert an_owner == [(Phase.RAISE, [("a", ON)]), (Phase.LOWER_OWNERSHIP, [("a", FEWER_ROLES)])]


def test_a_surplus_row_of_the_ownership_is_removed_before_the_ownership_is() -> None:
    surplus = duplicate("roles_permissions", "owner", "owner")
    found = order(update("a@example.com", FEWER_ROLES, surplus), owners=frozenset({"a@example.com"}))
    assert found == [(Phase.LOWER, [("a", surplus)]), (Phase.LOWER_OWNERSHIP, [("a", FEWER_ROLES)])]


def test_the_running_user_is_the_last_of_all_however_spelled() -> None:
    emails = [f"{name}@example.com" for name in "abc"]
    users, lowered = [delete(email) for email in emails], [update(email, NO_ROLES) for email in emails]
    owners = frozenset(emails)
    assert order(*users, owners=owners, viewer="A@Example.com") == [(Phase.DELETE_OWNERS, ["b", "c", "a"])]
    assert order(*users, owners=owners, viewer="x@example.com") == [(Phase.DELETE_OWNERS, ["a", "b", "c"])]
    assert order(*users, owners=owners) == [(Phase.DELETE_OWNERS, ["a", "b", "c"])]
    found = order(*lowered, owners=owners, viewer="B@example.com")
    assert found == [(Phase.LOWER_OWNERSHIP, [("a", NO_ROLES), ("c", NO_ROLES), ("b", NO_ROLES)])]
