"""The forms for other programs on the command line: whole before any exit, several at once, each as it is printed."""

import csv
import json
from io import StringIO
from pathlib import Path

import pytest
from junitparser import Failure, JUnitXml, Skipped

from tests.support.process import Ran, bo_sync, write
from tests.support.repository import commit, repository

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\nmodules: {api_keys: owner}\n"
KAREL = "email: karel@example.com\nfirst_name: Karel\nlast_name: Appel\nmodules: {pricing: viewer}\n"
POLICY = "id: no-keys\ntitle: Nobody makes keys\nmatch: {all_of: [{has: {api_keys: owner}}]}\n"
ALL_OF_PLAN = ("text", "json", "markdown", "github", "sarif", "junit", "gitlab-codequality", "gitlab-plan", "csv")


def ran(root: Path, *arguments: str) -> Ran:
    hub = ("--hub", "sandbox:") if arguments[0] in {"plan", "apply"} else ()
    return bo_sync(root, *arguments, *hub)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def reports(*forms: str) -> list[str]:
    return [word for form in forms for word in ("--report", f"{form}=out.{form}")]


def results(path: Path) -> list[tuple[str, str, int]]:
    (run,) = json.loads(read(path))["runs"]
    places = [(entry["ruleId"], entry["locations"][0]["physicalLocation"]) for entry in run["results"]]
    return [(rule, place["artifactLocation"]["uri"], place["region"]["startLine"]) for rule, place in places]


def test_a_plan_is_written_in_every_form_at_once(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE, "users/karel.yaml": KAREL})
    done = ran(tmp_path, "plan", "--format", "csv", *reports(*ALL_OF_PLAN))
    assert done.code == 0, done.err
    assert read(tmp_path / "out.csv") == done.out
    assert json.loads(read(tmp_path / "out.gitlab-plan")) == {"create": 2, "update": 0, "delete": 0}
    assert ("delicate_access", "users/jane.yaml", 1) in results(tmp_path / "out.sarif")
    assert [row["email"] for row in csv.DictReader(StringIO(done.out))] == ["jane@example.com", "karel@example.com"]
    assert str(tmp_path) not in "".join(read(tmp_path / f"out.{form}") for form in ALL_OF_PLAN)


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit", "gitlab-codequality", "gitlab-plan", "csv"])
def test_each_form_is_printed_as_it_is_written(form: str, tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    done = ran(tmp_path, "plan", "--format", form, *reports(form))
    assert read(tmp_path / f"out.{form}") == done.out
    assert (tmp_path / f"out.{form}").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("given", ["yaml=x", "text", "text=", "=x", ""])
def test_what_is_no_format_and_path_is_refused_before_anything_is_read(given: str, tmp_path: Path) -> None:
    done = ran(tmp_path, "plan", "--report", given)
    assert done.code == 64
    assert "is not a format and a path, as in text=FILE; formats: text, json" in done.err


def test_a_plan_that_is_refused_writes_its_reports(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE, "policies/no-keys.yaml": POLICY})
    done = ran(tmp_path, "plan", *reports("sarif", "junit", "gitlab-codequality", "csv"))
    assert done.code == 4
    assert ("policy/no-keys", "users/jane.yaml", 1) in results(tmp_path / "out.sarif")
    failed = [case.name for suite in JUnitXml.fromfile(str(tmp_path / "out.junit")) for case in suite if case.result]
    assert "no-keys" in failed
    quality = json.loads(read(tmp_path / "out.gitlab-codequality"))
    place = {"path": "users/jane.yaml", "lines": {"begin": 1, "end": 1}}
    assert ("blocker", place) in [(entry["severity"], entry["location"]) for entry in quality]


def test_files_with_errors_are_reported_before_the_exit(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": f"{JANE}shoe_size: 38\n", "users/karel.yaml": KAREL})
    done = ran(tmp_path, "validate", *reports("json", "text", "sarif", "junit", "gitlab-codequality"))
    assert done.code == 3
    assert ("files", "users/jane.yaml", 5) in results(tmp_path / "out.sarif")
    (suite, *_) = JUnitXml.fromfile(str(tmp_path / "out.junit"))
    assert {case.name: [type(result) for result in case.result] for case in suite} == {
        "users/jane.yaml": [Failure],
        "users/karel.yaml": [],
    }
    assert json.loads(read(tmp_path / "out.json"))["problems"][0]["line"] == 5
    assert read(tmp_path / "out.text") == done.out


def test_files_that_are_refused_are_reported_before_the_exit(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE, "policies/no-keys.yaml": POLICY})
    done = ran(tmp_path, "validate", "--format", "sarif", *reports("sarif"))
    assert done.code == 4
    assert read(tmp_path / "out.sarif") == done.out
    assert results(tmp_path / "out.sarif")[0] == ("policy/no-keys", "users/jane.yaml", 1)


