"""Every rail refuses from end to end, with exit 4, its way past, whole JSON, and a hub in which nothing moved."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from bo_sync.sandbox.baseline import baseline, first_person
from bo_sync.sandbox.shape import UserShape
from tests.end_to_end.world import WIDE_RAILS, file, files, person, rows
from tests.support.process import Served, bo_sync, served, write

OWNER = rows(backoffice="OWNER", role="OWNER")
EVERYTHING = rows(
    pricing="OWNER", order="OWNER", product="OWNER", logistics="OWNER", shop="OWNER", configuration="OWNER"
)
GLASS = first_person()["email"]
STAYS = "platform: {backoffice: true}"
OWNS = "modules: {roles_permissions: owner}"

LIVE: list[UserShape] = [
    first_person(),
    person("ada@example.com", *OWNER),
    person("bob@example.com", *EVERYTHING),
    person("cy@example.com", *EVERYTHING),
    person("dan@example.com"),
    person("eve@example.com"),
]

RAILS: dict[str, tuple[dict[str, str], int, int, str]] = {
    "email_change": (
        files(file("ada.new@example.com", "id: 1002", STAYS, OWNS)),
        1,
        0,
        "nothing passes this rail; each row says what to do",
    ),
    "protected": (
        files(file("bob@example.com"), settings=f"{WIDE_RAILS}protect: ['b*@EXAMPLE.com']\n"),
        1,
        0,
        "nothing passes this rail: take the address out of `protect` in bo-sync.yaml, in a reviewed change",
    ),
    "self": (
        files(f"email: {GLASS}\nstate: absent\n"),
        1,
        0,
        "nothing passes this rail: let somebody else, or an API key, run it",
    ),
    "min_role_owners": (
        files(file("ada@example.com", OWNS), settings="rails: {min_role_owners: 2}\n"),
        1,
        2,
        "if this is meant, pass --allow min_role_owners=1",
    ),
    "max_user_deletes": (
        files(*(f"email: {name}@example.com\nstate: absent\n" for name in ("dan", "eve")), settings="timezone: UTC\n"),
        2,
        1,
        "if this is meant, pass --allow max_user_deletes=2",
    ),
    "max_grant_losses": (
        files(file("bob@example.com"), file("cy@example.com"), settings="timezone: UTC\n"),
        12,
        11,
        "if this is meant, pass --allow max_grant_losses=12",
    ),
}


@pytest.fixture(scope="module")
def refusing_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A hub for what is refused; at the end it must hold just what it held."""
    with served(tmp_path_factory.mktemp("hub"), {**baseline(), "users": LIVE}) as hub:
        before = hub.holds()
        yield hub
        assert hub.holds() == before, "a refused plan changed the hub"


@pytest.mark.parametrize("rail", RAILS)
def test_a_rail_refuses_plan_and_apply_alike_and_nothing_is_sent(
    refusing_hub: Served, tmp_path: Path, rail: str
) -> None:
    texts, actual, limit, way_past = RAILS[rail]
    root = write(tmp_path, texts)
    env = {**refusing_hub.env(), **({"BO_SYNC_SESSION_TOKEN": "sandbox-session"} if rail == "self" else {})}
    plan = bo_sync(root, "plan", "--format", "json", "--detailed-exitcode", env=env)
    text = bo_sync(root, "apply", "--yes", env=env)
    apply = bo_sync(root, "apply", "--yes", "--format", "json", env=env)
    assert (plan.code, text.code, apply.code) == (4, 4, 4)
    refused = [found for found in json.loads(plan.out)["rails"] if not found["ok"]]
    assert [(found["rail"], found["actual"], found["limit"]) for found in refused] == [(rail, actual, limit)]
    assert len(refused[0]["rows"]) == (1 if rail == "min_role_owners" else actual)
    assert f"REFUSED  {rail}" in text.out
    assert f"way past: {way_past}\n" in text.out
    assert text.err == "Nothing was sent: refused by a rail.\n"
    report = json.loads(apply.out)
    assert {outcome["outcome"] for outcome in report["outcomes"]} <= {"not_attempted"}
    assert report["summary"]["applied"] == 0
    assert report["digest"] == json.loads(plan.out)["digest"]


