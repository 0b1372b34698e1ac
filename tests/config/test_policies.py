"""Policy files: what each becomes, every complaint with its sentence and place, the schema, the canonical form."""

import json
import re
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from jsonschema import Draft7Validator

from bo_sync.config.formatting import format_text
from bo_sync.config.json_schema import json_schema
from bo_sync.config.load import load_tree, tree_of
from bo_sync.config.yaml_reader import read
from bo_sync.core.model import Access, Role, Severity, Source
from bo_sync.core.policy import Can, Exemption, Has, Match, Opens, Policy
from bo_sync.core.text import Text
from tests.config.trees import JANE, complaints, tree, tree_at
from tests.support.cases import told
from tests.support.discovered import discovered
from tests.support.repository import repository

ROOT = Path(__file__).parents[2]
P = "policies/p.yaml"
LEAST = "id: p\nmatch: {any_of: [{menu: Sales > Quotes}]}\n"
FULL = """\
id: price-and-order
severity: warning
title: Price and order in one hand
why: A discount that nobody sees.
match:
  all_of:
    - has: {order_data: editor, backoffice: true}
    - can: [priceUpdate, discountUpdate, priceUpdate]
    - menu: Orders > Carriers
at_most: 7
at_least: 2
except:
  - {email: Jane@example.com, reason: CHG-1, until: 2099-12-31}
"""


def policy(text: str) -> Policy:
    (found,) = tree({P: text}).policies
    return found


def about(text: str) -> list[str]:
    """The problems of one policy file."""
    return [problem.removeprefix(f"{P}:") for problem in complaints({P: text})]


def test_a_full_file_becomes_a_policy() -> None:
    found = policy(FULL)
    assert found == Policy(
        id="price-and-order",
        title=Text("Price and order in one hand"),
        match=Match(
            (
                Has(((Role("backoffice"), Access.OWNER), (Role("order_data"), Access.EDITOR))),
                Can(("discountUpdate", "priceUpdate")),
                Opens("Orders > Carriers"),
            ),
            is_all=True,
        ),
        source=Source(Text(P), 1),
        severity=Severity.WARNING,
        why=Text("A discount that nobody sees."),
        at_most=7,
        at_least=2,
        exemptions=(Exemption(Text("Jane@example.com"), Text("CHG-1"), date(2099, 12, 31), Source(Text(P), 13, 5)),),
    )
    assert found.source == Source(Text(P), 1, 1)
    assert found.exemptions[0].source == Source(Text(P), 13, 5)


def test_what_is_left_out_has_a_default() -> None:
    found = policy(LEAST)
    assert (found.severity, found.title, found.why) == (Severity.ERROR, Text("p"), None)
    assert (found.at_most, found.at_least, found.exemptions) == (0, None, ())
    assert found.match == Match((Opens("Sales > Quotes"),), is_all=False)
    found = policy(LEAST + "at_least: 1\n")
    assert (found.at_most, found.at_least) == (None, 1), "with a lower limit alone there is no upper one"
    assert policy(LEAST + "at_most: 0\n").at_most == 0


def test_policies_come_by_id_from_any_depth_and_hidden_ones_are_not_read() -> None:
    files = {
        "policies/z.yaml": LEAST.replace("id: p", "id: a"),
        "policies/deep/er/a.yml": LEAST.replace("id: p", "id: z"),
    }
    files |= dict.fromkeys(("policies/_off/p.yaml", "policies/.p.yaml", "policies/p.json"), "nonsense")
    assert [found.id for found in tree(files).policies] == ["a", "z"]
    user = {"users/u.yaml": JANE}
    assert len({tree(user | more).digest for more in ({}, {P: LEAST}, {P: LEAST + "\n"})}) == 3


WORDS: Final = {
    "EXPECTED_MATCH": 'expected `all_of` or `any_of` with a list, as in {any_of: [{menu: "Orders > Carriers"}]}',
    "ROLES": "sales_hub, backoffice, api_keys, user_management, shop_channel, roles_permissions, pricing, logistics, "
    "configuration, product_data, order_data",
    "OUTSIDE": "not in the operations table of 2026-05-17",
    "ITEMS": "expected one of the 28 that the catalogue knows",
    "KEYS": "id, severity, title, why, match, at_most, at_least, except",
}


def clause(text: str) -> str:
    return f"id: p\nmatch:\n  any_of:\n    - {text}\n"


