"""`plan --base`: every weakened guard is shown first in every form, and nothing else of the plan is another."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from bo_sync.exit_codes import ExitCode
from bo_sync.sandbox.store import Store
from tests.core.test_weakened_guards import KEPT, NONE, WEAKENED, Files, ignore, policy, settings
from tests.end_to_end.world import rows, user
from tests.render.test_github import read
from tests.support.inside import inside
from tests.support.process import Ran
from tests.support.reader import as_github_shows
from tests.support.repository import commit, git, repository

TODAY: Final = "--today=2026-06-15"
OWNERS: Final = [
    user(f"{name}@example.com", *rows(role="OWNER", backoffice="OWNER"), firstName=name, lastName="Owner")
    for name in ("ann", "bob")
]
JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\nmodules: {pricing: viewer}\n"
REPORTS: Final = ("text", "json", "markdown", "github", "sarif", "gitlab-codequality", "csv")


def on_the_sandbox(rows: list[Any]) -> list[Any]:
    """Without those whose files name another hub than the sandbox."""
    return [row for row in rows if "hub_host: " not in str(row.values[1])]


def changed(root: Path, before: Files, after: Files) -> Path:
    """A repository of two commits: Jane with the files `before`, then with those `after`."""
    repository(root, {"users/u.yaml": JANE, **before})
    gone = dict.fromkeys(before.keys() - after.keys() - {"users/u.yaml"})
    commit(root, {"users/u.yaml": JANE, "README.md": "later", **gone, **after})
    (root / ".bo-sync").mkdir()
    with Store.open(root / ".bo-sync/sandbox.db") as store:
        store.load({"users": OWNERS})
    return root


def plan(root: Path, *more: str) -> Ran:
    return inside("plan", "-C", str(root), "--hub", "sandbox:", "--quiet", TODAY, *more)


def forms(root: Path, *more: str) -> tuple[Ran, Mapping[str, str]]:
    """How `plan` ended, and each form of its plan; the comment is that of the saved plan."""
    places = {form: root / f"out.{form}" for form in REPORTS}
    saved = root / "plan.json"
    done = plan(root, *more, f"--out={saved}", *(f"--report={form}={place}" for form, place in places.items()))
    shown = {form: place.read_text("utf-8") for form, place in places.items()}
    comment = inside("comment", "-C", str(root), "--github", "--dry-run", str(saved))
    assert comment.code == 0, comment.err
    return done, {**shown, "comment": comment.out}


@pytest.mark.parametrize(("before", "after", "guards"), on_the_sandbox(WEAKENED))
def test_a_weakened_guard_is_first_in_every_form_and_changes_nothing_else(
    tmp_path: Path, before: Files, after: Files, guards: set[str]
) -> None:
    root = changed(tmp_path, before, after)
    without, plain = forms(root)
    done, shown = forms(root, "--base", "HEAD~1")
    assert done.code == without.code
    document, other = json.loads(shown["json"]), json.loads(plain["json"])
    assert {entry["guard"] for entry in document.pop("loosened")} == guards
    assert document.pop("base") == {"revision": "HEAD~1", "commit": git(root, "rev-parse", "HEAD~1")[:10], "tip": None}
    assert document == other
    header, _, rest = shown["text"].partition("\n\n")
    title, *lines = rest.partition("\n\n")[0].splitlines()
    assert header.startswith("Plan for sandbox: ")
    assert title == f"Guards loosened since HEAD~1 ({git(root, 'rev-parse', 'HEAD~1')[:10]})"
    assert {line.split()[1].rstrip(":") for line in lines} == guards
    for form in ("markdown", "comment"):
        section = next(part for part in re.split(r"^#### |^<details>", shown[form], flags=re.MULTILINE)[1:])
        assert section.startswith("Guards loosened (")
        assert guards <= set(as_github_shows(section).code)
    warnings = [command for command in read(shown["github"]) if command.name == "warning"]
    assert {command.message.partition(": ")[0] for command in warnings[: len(guards)]} == guards
    assert '"loosened_guard"' in shown["sarif"]
    assert '"loosened_guard"' in shown["gitlab-codequality"]
    assert {line.split(",")[2] for line in shown["csv"].splitlines() if line.startswith(",guard,")} == guards


@pytest.mark.parametrize(("before", "after"), on_the_sandbox(KEPT))
def test_what_keeps_or_tightens_a_guard_is_in_no_form(tmp_path: Path, before: Files, after: Files) -> None:
    done, shown = forms(changed(tmp_path, before, after), "--base", "HEAD~1")
    assert done.out.splitlines()[1].endswith(": no guard is loosened.")
    assert json.loads(shown["json"])["loosened"] == []
    assert not [form for form, text in shown.items() if re.search("Guards loosened|loosened_guard|,guard,", text)]


def test_a_saved_plan_with_weakened_guards_is_applied_and_needs_no_base(tmp_path: Path) -> None:
    root = changed(tmp_path, NONE, settings("unmanaged: ignore"))
    assert plan(root, "--base", "HEAD~1", "--out", str(root / "plan.json")).code == 0
    saved = json.loads((root / "plan.json").read_text("utf-8"))
    assert (saved["format_version"], [entry["guard"] for entry in saved["loosened"]]) == (2, ["unmanaged"])
    done = inside(
        "apply", "-C", str(root), "--hub", "sandbox:", TODAY, str(root / "plan.json"), "--yes", "--format=json"
    )
    assert done.code == 0, done.err
    assert json.loads(done.out)["digest"] == saved["digest"]
    assert json.loads(done.out)["summary"]["applied"] == 1


def test_a_comment_with_300_warnings_names_the_weakened_guard_first(tmp_path: Path) -> None:
    told = "modules: {pricing: {access: owner, until: 2026-06-15, reason: %s}}" % ("a long reason " * 20)
    many = "".join(
        f"- {{email: a{number:03}@example.com, first_name: A{number}, last_name: B{number}, {told}}}\n"
        for number in range(300)
    )
    root = changed(tmp_path, {"users/many.yaml": f"users:\n{many}"}, {"users/many.yaml": f"users:\n{many}"})
    commit(root, {"bo-sync.yaml": "unmanaged: ignore\n"})
    _, shown = forms(root, "--base", "HEAD~1")
    assert sum(found["severity"] == "warning" for found in json.loads(shown["json"])["findings"]) >= 300
    comment = shown["comment"]
    assert len(comment.encode()) <= 65_000
    assert "rows are shown, to fit" in comment
    first = re.split(r"^#### |^<details>", comment, flags=re.MULTILINE)[1]
    assert as_github_shows(first).code == ["unmanaged", "report", "ignore"]


NAMED: Final[Files] = {
    "users/u.yaml": JANE + "ignore: [{rule: BOS007, reason: Zbigniew agreed, until: 2026-12-31}]\n",
    "users/zoe.yaml": "email: zoe@example.com\nfirst_name: Zoe\nlast_name: Zwick\n",
    "policies/p.yaml": "id: prices\ntitle: Only Zoe Zwick prices\nmatch: {any_of: [{has: {pricing: editor}}]}\n"
    "at_most: 1\nexcept: [{email: zoe@example.com, reason: as Zbigniew asked, until: 2027-01-01}]\n",
    "bo-sync.yaml": "protect: [zoe@example.com]\n",
}
LATER: Final[Files] = {
    **NAMED,
    "users/u.yaml": NAMED["users/u.yaml"].replace("2026-12-31", "2027-12-31").replace("agreed", "insists"),
    "policies/p.yaml": NAMED["policies/p.yaml"].replace("2027", "2028").replace("asked", "begged"),
    "bo-sync.yaml": "unmanaged: ignore\n",
}


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(LATER, id="guards that name users are weaker"),
        pytest.param(
            {path: text for path, text in LATER.items() if not path.startswith("policies/")}, id="a policy is removed"
        ),
    ],
)
def test_redacted_weakened_guards_name_no_user(tmp_path: Path, after: Files) -> None:
    root = changed(tmp_path, NAMED, after)
    guards = {"unmanaged", "protect", "ignore"}
    for form in ("text", "json", "markdown", "github", "sarif", "csv"):
        done = plan(root, "--base", "HEAD~1", "--redact", "--format", form)
        assert all(guard in done.out for guard in guards)
        assert not re.search("zoe|zwick|zbigniew|jane", done.out + done.err, re.IGNORECASE)
    plan(root, "--base", "HEAD~1", "--out", str(root / "plan.json"))
    comment = inside("comment", "-C", str(root), "--github", "--dry-run", "--redact", str(root / "plan.json"))
    assert guards <= set(as_github_shows(comment.out).code)
    assert not re.search("zoe@|zbigniew|jane", comment.out, re.IGNORECASE)


@pytest.mark.parametrize(
    ("revision", "told"),
    [
        pytest.param("nope", "git knows no revision nope here", id="a revision that git does not know"),
        pytest.param("--output=x", '"--output=x" names no revision', id="an option"),
        pytest.param("", '"" names no revision', id="nothing"),
    ],
)
def test_an_unusable_base_is_an_error_and_no_hub_is_asked(tmp_path: Path, revision: str, told: str) -> None:
    root = changed(tmp_path, NONE, NONE)
    expected = inside("validate", "-C", str(root), f"--base={revision}")
    done = inside("plan", "-C", str(root), "--hub", "http://127.0.0.1:9/graphql", f"--base={revision}")
    assert (done.code, done.out, done.complaint) == (ExitCode.USAGE, "", expected.complaint)
    assert done.complaint[0] == f"error: {told}"


def test_a_branch_that_is_behind_is_compared_with_where_it_began(tmp_path: Path) -> None:
    root = changed(tmp_path, NONE, NONE)
    git(root, "switch", "--quiet", "--create", "topic", "HEAD~1")
    own = commit(root, settings("unmanaged: ignore"))
    git(root, "switch", "--quiet", "main")
    tip = commit(root, settings("guardrails: {min_role_owners: 3}"))
    git(root, "switch", "--quiet", "topic")
    document = json.loads(plan(root, "--base", "main", "--format", "json").out)
    assert document["base"]["commit"] == git(root, "rev-parse", f"{own}~1")[:10]
    assert document["base"]["tip"] == tip[:10]
    assert [entry["guard"] for entry in document["loosened"]] == ["unmanaged"]


@pytest.mark.parametrize(
    ("before", "found"),
    [
        pytest.param(
            settings("unmanagd: delete"),
            ["weakened guards may be missing here: at the base this file had an error, so whether its guards"],
            id="the settings had an error at the base",
        ),
        pytest.param(
            policy("at_most: many"),
            ["weakened guards may be missing here: at the base this file had an error"],
            id="a policy had an error at the base",
        ),
        pytest.param({"users/bad.yaml": "email: [\n"}, [], id="a file of a user hides no guard"),
    ],
)
def test_guards_that_cannot_be_compared_are_a_finding(tmp_path: Path, before: Files, found: list[str]) -> None:
    root = changed(tmp_path, before, NONE)
    findings = json.loads(plan(root, "--base", "HEAD~1", "--format", "json").out)["findings"]
    told = [each["message"] for each in findings if each["rule"] == "BOS113"]
    assert [message.startswith(begin) for message, begin in zip(told, found, strict=True)] == [True] * len(found)


def test_a_policy_that_is_set_aside_counts_as_removed(tmp_path: Path) -> None:
    sound = "match: {any_of: [{can: [priceUpdate]}]}"
    root = changed(tmp_path, policy(sound), policy(f"{sound}\nat_most: many"))
    done = plan(root, "--base", "HEAD~1", "--only", "bob@example.com", "--format", "json")
    assert [entry["guard"] for entry in json.loads(done.out)["loosened"]] == ["policies.p"]


def test_a_plan_about_chosen_users_shows_the_weakened_guards_too(tmp_path: Path) -> None:
    root = changed(tmp_path, NONE, ignore("2026-12-31"))
    for chosen in (("--only", "bob@example.com"), ("--expired",)):
        document = json.loads(plan(root, "--base", "HEAD~1", "--format", "json", *chosen).out)
        assert [entry["guard"] for entry in document["loosened"]] == ["ignore"]
