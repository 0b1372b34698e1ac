"""What differs between two tables of operations: above all what a grant that nobody touched allows anew."""

from dataclasses import replace
from random import Random
from typing import Final

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.access.catalogue import catalogue
from bo_sync.access.introspection import Growth, growth
from bo_sync.core.hub_operations import Operation, Verdict
from bo_sync.core.model import DEFAULT_HUB_NAMES, MODULES, Access
from bo_sync.core.settings import Settings

ORDER: Final = Operation("orderUpdate", is_mutation=True, alternatives=(("order", Access.EDITOR),))
UNKNOWN: Final = Operation("adminThing", is_mutation=False, is_annotated=False)


def names(operations: tuple[Operation, ...]) -> list[str]:
    return [operation.name for operation in operations]


def grants(found: Growth) -> list[tuple[str, str, list[str], list[str]]]:
    return [
        (grant.definition, grant.access.word, names(grant.allowed), names(grant.no_longer)) for grant in found.grants
    ]


def by(level: Access, definition: str = "order") -> tuple[tuple[str, Access], ...]:
    return ((definition, level),)


def test_nothing_grows_between_equal_tables_in_any_order() -> None:
    every = catalogue().operations
    assert growth(every, every).is_nothing
    assert growth(every, tuple(reversed(every))).is_nothing
    assert growth((), ()).is_nothing


def test_a_lower_level_that_now_suffices_is_silent_growth_of_that_level_alone() -> None:
    viewer, owner = (replace(ORDER, alternatives=by(level)) for level in (Access.VIEWER, Access.OWNER))
    found = growth([ORDER], [viewer])
    assert grants(found) == [("order", "viewer", ["orderUpdate"], [])]
    assert replace(found, grants=()).is_nothing
    assert not found.is_nothing
    lost: list[str] = []  # a higher level that is needed is silent loss of the lower ones
    assert grants(growth([viewer], [owner])) == [
        ("order", level, lost, ["orderUpdate"]) for level in ("viewer", "editor")
    ]


def test_another_definition_that_now_suffices_grows_at_its_level_and_above() -> None:
    found = growth([ORDER], [replace(ORDER, alternatives=(*ORDER.alternatives, *by(Access.EDITOR, "pricing")))])
    assert grants(found) == [("pricing", "editor", ["orderUpdate"], []), ("pricing", "owner", ["orderUpdate"], [])]


def test_an_added_operation_is_growth_and_a_removed_one_loss() -> None:
    more = Operation("aQuery", is_mutation=False, alternatives=by(Access.OWNER))
    found = growth([ORDER], [more])
    assert (names(found.added), names(found.removed)) == (["aQuery"], ["orderUpdate"])
    assert grants(found) == [("order", "editor", [], ["orderUpdate"]), ("order", "owner", ["aQuery"], ["orderUpdate"])]


def test_an_added_operation_that_nobody_knows_the_access_of_is_growth_of_no_grant() -> None:
    found = growth([], [UNKNOWN])
    assert (names(found.added), found.grants, found.annotated, found.vanished) == (["adminThing"], (), (), ())


def test_an_annotation_that_comes_or_vanishes_is_said_beside_what_it_allows() -> None:
    known = replace(UNKNOWN, is_annotated=True, alternatives=by(Access.OWNER, "role"))
    came, went = growth([UNKNOWN], [known]), growth([known], [UNKNOWN])
    assert (names(came.annotated), names(came.vanished)) == (["adminThing"], [])
    assert grants(came) == [("role", "owner", ["adminThing"], [])]
    assert (names(went.annotated), names(went.vanished)) == ([], ["adminThing"])
    assert grants(went) == [("role", "owner", [], ["adminThing"])]
    assert went.vanished == (UNKNOWN,)


def test_other_conditions_are_said_and_are_growth_of_no_grant() -> None:
    for changed in (replace(ORDER, system=("internal",)), replace(ORDER, when="user is authenticated")):
        found = growth([ORDER], [changed])
        assert (found.conditions, found.grants) == ((changed,), ())
    assert growth([replace(ORDER, system=("a", "b"))], [replace(ORDER, system=("b", "a"))]).is_nothing


def test_a_deprecation_is_said_once_when_it_comes() -> None:
    old = replace(ORDER, is_deprecated=True)
    assert growth([ORDER], [old]).deprecated == (old,)
    assert growth([old], [old]).is_nothing
    assert growth([old], [ORDER]).is_nothing


def test_a_query_that_became_a_mutation_is_another_operation_and_queries_come_first() -> None:
    found = growth([replace(ORDER, is_mutation=False)], [ORDER])
    assert (found.added, found.removed) == ((ORDER,), (replace(ORDER, is_mutation=False),))
    added = [Operation(name, is_mutation=name.isupper()) for name in ("B", "b", "A", "a")]
    assert names(growth([], added).added) == ["a", "b", "A", "B"]


@pytest.mark.parametrize("seed", range(20))
def test_what_grows_is_what_the_powers_of_a_single_grant_gain(seed: int) -> None:
    """The same answer by the other way: what somebody with just that grant may do before and after."""
    before = catalogue()
    after = replace(before, operations=tuple(_drifted(Random(seed), before.operations)))
    found = {(grant.definition, grant.access): grant for grant in growth(before.operations, after.operations).grants}
    then, now = powers(Settings(), before), powers(Settings(), after)
    for role in MODULES:
        for access in (Access.VIEWER, Access.EDITOR, Access.OWNER):
            allowed = [set(side.with_verdict({role: access}, Verdict.ALLOWED)) for side in (then, now)]
            grant = found.get((DEFAULT_HUB_NAMES[role], access))
            assert set(names(grant.allowed) if grant else ()) == allowed[1] - allowed[0]
            assert set(names(grant.no_longer) if grant else ()) == allowed[0] - allowed[1]


def _drifted(chance: Random, operations: tuple[Operation, ...]) -> list[Operation]:
    """A later release of the hub: some operations are gone, some other annotations, some new operations."""
    kept = [operation for operation in operations if chance.random() < 0.95]
    levels = [Access.VIEWER, Access.EDITOR, Access.OWNER]
    changed = [
        replace(operation, alternatives=((chance.choice(list(DEFAULT_HUB_NAMES.values())), chance.choice(levels)),))
        if operation.is_annotated and chance.random() < 0.1
        else operation
        for operation in kept
    ]
    return [*changed, Operation("brandNew", is_mutation=True, alternatives=by(chance.choice(levels), "pricing"))]
