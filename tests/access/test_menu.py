"""The menu: every row of the documentation once, and which item opens for which grants."""

import csv
from importlib import resources
from io import StringIO
from itertools import product

import pytest

from bo_sync.access.catalogue import catalogue, idle, opened
from bo_sync.core.model import BACKOFFICE, MODULES, PLATFORM, ROLES, SALES_HUB, Access, Role
from tests.support.facts import documentation

ROLES_PAGE = "Managing Backoffice Roles & Permissions"
USERS_PAGE = "Backoffice Users"
LEVELS = (Access.VIEWER, Access.EDITOR, Access.OWNER)

SALES: dict[str, list[str]] = {
    "user_management": ["Companies"],
    "order_data": ["Requests", "Quotes", "Orders"],
    "product_data": ["Product Catalogue"],
}
"""What each module opens in the Sales Hub, below Sales."""
CORE: dict[str, list[str]] = {
    "api_keys": ["Admin > API Keys"],
    "user_management": ["Users > Users"],
    "shop_channel": ["Users > Favorites", "Orders > Paymethods"],
    "roles_permissions": ["Admin > Backoffice Users"],
    "pricing": ["Pricing > Pricesheets", "Pricing > Taxes", "Pricing > Surcharges", "Pricing > Incentives"],
    "logistics": ["Orders > Carriers", "Orders > Warehouses"],
    "configuration": [
        *("Admin > Attributes", "Admin > Valuesets", "Admin > Data Import", "Admin > Event Actions"),
        *("Admin > Templates", "Admin > Login tokens"),
    ],
    "product_data": [
        "PIM > Products & Clusters",
        "PIM > Categories",
        "Users > Orderlists",
        "Admin > Cluster Definitions",
    ],
    "order_data": ["Orders > Orders", "Orders > Order Statuses"],
}
"""What each module opens in the backoffice."""


def rows() -> list[dict[str, str]]:
    text = (resources.files("bo_sync.access") / "menu.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(StringIO(text)))


def documented() -> list[tuple[str, str]]:
    """Label and role of each row of the documentation's table of the menu, from top to bottom.

    The page runs the cells of a row together, `CarriersLogistics management`; roles are those that its other table
    lists, in whatever case.
    """
    page = documentation(ROLES_PAGE)
    listed = page.partition("Role (generic access)Description\n")[2].partition("\nRole-Based")[0]
    words = [line.partition(" management")[0] + " management" for line in listed.splitlines() if " management" in line]
    assert len(words) == 10
    table = page.partition("Menu ItemSubmenu ItemRole Required\n")[2].partition("\n\n")[0]
    return [split(line, words) for line in table.splitlines()]


def split(line: str, words: list[str]) -> tuple[str, str]:
    found = [word for word in words if line.lower().endswith(word.lower())]
    wide = len(max(found, key=len, default=""))
    return line[: len(line) - wide], line[len(line) - wide :]


def test_every_row_of_the_documentations_table_stands_exactly_once_and_in_its_order() -> None:
    ours = [(row["item"].rpartition(" > ")[2], row["words"]) for row in rows() if row["page"] == ROLES_PAGE]
    assert ours == documented()


def test_every_row_stands_below_the_menu_that_it_stands_below_in_the_documentation() -> None:
    menu = ""
    for row in rows():
        menu = row["item"] if row["kind"] == "heading" else menu
        assert row["kind"] == "heading" or row["item"].startswith(f"{menu} > ")


def test_the_words_of_a_row_are_a_name_of_the_role_that_it_needs() -> None:
    names = {name.lower(): entry.role for entry in catalogue().roles for name in (entry.name, entry.older) if name}
    for row in rows():
        if row["words"]:
            assert names[row["words"].lower()] in (row["platform"], *row["modules"].split()), row


def test_the_page_for_api_keys_is_the_one_item_of_the_other_page() -> None:
    others = [row for row in rows() if row["page"] != ROLES_PAGE]
    assert [(row["item"], row["page"], row["words"]) for row in others] == [
        ("Admin > API Keys", USERS_PAGE, "API Keys")
    ]
    assert "API Keys - manage API keys" in documentation(USERS_PAGE)
    assert "API KeysManage API keys" in documentation(USERS_PAGE)


def test_every_role_has_the_documentations_names_and_description() -> None:
    page, older = documentation(USERS_PAGE), documentation(ROLES_PAGE)
    for entry in catalogue().roles:
        assert f"\n{entry.name}" in page or f"• {entry.name} grants" in page
        assert not entry.older or f"\n{entry.older}" in older
    assert [entry.role for entry in catalogue().roles] == list(ROLES)


def test_the_items_are_the_rows_that_are_no_heading() -> None:
    assert [item.name for item in catalogue().menu] == [row["item"] for row in rows() if row["kind"] == "item"]
    assert len({item.name for item in catalogue().menu}) == 28


def names(held: dict[Role, Access]) -> list[str]:
    return [item.name for item in opened(catalogue().menu, held)]


def test_full_admin_opens_everything_and_areas_or_modules_alone_open_nothing() -> None:
    assert len(names(dict.fromkeys(ROLES, Access.OWNER))) == 28
    none = {**dict.fromkeys(PLATFORM, Access.OWNER), Role("pricing"): Access.NONE}
    nothing: tuple[dict[Role, Access], ...] = (
        {},
        dict.fromkeys(PLATFORM, Access.OWNER),
        dict.fromkeys(MODULES, Access.OWNER),
        none,
    )
    assert [names(held) for held in nothing] == [[], [], [], []]
    assert all(Role("pricing") in item.missing(none) for item in catalogue().menu if item.name.startswith("Pricing"))


def test_sales_representative_opens_exactly_the_sales_hubs_items() -> None:
    held = dict.fromkeys(map(Role, ("sales_hub", "user_management", "product_data", "order_data")), Access.OWNER)
    items = ("Companies", "Requests", "Quotes", "Orders", "Product Catalogue")
    assert names(held) == [f"Sales > {item}" for item in items]


SINGLE = list(product(MODULES, LEVELS))


@pytest.mark.parametrize(("module", "level"), SINGLE, ids=[f"{module} {level.word}" for module, level in SINGLE])
def test_a_single_module_opens_at_any_level(module: Role, level: Access) -> None:
    sales, core = [f"Sales > {item}" for item in SALES.get(module, [])], sorted(CORE[module])
    assert names({module: level}) == []
    assert names({module: level, SALES_HUB: Access.OWNER}) == sales
    assert sorted(names({module: level, BACKOFFICE: Access.OWNER})) == core
    assert sorted(names({module: level, **dict.fromkeys(PLATFORM, Access.OWNER)})) == sorted([*sales, *core])


def test_what_is_missing_names_the_area_first() -> None:
    carriers = next(item for item in catalogue().menu if item.name == "Orders > Carriers")
    assert carriers.missing({}) == ("backoffice", "logistics")
    assert carriers.missing({Role("logistics"): Access.VIEWER}) == ("backoffice",)


def test_a_module_is_idle_only_when_no_area_that_is_on_has_an_item_for_it() -> None:
    held = {SALES_HUB: Access.OWNER, Role("order_data"): Access.OWNER, Role("pricing"): Access.VIEWER}
    assert idle(catalogue().menu, held) == ("pricing",)
    assert idle(catalogue().menu, {Role("order_data"): Access.OWNER}) == ("order_data",)
