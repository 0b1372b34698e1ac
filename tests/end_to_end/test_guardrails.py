"""What narrows a plan or passes a guardrail, as it is typed: mistakes of the command line, and one urgent user."""

from pathlib import Path

import pytest

from bo_sync.sandbox.population import UserRecord, baseline_population, first_user
from tests.end_to_end.world import file, files, rows, user
from tests.support.process import Served, bo_sync, served, write

OWNER = rows(backoffice="OWNER", role="OWNER")
EVERYTHING = rows(
    pricing="OWNER", order="OWNER", product="OWNER", logistics="OWNER", shop="OWNER", configuration="OWNER"
)

LIVE: list[UserRecord] = [
    first_user(),
    user("ada@example.com", *OWNER),
    user("bob@example.com", *EVERYTHING),
    user("cy@example.com", *EVERYTHING),
    user("dan@example.com"),
    user("eve@example.com"),
]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            "protected=9",
            (
                "'protected' is not a guardrail that a number can pass; "
                "those are min_role_owners, max_user_deletes, max_access_losses, max_grant_losses, max_expiries"
            ),
        ),
        (
            "max_user_delete=9",
            (
                "'max_user_delete' is not a guardrail that a number can pass; "
                "those are min_role_owners, max_user_deletes, max_access_losses, max_grant_losses, max_expiries"
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


def test_only_one_user_is_revoked_though_somebody_elses_row_is_refused(tmp_path: Path) -> None:
    texts = files(
        file("ada.new@example.com", "id: 1002"), file("bob@example.com"), file("dan@example.com", "job: Poet")
    )
    root = write(tmp_path / "files", texts)
    with served(tmp_path, {**baseline_population(), "users": LIVE}) as hub:
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
        (
            "nobody.at.all@other.org",
            'give an address, a glob over addresses as in "*@example.com", or a path below users/',
        ),
    ],
    ids=["a slip", "a stranger"],
)
def test_only_somebody_who_is_nowhere_is_a_mistake_in_the_command(
    quiet_hub: Served, tmp_path: Path, given: str, hint: str
) -> None:
    root = write(tmp_path, files(file("bob@example.com")))
    done = bo_sync(root, "apply", "--yes", "--only", given, env=quiet_hub.env())
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (f"error: --only {given} matches no user in the files or in the hub", f"next: {hint}")
