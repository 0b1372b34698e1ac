"""`pull`: what is written means what the hub holds, and what is there already is safe."""

import json
from collections.abc import Collection
from pathlib import Path
from typing import Literal

import pytest

from bo_sync.apply.planner import make_plan
from bo_sync.apply.pull import Pulled
from bo_sync.cli.commands.pull import pulled as made
from bo_sync.cli.commands.pull import write as write_pulled
from bo_sync.cli.console import Silent
from bo_sync.cli.context import load_files
from bo_sync.cli.options import Common
from bo_sync.config.formatting import dump_user
from bo_sync.core.changes import CreateUser, DeleteUser, RemoveDuplicate, UpdateUser
from bo_sync.core.model import PLATFORM, Access, Preset, in_normal_form
from bo_sync.core.plan import Plan
from bo_sync.core.text import Text
from bo_sync.hub.client import CommerceHub
from bo_sync.hub.hub_url import SANDBOX, parse_address
from bo_sync.hub.transport import Transport
from bo_sync.sandbox.adapter import SandboxAdapter
from bo_sync.sandbox.hub import SandboxHub
from bo_sync.sandbox.population import Population, RoleShape, UserRecord
from bo_sync.sandbox.store import Store
from tests.support.process import write
from tests.support.worlds import STRANGER, TODAY, World, world

Level = Literal["NONE", "VIEWER", "EDITOR", "OWNER"]
REMARK = "# written by a person"


def hub_with(store: Store, population: Population) -> CommerceHub:
    store.load(population)
    adapter = SandboxAdapter(SandboxHub(store, keyless=True))
    return CommerceHub(Transport(parse_address(SANDBOX), adapters={SANDBOX: adapter}))


def preset_text(preset: Preset) -> str:
    """A preset's file, in the JSON that YAML contains."""
    areas: dict[str, dict[str, object]] = {"platform": {}, "modules": {}}
    for grant in preset.grants:
        if grant.role in PLATFORM:
            areas["platform"][grant.role] = grant.access is not Access.NONE
        else:
            areas["modules"][grant.role] = grant.access.word
    return json.dumps({"extends": list(preset.extends), **areas}) + "\n"


def repository(root: Path, given: World) -> Common:
    """The world's files on disk, each user's with a remark, and a setting that allows every address."""
    files = {f"users/{entry.email.folded}.yaml": f"{REMARK}\n{dump_user(entry)}" for entry in given.declarations}
    files |= {f"presets/{name}.yaml": preset_text(preset) for name, preset in given.presets.items()}
    defaults = "defaults: {language: nl}\n" if given.settings.defaults else ""
    write(root, {**files, "bo-sync.yaml": f"{defaults}unmanaged: {given.settings.unmanaged}\n"})
    return common_of(root)


def common_of(root: Path) -> Common:
    return Common(root, quiet=True, verbose=False, today=TODAY)


def pulled(common: Common, hub: CommerceHub, *, update: bool) -> Pulled:
    found = made(common.root, load_files(common), hub.read_all(Silent()), update=update)
    write_pulled(common.root, found)
    return found


def planned(common: Common, hub: CommerceHub) -> Plan:
    return make_plan(load_files(common).desired, hub.read_all(Silent()), hub.url).plan


def pull(root: Path, *users: UserRecord, update: bool = False) -> tuple[Pulled, Plan]:
    """What is pulled of these users, and the plan after it."""
    with Store.open() as store:
        hub = hub_with(store, {"users": list(users)})
        return pulled(common_of(root), hub, update=update), planned(common_of(root), hub)


def told(found: Pulled) -> list[tuple[str, str]]:
    return [(str(email), why) for email, why in found.left]


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (root / "users").iterdir()}


@pytest.mark.parametrize("seed", range(80))
def test_after_pull_nobody_is_unmanaged_and_after_update_nobody_drifts(seed: int, tmp_path: Path) -> None:
    given = world(seed)
    with Store.open() as store:
        hub = hub_with(store, given.population)
        common = repository(tmp_path, given)
        before = contents(tmp_path)
        first = pulled(common, hub, update=False)
        assert before.items() <= contents(tmp_path).items()
        assert not planned(common, hub).unmanaged
        assert f"users/{STRANGER}.yaml" in {draft.path for draft in first.new}
        second = pulled(common, hub, update=True)
        plan = planned(common, hub)
        expired = {
            entry.email.folded: {own.role for own in entry.overrides if own.until and own.until < TODAY}
            for entry in given.declarations
        }
        updates = [change for change in plan.changes if isinstance(change, UpdateUser)]
        assert not [change for change in updates if not unsayable(change, expired.get(change.email.folded, set()))]
        left = {email.folded for email, _ in second.left}
        assert {change.email.folded for change in plan.changes if not isinstance(change, UpdateUser)} <= left
        assert all(contents(tmp_path)[name].decode().startswith(REMARK) for name in before)


