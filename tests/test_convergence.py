"""Whatever the files and the hub were: apply, then plan is empty, and the hub holds exactly what the files say.

In process, over the real client and the real sandbox: every request is real GraphQL.
`BO_SYNC_COURSES=4000` tries that many worlds.
"""

import os

import pytest

from bo_sync.apply.executor import apply_plan
from bo_sync.apply.planner import Desired, PlanRequest, Reading, make_plan
from bo_sync.cli.console import Silent
from bo_sync.core.live import index
from bo_sync.core.model import Access, is_same_value
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import resolve
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.population import UserRecord
from bo_sync.sandbox.store import Store
from tests.support.hub_double import hurried
from tests.support.worlds import STRANGER, TODAY, World, world

WORLDS = int(os.environ.get("BO_SYNC_COURSES", "60"))
LIMITS: tuple[str, ...] = ("max_user_deletes", "max_access_losses", "max_grant_losses", "max_expiries")
PASSED = PlanRequest(allowed=(*((name, 999) for name in LIMITS), ("min_role_owners", 1)))


@pytest.mark.parametrize("seed", range(WORLDS))
def test_after_apply_the_plan_is_empty_and_the_hub_holds_exactly_what_the_files_say(seed: int) -> None:
    given = world(seed)
    with Store.open() as store:
        store.load(given.population)
        stranger = _user(store, STRANGER)
        hub = CommerceHub(
            Transport(parse_address(SANDBOX), adapters={SANDBOX: SandboxAdapter(_keyless(store, given))}),
            page_size=30,
            batch_size=5,
        )
        desired = _desired(given)
        reading = _converge(hub, desired)
        assert not reading.plan.changes
        assert _differences(hub, desired) == []
        assert _user(store, STRANGER) == stranger


def _keyless(store: Store, given: World) -> SandboxHub:
    return SandboxHub(store, given.behaviour, keyless=True)


def _desired(given: World) -> Desired:
    users = tuple(resolve(entry, given.presets, given.settings, TODAY) for entry in given.declarations)
    return Desired(users, given.settings, ConfigFacts(len(users), "sha256:0"))


def _converge(hub: CommerceHub, desired: Desired) -> Reading:
    """One apply, and the plan after it."""
    reading = make_plan(desired, hub.read_all(Silent()), hub.url, PASSED)
    report = apply_plan(reading, hub, hurried("run"), Silent())
    assert report.complete, report.outcomes
    return make_plan(desired, hub.read_all(Silent()), hub.url, PASSED)


def _differences(hub: CommerceHub, desired: Desired) -> list[str]:
    """Read without the diff engine: what of the files does not hold in the hub, in words."""
    settings = desired.settings
    live = index(hub.read_all(Silent()), settings)
    wrong: list[str] = []
    for user in desired.users:
        found = live.by_address.get(user.email.folded, ())
        if user.departure is not None:
            wrong += [f"{user.email!s} is still there"] if found else []
            continue
        if len(found) != 1:
            wrong.append(f"{user.email!s} is there {len(found)} times")
            continue
        held = {entry.field: entry.value for entry in found[0].user.profile}
        wrong += [
            f"{user.email!s} {entry.field}"
            for entry in user.profile
            if not is_same_value(entry.field, held[entry.field], entry.value)
        ]
        grants = {grant.role: grant.access for grant in user.grants}
        wrong += [
            f"{user.email!s} {role}"
            for role in settings.roles
            if found[0].access(role) is not grants.get(role, Access.NONE)
        ]
        wrong += [f"{user.email!s} {role} twice" for role, held_row in found[0].holdings.items() if held_row.surplus]
    return wrong


def _user(store: Store, email: str) -> UserRecord:
    return next(user for user in store.snapshot()["users"] if user["email"] == email)
