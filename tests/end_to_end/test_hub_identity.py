"""One address, two hubs: the API key selects the tenant, and a plan for one of them never runs on the other."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bo_sync.sandbox.population import Population, UserRecord
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store
from tests.end_to_end.hubs import observed
from tests.end_to_end.test_prompt_and_signals import PROMPT, Meanwhile
from tests.end_to_end.world import file, files, rows, user
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour
from tests.support.process import Keys, Ran, bo_sync, in_terminal, write

OWNERS = [user(f"owner{number}@example.com", *rows(role="OWNER", backoffice="OWNER")) for number in range(2)]
HERE: Population = {"users": [user("ada@example.com", *rows(order="OWNER")), *OWNERS]}
LATER: UserRecord = {"email": "ada@example.com", "createdAt": "2025-05-05T00:00:00.000Z"}
THERE: Population = {"users": [LATER, *OWNERS]}
NEW = file("new@example.com", first="Nora")
LEAVER = "email: ada@example.com\nstate: absent\n"


@dataclass(frozen=True)
class Address:
    """One address. The key of the first hub is the sandbox's own, `other` selects the second."""

    url: str
    hub: MisbehavingHub

    def env(self, key: str = "sandbox-owner") -> dict[str, str]:
        return {"BO_SYNC_HUB_URL": self.url, "BO_SYNC_API_KEY": key}

    @property
    def other(self) -> dict[str, str]:
        return self.env("other-key")

    @property
    def held(self) -> list[list[str]]:
        stores = (self.hub.store, self.hub.others["globex"].store)
        return [[user["email"] for user in store.snapshot()["users"]] for store in stores]


@contextmanager
def two_hubs(tenant: str = "") -> Iterator[Address]:
    with Store.open() as store:
        store.load(HERE)
        does = Misbehaviour(tenant=tenant, tenants=(("other-key", "globex"),))
        hub = MisbehavingHub(store, does, keyless=False)
        hub.others["globex"].store.load(THERE)
        with SandboxServer(hub) as server:
            yield Address(server.url, hub)


@pytest.fixture
def address() -> Iterator[Address]:
    with two_hubs() as found:
        yield found


def identity(root: Path, env: dict[str, str]) -> str:
    """What `doctor` prints of the hub, as `hub_identity` takes it."""
    checks = json.loads(bo_sync(root, "doctor", "--format", "json", env=env).out)["checks"]
    message: str = next(check["message"] for check in checks if check["name"] == "identity")
    return message.partition(",")[0]


def planned(root: Path, env: dict[str, str]) -> dict[str, object]:
    ran = bo_sync(root, "plan", "--out", "plan.json", env=env)
    assert ran.code == 0, ran
    hub: dict[str, object] = json.loads((root / "plan.json").read_text("utf-8"))["hub"]
    return hub


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(NEW, id="a creation alone"),
        pytest.param(LEAVER, id="a deletion alone"),
        pytest.param(file("ada@example.com", "job: Poet"), id="a profile alone"),
        pytest.param(file("ada@example.com", "modules: {pricing: editor}"), id="grants alone"),
        pytest.param("email: gone@example.com\nstate: absent\n", id="no change"),
    ],
)
def test_a_saved_plan_does_not_run_on_another_hub_at_one_address(address: Address, tmp_path: Path, text: str) -> None:
    root, before = write(tmp_path, files(text)), address.held
    planned(root, address.env())
    ran = bo_sync(root, "apply", "plan.json", "--yes", env=address.other)
    assert (ran.code, address.held) == (6, before)
    assert ran.complaint[0] == "error: the saved plan is not what would be done now:"
    assert ran.complaint[1].startswith("  hub identity: sha256:")
    assert "ada@" not in ran.err + ran.out
    same = bo_sync(root, "apply", "plan.json", "--yes", env=address.env())
    assert same.code == 0, same


def test_known_tenants_that_differ_are_two_hubs_although_all_else_is_equal(tmp_path: Path) -> None:
    with two_hubs("acme") as address:
        address.hub.others["globex"].store.load(address.hub.store.snapshot())
        root = write(tmp_path, files(NEW))
        assert planned(root, address.env())["tenant"] == "acme"
        ran = bo_sync(root, "apply", "plan.json", "--yes", env=address.other)
        assert (ran.code, ran.complaint[1]) == (6, "  tenant: acme, now globex")


def test_a_hub_that_changes_while_the_question_stands_is_another_hub(tmp_path: Path) -> None:
    root, meanwhile = write(tmp_path, files(NEW)), Meanwhile()
    with observed(HERE, meanwhile) as hub:
        meanwhile.work = lambda: hub.hub.store.load(THERE)
        done = in_terminal(root, "apply", env=hub.env(), keys=Keys(PROMPT, "yes\n"))
        held = [user["email"] for user in hub.holds()["users"]]
    assert done.code == 6
    assert "hub identity: sha256:" in done.out
    assert "new@example.com" not in held


