"""Users whom no file can name, text in other forms, shared addresses: every command runs, and says what it leaves."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bo_sync.sandbox.population import UserRecord
from bo_sync.sandbox.server import SandboxServer
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import file, rows, user
from tests.support.misbehaving_hub import MisbehavingHub, Misbehaviour, OddUser
from tests.support.process import bo_sync, write

OWNERS = [user(f"owner{number}@example.com", *rows(role="OWNER", backoffice="OWNER")) for number in range(2)]
ANN: UserRecord = {**user("ann@example.com", *rows(order="OWNER")), "firstName": "Ann"}
ODD: UserRecord = {"id": 99, "email": "odd@example.com", "lastName": "Odd", "roles": rows(pricing="OWNER")}


class Odd:
    """A hub that misbehaves, and a process that asks it."""

    def __init__(self, root: Path, url: str, hub: MisbehavingHub) -> None:
        self.root, self.hub = root, hub
        self.env = {"BO_SYNC_HUB_URL": url, "BO_SYNC_API_KEY": "sandbox-owner"}

    def run(self, *arguments: str, code: int = 0) -> str:
        done = bo_sync(self.root, *arguments, env=self.env)
        assert done.code == code, done
        return done.out

    def holds(self) -> dict[str, UserRecord]:
        return {user["email"]: user for user in self.hub.store.snapshot()["users"]}


@contextmanager
def hub_with(root: Path, misbehaviour: Misbehaviour, *users: UserRecord, **files: str) -> Iterator[Odd]:
    write(root, {f"users/{name}.yaml": text for name, text in files.items()})
    with Store.open() as store:
        store.load({"users": [*OWNERS, *users]})
        hub = MisbehavingHub(store, misbehaviour)
        with SandboxServer(hub) as server:
            yield Odd(root, server.url, hub)


ADDRESSES: dict[str, tuple[str | None, str]] = {
    "an empty address": ("", "no address"),
    "an address of null": (None, "no address"),
    "an address of a space": (" ", "no address"),
    "an address without @": ("odd at example", "an invalid address"),
    "a lone surrogate": ("\ud800@example.com", "an invalid address"),
    "the name of another user": ("id 1", "an invalid address"),
}


@pytest.mark.parametrize(("address", "reason"), ADDRESSES.values(), ids=ADDRESSES)
def test_a_user_whom_no_file_can_name_stops_no_command(address: str | None, reason: str, tmp_path: Path) -> None:
    odd = OddUser("odd@example.com", "email", address)
    with hub_with(tmp_path, Misbehaviour(odd=(odd,)), ANN, ODD, ann=file("ann@example.com", first="Anna")) as hub:
        write(tmp_path, {"bo-sync.yaml": "unmanaged: delete\nprotect: ['owner*@example.com']\n"})
        plan = json.loads(hub.run("plan", "--format", "json"))
        assert plan["unmanageable"] == [{"id": 99, "reason": reason}]
        assert plan["summary"]["unmanageable"] == 1
        assert [change["email"] for change in plan["changes"]] == ["ann@example.com"]
        assert [found["rule"] for found in plan["findings"] if found["rule"] == "BOS107"] == ["BOS107"]
        assert f"= id 99 in the hub, cannot be managed: {reason}" in " ".join(hub.run("plan").split())
        for arguments in (["doctor"], ["matrix", "--live"], ["users", "--live", "--format", "csv"]):
            hub.run(*arguments)
        hub.run("apply", "--yes")
        assert hub.holds()["ann@example.com"]["firstName"] == "Anna"
        assert "odd@example.com" in hub.holds()
        hub.run("pull", "--update")
        assert not [path for path in (tmp_path / "users").iterdir() if "odd" in path.name]


TWIN: UserRecord = {"id": 98, "email": "ANN@example.com", "firstName": "Twin", "roles": rows(pricing="OWNER")}
POLICY = "id: x\nmatch: {any_of: [{has: {pricing: viewer}}]}\n"
NO_ADDRESS = OddUser("odd@example.com", "email", "")
KEPT = file("ann@example.com", "modules: {order_data: owner}", first="Ann")


@pytest.mark.parametrize("address", [address for address, _ in ADDRESSES.values()], ids=ADDRESSES)
@pytest.mark.parametrize("redact", [(), ("--redact",)], ids=["as it is", "redacted"])
def test_a_policy_counts_a_user_without_a_usable_address(address: str, redact: list[str], tmp_path: Path) -> None:
    odd = OddUser("odd@example.com", "email", address)
    write(tmp_path, {"policies/x.yaml": POLICY})
    with hub_with(tmp_path, Misbehaviour(odd=(odd,)), ANN, ODD, ann=KEPT) as hub:
        plan = json.loads(hub.run("plan", "--format", "json", *redact, code=4))
        (policy,) = plan["policies"]
        assert (policy["ok"], policy["actual"], policy["tolerated"]) == (False, 1, False)
        assert policy["rows"] == [{"email": "id 99", "message": "pricing owner", "source": None, "new": False}]
        assert "! id 99 pricing owner" in " ".join(hub.run("plan", *redact, code=4).split())
        assert "id 99  pricing owner" in hub.run("apply", "--yes", *redact, code=4)
        can = json.loads(hub.run("who-can", "pricing:viewer", "--live", "--format", "json", *redact))
        assert [user["email"] for user in can["users"]] == ["id 99"]
        users = json.loads(hub.run("users", "--live", "--format", "json", *redact))["users"]
        assert [user["email"] for user in users if user["id"] == 99] == ["id 99"]
        matrix = json.loads(hub.run("matrix", "--live", "--format", "json", *redact))["users"]
        assert [user["grants"]["pricing"] for user in matrix if user["email"] == "id 99"] == ["owner"]


SEEING: dict[str, bool] = {
    "match: {any_of: [{has: {backoffice: true}}]}\nat_most: 2": False,
    "match: {any_of: [{has: {backoffice: true}}]}\nat_most: 3": True,
    "match: {any_of: [{has: {backoffice: true}}]}\nat_least: 2": True,
    "match: {any_of: [{has: {backoffice: true}}]}\nat_least: 3": False,
    "match: {all_of: [{has: {backoffice: true}}, {has: {pricing: viewer}}]}": False,
    "match: {any_of: [{can: [priceUpdate]}]}": False,
}


@pytest.mark.parametrize(("policy", "ok"), SEEING.items(), ids=SEEING)
def test_policies_of_every_kind_see_a_user_without_an_address(policy: str, *, ok: bool, tmp_path: Path) -> None:
    write(tmp_path, {"policies/x.yaml": f"id: x\n{policy}\n"})
    odd: UserRecord = {**ODD, "roles": rows(pricing="OWNER", backoffice="OWNER")}
    with hub_with(tmp_path, Misbehaviour(odd=(NO_ADDRESS,)), ANN, odd, ann=KEPT) as hub:
        (found,) = json.loads(hub.run("plan", "--format", "json", code=0 if ok else 4))["policies"]
        assert found["ok"] is ok
        hub.run("plan", "--out", "plan.json", code=0 if ok else 4)
        hub.run("apply", "plan.json", "--yes", code=0 if ok else 4)


def test_an_owner_without_an_address_is_not_an_owner_for_the_guardrail(tmp_path: Path) -> None:
    odd: UserRecord = {**ODD, "roles": rows(role="OWNER", backoffice="OWNER")}
    files = {"owner0": file("owner0@example.com"), "owner1": file("owner1@example.com")}
    with hub_with(tmp_path, Misbehaviour(odd=(NO_ADDRESS,)), odd, **files) as hub:
        plan = json.loads(hub.run("plan", "--format", "json", code=4))
        (owners,) = [found for found in plan["guardrails"] if found["guardrail"] == "min_role_owners"]
        assert (owners["ok"], owners["actual"]) == (False, 0)


def test_each_of_two_users_with_one_address_counts_and_an_exception_is_for_its_spelling(tmp_path: Path) -> None:
    ann: UserRecord = {**ANN, "roles": rows(pricing="OWNER")}
    cid: UserRecord = {**ANN, "email": "cid@example.com"}
    kept = file("cid@example.com", "modules: {order_data: owner}", first="Ann")
    excepted = "except: [{email: ann@example.com, reason: prices, until: 2099-12-31}]\n"
    write(tmp_path, {"policies/x.yaml": POLICY})
    with hub_with(tmp_path, Misbehaviour(), ann, cid, TWIN, cid=kept) as hub:
        (both,) = json.loads(hub.run("plan", "--format", "json", code=4))["policies"]
        assert [row["email"] for row in both["rows"]] == ["ANN@example.com", "ann@example.com"]
        write(tmp_path, {"policies/x.yaml": POLICY + excepted})
        (one,) = json.loads(hub.run("plan", "--format", "json", code=4))["policies"]
        assert [row["email"] for row in one["rows"]] == ["ANN@example.com"]
        assert [row["email"] for row in one["excepted"]] == ["ann@example.com"]


def test_a_saved_plan_with_an_unmanageable_user_is_shown_and_applied(tmp_path: Path) -> None:
    odd = Misbehaviour(odd=(OddUser("odd@example.com", "email", ""),))
    with hub_with(tmp_path, odd, ANN, ODD, ann=file("ann@example.com", first="Anna")) as hub:
        hub.run("plan", "--out", "plan.json")
        hub.run("apply", "plan.json", "--yes")
        assert hub.holds()["ann@example.com"]["firstName"] == "Anna"


def test_a_lone_surrogate_in_a_name_leaves_the_profile_and_manages_the_rest(tmp_path: Path) -> None:
    odd = Misbehaviour(odd=(OddUser("ann@example.com", "lastName", "\ud800"),))
    with hub_with(tmp_path, odd, ANN, ann=file("ann@example.com", first="Anna")) as hub:
        hub.run("apply", "--yes")
        held = hub.holds()["ann@example.com"]
        assert (held["firstName"], {row["access"] for row in held["roles"]}) == ("Ann", {"NONE"})
        for arguments in (["plan", "--format", "markdown"], ["plan", "--format", "junit"], ["users", "--live"]):
            hub.run(*arguments)
        (tmp_path / "users" / "ann.yaml").unlink()
        hub.run("pull")
        assert "last_name" not in (tmp_path / "users" / "ann@example.com.yaml").read_text(encoding="utf-8")
        assert json.loads(hub.run("plan", "--format", "json"))["changes"] == []


def test_a_hub_that_stores_text_in_another_form_converges(tmp_path: Path) -> None:
    text = file("ann@example.com", "phone: +31 20 123 4567", "job: Account manager", first="José")
    with hub_with(tmp_path, Misbehaviour(normalises=True), ann=text) as hub:
        hub.run("apply", "--yes")
        assert hub.holds()["ann@example.com"]["firstName"] == "Jose\u0301"
        plan = json.loads(hub.run("plan", "--format", "json"))
        assert plan["changes"] == []
        told = [found["message"].partition(" ")[0] for found in plan["findings"] if found["rule"] == "BOS108"]
        assert told == ["first_name", "phone"]
        hub.run("pull", "--update")
        assert (tmp_path / "users" / "ann.yaml").read_text(encoding="utf-8") == text


def test_a_leaver_who_shares_the_address_blocks_the_plan_which_shows_every_revoke(tmp_path: Path) -> None:
    ann: UserRecord = {**ANN, "id": 97}
    text = "email: ann@example.com\nid: 97\nstate: absent\n"
    with hub_with(tmp_path, Misbehaviour(), ann, TWIN, ann=text) as hub:
        before = hub.holds()
        plan = json.loads(hub.run("plan", "--format", "json", code=4))
        (change,) = plan["changes"]
        assert (change["action"], change["profile"]) == ("update", [])
        assert [grant["direction"] for grant in change["grants"]] == ["revoked"]
        (blocked,) = [found for found in plan["guardrails"] if not found["ok"]]
        assert (blocked["guardrail"], [row["email"] for row in blocked["rows"]]) == (
            "ambiguous_address",
            ["ann@example.com"],
        )
        assert plan["unmanageable"] == [{"id": 98, "reason": f"same address as id {change['id']}"}]
        hub.run("apply", "--yes", code=4)
        assert hub.holds() == before


@pytest.mark.parametrize("state", ["modules: {order_data: owner}\n", "state: absent\n"], ids=["present", "absent"])
def test_a_new_user_in_the_spelling_of_the_file_does_not_hide_the_one_with_grants(tmp_path: Path, state: str) -> None:
    new: UserRecord = {"id": 98, "email": "ann@example.com", "firstName": "New"}
    real: UserRecord = {**ANN, "id": 97, "email": "Ann@example.com"}
    text = f"email: ann@example.com\nfirst_name: A\nlast_name: B\n{state}"
    with hub_with(tmp_path, Misbehaviour(), real, new, ann=text) as hub:
        before = hub.holds()
        out = hub.run("apply", "--yes", code=4)
        told = "ann@example.com is the address of several users in the hub (id 97, id 98): add the `id`"
        assert told in " ".join(out.split())
        assert hub.holds() == before


def test_grants_of_a_pinned_user_are_applied_by_id_and_the_other_user_stays(tmp_path: Path) -> None:
    text = "email: ann@example.com\nid: 98\nfirst_name: Else\nmodules: {logistics: viewer}\n"
    with hub_with(tmp_path, Misbehaviour(), ANN, TWIN, ann=text) as hub:
        before = hub.holds()
        hub.run("apply", "--yes")
        after = hub.holds()
        assert after["ann@example.com"] == before["ann@example.com"]
        held = {row["definition"]: row["access"] for row in after["ANN@example.com"]["roles"]}
        assert (held, after["ANN@example.com"]["firstName"]) == ({"pricing": "NONE", "logistics": "VIEWER"}, "Twin")
        asked = [request.operation for request in hub.hub.traffic.requests]
        assert not {"adminUser", "adminUserUpdate", "adminUserDelete"} & set(asked)


def test_pull_writes_no_user_who_shares_the_address_and_names_both_ids(tmp_path: Path) -> None:
    with hub_with(tmp_path, Misbehaviour(), ANN, TWIN, owner="email: owner0@example.com\nid: 1\n") as hub:
        done = bo_sync(tmp_path, "pull", env=hub.env)
        number = hub.holds()["ann@example.com"]["id"]
        assert f"several users in the hub have this address (id 98, id {number})" in done.err
        assert not [path for path in (tmp_path / "users").iterdir() if "ann" in path.name]
