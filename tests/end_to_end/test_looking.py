"""Commands that only look, or that look after files: users, doctor, validate, schema, fmt, sandbox and demo."""

import json
import socket
from pathlib import Path

import pytest

from bo_sync.sandbox.behaviour import Behaviour, LargePages
from bo_sync.sandbox.population import UserRecord, baseline_population
from bo_sync.sandbox.store import Store
from tests.end_to_end.world import TODAY, file, files, rows, user
from tests.support.discovered import discovered
from tests.support.process import Page, Served, answering, bo_sync, served, write

REPOSITORY = Path(__file__).parent.parent.parent

CLERK = "label: Clerk\nmodules: {order_data: viewer}\n"
ROOT = files(
    file("cy@example.com", "id: 7", "preset: clerk", first="Cy"),
    file("ada@example.com", "id: 30", "phone: '9'", first="Zoe"),
    file("Bob@example.com", "phone: '10'", first="Bob"),
    file("gone@example.com", "until: 2020-01-01"),
    "email: absent@example.com\nstate: absent\n",
    **{"presets/clerk.yaml": CLERK},
)


def live() -> list[UserRecord]:
    when = ("2024-01-03T00:00:00.000Z", "2024-01-01T00:00:00.000Z", "2024-01-02T00:00:00.000Z")
    users = (
        user("cy@example.com", *rows(order="VIEWER"), firstName="Cy"),
        user("ada@example.com", phone="9", firstName="Zoe"),
        user("Bob@example.com", phone="10", firstName="Bob"),
    )
    numbers = (7, 30, 1)
    return [
        {**user, "id": number, "createdAt": created, "lastModifiedAt": created.replace("2024", "2025")}
        for user, number, created in zip(users, numbers, when, strict=True)
    ]


CY, ADA, BOB = "cy@example.com", "ada@example.com", "Bob@example.com"
ORDERS = {
    "id": ([CY, ADA, BOB], [BOB, CY, ADA]),
    "name": ([BOB, CY, ADA], [BOB, CY, ADA]),
    "email": ([ADA, BOB, CY], [ADA, BOB, CY]),
    "phone": ([BOB, ADA, CY], [BOB, ADA, CY]),
    "created": ([ADA, BOB, CY], [ADA, BOB, CY]),
    "updated": ([ADA, BOB, CY], [ADA, BOB, CY]),
    "preset": ([CY, ADA, BOB], [CY, ADA, BOB]),
}
"""By column: the order from files, where nobody has dates and Bob no id, and from the hub. What is missing is last."""