COMMANDS = {
    "plan": ("plan",),
    "plan as JSON": ("plan", "--format", "json"),
    "apply": ("apply", "--yes"),
    "pull": ("pull",),
    "users": ("users", "--live"),
    "matrix": ("matrix", "--live"),
    "show": ("show", "ada@example.com", "--live"),
    "init": ("init", "--from-hub"),
}


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_another_hub_shows_and_gets_nothing(address: Address, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    expected = identity(tmp_path, address.env())
    root = write(tmp_path, files(NEW, settings=f"hub_identity: {expected}\n"))
    before, found = address.held, identity_there(address)
    ran = bo_sync(root, *arguments, env=address.other)
    assert (ran.code, ran.out, address.held) == (64, "", before)
    assert ran.complaint == (
        f"error: {address.url} is not the hub that bo-sync.yaml (hub_identity) names",
        f"next: check the API key, which selects the tenant; this hub is {found}",
    )
    assert not list(root.glob("users/*owner*"))


def identity_there(address: Address) -> str:
    """The identity of the second hub, asked in a folder without settings."""
    return identity(Path("/"), address.other)


def test_the_hub_that_the_files_name_is_planned_and_applied(address: Address, tmp_path: Path) -> None:
    expected = identity(tmp_path, address.env())
    root = write(tmp_path, files(NEW, settings=f"hub_identity: {expected}\n"))
    assert planned(root, address.env())["identity"] == expected
    assert bo_sync(root, "apply", "plan.json", "--yes", env=address.env()).code == 0
    assert "new@example.com" in address.held[0]


@pytest.mark.parametrize(
    ("tenant", "key", "code"),
    [
        pytest.param("acme", "sandbox-owner", 0, id="the tenant that is named"),
        pytest.param("acme", "other-key", 64, id="another tenant"),
        pytest.param("", "sandbox-owner", 1, id="a tenant that the key may not read"),
    ],
)
def test_a_tenant_may_be_named(tmp_path: Path, tenant: str, key: str, code: int) -> None:
    root = write(tmp_path, files(NEW, settings="hub_identity: tenant/acme\n"))
    with two_hubs(tenant) as address:
        ran = bo_sync(root, "plan", env=address.env(key))
        checked = bo_sync(root, "doctor", env=address.env(key))
        settings = "unmanaged: report\n"
        found = identity(write(tmp_path / "plain", files(NEW, settings=settings)), address.env(key))
    assert (ran.code, checked.code) == (code, min(code, 1))
    if code == 64:
        assert ran.complaint[1].endswith("this hub is tenant/globex")
    if code == 1:
        assert ran.complaint == (
            "error: tenant: the API key may not read the tenant that hub_identity names",
            f"next: if this is the right hub: `hub_identity: {found}`",
        )


def test_a_key_that_may_not_read_the_tenant_sees_the_same_identity(tmp_path: Path) -> None:
    root = write(tmp_path, files(NEW))
    with two_hubs("acme") as address:
        readable = planned(root, address.env())
        address.hub.misbehaviour = replace(address.hub.misbehaviour, tenant="")
        unreadable = planned(root, address.env())
        assert applied(root, address.env()).code == 0
    assert (readable["tenant"], unreadable["tenant"]) == ("acme", None)
    assert readable["identity"] == unreadable["identity"]


def test_a_plan_that_deletes_the_lowest_id_prints_both_identities(address: Address, tmp_path: Path) -> None:
    root = write(tmp_path, files(LEAVER))
    before = identity(root, address.env())
    hub = planned(root, address.env())
    shown = bo_sync(root, "plan", env=address.env()).out
    written = bo_sync(root, "plan", "--format", "markdown", env=address.env()).out
    assert bo_sync(root, "apply", "plan.json", "--yes", env=address.env()).code == 0
    after = identity(root, address.env())
    assert (hub["identity"], hub["identity_after"]) == (before, after)
    assert f"changes the hub identity from `{before}` to `{after}`." in " ".join(shown.split())
    assert before.replace(":", "&#58;") in written
    assert after.replace(":", "&#58;") in written


def test_two_hubs_at_one_address_have_two_comments_and_two_journals(address: Address, tmp_path: Path) -> None:
    root = write(tmp_path, files(NEW))
    markers, headers = [], []
    for env in (address.env(), address.other):
        first = bo_sync(root, "plan", "--format", "markdown", env=env).out.splitlines()[0]
        found = planned(root, env)["identity"]
        assert first == f"<!-- bo-sync:plan {address.url} {found} -->"
        markers.append(first)
        assert applied(root, env).code == 0
        newest = max((root / ".bo-sync" / "journal").glob("*.jsonl"), key=lambda path: path.name)
        header = json.loads(newest.read_text("utf-8").splitlines()[0])
        assert header["hub"] == {"url": address.url, "identity": found, "tenant": None}
        assert str(found) in bo_sync(root, "journal", "latest").out
        headers.append(header["hub"]["identity"])
    assert markers[0] != markers[1]
    assert headers[0] != headers[1]


def applied(root: Path, env: dict[str, str]) -> Ran:
    return bo_sync(root, "apply", "plan.json", "--yes", env=env)
