"""The schemas against validation, over sound files in which one value, key or entry at a time is made another.

An editor reads YAML as YAML 1.2 says, we as text; where the two disagree about one value, the class of the
disagreement is named here, and no other is let through.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from jsonschema import Draft7Validator
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor

from bo_sync.config.files import Kind
from bo_sync.config.json_schema import Vocabulary, json_schema
from bo_sync.config.load import tree_of
from bo_sync.core.model import MODULES, Role

Node = object
Path = tuple[str | int, ...]

WORDS: Final = Vocabulary(("2024", "sales"), (*MODULES, Role("warehouse")))
BESIDE: Final = {
    "bo-sync.yaml": "role_definitions: {warehouse: wms}\n",
    "presets/sales.yaml": "label: Sales\n",
    "presets/2024.yaml": "label: Of a year\n",
    "users/other.yaml": "email: other@b.c\nfirst_name: B\nlast_name: B\n",
}
USER: Final = """\
email: jane@b.c
first_name: Jane
last_name: Doe
gender: female
phone: "+31"
language: nl
presets: [sales]
platform: {backoffice: true}
modules:
  warehouse: viewer
  pricing: {access: editor, until: "2099-12-31", reason: why}
state: present
until: "2099-06-30"
ignore: [{rule: BOS007, reason: agreed, until: "2099-01-01"}]
"""
SOUND: Final[dict[str, tuple[Kind, str, str]]] = {
    "a person": ("user", "users/u.yaml", USER),
    "a person whom the hub holds": ("user", "users/u.yaml", "email: jane@b.c\nid: 1042\njob: x\npreset: sales\n"),
    "a preset": ("preset", "presets/p.yaml", "label: x\nextends: [sales]\nmodules: {pricing: owner}\n"),
    "a policy": (
        "policy",
        "policies/p.yaml",
        (
            "id: p\nseverity: error\ntitle: t\nmatch: {all_of: [{has: {pricing: editor}}, {can: [orderUpdate]},"
            " {menu: Orders > Carriers}]}\nat_most: 3\nexcept: [{email: a@b.c, reason: r, until: '2099-01-01'}]\n"
        ),
    ),
    "settings": (
        "config",
        "bo-sync.yaml",
        (
            "defaults: {language: nl}\nunmanaged: report\nprotect: [a@b.c]\nemail_domains: [x.y, b.c]\ntimezone: UTC\n"
            "expiring_within: 14\nhub_host: a.b\n"
            "guardrails: {max_user_deletes: {percent: 20, floor: 1, cap: 10}, max_expiries: 3, min_role_owners: 2}\n"
            "role_definitions: {warehouse: wms}\n"
        ),
    ),
}
VALUES: Final = (
    *("null", "true", "''", "x", "5", "05", "1.5", "[]", "{}", "[x]", "{x: y}", "2099-02-30", "2099-1-1", "owner"),
    *("sales", "True", "~", "x" * 60, "BOS999", "[sales, sales]", "[null]", "{access: none}", "NL", "no"),
)

NO_SUCH: Final = r"a day that exists|a zone such as|is not among email_domains"
"""What a schema does not know: the calendar, every time zone, other files."""
EDITORS_NUMBER: Final = r'found "(05|1\.5)"'
EDITORS_FLAG: Final = r'found "True"'


class Days(SafeConstructor):
    """An editor's days are text."""


Days.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def read(text: str) -> Node:
    """As an editor reads it."""
    reader = YAML(typ="safe", pure=True)
    reader.Constructor = Days
    return reader.load(text)


def places(node: Node, at: Path = ()) -> Iterator[Path]:
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*at, key)
        yield from places(value, (*at, key))


def spelled(node: Node, changes: Mapping[Path, str | None], at: Path = ()) -> str:
    """`node` as flow YAML, with some parts spelled otherwise, left out (None), or, at a new key, put in."""
    if (changed := changes.get(at)) is not None:
        return changed
    if isinstance(node, list):
        kept = ((*at, number) for number in range(len(node)) if changes.get((*at, number), "") is not None)
        return f"[{', '.join(spelled(node[int(place[-1])], changes, place) for place in kept)}]"
    if isinstance(node, dict):
        new = {place[-1]: None for place in changes if place[:-1] == at and place[-1] not in node}
        keys = [key for key in (*node, *new) if changes.get((*at, key), "") is not None]
        return f"{{{', '.join(f'{key}: {spelled(node.get(key), changes, (*at, key))}' for key in keys)}}}"
    return json.dumps(node)


def variants(text: str) -> Iterator[str]:
    node = read(text)
    yield text
    for place in places(node):
        yield spelled(node, {place: None})
        yield spelled(node, {(*place[:-1], "zz"): "1"}) if isinstance(place[-1], str) else text
        for value in VALUES:
            yield spelled(node, {place: value})


@pytest.mark.parametrize("name", SOUND)
def test_a_schema_and_validation_agree_about_every_variant(name: str) -> None:
    kind, path, text = SOUND[name]
    schema = Draft7Validator(json.loads(json_schema(kind, WORDS)))
    assert Draft7Validator(Draft7Validator.META_SCHEMA).is_valid(schema.schema)
    missed, refused = [], []
    for variant in variants(text):
        ours = [str(each) for each in tree_of((p, t.encode()) for p, t in {**BESIDE, path: variant}.items()).errors]
        if schema.is_valid(read(variant)):
            missed += ours[:1]
        elif not ours:
            refused.append(variant)
    known = f'{NO_SUCH}|{EDITORS_NUMBER}|{EDITORS_FLAG}|found "~"|role_definitions: |unknown role'
    assert [problem for problem in missed if not re.search(known, problem)] == []
    assert [
        variant for variant in refused if not re.search(r": (True|~)[,}\]]|\[(True|~)[,\]]|, (True|~)\]", variant)
    ] == []
