"""What grants let somebody run, against a reading of the hub's own annotations that shares no code with ours."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.access.catalogue import catalogue
from bo_sync.access.queries import needs, who_can
from bo_sync.access.query_terms import ToRun, spelled
from bo_sync.core.hub_operations import Verdict
from bo_sync.core.model import MODULES, ROLES, Access, Role
from bo_sync.core.settings import DEFAULT_ROLE_DEFINITIONS, Settings
from bo_sync.core.text import Text
from tests.access.asking import holding, less, levels_of
from tests.support.facts import shared

SETS = 400
RANKS = {"VIEWER": 1, "EDITOR": 2, "OWNER": 3}
HUB_NAMES = {
    "sales_hub": "sales",
    "backoffice": "backoffice",
    "api_keys": "apikey",
    "user_management": "user",
    "shop_channel": "shop",
    "roles_permissions": "role",
    "pricing": "pricing",
    "logistics": "logistics",
    "configuration": "configuration",
    "product_data": "product",
    "order_data": "order",
}


@dataclass(frozen=True)
class Annotated:
    """What stands between the brackets of an annotation, and whether anything follows `OR`; None: no annotation."""

    listed: tuple[str, ...] | None
    has_clause: bool

    def allows(self, held: dict[Role, Access]) -> bool:
        by_hub_name = {HUB_NAMES[role]: access for role, access in held.items()}
        dotted = [word.split(".") for word in self.listed or () if "." in word]
        return any(by_hub_name.get(name, 0) >= RANKS[level] for name, level in dotted)

    def verdict(self, held: dict[Role, Access]) -> str:
        if self.listed is None:
            return "unknown"
        if self.allows(held):
            return "allowed"
        return "conditional" if self.has_clause or any("." not in word for word in self.listed) else "denied"


@cache
def annotations() -> dict[str, Annotated]:
    document = json.loads(shared("introspection.json").read_text(encoding="utf-8"))
    kinds = {kind["name"]: kind for kind in document.get("data", document)["__schema"]["types"]}
    fields = [*kinds["Query"]["fields"], *kinds["Mutation"]["fields"]]
    return {field["name"]: read(field["description"] or "") for field in fields}


def read(description: str) -> Annotated:
    _, mark, rest = description.partition("AUTH: Role=[")
    if not mark:
        return Annotated(None, has_clause=False)
    listed, _, after = rest.partition("]")
    return Annotated(tuple(filter(None, listed.split(","))), has_clause=after.startswith(" OR ("))


def random_grants(seed: int) -> dict[Role, Access]:
    """Any levels of any roles; an area is on or off."""
    chance = Random(seed)
    share = chance.random()
    picked = [role for role in ROLES if chance.random() < share]
    return {role: chance.choice(list(Access)) if role in MODULES else Access.OWNER for role in picked}


def test_the_catalogue_has_all_476_operations_each_once_and_knows_which_are_not_annotated() -> None:
    names = [operation.name for operation in catalogue().operations]
    assert len(names) == len(set(names)) == 476
    assert set(names) == set(annotations())
    unknown = {operation.name for operation in catalogue().operations if not operation.is_annotated}
    assert unknown == {name for name, annotated in annotations().items() if annotated.listed is None}
    assert len(unknown) == 91


def test_what_random_grants_allow_equals_what_the_annotations_say(
    record_property: Callable[[str, object], None],
) -> None:
    bound = powers(Settings())
    for seed in range(SETS):
        held = random_grants(seed)
        verdicts = {name: annotated.verdict(held) for name, annotated in annotations().items()}
        ours = {operation.name: operation.judge(held, bound.names).value for operation in catalogue().operations}
        assert ours == verdicts, held
        allowed = {name for name, verdict in verdicts.items() if verdict == "allowed"}
        assert bound.of(held).operations == allowed, held
        for verdict in Verdict:
            assert set(bound.with_verdict(held, verdict)) == {name for name in verdicts if verdicts[name] == verdict}
    record_property("counted: random grant sets against the annotations", SETS)


def test_who_can_agrees_with_the_annotations_about_every_operation() -> None:
    bound = powers(Settings())
    users = tuple(holding(seed, random_grants(seed)) for seed in range(SETS))
    for name, annotated in annotations().items():
        answer = who_can(users, ToRun(bound.operation(name)), bound)
        assert [able.user for able in answer.able] == [one for one in users if annotated.allows(dict(one.held))]
        assert answer.is_known is (annotated.listed is not None)


def test_needs_agrees_with_the_annotations_about_every_operation() -> None:
    bound = powers(Settings())
    for name, annotated in annotations().items():
        found = needs([ToRun(bound.operation(name))], bound, ROLES)
        least = [levels_of(grants) for grants in found.minimal if grants]
        assert bool(found.unanswered) is not bool(least)
        assert bool(least) is annotated.allows(dict.fromkeys(ROLES, Access.OWNER))
        for held in least:
            assert annotated.allows(held)
            assert not any(annotated.allows(lower) for lower in less(held))


def test_needs_agrees_with_the_annotations_about_several_operations_at_once() -> None:
    bound = powers(Settings())
    for seed in range(SETS):
        asked = Random(seed).sample(sorted(annotations()), 4)
        found = needs([ToRun(bound.operation(name)) for name in asked], bound, ROLES)
        unanswered = {spelled(question) for question in found.unanswered}
        answered = [annotations()[name] for name in asked if name not in unanswered]
        for held in map(levels_of, found.minimal):
            assert all(annotated.allows(held) for annotated in answered)
            assert not any(all(annotated.allows(lower) for annotated in answered) for lower in less(held))


def test_a_single_role_at_each_level_allows_what_the_annotations_say() -> None:
    bound = powers(Settings())
    for role in ROLES:
        for level in Access:
            told = {name for name, annotated in annotations().items() if annotated.allows({role: level})}
            assert bound.of({role: level}).operations == told


COUNTS: dict[str, tuple[tuple[int, int], ...]] = {
    "api_keys": ((4, 0), (4, 2), (4, 6)),
    "user_management": ((14, 2), (14, 15), (14, 42)),
    "shop_channel": ((3, 0), (3, 7), (3, 10)),
    "roles_permissions": ((4, 1), (5, 3), (5, 8)),
    "pricing": ((20, 0), (20, 13), (20, 45)),
    "logistics": ((1, 0), (1, 8), (1, 17)),
    "configuration": ((12, 3), (12, 24), (12, 46)),
    "product_data": ((11, 0), (11, 19), (11, 54)),
    "order_data": ((21, 8), (21, 45), (21, 58)),
}
"""How many queries and mutations a module allows by itself, as viewer, editor and owner."""


@pytest.mark.parametrize("module", MODULES)
def test_a_single_module_allows_so_many_operations_at_each_level(module: Role) -> None:
    kinds = {operation.name: operation.is_mutation for operation in catalogue().operations}
    bound = powers(Settings())
    found = []
    for level in (Access.VIEWER, Access.EDITOR, Access.OWNER):
        acts = [kinds[name] for name in bound.of({module: level}).operations]
        found.append((len(acts) - sum(acts), sum(acts)))
    assert tuple(found) == COUNTS[module]


def test_a_viewer_is_not_read_only_fourteen_mutations_are_open_to_one() -> None:
    viewer = powers(Settings()).of(dict.fromkeys(MODULES, Access.VIEWER))
    assert (
        sum(operation.is_mutation for operation in catalogue().operations if operation.name in viewer.operations) == 14
    )


def test_an_editor_has_less_than_an_owner() -> None:
    bound = powers(Settings())
    editor, owner = (bound.of(dict.fromkeys(MODULES, level)).operations for level in (Access.EDITOR, Access.OWNER))
    assert editor < owner
    assert {"roleCreate", "roleDelete", "adminUserCreate", "adminUserDelete"} <= owner - editor


def test_a_definition_with_another_name_in_the_hub_keeps_what_its_documented_name_allows() -> None:
    renamed = tuple((role, Text("prices") if role == "pricing" else name) for role, name in DEFAULT_ROLE_DEFINITIONS)
    held = {Role("pricing"): Access.OWNER}
    assert powers(Settings(role_definitions=renamed)).of(held) == powers(Settings()).of(held)
