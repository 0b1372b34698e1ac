"""Runs while an address begins to answer for another tenant: no write reaches it, whatever the files and users are.

The API key selects the tenant. Here the address changes over under one key, so that each moment of a run can be hit.
`BO_SYNC_COURSES=4000` runs each moment that many times, divided by their number.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Final

import pytest

from bo_sync.sandbox.population import Population
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import file
from tests.model.draws import company
from tests.support.inside import inside
from tests.support.misbehaving_hub import OPTIONS, MisbehavingHub
from tests.support.process import run_here, write

KEY: Final = "sandbox-owner"
OPTION: Final = OPTIONS["two tenants at one address"]
RUNS: Final = max(8, int(os.environ.get("BO_SYNC_COURSES", "0")) // 3)


@dataclass(frozen=True)
class Address:
    url: str
    hub: MisbehavingHub

    def change_over(self) -> None:
        """From here on the same key reaches the other tenant."""
        self.hub.misbehaviour = replace(self.hub.misbehaviour, tenants=((KEY, "globex"),))

    @property
    def held(self) -> list[Population]:
        return [store.snapshot() for store in (self.hub.store, self.hub.others["globex"].store)]


@contextmanager
def two_tenants(chance: Random) -> Iterator[Address]:
    """A company, and at the same address another one, the same one with later users, or an exact copy.

    Only the id of the tenant tells the copy from the first, so that a key that may not read it is not drawn there.
    """
    here = company(chance).population
    there, is_copy = chance.choice((company(chance).population, here)), chance.random() < 0.3
    tenant = "acme" if is_copy or chance.random() < 0.5 else ""
    with Store.open() as store:
        store.load(here)
        hub = MisbehavingHub(store, replace(OPTION, tenant=tenant), keyless=False)
        hub.others["globex"].store.load(store.snapshot() if is_copy else created_later(there))
        with SandboxServer(hub) as server:
            yield Address(server.url, hub)


def created_later(population: Population) -> Population:
    return {**population, "users": [{**user, "createdAt": "2025-05-05T00:00:00.000Z"} for user in population["users"]]}


@dataclass
class Typed:
    """A terminal where `yes` is typed, after `meanwhile` is done."""

    meanwhile: Callable[[], None]
    is_asked: bool = False

    def isatty(self) -> bool:
        return True

    def readline(self) -> str:
        self.is_asked = True
        self.meanwhile()
        return "yes\n"


def started(root: Path, chance: Random, monkeypatch: pytest.MonkeyPatch, address: Address) -> None:
    """Files as the first tenant has it, with a new user, and perhaps without one user."""
    root.mkdir()
    monkeypatch.chdir(root)
    monkeypatch.setenv("BO_SYNC_HUB_URL", address.url)
    monkeypatch.setenv("BO_SYNC_API_KEY", KEY)
    monkeypatch.delenv("CI", raising=False)
    unmanaged = chance.choice(("report", "delete"))
    limits = "guardrails: {max_user_deletes: 99, max_access_losses: 99, max_grant_losses: 99, min_role_owners: 1}\n"
    write(root, {"bo-sync.yaml": f"unmanaged: {unmanaged}\n{limits}"})
    assert inside("pull").code in {0, 2}
    pulled = sorted(root.glob("users/*.yaml"))
    if chance.random() < 0.5:
        chance.choice(pulled).unlink()
    write(root, {"users/new.yaml": file("new@example.com", first="Nora", last="Newhire")})


def test_a_saved_plan_reaches_no_other_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(RUNS):
        chance = Random(number)
        with two_tenants(chance) as address:
            started(tmp_path / str(number), chance, monkeypatch, address)
            assert inside("plan", "--out", "plan.json").code in {0, 2, 4}
            before = address.held
            address.change_over()
            ran = inside("apply", "plan.json", "--yes")
            assert (ran.code, address.held) == (6, before), (number, ran)


def test_a_plan_that_is_confirmed_reaches_no_other_tenant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    for number in range(RUNS):
        chance = Random(number)
        with two_tenants(chance) as address:
            started(tmp_path / str(number), chance, monkeypatch, address)
            before, typed = address.held, Typed(address.change_over)
            ran = run_here("apply", typed=typed)
            asked += typed.is_asked
            assert (ran.code, address.held) == (6 if typed.is_asked else 4, before), (number, ran)
    assert asked > RUNS / 2, "else most plans were blocked, and show nothing"


NAMED: Final = (("plan",), ("apply", "--yes"), ("apply", "plan.json", "--yes"), ("pull",), ("pull", "--update"))


def test_no_command_reads_or_writes_another_tenant_than_the_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(RUNS):
        root, chance = tmp_path / str(number), Random(number)
        with two_tenants(chance) as address:
            started(root, chance, monkeypatch, address)
            inside("plan", "--out", "plan.json")
            hub = json.loads((root / "plan.json").read_text("utf-8"))["hub"]
            named = hub["identity"] if hub["tenant"] is None else f"tenant/{hub['tenant']}"
            write(root, {"bo-sync.yaml": f"{(root / 'bo-sync.yaml').read_text('utf-8')}hub_identity: {named}\n"})
            inside("plan", "--out", "plan.json")
            before, files = address.held, _texts(root)
            address.change_over()
            for line in NAMED:
                ran = inside(*line)
                assert (ran.code, ran.out, address.held) == (64, "", before), (number, line, ran)
            assert _texts(root) == files


def _texts(root: Path) -> dict[str, str]:
    return {str(path): path.read_text("utf-8") for path in sorted(root.glob("**/*.yaml"))}
