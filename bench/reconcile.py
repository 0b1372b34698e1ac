"""How a plan and a pull grow: a plan in which every user changes against one without changes, and ten times the users;
and the memory that the largest plan takes.

The hub's state is a value in memory, as a read returns it, so neither a network nor a sandbox is measured. Users
hold one of a dozen sets of grants, as presets give them, so many change alike. What counts is the processor's time.
"""

import resource
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from random import Random
from typing import Final

from bench.load import seconds
from bench.result import Result
from bo_sync.apply.planner import Desired, make_plan
from bo_sync.apply.pull import Here, pull
from bo_sync.config.load import tree_of
from bo_sync.core.model import (
    BACKOFFICE,
    DEFAULT_HUB_NAMES,
    MODULES,
    ROLES_PERMISSIONS,
    Access,
    DesiredGrant,
    DesiredUser,
    FieldValue,
    GrantRow,
    LiveState,
    LiveUser,
    Role,
    RoleDefinition,
    Source,
)
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text

USERS: Final = 10_000
MANY_USERS: Final = 100_000
ROUNDS: Final = 3
PLAN_BOUND: Final = 2.0
GROWTH_BOUND: Final = 11.0
GIBIBYTE: Final = 2**20
"""In the unit of `ru_maxrss`, which is KiB on Linux."""
PULL_BOUND: Final = 12.0
DAY: Final = date(2026, 11, 30)
SETS: Final = 12
"""Sets of grants that there are, as a company has presets."""


def measure() -> list[Result]:
    """Every measurement of this module."""
    return [*measure_plan(), *measure_growth(), measure_pull()]


def measure_plan() -> list[Result]:
    """One grant of every user is raised, which no guardrail blocks; or the last one is revoked, which takes the owners
    away and which two guardrails block; or nothing changes."""
    live, users = _hub(USERS), _users(USERS)
    raised, fewer = _all_raised(users), tuple(replace(user, grants=user.grants[:-1]) for user in users)
    assert [_planned(kind, live) for kind in (users, raised, fewer)] == [(0, 0), (USERS, 0), (USERS, 2)]
    rounds = [[seconds(partial(_planned, kind, live)) for kind in (users, raised, fewer)] for _ in range(ROUNDS)]
    none, every, blocked = map(min, zip(*rounds, strict=True))
    figures = f"s, without changes {none:.2f} s, {USERS:,} users (fastest of {ROUNDS})"
    return [
        Result("plan in which every user changes", every / none, PLAN_BOUND, f"{every:.2f} {figures}"),
        Result("the same, blocked by guardrails", blocked / none, PLAN_BOUND, f"{blocked:.2f} {figures}"),
    ]


def measure_growth() -> list[Result]:
    """A plan in which each of very many users changes, in a process of its own, against one of a tenth of them."""
    pairs = [(_apart(MANY_USERS), _apart(MANY_USERS // 10)) for _ in range(ROUNDS)]
    many, few = min(large[0] for large, _ in pairs), min(small[0] for _, small in pairs)
    peak = max(large[1] for large, _ in pairs)
    figures = f"{many:.2f} s, {MANY_USERS // 10:,} users {few:.2f} s (fastest of {ROUNDS})"
    memory = f"{peak // 1024} MiB at most, with the hub and the files ({ROUNDS} runs)"
    return [
        Result(f"plan of {MANY_USERS:,} users", many / few, GROWTH_BOUND, figures),
        Result("peak memory of that plan in GiB", peak / GIBIBYTE, 1, memory),
    ]


def _apart(count: int) -> tuple[float, int]:
    """Seconds and the peak of memory, in KiB, of a plan in which so many users change."""
    command = [sys.executable, "-m", "bench.reconcile", str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    taken, peak = done.stdout.split()
    return float(taken), int(peak)


def _print_plan(count: int) -> None:
    live, users = _hub(count), _all_raised(_users(count))
    print(seconds(lambda: _planned(users, live)), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def measure_pull() -> Result:
    """New files for all users of a hub, and for a tenth of them."""
    large, small = _hub(USERS), _hub(USERS // 10)
    assert _pulled(small) == USERS // 10
    pairs = [(seconds(lambda: _pulled(large)), seconds(lambda: _pulled(small))) for _ in range(ROUNDS)]
    many, few = min(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    figures = f"{many:.2f} s, {USERS // 10:,} users {few:.2f} s (fastest of {ROUNDS})"
    return Result(f"pull of {USERS:,} users", many / few, PULL_BOUND, figures)


def _planned(users: Sequence[DesiredUser], live: LiveState) -> tuple[int, int]:
    """How many users the plan changes, and how many guardrails block it."""
    desired = Desired(tuple(users), Settings(), ConfigFacts(len(users), "sha256:"), today=DAY)
    plan = make_plan(desired, live, "http://127.0.0.1").plan
    return len(plan.changes), len(plan.refused)


def _pulled(live: LiveState) -> int:
    return len(pull(Here({}, tree_of(()), DAY), live, update=False).new)


def _sets() -> tuple[tuple[tuple[Role, Access], ...], ...]:
    """Each begins with a viewer's grant. Those of the first set are owners, without whom every plan is blocked."""
    chance, modules = Random(7), tuple(role for role in MODULES if role != ROLES_PERMISSIONS)
    sets = [tuple((role, Access.VIEWER) for role in chance.sample(modules, 4)) for _ in range(SETS)]
    return (*sets[0], (BACKOFFICE, Access.OWNER), (ROLES_PERMISSIONS, Access.OWNER)), *sets[1:]


def _users(count: int) -> tuple[DesiredUser, ...]:
    sets = _sets()
    return tuple(_user(number, sets[number % SETS]) for number in range(count))


def _user(number: int, held: Sequence[tuple[Role, Access]]) -> DesiredUser:
    source = Source(Text(f"users/user-{number:05}.yaml"), 1)
    grants = tuple(DesiredGrant(role, access, source) for role, access in held)
    return DesiredUser(_email(number), source, profile=_profile(number), grants=grants)


def _all_raised(users: Sequence[DesiredUser]) -> tuple[DesiredUser, ...]:
    return tuple(replace(user, grants=_raised(user.grants)) for user in users)


def _raised(grants: Sequence[DesiredGrant]) -> tuple[DesiredGrant, ...]:
    first, *rest = grants
    return replace(first, access=Access.EDITOR), *rest


def _hub(count: int) -> LiveState:
    sets, names = _sets(), DEFAULT_HUB_NAMES
    definitions = tuple(RoleDefinition(f"d-{name}", Text(name), Access.NONE) for name in names.values())
    users = tuple(
        LiveUser(
            number + 1,
            _email(number),
            _profile(number),
            tuple(GrantRow(f"r-{number}-{role}", f"d-{names[role]}", access) for role, access in sets[number % SETS]),
        )
        for number in range(count)
    )
    return LiveState(users, definitions)


def _email(number: int) -> Text:
    return Text(f"user-{number:05}@example.com")


def _profile(number: int) -> tuple[FieldValue, ...]:
    return FieldValue("first_name", Text("Jane")), FieldValue("last_name", Text(f"Doe {number}"))


if __name__ == "__main__":
    if sys.argv[1:]:
        _print_plan(int(sys.argv[1]))
    else:
        sys.stdout.writelines(f"{result}\n" for result in measure())