def test_a_base_is_in_the_report_with_what_it_refuses_and_weakens(tmp_path: Path) -> None:
    repository(
        tmp_path, {"users/jane.yaml": JANE, "users/karel.yaml": KAREL, "bo-sync.yaml": "protect: [a@example.com]\n"}
    )
    commit(tmp_path, {"users/karel.yaml": None, "bo-sync.yaml": "protect: []\n"})
    done = ran(tmp_path, "validate", "--base", "HEAD~1", *reports("sarif", "junit"))
    assert done.code == 4
    found = [rule for rule, _, _ in results(tmp_path / "out.sarif")]
    assert found[0] == "guardrail/removed_file"
    assert "loosened_guard" in found
    cases = {case.name: case.result for suite in JUnitXml.fromfile(str(tmp_path / "out.junit")) for case in suite}
    assert cases["removed_file"]
    assert not cases["email_change"]


def test_files_are_named_as_the_repository_names_them(tmp_path: Path) -> None:
    write(tmp_path, {"access/users/jane.yaml": f"{JANE}shoe_size: 38\n"})
    done = ran(tmp_path, "validate", "-C", "access", *reports("sarif", "gitlab-codequality", "junit"))
    assert done.code == 3
    assert ("files", "access/users/jane.yaml", 5) in results(tmp_path / "out.sarif")
    assert json.loads(read(tmp_path / "out.gitlab-codequality"))[0]["location"]["path"] == "access/users/jane.yaml"
    assert 'name="users/jane.yaml" file="access/users/jane.yaml"' in read(tmp_path / "out.junit")


def test_an_apply_is_one_case_a_user(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE, "users/karel.yaml": KAREL})
    done = ran(tmp_path, "apply", "--yes", "--format", "junit", *reports("junit", "json"))
    assert done.code == 0, done.err
    assert read(tmp_path / "out.junit") == done.out
    users = [suite for suite in JUnitXml.fromstring(done.out.encode()) if suite.name == "users"]
    assert [case.name for suite in users for case in suite] == ["create jane@example.com", "create karel@example.com"]
    assert json.loads(read(tmp_path / "out.json"))["summary"]["applied"] == 2


def test_an_apply_that_is_refused_reports_the_refusal_and_everybody_as_skipped(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE, "policies/no-keys.yaml": POLICY})
    done = ran(tmp_path, "apply", "--yes", *reports("junit"))
    assert done.code == 4
    suites = {suite.name: suite for suite in JUnitXml.fromfile(str(tmp_path / "out.junit"))}
    assert (suites["policies"].failures, suites["users"].skipped) == (1, 1)
    assert [type(result) for case in suites["users"] for result in case.result] == [Skipped]


