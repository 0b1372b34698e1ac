"""From descriptions to facts: each shape of an AUTH line, odd ones, and documents that are no introspection."""

import csv
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bo_sync.access.catalogue import CatalogueError, catalogue, read_operations, write_operations
from bo_sync.access.introspection import IntrospectionError, operation, operations_of
from bo_sync.core.hub_operations import Operation
from bo_sync.core.model import Access
from bo_sync.core.text import visible
from tests.support.facts import shared
from tests.support.hostile import HOSTILE

VIEWER, EDITOR, OWNER = Access.VIEWER, Access.EDITOR, Access.OWNER
PACKAGED: Final = Path(__file__).parents[2] / "src/bo_sync/access/operations.csv"
AND: Final = "AUTH: Role=[order.OWNER] AND ('user is authenticated')"
TWICE: Final = "AUTH: Role=[order.OWNER]\n\nAUTH: Role=[pricing.OWNER] "


def read(described: str) -> Operation:
    return operation("x", described, is_mutation=True)


def op(*ways: tuple[str, Access], system: tuple[str, ...] = (), when: str = "") -> Operation:
    return Operation("x", is_mutation=True, alternatives=ways, system=system, when=when)


SHAPES: Final[dict[str, tuple[str, Operation]]] = {
    "one role": ("AUTH: Role=[order.EDITOR]", op(("order", EDITOR))),
    "every level of one definition is its least": (
        "AUTH: Role=[order.OWNER,order.EDITOR,order.VIEWER]",
        op(("order", VIEWER)),
    ),
    "the least wherever it stands": ("AUTH: Role=[order.VIEWER,order.OWNER]", op(("order", VIEWER))),
    "several definitions, in the hub's order": (
        "AUTH: Role=[user.OWNER,product.OWNER,user.EDITOR]",
        op(("user", EDITOR), ("product", OWNER)),
    ),
    "system roles": ("AUTH: Role=[supervisor,admin,user.OWNER]", op(("user", OWNER), system=("supervisor", "admin"))),
    "no role but a clause": ("AUTH: Role=[] OR ('user is authenticated')", op(when="user is authenticated")),
    "two clauses": (
        "AUTH: Role=[order.VIEWER] OR (('user is authenticated') AND ('orderId in input matches JWT'))",
        op(("order", VIEWER), when="user is authenticated; orderId in input matches JWT"),
    ),
    "a clause with a comma behind it": ("AUTH: Role=[system] OR ('a, b'),", op(system=("system",), when="a, b")),
    "prose behind the list": (
        "AUTH: Role=[product.OWNER] Assigns existing products to a 'cluster'.",
        op(("product", OWNER)),
    ),
    "prose before the line, and after it": (
        "Deletes an order.\n\nAUTH: Role=[order.OWNER]\nORDER_NOT_FOUND: there is 'none'",
        op(("order", OWNER)),
    ),
    "nobody at all": ("AUTH: Role=[]", op()),
    "blanks everywhere": ("AUTH:   Role=[ order.OWNER ,  order.EDITOR ]", op(("order", EDITOR))),
    "blanks in place of commas": ("AUTH: Role=[order.OWNER pricing.VIEWER]", op(("order", OWNER), ("pricing", VIEWER))),
    "a role twice": ("AUTH: Role=[system,system]", op(system=("system",))),
    "commas with nothing between": ("AUTH: Role=[,,order.OWNER,]", op(("order", OWNER))),
    "a level that nobody knows is kept in the hub's words": (
        "AUTH: Role=[order.SUPREME,order.owner]",
        op(system=("order.SUPREME", "order.owner")),
    ),
    "NONE is no level that opens anything": ("AUTH: Role=[order.NONE]", op(system=("order.NONE",))),
    "roles that are not enough alone are a condition": (AND, op(when=AND)),
    "two lines are a condition": (TWICE, op(when="AUTH: Role=[order.OWNER]; AUTH: Role=[pricing.OWNER]")),
}


@pytest.mark.parametrize(("described", "expected"), SHAPES.values(), ids=SHAPES)
def test_a_description(described: str, expected: Operation) -> None:
    assert read(described) == expected