MISTAKES: Final = r"""
a list
    - a⏎
    1:1: error: found a list; expected a mapping with a policy's keys
no id
    match: {any_of: [{menu: Sales > Quotes}]}⏎
    1:1: error: id is missing; expected a name of a-z, 0-9 and - such as price-and-order
an odd id
    id: P P⏎match: {any_of: [{menu: Sales > Quotes}]}⏎
    1:5: error: id: found "P P"; expected a name of a-z, 0-9 and - such as price-and-order
no match
    id: p⏎
    1:1: error: match is missing; EXPECTED_MATCH
an empty match
    id: p⏎match: {}⏎
    2:8: error: match: found neither; EXPECTED_MATCH
both of all_of and any_of
    id: p⏎match: {all_of: [{menu: Sales > Quotes}], any_of: [{menu: Sales > Orders}]}⏎
    2:8: error: match: found both; EXPECTED_MATCH
an empty list
    id: p⏎match: {any_of: []}⏎
    2:17: error: match.any_of: found an empty list; expected at least one item
an unknown word in match
    id: p⏎match: {any: [{menu: Sales > Quotes}]}⏎
    2:9: error: unknown key "any"; expected one of all_of, any_of; did you mean any_of?
text for match
    id: p⏎match: x⏎
    2:8: error: match: found "x"; expected a mapping
two conditions in one item
    id: p⏎match:⏎  any_of:⏎    - {has: {pricing: editor}, menu: Sales > Quotes}⏎
    4:7: error: match: found has and menu; expected just one of has, can, menu in one item
an item without a condition
    id: p⏎match:⏎  any_of:⏎    - {}⏎
    4:7: error: match: found none of them; expected just one of has, can, menu in one item
an unknown condition
    id: p⏎match:⏎  any_of:⏎    - cann: [orderUpdate]⏎
    4:7: error: unknown key "cann"; expected one of has, can, menu; did you mean can?
a bare word
    id: p⏎match:⏎  any_of:⏎    - orderUpdate⏎
    4:7: error: match.any_of: found "orderUpdate"; expected a mapping
an unknown role
    id: p⏎match:⏎  any_of:⏎    - has: {pricng: editor}⏎
    4:13: error: unknown role "pricng"; expected one of ROLES; did you mean pricing?
an unknown level
    id: p⏎match:⏎  any_of:⏎    - has: {pricing: Editor}⏎
    4:22: error: match.has.pricing: found "Editor"; expected owner, editor or viewer; did you mean editor?
a level that everybody has
    id: p⏎match:⏎  any_of:⏎    - has: {pricing: none}⏎
    4:22: error: match.has.pricing: found "none"; expected owner, editor or viewer
a switch for a module
    id: p⏎match:⏎  any_of:⏎    - has: {pricing: true}⏎
    4:22: error: match.has.pricing: found true; expected owner, editor or viewer
an area that is not on
    id: p⏎match:⏎  any_of:⏎    - has: {backoffice: owner, sales_hub: false}⏎
    4:25: error: match.has.backoffice: found "owner"; expected true
    4:43: error: match.has.sales_hub: found false; expected true
an empty `has`
    id: p⏎match:⏎  any_of:⏎    - has: {}⏎
    4:12: error: match.has: found an empty mapping; expected a role and its level, as in {pricing: editor}
unknown operations
    id: p⏎match:⏎  any_of:⏎    - can: [orderUpdte, OrderSetStatus, zzz]⏎
    4:13: error: unknown operation "orderUpdte": OUTSIDE; did you mean orderUpdate?
    4:25: error: unknown operation "OrderSetStatus": OUTSIDE; did you mean orderSetStatus?
    4:41: error: unknown operation "zzz": OUTSIDE
operations that no grant opens
    id: p⏎match:⏎  any_of:⏎    - can: [cartProcess, claimsResetAll]⏎
    4:13: warning: cartProcess: the hub does not say who may run it, so nobody matches by it
    4:26: warning: claimsResetAll: no grant opens it by itself, so nobody matches by it
no operations
    id: p⏎match:⏎  any_of:⏎    - can: []⏎
    4:12: error: match.can: found an empty list; expected operations, as in [orderUpdate]
one operation that is no list
    id: p⏎match:⏎  any_of:⏎    - can: orderUpdate⏎
    4:12: error: match.any_of.can: found "orderUpdate"; expected a list
an unknown menu item
    id: p⏎match:⏎  any_of:⏎    - menu: Orders > Carrier⏎
    4:13: error: unknown menu item "Orders > Carrier"; ITEMS; did you mean Orders > Carriers?
a severity and limits that there are not
    id: p⏎match: {any_of: [{menu: Sales > Quotes}]}⏎severity: eror⏎at_most: -1⏎at_least: 0⏎
    3:11: error: severity: found "eror"; expected error or warning; did you mean error?
    4:10: error: at_most: found "-1"; expected a whole number from 0
    5:11: error: at_least: found "0"; expected a whole number from 1
limits that nothing can keep
    id: p⏎match: {any_of: [{menu: Sales > Quotes}]}⏎at_most: 1⏎at_least: 2⏎
    4:11: error: at_least: found 2, above at_most, which is 1; expected no more than that
an unknown key
    id: p⏎match: {any_of: [{menu: Sales > Quotes}]}⏎tittle: x⏎
    3:1: error: unknown key "tittle"; expected one of KEYS; did you mean title?
an exception that says nothing
    id: p⏎match: {any_of: [{menu: Sales > Quotes}]}⏎except: [{}]⏎
    3:10: error: except.email is missing; expected the address of somebody whom the policy does not count
    3:10: error: except.reason is missing; expected why this is right
    3:10: error: except.until is missing; expected a date as YYYY-MM-DD
an exception without a reason
    id: p⏎match: {any_of: [{menu: Sales > Quotes}]}⏎except:⏎  - {email: a@b.c, reason: "", until: 1.1.2099, by: me}⏎
    4:28: error: except.reason: found ""; expected text that is not empty
    4:39: error: except.until: found "1.1.2099"; expected a date as YYYY-MM-DD
    4:49: error: unknown key "by"; expected one of email, reason, until
hostile text
    id: p⏎match:⏎  any_of:⏎    - menu: "\e[31m"⏎
    4:13: error: unknown menu item "\x1b[31m"; ITEMS
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *told(MISTAKES),
        pytest.param(
            LEAST + "except:\n  - {email: a@b.c, reason: r, until: 2099-02-30}\n"
            "  - {email: A@b.c, reason: r, until: 2099-01-01}\n",
            [
                '4:38: error: except.until: found "2099-02-30"; expected a day that exists, as YYYY-MM-DD',
                '5:13: error: except: "A@b.c" is listed twice; expected each once',
            ],
            id="a day that no calendar has, and somebody twice",
        ),
    ],
)
def test_every_mistake_has_its_sentence_and_its_place(text: str, expected: list[str]) -> None:
    expected = [re.sub("|".join(WORDS), lambda found: WORDS[found[0]], message) for message in expected]
    assert sorted(about(text)) == sorted(expected)
    is_sound = all(": warning: " in complaint for complaint in expected)
    assert bool(tree({P: text}).policies) is is_sound
    assert bool(objections(text)) is not (is_sound or bool(BEYOND_A_SCHEMA.search(str(expected))))


BEYOND_A_SCHEMA: Final = re.compile("unknown role|above at_most|listed twice")


def test_a_second_policy_of_one_id_is_an_error_that_names_the_first() -> None:
    files = {"policies/a.yaml": LEAST, "policies/b.yaml": "# ours\n" + LEAST}
    told = "a second policy p; the first is policies/a.yaml:1:1: keep one, or give one another id"
    assert complaints(files) == [f"policies/b.yaml:2:5: error: {told}"]


def test_an_added_role_is_a_word_of_policies() -> None:
    files = {"bo-sync.yaml": "role_definitions: {ticket: t}\n", P: clause("has: {ticket: viewer}")}
    assert complaints(files) == []


def test_a_revision_has_its_own_policies(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/u.yaml": JANE, "policies/deep/p.yml": LEAST})
    (root / "policies/deep/p.yml").write_text(LEAST + "at_most: 3\n")
    assert [found.at_most for found in tree_at(root, "HEAD").policies] == [0]
    assert [found.at_most for found in load_tree(root).policies] == [3]


def test_a_symlink_out_of_the_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.yaml").write_text(LEAST)
    root = tmp_path / "root"
    (root / "policies").mkdir(parents=True)
    (root / P).symlink_to(tmp_path / "elsewhere.yaml")
    assert [problem.source.path.raw for problem in load_tree(root).errors] == [P]


def test_the_canonical_form_orders_the_keys_and_keeps_comments() -> None:
    text = (
        "# ours\nexcept:\n  # until the audit\n  - {until: 2099-01-01, reason: r, email: a@b.c}\nat_least: 2\n"
        "match:\n  all_of:\n    - has: {order_data: editor, backoffice: true}\n    - menu: Sales > Quotes # quotes\n"
        "why: w\nid: p\n"
    )
    expected = (
        "# ours\nid: p\nwhy: w\n"
        "match:\n  all_of:\n    - has: {backoffice: true, order_data: editor}\n    - menu: Sales > Quotes # quotes\n"
        "at_least: 2\nexcept:\n  # until the audit\n  - {email: a@b.c, reason: r, until: 2099-01-01}\n"
    )
    assert format_text(text, "policy", Text(P)) == expected
    assert format_text(expected, "policy", Text(P)) == expected


OWN = discovered((ROOT / "policies").rglob("*.y*ml"))


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_the_repositorys_own_policies_are_in_canonical_form(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert format_text(text, "policy", Text(path.name)) == text


VALIDATOR = Draft7Validator(json.loads(json_schema("policy")))


def objections(text: str) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(read(text.encode(), Text("p")).value)]


@pytest.mark.parametrize("text", [FULL, LEAST, *(path.read_text(encoding="utf-8") for path in OWN)])
def test_the_schema_takes_what_the_loader_takes(text: str) -> None:
    assert not tree_of([(P, text.encode())]).errors
    assert objections(text) == []
