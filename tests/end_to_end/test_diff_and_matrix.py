"""`diff A B` is the difference of `matrix --at A` and `matrix --at B`: two commands, each asked for its JSON.

A repository of random configurations, one a commit, each some days after the one before. What a user's grants open is
worked out here once more, operation by operation.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

import pytest

from bo_sync.access.capabilities import powers
from bo_sync.core.hub_operations import Verdict
from bo_sync.core.model import ACCESS_WORDS, MODULES, PLATFORM, Role
from bo_sync.core.settings import Settings
from tests.support.inside import inside
from tests.support.repository import commit, git, repository

COMMITS: Final = 24
PAIRS: Final = int(os.environ.get("BO_SYNC_COURSES", "60"))
FIRST: Final = date(2026, 1, 5)
USERS: Final = ("ann", "bob", "cas", "dee", "eve", "fay", "gus", "hal")
ADDED: Final = "returns"
LEVELS: Final = ("none", "viewer", "editor", "owner")

Grants = Mapping[str, str]


def day(number: int) -> date:
    return FIRST + timedelta(days=3 * number)


def around(chance: Random) -> str:
    """A day in the time of the commits, or long after it, so that some ends have passed and some have not."""
    return (FIRST + timedelta(days=chance.choice((chance.randint(-5, 3 * COMMITS), 9999)))).isoformat()


def tree(chance: Random) -> dict[str, str]:
    role = f"role_definitions: {{{ADDED}: rma}}\n"
    files = {"bo-sync.yaml": role, **{f"presets/p{number}.yaml": preset(chance, number) for number in range(3)}}
    for name in USERS:
        if chance.random() < 0.8:
            files[f"users/{chance.choice(('a', 'b'))}/{name}.yaml"] = entry(chance, name)
    return files


def preset(chance: Random, number: int) -> str:
    lines = [f"label: P{number}", f"platform: {{{chance.choice(PLATFORM)}: true}}", f"modules: {modules(chance, 1)}"]
    return "\n".join([*lines, f"extends: [p{number - 1}]" if number and chance.random() < 0.5 else "", ""])


def modules(chance: Random, least: int = 0) -> str:
    roles = [role for role in (*MODULES, ADDED) if chance.random() < 0.25]
    return "{" + ", ".join(f"{role}: {chance.choice(LEVELS[least:])}" for role in roles) + "}"


def entry(chance: Random, name: str) -> str:
    address = f"{name}@example.com"
    lines = [f"email: {address.title() if chance.random() < 0.3 else address}", f"first_name: {name}", "last_name: X"]
    if chance.random() < 0.1:
        return "\n".join([*lines[:1], "state: absent", ""])
    if chance.random() < 0.7:
        lines.append(f"preset: p{chance.randint(0, 2)}")
    if chance.random() < 0.5:
        lines.append(f"platform: {{{chance.choice(PLATFORM)}: {chance.choice(('true', 'false'))}}}")
    if chance.random() < 0.6:
        lines.append(f"modules: {modules(chance)}")
    elif chance.random() < 0.7:
        limited = f"{{access: {chance.choice(LEVELS)}, until: {around(chance)}, reason: x}}"
        lines.append(f"modules: {{{chance.choice(MODULES)}: {limited}}}")
    if chance.random() < 0.2:
        lines.append(f"until: {around(chance)}")
    return "\n".join([*lines, ""])


@dataclass(slots=True)
class History:
    """The repository and its commits, oldest first, with every matrix that was asked for."""

    root: Path
    commits: list[str]
    asked: dict[tuple[str, ...], dict[str, Grants]] = field(default_factory=dict)

    def matrix(self, *arguments: str) -> dict[str, Grants]:
        """By folded address: everybody's grants that are not none."""
        if arguments not in self.asked:
            ran = inside("matrix", *arguments, "-C", str(self.root), "-q", "--format", "json")
            assert ran.code == 0, ran.err
            self.asked[arguments] = {
                user["email"].casefold(): {role: level for role, level in user["grants"].items() if level != "none"}
                for user in json.loads(ran.out)["users"]
            }
        return self.asked[arguments]

    def users(self, *arguments: str) -> list[dict[str, object]]:
        ran = inside("diff", *arguments, "-C", str(self.root), "-q", "--format", "json")
        assert ran.code == 0, ran.err
        found: list[dict[str, object]] = json.loads(ran.out)["users"]
        return found


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    chance = Random(2026)
    root = repository(tmp_path_factory.mktemp("history"), tree(chance), when=f"{day(0)}T12:00:00Z")
    commits = [git(root, "rev-parse", "HEAD")]
    for number in range(1, COMMITS):
        old = {str(path.relative_to(root)): None for path in root.rglob("*.yaml")}
        commits.append(commit(root, {**old, **tree(chance)}, when=f"{day(number)}T12:00:00Z"))
    return History(root, commits)