def test_what_is_no_annotation_leaves_the_operation_unknown() -> None:
    for described in (
        *("", "Creates an order.", "AUTHENTICATED: Invalid or missing authentication token", "AUTHORIZED_ERROR"),
        *(
            "AUTH: user is authenticated",
            "AUTH: Role=order.OWNER",
            "AUTH: Role=[order.OWNER",
            "auth: role=[order.OWNER]",
        ),
    ):
        assert read(described) == Operation("x", is_mutation=True, is_annotated=False), described


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_a_description_acts_and_a_table_keeps_it(attack: str) -> None:
    described = f"AUTH: Role=[{attack},order.OWNER] OR ('{attack}')"
    found = read(described)
    for text in (found.when, *found.system, *(definition for definition, _ in found.alternatives)):
        assert text == visible(text)
    assert read_operations(write_operations("2026-01-01", [found])) == ("2026-01-01", (found,))


@given(st.text(), st.text(), st.text())
def test_a_table_keeps_whatever_comes_of_any_description(before: str, listed: str, after: str) -> None:
    found = read(f"{before}AUTH: Role=[{listed}]{after}")
    assert read_operations(write_operations("", [found]))[1] == (found,)


def field(name: object, description: object = None, **more: object) -> dict[str, object]:
    return {"name": name, "description": description, "isDeprecated": False, **more}


def root(name: str, *fields: object) -> dict[str, object]:
    return {"kind": "OBJECT", "name": name, "fields": list(fields)}


def whole(*types: object, query: object = "Query", mutation: object = "Mutation") -> dict[str, object]:
    """An introspection result, with the names of its root types."""
    roots = {"queryType": {"name": query}, "mutationType": {"name": mutation} if mutation else None}
    return {"__schema": {**roots, "types": list(types)}}


ORDERS: Final = (
    root("Order", field("id")),
    root("Mutation", field("orderUpdate", "AUTH: Role=[order.EDITOR]"), field("orderCreate", isDeprecated=True)),
    root("Query", field("orders", "AUTH: Role=[order.VIEWER]"), field("order")),
)
EXPECTED: Final = (
    Operation("order", is_mutation=False, is_annotated=False),
    Operation("orders", is_mutation=False, alternatives=(("order", VIEWER),)),
    Operation("orderCreate", is_mutation=True, is_deprecated=True, is_annotated=False),
    Operation("orderUpdate", is_mutation=True, alternatives=(("order", EDITOR),)),
)


def probed() -> dict[str, object]:
    """What our own question to a hub brings back: the root types with their fields, and no others."""
    return {"__schema": {"queryType": ORDERS[2], "mutationType": ORDERS[1]}}


@pytest.mark.parametrize(
    "document",
    [whole(*ORDERS), {"data": whole(*ORDERS)}, {**whole(*ORDERS), "__generatedAt": "2026-01-01"}, probed()],
    ids=["plain", "in data", "with its day", "the root types alone"],
)
def test_the_operations_of_an_introspection_are_sorted_queries_first(document: object) -> None:
    assert operations_of(document) == EXPECTED
    assert [entry.name for entry in operations_of(whole(ORDERS[2], mutation=None))] == ["order", "orders"]


SHAPELESS: Final = "it is not shaped like an introspection result"
NO_NAME: Final = "a field of its root types has no name, or one that GraphQL does not allow"
MALFORMED: Final[dict[str, tuple[object, str]]] = {
    "nothing": (None, SHAPELESS),
    "a list": ([], SHAPELESS),
    "a text": ("x", SHAPELESS),
    "an empty object": ({}, "the document has no __schema"),
    "data that is null": ({"data": None}, SHAPELESS),
    "an error": ({"errors": [{"message": "no"}]}, "the document has no __schema"),
    "a schema that is a list": ({"__schema": []}, SHAPELESS),
    "a schema without roots": ({"__schema": {"types": []}}, "it has no query and no mutation"),
    "no types": ({"__schema": {"queryType": {"name": "Query"}}}, "its types is no list"),
    "types that are an object": ({"__schema": {"queryType": {"name": "Query"}, "types": {}}}, "its types is no list"),
    "a type that is a text": (whole("x"), SHAPELESS),
    "a root that is not there": (whole(query="Nowhere\x1b"), "its queryType Nowhere\\x1b is not among its types"),
    "fields that are null": (whole({"name": "Query", "fields": None}), "its fields is no list"),
    "a field that is a text": (whole(root("Query", "x")), SHAPELESS),
    "a field without a name": (whole(root("Query", {})), NO_NAME),
    "a field with a number for a name": (whole(root("Query", field(7))), NO_NAME),
    "a field whose name acts": (whole(root("Query", field("a\x1b[31m"))), NO_NAME),
    "a field whose name is a row": (whole(root("Query", field("a,query\nb"))), NO_NAME),
    "roots without a field": (whole(root("Query"), root("Mutation")), "it has no query and no mutation"),
}


