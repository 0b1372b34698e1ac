"""The page on access says nothing but what the tables say."""

import re
from pathlib import Path

from bo_sync.access.capabilities import powers
from bo_sync.access.catalogue import catalogue
from bo_sync.core.model import Access, Role
from bo_sync.core.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "access.md").read_text(encoding="utf-8")
POWERS = powers(Settings())


def test_its_numbers_are_those_of_the_tables() -> None:
    facts = catalogue()
    mutations = [operation for operation in facts.operations if operation.is_mutation]
    counted = (len(facts.operations), len(facts.operations) - len(mutations), len(mutations))
    assert f"| {counted[0]} operations of the hub ({counted[1]} queries, {counted[2]} mutations)" in PAGE.replace(
        "`operations.csv` ", ""
    )
    assert f"introspection of {facts.taken} |" in PAGE
    assert f"| {len(facts.menu)} menu items" in PAGE
    unknown = sum(not operation.is_annotated for operation in facts.operations)
    assert set(re.findall(r"(\d+) (?:operations have no annotation|unannotated operations)", PAGE)) == {str(unknown)}
    open_to_viewers = sum(any(least is Access.VIEWER for _, least in it.alternatives) for it in mutations)
    assert f"not read-only: {open_to_viewers} mutations" in PAGE


def test_its_examples_are_so() -> None:
    assert POWERS.operation("attributeUpdate").ways(POWERS.names) == (
        (Role("product_data"), Access.EDITOR),
        (Role("user_management"), Access.EDITOR),
    )
    assert POWERS.operation("roleUpdate").ways(POWERS.names) == ((Role("roles_permissions"), Access.EDITOR),)
    assert POWERS.operation("payMethodCreate").ways(POWERS.names) == ((Role("configuration"), Access.OWNER),)
    assert POWERS.item("Orders > Paymethods").modules == (Role("shop_channel"),)
    assert POWERS.operation("emailTemplateRenderAndSend").ways(POWERS.names) == (
        (Role("configuration"), Access.VIEWER),
    )
    operations = re.findall(r"`([a-z]+[A-Z]\w+)`", PAGE)
    assert operations
    for name in operations:
        assert POWERS.operation(name).name == name
    assert all(f"`{heading}`" in PAGE for heading in ("PIM", "Pricing"))
    (named,) = {item.name for item in catalogue().menu if item.page == "Backoffice Users"}
    assert f"`{named}`" in PAGE