@pytest.mark.parametrize("place", ["missing/out.xml", "users"], ids=["a folder that is not there", "a folder"])
def test_an_apply_whose_report_cannot_be_written_sends_nothing(place: str, tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    done = ran(tmp_path, "apply", "--yes", "--report", f"junit={place}")
    assert done.code == 64
    assert f"{place} cannot be written: " in done.err
    assert json.loads(ran(tmp_path, "plan", "--format", "json").out)["summary"]["create"] == 1


@pytest.mark.parametrize(
    ("command", "forms"),
    [
        (("users",), ("text", "json", "csv")),
        (("matrix",), ("text", "json", "csv")),
        (("matrix", "--diff-with", "jane@example.com"), ("text", "json", "csv")),
        (("diff", "HEAD~1"), ("text", "json", "markdown", "csv")),
        (("validate",), ("text", "json", "sarif", "junit", "gitlab-codequality")),
    ],
    ids=" ".join,
)
def test_each_report_is_what_is_printed(command: tuple[str, ...], forms: tuple[str, ...], tmp_path: Path) -> None:
    repository(tmp_path, {"users/jane.yaml": JANE})
    commit(tmp_path, {"users/karel.yaml": KAREL})
    for form in forms:
        done = ran(tmp_path, *command, "--format", form, "--report", f"{form}=../out")
        assert done.code == 0, done.err
        assert read(tmp_path.parent / "out") == done.out


def failed(text: str) -> list[str]:
    return [case.name for suite in JUnitXml.fromstring(text.encode()) for case in suite if case.result]


EVERY_REPORT = ("text", "json", "markdown", "github", "junit")


def test_an_apply_that_guardrails_refuse_names_them_in_every_form_without_changes(
    tmp_path: Path,
) -> None:
    (tmp_path / "users").mkdir()
    done = ran(tmp_path, "apply", "--yes", "--format", "json", *reports(*EVERY_REPORT))
    report = json.loads(done.out)
    assert (done.code, report["not_run"], report["outcomes"]) == (4, "refused by empty", [])
    assert [guardrail["guardrail"] for guardrail in report["guardrails"] if not guardrail["ok"]] == ["empty"]
    told = {form: read(tmp_path / f"out.{form}") for form in EVERY_REPORT}
    assert told["json"] == done.out
    assert failed(told["junit"]) == ["empty"]
    way = "add at least one file to users/"
    assert [form for form in EVERY_REPORT if form not in {"json", "junit"} and way not in told[form]] == []
    assert "### ⛔ bo-sync apply: nothing was sent" in told["markdown"]
    assert "Nothing was sent: refused by empty." in told["text"]


@pytest.mark.parametrize("altered", [False, True], ids=["stale", "altered"])
def test_an_apply_of_a_plan_that_no_longer_holds_says_so_in_every_form(altered: bool, tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    ran(tmp_path, "plan", "--out", "plan.json")
    if altered:
        (tmp_path / "plan.json").write_text("{}", encoding="utf-8")
        moved = "the saved plan is malformed: `format_version` is missing"
    else:
        write(tmp_path, {"users/karel.yaml": KAREL})
        moved = "karel@example.com: was not in that plan, now would be created"
    done = ran(tmp_path, "apply", "plan.json", "--yes", "--format", "json", *reports(*EVERY_REPORT))
    report = json.loads(done.out)
    assert (done.code, report["not_run"], report["moved"]) == (6, "the saved plan is stale", [moved])
    assert {user["outcome"] for user in report["outcomes"]} == {"not_attempted"}
    told = {form: read(tmp_path / f"out.{form}") for form in EVERY_REPORT}
    assert told["json"] == done.out
    assert "plan" in failed(told["junit"])
    assert [form for form in ("text", "github", "junit") if moved not in told[form]] == []
    assert "**The saved plan is stale.**\n\n#### It is not what would be done now" in told["markdown"]
    assert json.loads(ran(tmp_path, "plan", "--format", "json").out)["summary"]["create"] == (1 if altered else 2)


def test_a_stale_plan_fails_the_step_of_a_workflow_with_its_own_outputs_and_summary(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    ran(tmp_path, "plan", "--out", "plan.json")
    write(tmp_path, {"users/karel.yaml": KAREL})
    places = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    done = bo_sync(tmp_path, "apply", "plan.json", "--yes", "--format", "github", "--hub", "sandbox:", env=places)
    annotations = [line for line in done.out.splitlines() if line.startswith("::")]
    assert (done.code, len(annotations)) == (6, 1)
    moved = "karel@example.com: was not in that plan, now would be created"
    assert annotations == [f"::error title=bo-sync::the saved plan is not what would be done now:%0A{moved}"]
    assert "exitcode=6\n" in read(tmp_path / "GITHUB_OUTPUT")
    summary = read(tmp_path / "GITHUB_STEP_SUMMARY")
    assert "nothing was sent" in summary
    assert "bo-sync: 2 people" not in summary


OWN = """email: jane@example.com
first_name: Jane
last_name: Doe
preset: desk
platform:
  backoffice: true
modules:
  api_keys: owner
  roles_permissions:
    access: owner
    until: 2026-01-31
  pricing: none
"""


def test_a_grant_is_told_at_the_line_of_its_own_entry_and_what_a_preset_gives_at_the_user(tmp_path: Path) -> None:
    """Of what ended or is taken it is the entry that ended, or that takes it."""
    before = OWN.replace("  api_keys: owner\n", "").replace("2026-01-31", "2099-01-31").replace("none", "owner")
    write(tmp_path, {"users/jane.yaml": before, "users/karel.yaml": KAREL, "presets/desk.yaml": "label: Desk\n"})
    guardrails = ("--allow", "min_role_owners=1", "--allow", "max_grant_losses=9")
    assert ran(tmp_path, "apply", "--yes", *guardrails).code == 0
    write(tmp_path, {"users/jane.yaml": OWN, "presets/desk.yaml": "label: Desk\nmodules: {order_data: viewer}\n"})
    done = ran(
        tmp_path,
        "plan",
        *guardrails,
        "--format",
        "json",
        "--out",
        "plan.json",
        *reports("sarif", "csv", "text", "github"),
    )
    (change,) = json.loads(done.out)["changes"]
    expected = {"api_keys": 8, "roles_permissions": 9, "pricing": 12}
    assert {entry["role"]: entry["source"] for entry in change["places"]} == {
        role: f"users/jane.yaml:{line}" for role, line in expected.items()
    }
    rows = csv.DictReader(StringIO(read(tmp_path / "out.csv")))
    lines = {row["role"]: int(row["source"].rpartition(":")[2]) for row in rows}
    assert lines == {**expected, "order_data": 1}
    delicate = [line for rule, _, line in results(tmp_path / "out.sarif") if rule == "delicate_access"]
    assert delicate == [8, 9]
    assert "::warning file=users/jane.yaml,line=8,endLine=8," in read(tmp_path / "out.github")
    comment = bo_sync(tmp_path, "comment", "--github", "--dry-run", "plan.json").out
    for line in lines.values():
        assert f"users/jane.yaml:{line}  " in read(tmp_path / "out.text")
        assert f"users/jane.yaml&#58;{line}</code>" in comment