def difference(before: Mapping[str, Grants], after: Mapping[str, Grants]) -> list[dict[str, object]]:
    """What `diff` must say of two matrices, but for spellings and sources."""
    found = []
    for email in sorted({*before, *after}):
        then, now = before.get(email, {}), after.get(email, {})
        if email not in before or email not in after or then != now:
            found.append(
                {
                    "email": email,
                    "joined": email not in before,
                    "left": email not in after,
                    "gained": more(then, now, is_gain=True),
                    "lost": more(now, then, is_gain=False),
                }
            )
    return found


def more(less: Grants, much: Grants, *, is_gain: bool) -> dict[str, object]:
    """What `much` has beyond `less`; `is_gain` when it is the later of the two."""
    higher = [role for role in (*PLATFORM, *MODULES, ADDED) if rank(much, role) > rank(less, role)]
    then, now = (less, much) if is_gain else (much, less)
    few, many = (opened(frozenset(grants.items())) for grants in (less, much))
    return {
        "grants": [{"role": role, "before": then.get(role, "none"), "after": now.get(role, "none")} for role in higher],
        "menu": many[0] - few[0],
        "operations": many[1] - few[1],
    }


def rank(grants: Grants, role: str) -> int:
    return LEVELS.index(grants.get(role, "none"))


@cache
def opened(grants: frozenset[tuple[str, str]]) -> tuple[set[str], set[str]]:
    held = {Role(role): ACCESS_WORDS[level] for role, level in grants}
    asked = powers(Settings())
    items = {item.name for item in asked.facts.menu if all(held.get(role) for role in (item.platform, *item.modules))}
    return items, set(asked.with_verdict(held, Verdict.ALLOWED))


def comparable(user: dict[str, object]) -> dict[str, object]:
    moves = {side: dict(moved) for side in ("gained", "lost") if isinstance(moved := user[side], dict)}
    for moved in moves.values():
        for kind in ("menu", "operations"):
            assert len(set(moved[kind])) == len(moved[kind])
            moved[kind] = set(moved[kind])
    return {"email": str(user["email"]).casefold(), "joined": user["joined"], "left": user["left"], **moves}


def differing(found: Iterable[dict[str, object]]) -> list[dict[str, object]]:
    """The rows of users whose access differs between the two sides; the others only have another end."""
    rows = map(comparable, found)
    return [row for row in rows if row["joined"] or row["left"] or _moves(row["gained"]) or _moves(row["lost"])]


def _moves(side: object) -> bool:
    assert isinstance(side, dict)
    return any(side.values())


@pytest.mark.parametrize("seed", range(PAIRS))
def test_a_difference_is_that_of_the_two_matrices(history: History, seed: int) -> None:
    chance = Random(seed)
    first, second = chance.randrange(COMMITS), chance.randrange(COMMITS)
    judged: tuple[str, ...] = ()
    if seed % 3:
        judged = ("--today", str(day(chance.randrange(COMMITS))))
        sides: list[tuple[str, tuple[str, ...]]] = [(history.commits[number], judged) for number in (first, second)]
    else:
        sides = [(f"@{day(number) + timedelta(days=chance.randint(0, 2))}", judged) for number in (first, second)]
    before, after = (history.matrix("--at", revision, *rest) for revision, rest in sides)
    found = history.users(*(revision for revision, _ in sides), *judged)
    assert differing(found) == difference(before, after)


def test_without_a_second_revision_it_is_the_working_tree_that_is_compared(history: History) -> None:
    judged = ("--today", str(day(3)))
    for revision in ("HEAD~1", history.commits[3]):
        found = differing(history.users(revision, *judged))
        assert found == difference(history.matrix("--at", revision, *judged), history.matrix(*judged))
        assert found
    assert history.users(*judged) == history.users("HEAD", "HEAD", *judged) == []


def test_the_pairs_are_of_every_kind(history: History) -> None:
    """Most differ; users join, leave, gain, lose, and are spelled anew."""
    judged = ("--today", str(day(3)))
    found = [user for number in history.commits[1:] for user in history.users(history.commits[0], number, *judged)]
    for key in ("joined", "left"):
        assert sum(bool(user[key]) for user in found) > 5
    for side in ("gained", "lost"):
        moved = [user[side] for user in found]
        assert sum(isinstance(entry, dict) and bool(entry["operations"]) for entry in moved) > 50