@pytest.mark.parametrize(("document", "said"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_introspection_says_what_it_lacks(document: object, said: str) -> None:
    with pytest.raises(IntrospectionError) as caught:
        operations_of(document)
    assert str(caught.value) == said


def test_odd_values_beside_a_name_are_no_annotation() -> None:
    document = whole(root("Query", field("a", 7, isDeprecated="no"), {"name": "b"}), mutation=None)
    assert operations_of(document) == tuple(Operation(name, is_mutation=False, is_annotated=False) for name in "ab")


def json_values() -> st.SearchStrategy[object]:
    words = st.sampled_from(["__schema", "data", "types", "queryType", "mutationType", "name", "fields", "Query"])
    leaves = st.none() | st.booleans() | st.integers() | words
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4))


@given(json_values())
def test_any_json_gives_operations_or_says_what_it_lacks(document: object) -> None:
    said = ""
    try:
        assert operations_of(document)
    except IntrospectionError as error:
        said = str(error)
    assert said.isprintable()


def _facts() -> list[dict[str, str]]:
    with shared("operations.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _told(entry: Operation) -> dict[str, str]:
    """An operation as a row of the facts spells it."""
    ways = " ".join(f"{definition}.{least.name}" for definition, least in entry.alternatives)
    return {
        "operation": entry.name,
        "kind": "mutation" if entry.is_mutation else "query",
        "any_of_minimum_access": ways if entry.is_annotated else "unannotated",
        "system_roles": " ".join(entry.system),
        "or_when": entry.when,
        "deprecated": str(entry.is_deprecated).lower(),
    }


def test_the_packaged_table_says_what_the_facts_say_of_all_476_operations() -> None:
    facts = {row["operation"]: row for row in _facts()}
    found = {entry.name: _told(entry) for entry in catalogue().operations}
    assert len(found) == 476
    assert sum(entry.is_annotated for entry in catalogue().operations) == 385
    assert {name: _comparable(row) for name, row in found.items()} == {
        name: _comparable(row) for name, row in facts.items()
    }


def _comparable(row: dict[str, str]) -> dict[str, object]:
    """A row whose lists of roles have no order."""
    lists = ("any_of_minimum_access", "system_roles")
    return {**row, **{name: sorted(row[name].split()) for name in lists}}


def test_a_table_need_not_say_its_day() -> None:
    table = write_operations("", EXPECTED)
    assert read_operations(table) == read_operations(table.partition("\n")[2]) == ("", EXPECTED)


NO_LEVEL = "has no level; expected role.OWNER, .EDITOR or .VIEWER"
LARGE = f'"{"x" * 200_000}",query,,,,\n'
# What of a table is replaced by what (or added to its end), and what is said of it.
BAD_TABLES: Final[dict[str, tuple[str, str, str]]] = {
    "no head": ("operation,kind", "kind,operation", "line 2: not the head of a table"),
    "a row that is cut": ("", "cut,query\n", "line 4: not an operation: cut,query"),
    "a kind that nobody knows": ("x,mutation", "x,subscription", "line 3: not an operation: x,subscription,"),
    "an invisible character": ("x,mutation", "\x1b,mutation", "line 3: the line holds the invisible character \\x1b"),
    "a level that nobody knows": ("order.OWNER", "order.BOSS", f"line 3: order.BOSS {NO_LEVEL}"),
    "a level that would open it to all": ("order.OWNER", "order.NONE", f"line 3: order.NONE {NO_LEVEL}"),
    "a cell too large": ("", LARGE, "line 4: not a table: field larger than"),
    "a name that GraphQL does not allow": ("x,mutation", "x y,mutation", "line 3: not an operation: x y,mutation,"),
    "an operation twice": ("", "x,mutation,order.OWNER,,,false\n", "line 4: the operation x appears twice"),
}


@pytest.mark.parametrize(("old", "new", "said"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_what_is_no_table_says_where_and_why(old: str, new: str, said: str) -> None:
    table = write_operations("2026-01-01", [op(("order", OWNER))])
    with pytest.raises(CatalogueError) as caught:
        read_operations(table.replace(old, new) if old else table + new)
    assert str(caught.value).startswith(said)
    with pytest.raises(CatalogueError, match=r"^line 1: not the head of a table of operations: "):
        read_operations("")