def test_users_sorts_files_and_hub_by_each_column(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    with Store.open(root / ".bo-sync/sandbox.db") as store:
        store.load({"users": live()})

    def order(*arguments: str) -> list[str]:
        shown = bo_sync(root, "users", "--hub", "sandbox:", "--format", "json", *arguments).out
        return [user["email"] for user in json.loads(shown)["users"]]

    assert {column: (order("--sort", column), order("--sort", column, "--live")) for column in ORDERS} == ORDERS


def test_users_shows_the_table_of_the_backoffice(tmp_path: Path) -> None:
    root = write(tmp_path / "files", ROOT)
    with served(tmp_path, {"users": live()}) as hub:
        from_hub = bo_sync(root, "users", "--live", env=hub.env())
    from_files = bo_sync(root, "users")
    assert from_files.out.splitlines() == [
        "ID  NAME          EMAIL            PHONE  CREATED  UPDATED  PRESET",
        "30  Zoe Lovelace  ada@example.com  9      -        -        Custom",
        "-   Bob Lovelace  Bob@example.com  10     -        -        Custom",
        "7   Cy Lovelace   cy@example.com   -      -        -        clerk",
        "3 people.",
    ]
    assert from_hub.out.splitlines()[1] == (
        "30  Zoe Lovelace  ada@example.com  9      2024-01-01T00:00:00.000Z  2025-01-01T00:00:00.000Z  Custom"
    )
    assert (from_files.code, from_hub.code) == (0, 0)


def checks(root: Path, env: dict[str, str], *more: str) -> tuple[int, dict[str, tuple[str, str, str]]]:
    """The doctor's exit code, and what it says by the name of the check."""
    done = bo_sync(root, "doctor", "--format", "json", *more, env=env)
    found = json.loads(done.out)["checks"]
    return done.code, {check["name"]: (check["status"], check["message"], check["hint"]) for check in found}


@pytest.mark.parametrize(
    ("key", "code", "key_status", "read", "unprobed", "probed"),
    [
        ("sandbox-owner", 0, "ok", "ok", "unknown", ("ok", "the key may update and delete (role.OWNER): apply works")),
        (
            "sandbox-editor",
            0,
            "ok",
            "ok",
            "unknown",
            ("warning", "the key has role.EDITOR: it updates, but neither creates nor deletes"),
        ),
        ("sandbox-viewer", 0, "ok", "ok", "unknown", ("warning", "the key has less than role.EDITOR")),
        ("sandbox-none", 1, "ok", "failed", "unknown", ("warning", "the key has less than role.EDITOR")),
        ("wrong", 1, "failed", "unknown", "unknown", ("unknown", "without a valid key nobody can tell")),
    ],
)
def test_doctor_says_what_a_key_may_do_and_changes_nothing(
    quiet_hub: Served,
    tmp_path: Path,
    *,
    key: str,
    code: int,
    key_status: str,
    read: str,
    unprobed: str,
    probed: tuple[str, str],
) -> None:
    codes, found = zip(
        *(checks(tmp_path, quiet_hub.env(key), *more) for more in ((), ("--probe-writes",))), strict=True
    )
    assert codes == (code, code)
    for said in found:
        assert (said["endpoint"][0], said["key"][0], said["read"][0]) == ("ok", key_status, read)
    assert found[0]["write"][0] == unprobed
    assert found[1]["write"][:2] == probed


def test_doctor_lists_names_and_defaults_of_the_hub_and_admits_what_it_cannot_know(
    tmp_path: Path,
) -> None:
    root = write(tmp_path / "files", {"bo-sync.yaml": "role_definitions: {pricing: prices}\n"})
    start = baseline_population()
    for definition in start["definitions"]:
        if definition["name"] == "order":
            definition["defaultAccess"] = "EDITOR"
    with served(tmp_path, start, Behaviour(introspection=False)) as hub:
        code, found = checks(root, hub.env())
    assert code == 0
    assert found["role definitions"] == (
        "warning",
        (
            "the hub has no role definition named prices (our pricing); it has: apikey, backoffice, configuration, "
            "logistics, order, pricing, product, role, sales, shop, ticket, user"
        ),
        "name them in bo-sync.yaml under role_definitions",
    )
    assert found["default access"][:2] == (
        "warning",
        "is not none for order (editor): whether people without a row have it, the hub does not say",
    )
    assert found["schema"][:2] == ("unknown", "the hub does not show its schema, so whether it still fits is not known")


def test_doctor_asks_for_pages_of_the_size_that_is_given(tmp_path: Path) -> None:
    with served(tmp_path, None, Behaviour(max_page_size=5, large_pages=LargePages.REFUSE)) as hub:
        _, found = checks(tmp_path, hub.env())
        assert "--page-size" in found["role definitions"][2]
        code, found = checks(tmp_path, hub.env(), "--page-size", "5")
    assert (code, found["role definitions"][0]) == (0, "ok")


@pytest.mark.usefixtures("_hasty")
def test_doctor_says_that_a_hub_is_not_there_or_no_hub(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v2/graphql"
    code, found = checks(tmp_path, {"BO_SYNC_HUB_URL": url, "BO_SYNC_API_KEY": "some-key"})
    assert (code, list(found)) == (1, ["endpoint"])
    assert found["endpoint"][:2] == ("failed", f"ping: no answer from {url}: no connection could be made")
    with answering(Page(200, b'{"data": {"__typename": "Query"}}')) as server:
        code, found = checks(tmp_path, {"BO_SYNC_HUB_URL": server.url, "BO_SYNC_API_KEY": "some-key"})
    assert code == 1
    assert found["key"][0] == found["read"][0] == "unknown"


def test_a_seeded_sandbox_is_planned_against(tmp_path: Path) -> None:
    root = write(tmp_path, ROOT)
    seeded = bo_sync(root, "sandbox", "seed", "40")
    assert (seeded.code, seeded.out[:29]) == (0, "The sandbox holds 40 people w")
    plan = bo_sync(root, "plan", "--only", "Bob@example.com", "--format", "json", "--today", TODAY)
    assert plan.err == "hub: the embedded sandbox, .bo-sync/sandbox.db\n"
    document = json.loads(plan.out)
    assert (document["hub"]["url"], document["hub"]["users"]) == ("sandbox:", 40)
    assert bo_sync(root, "sandbox", "reset").out == "The sandbox holds 1 person with 11 role rows.\n"


def test_the_demo_walks_the_whole_way_and_leaves_nothing_behind(tmp_path: Path) -> None:
    texts = {
        str(path.relative_to(REPOSITORY)): path.read_text("utf-8")
        for folder in ("users", "presets")
        for path in discovered((REPOSITORY / folder).rglob("*.yaml"))
    }
    texts["bo-sync.yaml"] = (REPOSITORY / "bo-sync.yaml").read_text("utf-8")
    root = write(tmp_path / "files", texts)
    before = sorted(root.rglob("*"))
    (tmp_path / "temporary").mkdir()
    done = bo_sync(root, "demo", env={"TMPDIR": str(tmp_path / "temporary")})
    assert (done.code, done.err) == (0, "")
    steps = [line for line in done.out.splitlines() if line.startswith("$ ")]
    assert steps == [
        "$ bo-sync validate",
        "$ bo-sync plan",
        "$ bo-sync apply --yes",
        "$ bo-sync plan --detailed-exitcode",
    ]
    assert "Nothing to do: the hub holds what the files say" in done.out.partition(steps[-1])[2]
    assert sorted(root.rglob("*")) == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_demo_works_with_files_that_name_the_hubs_own_users_and_other_definitions(tmp_path: Path) -> None:
    root = write(
        tmp_path,
        files(
            file("break-glass@example.com", "platform: {backoffice: true}", "modules: {roles_permissions: owner}"),
            file("agency.contractor@example.com", "modules: {tickets: editor, pricing: owner}"),
            settings="role_definitions: {pricing: prices, tickets: helpdesk}\nguardrails: {min_role_owners: 1}\n",
        ),
    )
    done = bo_sync(root, "demo")
    assert done.code == 0, done
