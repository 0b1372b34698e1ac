"""One user's panel: every part of it follows from the grants, and from nothing else."""

import pytest

from bo_sync.access.catalogue import catalogue
from bo_sync.access.user_access import Panel, panel_of
from bo_sync.core.model import MODULES, PLATFORM, ROLES, Access, Role
from tests.access.asking import BOUND, holding, random_users, user
from tests.support.users import preset, presets_of

FULL = presets_of(
    preset("admin", **dict.fromkeys(map(str, ROLES), "owner")),
    preset("base", order_data="viewer"),
    preset("sales", "base", sales_hub="owner", order_data="editor"),
)


def shown(**access: Access) -> Panel:
    return panel_of(user(1, **access), BOUND, FULL, ROLES)


def test_every_item_is_open_or_closed_and_every_operation_is_told_once() -> None:
    for one in (found for seed in range(20) for found in random_users(seed)):
        panel = panel_of(one, BOUND, {}, ROLES)
        items = [*panel.open, *(entry.item for entry in panel.closed)]
        assert sorted(item.name for item in items) == sorted(item.name for item in catalogue().menu)
        assert all(not item.missing(one.held) for item in panel.open)
        assert all(entry.missing == entry.item.missing(one.held) != () for entry in panel.closed)
        told = [*panel.allowed, *panel.unknown, *panel.conditional]
        assert len(told) == len(set(told))
        assert set(panel.allowed) == BOUND.of(one.held).operations
        assert len(panel.unknown) == 91


def test_the_operations_of_all_modules_together_are_those_that_are_allowed() -> None:
    for one in (found for seed in range(20) for found in random_users(seed)):
        panel = panel_of(one, BOUND, {}, ROLES)
        for opened in panel.by_role:
            assert one.held[opened.role] == opened.access
            assert not any(BOUND.operation(name).is_mutation for name in opened.reads)
            assert all(BOUND.operation(name).is_mutation for name in opened.acts)
            assert {*opened.reads, *opened.acts} == BOUND.of({opened.role: opened.access}).operations
        assert {name for opened in panel.by_role for name in (*opened.reads, *opened.acts)} == set(panel.allowed)


PRESETS: dict[str, tuple[dict[str, Access], str | None]] = {
    "nothing": ({}, None),
    "all that a preset gives": (dict.fromkeys(map(str, ROLES), Access.OWNER), "admin"),
    "what a preset gives with the one that it extends": (
        {"sales_hub": Access.OWNER, "order_data": Access.EDITOR},
        "sales",
    ),
    "one level less": ({"sales_hub": Access.OWNER, "order_data": Access.VIEWER}, None),
    "one grant more": ({"sales_hub": Access.OWNER, "order_data": Access.EDITOR, "pricing": Access.VIEWER}, None),
}


@pytest.mark.parametrize(("access", "name"), PRESETS.values(), ids=PRESETS)
def test_the_preset_is_the_one_that_gives_exactly_this_or_custom(access: dict[str, Access], name: str | None) -> None:
    found = shown(**access).preset
    assert (found.name if found else None) == name


def test_full_admin_has_everything_open_and_nothing_conditional_that_a_grant_opens() -> None:
    panel = shown(**dict.fromkeys(map(str, ROLES), Access.OWNER))
    assert panel.closed == ()
    assert len(panel.allowed) + len(panel.conditional) + len(panel.unknown) <= 476
    assert all(not BOUND.operation(name).ways(BOUND.names) for name in panel.conditional)


def test_an_area_allows_no_operation_of_its_own() -> None:
    assert panel_of(holding(1, dict.fromkeys(PLATFORM, Access.OWNER)), BOUND, {}, ROLES).by_role == ()
    assert [entry.role for entry in shown(**dict.fromkeys(map(str, MODULES), Access.VIEWER)).by_role] == [
        role for role in MODULES if BOUND.of({Role(role): Access.VIEWER}).operations
    ]