def unsayable(change: UpdateUser, expired: Collection[str]) -> bool:
    """Nothing is left but surplus rows, expired entries, and names that the hub lacks, which no pull writes."""
    lacking = all(
        entry.field in {"first_name", "last_name"} and in_normal_form(entry.field, entry.before) is None
        for entry in change.profile
    )
    return lacking and all(isinstance(grant, RemoveDuplicate) or grant.role in expired for grant in change.grants)


@pytest.mark.parametrize(
    ("field", "live", "line"),
    [
        pytest.param("firstName", "Jose\u0301", "first_name: Jos\u00e9", id="NFD"),
        pytest.param("lastName", "  van  der\u00a0Berg\t", "last_name: van der Berg", id="white space of all kinds"),
        pytest.param("job", " Account manager", "job: Account manager", id="outer white space in a job"),
        pytest.param("phone", "+31 20 123 4567", "phone: +31201234567", id="a phone with spaces"),
        pytest.param("firstName", " \u00a0", None, id="a name of white space alone"),
        pytest.param("lastName", "", None, id="no name"),
    ],
)
def test_what_is_pulled_is_in_normal_form_and_valid(
    field: Literal["firstName", "lastName", "job", "phone"], live: str, line: str | None, tmp_path: Path
) -> None:
    user: UserRecord = {"email": "ann@example.com", "firstName": "Ann", "lastName": "Smith", "language": "NL"}
    user[field] = live
    found, plan = pull(tmp_path, user)
    written = contents(tmp_path)["ann@example.com.yaml"].decode().splitlines()
    name = {"firstName": "first_name", "lastName": "last_name"}.get(field, field)
    assert [found for found in written if found.startswith(f"{name}:")] == ([line] if line else [])
    assert (found.left, plan.changes, plan.unmanaged) == ((), (), ())


def test_of_users_who_share_an_address_update_edits_only_the_grants_of_the_certain_one(tmp_path: Path) -> None:
    entry = "email: ann@example.com\nid: 1\nfirst_name: A\nlast_name: B\nmodules: {pricing: viewer}\n"
    gone = "email: ben@example.com\nid: 3\nstate: absent\n"
    write(tmp_path, {"users/ann.yaml": entry, "users/ben.yaml": gone})
    owns: list[RoleShape] = [{"definition": "pricing", "access": "OWNER"}]
    users: list[UserRecord] = [
        {"id": number, "email": email, "firstName": "X", "lastName": "Y", "roles": owns}
        for number, email in enumerate(("ann@example.com", "ANN@example.com", "ben@example.com", "Ben@example.com"), 1)
    ]
    found, _ = pull(tmp_path, *users, update=True)
    assert contents(tmp_path) == {"ann.yaml": entry.replace("viewer", "owner").encode(), "ben.yaml": gone.encode()}
    assert not found.new
    why = "several users in the hub have this address ({}); the file is about {}, and no other gets a file"
    assert told(found) == [
        ("ann@example.com", why.format("id 1, id 2", "id 1")),
        ("ben@example.com", why.format("id 3, id 4", "id 3")),
    ]


def test_update_revives_nobody_and_deletes_nobody(tmp_path: Path) -> None:
    files = {
        "users/gone.yaml": "email: gone@example.com\nstate: absent\n",
        "users/over.yaml": "email: over@example.com\nfirst_name: O\nlast_name: V\nuntil: 2026-11-20\n",
        "users/new.yaml": "email: new@example.com\nfirst_name: N\nlast_name: W\n",
    }
    before = contents(write(tmp_path, files))
    found, plan = pull(tmp_path, {"email": "gone@example.com"}, {"email": "over@example.com"}, update=True)
    assert contents(tmp_path) == before
    assert told(found) == [
        ("gone@example.com", "is in the hub, but the file says state: absent"),
        ("new@example.com", "has a file, but is not in the hub"),
        ("over@example.com", "is in the hub, but the file says until has passed"),
    ]
    assert [type(change) for change in plan.changes] == [DeleteUser, CreateUser, DeleteUser]


def test_a_name_that_is_taken_gets_a_hash_and_the_file_that_took_it_stays(tmp_path: Path) -> None:
    taken = "email: somebody.else@example.com\nfirst_name: S\nlast_name: E\n"
    write(tmp_path, {"users/jane@example.com.yaml": taken})
    found, plan = pull(tmp_path, {"email": "jane@example.com", "firstName": "\x1b[31mJane\u202e: #"})
    assert not plan.unmanaged
    assert (tmp_path / "users" / "jane@example.com.yaml").read_text() == taken
    written = Text(found.new[0].path)
    assert written.raw.startswith("users/jane@example.com-")
    assert (tmp_path / written.raw).read_text().isprintable() is False  # line breaks, and nothing else that acts
    assert "\x1b" not in (tmp_path / written.raw).read_text()


