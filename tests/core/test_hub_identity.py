"""A hub keeps its identity through everything that bo-sync does, except for one deletion; two hubs have two."""

import hashlib
from dataclasses import replace
from itertools import combinations, permutations

import pytest

from bo_sync.core.live import brief, identity_after, identity_of, tenants_differ
from bo_sync.core.model import Access, LiveState, LiveUser, RoleDefinition
from bo_sync.core.text import Text
from tests.support.builders import text

MORNING = Text("2026-01-01T08:00:00.000Z")
EVENING = Text("2026-01-01T20:00:00.000Z")


def user(number: int, email: str = "ann@example.com", created: Text = MORNING) -> LiveUser:
    return LiveUser(number, Text(email), created_at=created)


def kind(identifier: str, name: str = "role", created: Text = MORNING) -> RoleDefinition:
    return RoleDefinition(identifier, Text(name), Access.NONE, created)


DEFINITIONS = (kind("a", "order"), kind("b"), kind("c", "shop"))
USERS = (user(7), user(8), user(10))
HUB = LiveState(USERS, DEFINITIONS)


def identity(users: tuple[LiveUser, ...] = USERS, definitions: tuple[RoleDefinition, ...] = DEFINITIONS) -> str:
    return identity_of(definitions, users)


SAME = {
    "the order of users and definitions": identity(USERS[::-1], DEFINITIONS[::-1]),
    "another user": identity((*USERS, user(11))),
    "fewer users": identity(USERS[:1]),
    "the address of the first user": identity((user(7, "eve@example.com"), *USERS[1:])),
    "another definition": identity(definitions=(*DEFINITIONS, kind("0", "extra"))),
    "another definition's time": identity(definitions=(kind("a", "order", EVENING), *DEFINITIONS[1:])),
    "the default access": identity(definitions=tuple(replace(it, default_access=Access.OWNER) for it in DEFINITIONS)),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_the_identity_does_not_depend_on(other: str) -> None:
    assert other == identity()


OTHER = {
    "the id of the first user": identity((user(6), *USERS[1:])),
    "the time of the first user": identity((user(7, created=EVENING), *USERS[1:])),
    "no first user": identity(USERS[1:]),
    "no user": identity(()),
    "the id of Roles & permissions": identity(definitions=(kind("z"), *DEFINITIONS[2:])),
    "the time of Roles & permissions": identity(definitions=(kind("b", created=EVENING), *DEFINITIONS[2:])),
    "no definition of Roles & permissions": identity(definitions=DEFINITIONS[2:]),
    "no definition": identity(definitions=()),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_the_identity_depends_on(other: str) -> None:
    assert other != identity()


def test_each_of_those_gives_an_identity_of_its_own() -> None:
    assert all(one != other for one, other in combinations(OTHER.values(), 2))
    assert identity((user(10), user(9))) == identity((user(9),)), "ids are compared as numbers"


def test_without_roles_and_permissions_the_lowest_definition_counts() -> None:
    found = {identity(definitions=order) for order in permutations((kind("b", "x"), kind("a", "y"), kind("c", "z")))}
    assert found == {identity(definitions=(kind("a", "y"),))}


CANONICAL = {
    "both are known": (identity(), '[["b","2026-01-01T08:00:00.000Z"],[7,"2026-01-01T08:00:00.000Z"]]'),
    "neither exists": (identity((), ()), "[null,null]"),
    "an id that is not ASCII": (identity((), (kind("\u00e9"),)), '[["\\u00e9","2026-01-01T08:00:00.000Z"],null]'),
    "times that the hub does not answer": (
        identity_of((RoleDefinition("b", Text("role"), Access.NONE),), (LiveUser(7, Text("ann@example.com")),)),
        '[["b",null],[7,null]]',
    ),
}


@pytest.mark.parametrize(("found", "canonical"), CANONICAL.values(), ids=CANONICAL)
def test_an_identity_is_a_digest(found: str, canonical: str) -> None:
    assert found == "sha256:" + hashlib.sha256(canonical.encode("ascii")).hexdigest()


def test_only_the_deletion_of_the_first_user_changes_the_identity() -> None:
    assert identity_after(HUB, {8, 10}) == identity_after(HUB, ()) == identity()
    assert identity_after(HUB, {7}) == identity(USERS[1:])
    assert identity_after(HUB, {7, 8, 10}) == identity(())


def test_two_tenants_differ_when_both_are_known() -> None:
    for one, other, differ in (
        *(("acme", "acme", False), ("acme", "globex", True), ("acme", "ACME", True)),
        *(("acme", None, False), (None, None, False)),
    ):
        assert tenants_differ(text(one), text(other)) is tenants_differ(text(other), text(one)) is differ, (one, other)


def test_a_brief_identity_names_its_beginning() -> None:
    assert brief("sha256:" + "3f2c1ab0" * 8) == "sha256:3f2c1ab03f2c…"
    assert [brief(each) for each in ("sha256:1", "sha256:3f2c1ab03f2c")] == ["sha256:1", "sha256:3f2c1ab03f2c"]
