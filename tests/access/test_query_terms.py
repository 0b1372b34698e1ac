"""Reading a question's word: every spelling that is good, and what is said of those that are not."""

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.access.catalogue import catalogue
from bo_sync.access.query_terms import Question, ToHold, read_question, spelled
from bo_sync.core.model import MODULES, ROLES, Access, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from bo_sync.exit_codes import ExitCode
from tests.support.cases import cases
from tests.support.hostile import HOSTILE

BOUND = powers(Settings())


def asked(word: str) -> Question:
    return read_question(word, BOUND, ROLES)


def complaint(word: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as raised:
        asked(word)
    assert raised.value.exit_code is ExitCode.USAGE
    return raised.value.message, raised.value.hint


GOOD = {
    "an operation": ("orderUpdate", "orderUpdate"),
    "an operation in another case": ("ORDERUPDATE", "orderUpdate"),
    "an operation with blanks": (" order Update ", "orderUpdate"),
    "a menu item": ("Orders > Carriers", "Orders > Carriers"),
    "a menu item without blanks": ("orders>carriers", "Orders > Carriers"),
    "a menu item with many blanks": ("  Orders   >  Carriers ", "Orders > Carriers"),
    "a submenu alone": ("Carriers", "Orders > Carriers"),
    "a submenu alone, of two words": ("login tokens", "Admin > Login tokens"),
    "a submenu with a sign": ("products&clusters", "PIM > Products & Clusters"),
    "a submenu with the name of its menu": ("Users", "Users > Users"),
    "an operation with the letters of a submenu, as it is spelled": ("carriers", "carriers"),
    "one of two items with one submenu": ("Sales > Orders", "Sales > Orders"),
    "a role and a level": ("pricing:editor", "pricing:editor"),
    "a role and a level in another case": ("PRICING : Editor", "pricing:editor"),
    "a role by its newer name": ("Roles & permissions:owner", "roles_permissions:owner"),
    "a role by its older name": ("Role & permission management:viewer", "roles_permissions:viewer"),
    "a role by its older name without the last word": ("Role & permission:viewer", "roles_permissions:viewer"),
    "a role by its older name as in the menu's table": ("Order data management:viewer", "order_data:viewer"),
    "a role with dashes": ("shop-channel:viewer", "shop_channel:viewer"),
    "an area": ("sales_hub:on", "sales_hub:on"),
    "an area by its newer name": ("Sales Hub:on", "sales_hub:on"),
    "an area by its older name": ("Sales management:on", "sales_hub:on"),
    "an area as files spell it": ("backoffice:true", "backoffice:on"),
    "an area as a matrix spells it": ("backoffice:owner", "backoffice:on"),
}


@pytest.mark.parametrize(("word", "meant"), GOOD.values(), ids=GOOD)
def test_a_word_asks(word: str, meant: str) -> None:
    assert spelled(asked(word)) == meant


LEVELS = "ask for pricing:viewer, pricing:editor or pricing:owner"
ANY = 'ask for an operation (orderUpdate), a menu item ("Orders > Carriers") or a role:level (pricing:editor)'
# A word, and the hint to it, where nothing has that name.
UNKNOWN = {
    "an operation misspelled": ("ordrUpdate", "did you mean orderUpdate, "),
    "an item misspelled": ("Order > Carriers", 'did you mean "Orders > Carriers"'),
    "a submenu misspelled": ("Warehuoses", '"Orders > Warehouses"'),
    "a role misspelled": ("pricng:editor", "did you mean pricing:editor or "),
    "an older name misspelled": ("Sales managment:on", "did you mean sales_hub:on"),
    "nothing near": ("zzzzzzzz", ANY),
    "an operation newer than the table": ("productAddToCategory", "Newer operations: `bo-sync catalogue refresh`"),
    "nothing": ("", "ask for an operation"),
    "a colon": (":", "ask for an operation"),
    "an arrow": (">", "ask for an operation"),
}
# A word, what is said of it, and the hint.
BAD = """
a level misspelled
    pricing:edit | pricing has no level "edit" to ask for | LEVELS
the level of nobody
    pricing:none | pricing has no level "none" to ask for | LEVELS
an area with a level
    backoffice:viewer | backoffice has no level "viewer": it is on or off | ask for backoffice:on
a role without a level
    Order Data | "Order Data" is a role: say at which level
        | ask for order_data:viewer, order_data:editor or order_data:owner
an area without a level
    Sales Hub | "Sales Hub" is a role: say at which level | ask for sales_hub:on
a menu
    PIM | "PIM" is a menu: say which item | ask for "PIM > Products & Clusters" or "PIM > Categories"
a submenu that two menus have
    Orders | "Orders" is more than one thing: the menu item "Sales > Orders" and the menu item "Orders > Orders"
        | spell the one you mean
letters of an operation and of a submenu, spelled as neither
    CARRIERS | "CARRIERS" is more than one thing: the operation carriers and the menu item "Orders > Carriers"
        | spell the one you mean
"""


@pytest.mark.parametrize(("word", "hint"), UNKNOWN.values(), ids=UNKNOWN)
def test_a_word_that_nothing_has_asks_nothing(word: str, hint: str) -> None:
    told, next_step = complaint(word)
    assert told == f'unknown question "{word}": not in the operations table of 2026-05-17'
    assert hint in next_step


@pytest.mark.parametrize("case", cases(BAD))
def test_a_word_asks_nothing(case: str) -> None:
    word, message, hint = (" ".join(part.split()).replace("LEVELS", LEVELS) for part in case.split(" | "))
    told, next_step = complaint(word)
    assert told == message
    assert hint in next_step


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_word_is_quoted_harmlessly_and_cut(attack: str) -> None:
    for word in (attack, f"pricing:{attack}", f"{attack}:editor", f"Orders > {attack}"):
        told, hint = complaint(word)
        assert told.isprintable()
        assert hint.isprintable()
        assert len(told) < 700


def test_every_operation_item_and_grant_is_asked_by_its_own_spelling() -> None:
    words = [
        *(operation.name for operation in catalogue().operations),
        *(item.name for item in catalogue().menu),
        *(f"{module}:{level.word}" for module in MODULES for level in Access if level),
    ]
    assert [spelled(asked(word)) for word in words] == words


def test_every_item_is_asked_by_its_submenu_but_those_that_share_one() -> None:
    for item in catalogue().menu:
        submenu = item.name.partition(" > ")[2]
        if submenu != "Orders":
            assert spelled(asked(submenu)) == item.name


def test_every_documented_name_asks_for_its_role() -> None:
    for entry in catalogue().roles:
        for name in filter(None, (entry.role, entry.name, entry.older)):
            question = asked(f"{name}:owner")
            assert isinstance(question, ToHold)
            assert question.role == entry.role


def test_an_added_role_is_asked_by_its_own_name_which_goes_before_an_older_one() -> None:
    settings = Settings(role_definitions=(*DEFAULT_ROLE_DEFINITIONS, (Role("pricing_management"), Text("pm"))))
    question = read_question("Pricing management:editor", powers(settings), settings.roles)
    assert spelled(question) == "pricing_management:editor"
