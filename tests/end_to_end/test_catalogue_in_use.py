"""A table that a repository adds counts in every answer about operations; an old table is reported, never hidden."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.inside import inside
from tests.support.process import write

HEAD: Final = "operation,kind,any_of_minimum_access,system_roles,or_when,deprecated\n"
TABLE: Final = (
    f"# taken 2026-11-01\n{HEAD}"
    "secretOfAll,query,logistics.VIEWER,,,false\n"
    "productAddToCategory,mutation,logistics.VIEWER,,,false\n"
    "gqlApiKeys,query,logistics.VIEWER apikey.VIEWER,,,false\n"
)
JANE: Final = (
    "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
    "platform: {backoffice: true}\nmodules: {logistics: viewer}\n"
)
FILES: Final = {
    "bo-sync.yaml": "catalogue: catalogue/operations.csv\n",
    "catalogue/operations.csv": TABLE,
    "users/jane.yaml": JANE,
    "policies/new.yaml": "id: new\nmatch: {any_of: [{can: [productAddToCategory]}]}\n",
}
DAY: Final = ("--today", "2026-11-15")
NEW: Final = "productAddToCategory"
LIVE: Final = ("--hub", "sandbox:")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write(tmp_path, FILES)


def told(root: Path, *words: str, code: int = 0) -> Any:
    ran = inside(*words, "-C", str(root), *DAY, "--format", "json")
    assert ran.code == code, ran
    return json.loads(ran.out)


def test_who_can_and_needs_and_show_know_it(root: Path) -> None:
    assert [user["email"] for user in told(root, "who-can", NEW)["users"]] == ["jane@example.com"]
    assert told(root, "needs", NEW)["modules"] == {"logistics": "viewer"}
    assert NEW in json.dumps(told(root, "show", "jane@example.com"))
    found = told(root, "who-can", "roles_permissions:owner", "--indirect")["indirect"]
    assert found[0]["steps"] == [{"operation": "gqlApiKeys", "role": None, "access": None}]


def test_validate_judges_policies_and_findings_by_it(root: Path) -> None:
    found = told(root, "validate", code=4)
    assert [(one["id"], one["ok"]) for one in found["policies"]] == [("new", False)]
    (credentials,) = [one for one in found["findings"] if one["rule"] == "BOS022"]
    assert credentials["message"].startswith("`logistics: viewer` may read the values of API keys (gqlApiKeys)")


def test_a_plan_counts_it_in_effects_and_policies_and_its_saved_form_can_be_shown(root: Path) -> None:
    found = told(root, "plan", *LIVE, "--out", str(root / "plan.json"), code=4)
    (created,) = [change for change in found["changes"] if change["email"] == "jane@example.com"]
    assert NEW in json.dumps(created)
    assert [one["id"] for one in found["policies"] if not one["ok"]] == ["new"]
    text = inside("plan", "-C", str(root), *DAY, *LIVE).out
    assert "can now read the values of API keys" in text
    ran = inside("comment", "--plan", str(root / "plan.json"), "--dry-run", "-C", str(root))
    assert "names what the catalogue" not in ran.err


def test_the_schema_for_editors_has_it(root: Path) -> None:
    assert f'"{NEW}"' in inside("schema", "policy", "-C", str(root)).out


def test_without_the_table_it_is_outside_and_never_said_not_to_exist(root: Path) -> None:
    (root / "bo-sync.yaml").unlink()
    (root / "policies/new.yaml").unlink()
    for command in ("who-can", "needs"):
        ran = inside(command, NEW, "-C", str(root), *DAY)
        assert ran.code == 64
        assert ran.complaint[0] == f'error: unknown question "{NEW}": not in the operations table of 2026-05-17'
        assert "`bo-sync catalogue refresh`" in ran.complaint[1]
        assert "is no " not in ran.err


def test_a_table_that_would_take_away_is_reported_and_not_followed(root: Path) -> None:
    narrower = "orderUpdate,mutation,order.OWNER,,,false\nroleUpdate,mutation,unannotated,,,false\n"
    write(root, {"catalogue/operations.csv": TABLE + narrower})
    (found,) = [one for one in told(root, "validate", code=4)["findings"] if one["rule"] == "BOS110"]
    assert found["message"] == "built-in operations keep their lowest level: orderUpdate, roleUpdate"
    assert found["source"] == "catalogue/operations.csv:1"
    assert told(root, "needs", "orderUpdate")["modules"] == {"order_data": "editor"}


AGES: Final = [
    pytest.param("2027-04-30", False, True, id="180 days after the table of the repository"),
    pytest.param("2027-05-01", True, True, id="181 days after the table of the repository"),
    pytest.param("2026-11-13", False, False, id="180 days after the built-in table"),
    pytest.param("2026-11-14", True, False, id="181 days after the built-in table"),
]


@pytest.mark.parametrize(("day", "is_old", "is_added"), AGES)
def test_an_old_table_is_a_warning_where_operations_are_asked(
    root: Path, day: str, *, is_old: bool, is_added: bool
) -> None:
    if not is_added:
        write(root, {"bo-sync.yaml": "{}\n"})
    write(root, {"policies/new.yaml": "id: old\nmatch: {any_of: [{can: [orderUpdate]}]}\n"})
    taken = "2026-11-01" if is_added else "2026-05-17"
    warning = f"warning: the operations table of {taken} is older than 180 days\nhint: `bo-sync catalogue refresh"
    asked = (
        ("who-can", "orderUpdate"),
        ("needs", "orderUpdate"),
        ("show", "jane@example.com"),
        ("validate",),
        ("plan", *LIVE),
    )
    for words in asked:
        ran = inside(*words, "-C", str(root), "--today", day)
        assert ran.code in {0, 4}, ran  # the policy fails for the hub's own first user
        assert (ran.err.count(warning), ran.err.count("older than")) == (is_old, is_old), words
        assert "older than" not in ran.out
        assert "older than" not in inside(*words, "-C", str(root), "--today", day, "--quiet").err
    if not is_added:
        assert inside("validate", "--strict", "-C", str(root), "--today", day).code == 0


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("plan", *LIVE), id="a plan that changes no grants"),
        pytest.param(("plan", *LIVE, "--only", "jane@example.com"), id="a plan of one user that changes no grants"),
        pytest.param(("apply", *LIVE, "--yes"), id="an apply that changes no grants"),
        pytest.param(("validate",), id="files without policies"),
        pytest.param(("users",), id="the users of the files"),
        pytest.param(("users", "--live", *LIVE), id="the users of the hub"),
    ],
)
def test_an_old_table_is_no_warning_where_no_operations_are_asked(tmp_path: Path, words: tuple[str, ...]) -> None:
    root = write(tmp_path, {"users/jane.yaml": "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"})
    ran = inside(*words, "-C", str(root), "--today", "2026-11-14")
    assert ran.code == 0, ran
    assert "older than" not in ran.err


def test_catalogue_diff_is_against_the_table_in_use(root: Path) -> None:
    write(root, {"new.csv": f"{TABLE}zapAll,mutation,logistics.VIEWER,,,false\n"})
    found = told(root, "catalogue", "diff", str(root / "new.csv"))
    assert found["added"] == ["zapAll"]
    assert found["old"]["table"] == "the table in use, with catalogue/operations.csv"


def test_catalogue_diff_alone_shows_what_the_table_of_the_repository_adds(root: Path) -> None:
    found = told(root, "catalogue", "diff")
    assert found["added"] == ["secretOfAll", NEW]
    assert found["removed"] == []
    (root / "bo-sync.yaml").unlink()
    assert told(root, "catalogue", "diff")["added"] == []