@pytest.mark.parametrize("rail", ["min_role_owners", "max_user_deletes", "max_grant_losses"])
def test_a_numeric_rail_is_passed_by_its_number_and_by_no_smaller_one(tmp_path: Path, rail: str) -> None:
    texts, actual, _, _ = RAILS[rail]
    root = write(tmp_path / "files", texts)
    less = actual + 1 if rail == "min_role_owners" else actual - 1
    with served(tmp_path, {**baseline(), "users": LIVE}) as hub:
        refused = bo_sync(root, "plan", "--allow", f"{rail}={less}", env=hub.env())
        applied = bo_sync(root, "apply", "--yes", "--allow", f"{rail}={actual}", env=hub.env())
        left = bo_sync(root, "plan", "--detailed-exitcode", env=hub.env())
    assert (refused.code, applied.code, left.code) == (4, 0, 0)
    assert f"(--allow {rail}={less})" in refused.out
    assert f"(--allow {rail}={actual})" in applied.out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "protected=9",
            (
                "'protected' is not a rail that a number can pass; "
                "those are min_role_owners, max_user_deletes, max_grant_losses"
            ),
        ),
        (
            "max_user_delete=9",
            (
                "'max_user_delete' is not a rail that a number can pass; "
                "those are min_role_owners, max_user_deletes, max_grant_losses"
            ),
        ),
        ("max_user_deletes=all", "'max_user_deletes=all': write the number that you mean, as in max_user_deletes=7"),
        ("max_user_deletes", "'max_user_deletes': write the number that you mean, as in max_user_deletes=7"),
        ("max_user_deletes=-1", "'max_user_deletes=-1': write the number that you mean, as in max_user_deletes=7"),
        ("min_role_owners=0", "min_role_owners cannot go below 1: somebody must be able to give access"),
    ],
)
def test_an_override_that_means_nothing_is_a_mistake_in_the_command(tmp_path: Path, given: str, told: str) -> None:
    done = bo_sync(tmp_path, "plan", "--allow", given)
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (f"error: Invalid value for '--allow': {told}", "next: bo-sync plan --help")


def test_only_one_person_is_revoked_though_somebody_elses_row_is_refused(tmp_path: Path) -> None:
    texts = files(
        file("ada.new@example.com", "id: 1002"),
        file("bob@example.com"),
        file("dan@example.com", "job: Poet"),
    )
    root = write(tmp_path / "files", texts)
    with served(tmp_path, {**baseline(), "users": LIVE}) as hub:
        before = {user["email"]: user for user in hub.holds()["users"]}
        everybody = bo_sync(root, "apply", "--yes", env=hub.env())
        one = bo_sync(root, "apply", "--yes", "--only", "BOB@example.com", env=hub.env())
        after = {user["email"]: user for user in hub.holds()["users"]}
    assert (everybody.code, one.code) == (4, 0)
    assert one.out.endswith("1 person: 1 applied.\n")
    assert {row["access"] for row in after["bob@example.com"]["roles"]} == {"NONE"}
    assert {**after, "bob@example.com": None} == {**before, "bob@example.com": None}


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("bob@exmaple.com", "did you mean bob@example.com?"),
        ("nobody.at.all@other.org", "give an address as the files spell it"),
    ],
    ids=["a slip", "a stranger"],
)
def test_only_somebody_who_is_nowhere_is_a_mistake_in_the_command(
    quiet_hub: Served, tmp_path: Path, given: str, hint: str
) -> None:
    root = write(tmp_path, files(file("bob@example.com")))
    done = bo_sync(root, "apply", "--yes", "--only", given, env=quiet_hub.env())
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (
        f"error: --only {given}: nobody with that address in the files or in the hub",
        f"next: {hint}",
    )