def test_a_protected_user_gets_no_file_and_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"bo-sync.yaml": 'protect: ["*@example.com"]\n'})
    found, _ = pull(tmp_path, {"email": "break-glass@example.com"})
    assert not found.new
    assert told(found) == [("break-glass@example.com", "is protected, and needs no file")]


ENTRY = "email: a@example.com\nfirst_name: A\nlast_name: B\n"


def in_hub(**grants: Level) -> UserRecord:
    rows: list[RoleShape] = [{"definition": name, "access": access} for name, access in grants.items()]
    return {"email": "a@example.com", "firstName": "A", "lastName": "B", "roles": rows}


@pytest.mark.parametrize(
    ("own", "live"),
    [
        pytest.param("{access: owner, until: 2020-01-01, reason: CHG-7}", "EDITOR", id="less than the entry gave"),
        pytest.param("{access: editor, until: 2020-01-01, reason: CHG-7}", "EDITOR", id="what the entry gave"),
        pytest.param("{access: viewer, until: 2020-01-01, reason: CHG-7}", "OWNER", id="more than the entry gave"),
        pytest.param("{access: none, until: 2020-01-01}", "OWNER", id="an entry that took access away"),
        pytest.param("\n    # CHG-7 asked for it\n    access: owner\n    until: 2020-01-01", "OWNER", id="a comment"),
    ],
)
@pytest.mark.parametrize("preset", [None, "OWNER", "VIEWER"], ids=["no preset", "a preset of more", "a preset of less"])
def test_update_leaves_an_expired_entry_as_it_is(own: str, live: Level, preset: str | None, tmp_path: Path) -> None:
    if preset is not None:
        write(tmp_path, {"presets/p.yaml": f"modules: {{logistics: {preset.lower()}}}\n"})
    running = "  pricing: {access: editor, until: 2099-01-01, reason: CHG-1}\n"
    text = f"{ENTRY}{'preset: p' if preset else 'job: x'}\nmodules:\n  logistics: {own}\n{running}"
    write(tmp_path, {"users/a.yaml": text})
    user = in_hub(pricing="VIEWER", logistics=live)
    if preset is None:
        user["job"] = "x"
    found, plan = pull(tmp_path, user, update=True)
    lowered = text.replace("{access: editor, until: 2099", "{access: viewer, until: 2099")
    assert (tmp_path / "users" / "a.yaml").read_text() == lowered
    differs = live != preset
    why = "the entry of logistics expired on 2020-01-01; it stays, though the hub has another access"
    assert told(found) == ([("a@example.com", why)] if differs else [])
    left = [edit.role for change in plan.changes for edit in getattr(change, "grants", ())]
    assert left == (["logistics"] if differs else [])


@pytest.mark.parametrize("update", [True, False], ids=["with --update", "without it"])
def test_a_file_that_only_an_expired_entry_tells_apart_is_not_written(tmp_path: Path, *, update: bool) -> None:
    text = f"{ENTRY}modules:\n  pricing: {{access: editor, until: 2020-01-01, reason: CHG-7}}\n"
    write(tmp_path, {"users/a.yaml": text})
    found, _ = pull(tmp_path, in_hub(pricing="EDITOR"), update=update)
    assert (tmp_path / "users" / "a.yaml").read_text() == text
    assert (found.new, found.edited) == ((), ())
    assert [str(email) for email, _ in found.left] == ["a@example.com"]


def test_update_keeps_the_end_date_of_an_entry_on_its_last_day(tmp_path: Path) -> None:
    write(tmp_path, {"users/a.yaml": f"{ENTRY}modules:\n  pricing: {{access: owner, until: {TODAY}}}\n"})
    pull(tmp_path, in_hub(pricing="EDITOR"), update=True)
    assert f"pricing: {{access: editor, until: {TODAY}}}" in (tmp_path / "users" / "a.yaml").read_text()


def test_whoever_would_be_deleted_for_want_of_a_file_gets_one(tmp_path: Path) -> None:
    write(tmp_path, {"bo-sync.yaml": "unmanaged: delete\n"})
    found, plan = pull(tmp_path, {"email": "ann@example.com", "firstName": "Ann"})
    assert not plan.changes
    assert [draft.path for draft in found.new] == ["users/ann@example.com.yaml"]


def test_a_name_that_the_hub_lacks_is_cleared_beside_an_id(tmp_path: Path) -> None:
    write(tmp_path, {"users/a.yaml": "email: ann@example.com\nid: 5\nfirst_name: Ann # hers\nlast_name: B\n"})
    found, plan = pull(tmp_path, {"id": 5, "email": "ann@example.com", "lastName": "B"}, update=True)
    assert not plan.changes
    assert (found.left, [draft.path for draft in found.edited]) == ((), ["users/a.yaml"])
    assert "first_name: null # hers" in (tmp_path / "users" / "a.yaml").read_text()
