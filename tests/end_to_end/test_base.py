"""`validate --base`, and what `plan` remembers: a real process, a real git repository, and no hub where none is due."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Final

import pytest

from tests.end_to_end.world import file
from tests.support.process import Ran, Served, bo_sync, in_terminal
from tests.support.repository import commit, git, repository

JANE: Final = file("jane@example.com", "phone: '1'", first="Jane", last="Doe")
BOB: Final = file("bob@example.com", first="Bob", last="Roe")
TEAM: Final = "users:\n- email: t1@example.com\n  id: 1\n- email: t2@example.com\n  id: 2\n"
FILES: Final = {"users/jane.yaml": JANE, "users/bob.yaml": BOB, "users/team.yaml": TEAM}
MOVED: Final = JANE.replace("jane@", "j.doe@")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with four users on `main`."""
    return repository(tmp_path / "files", FILES)


def short(root: Path, revision: str = "main") -> str:
    return git(root, "rev-parse", revision)[:10]


def validate(root: Path, *more: str, base: str = "main") -> Ran:
    done = bo_sync(root, "validate", "--base", base, "--today", "2026-06-15", *more)
    assert done.err == ""
    return done


def test_programs_get_the_same_as_json(root: Path) -> None:
    commit(root, {"users/jane.yaml": MOVED, "bo-sync.yaml": "email_domains: [example.com]\n"})
    commit(root, {"users/bob.yaml": None, "bo-sync.yaml": "email_domains: [example.com, example.org]\n"})
    done = validate(root, "--format", "json", base="HEAD~2")
    document = json.loads(done.out)
    assert done.code == 4
    keys = "format_version users presets problems findings policies base loosened guardrails"
    assert list(document) == keys.split()
    assert document["base"] == {"revision": "HEAD~2", "commit": short(root, "HEAD~2"), "tip": None}
    assert document["loosened"] == []
    found = {guardrail.pop("guardrail"): guardrail for guardrail in document["guardrails"]}
    assert list(found) == ["empty", "email_change", "removed_file"]
    judged = {"of": "run", "actual": 3, "limit": 1, "ok": True}
    assert found["empty"] == {**judged, "skipped": False, "allowed_by": None, "basis": None, "rows": []}
    assert [found[name]["of"] for name in ("email_change", "removed_file")] == ["user", "user"]
    assert [(row["email"], row["source"]) for row in found["email_change"]["rows"]] == [
        ("j.doe@example.com", "users/jane.yaml:1")
    ]
    assert [(row["email"], row["source"]) for row in found["removed_file"]["rows"]] == [
        ("bob@example.com", "users/bob.yaml:1")
    ]
    later = json.loads(validate(root, "--format", "json", base="HEAD~1").out)
    assert later["loosened"] == [{"guard": "email_domains", "before": None, "after": "example.org"}]


def behind(root: Path, files: dict[str, str | None]) -> tuple[str, str]:
    """A branch with `files`, cut before `main` got somebody; the short names of where it was cut, and of `main`."""
    git(root, "checkout", "-q", "-b", "change")
    commit(root, files)
    git(root, "checkout", "-q", "main")
    commit(root, {"users/late.yaml": file("late@example.com", first="Late", last="Hire")})
    git(root, "checkout", "-q", "change")
    return short(root, "main~1"), short(root)


def test_what_others_added_to_the_base_since_is_not_taken_for_removed(root: Path) -> None:
    cut, tip = behind(root, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    done = validate(root)
    told = f"Compared with main ({cut}, where HEAD left it; it is at {tip}): 3 guardrails checked, none refuses."
    assert (done.code, done.out.splitlines()[0]) == (0, told)
    document = json.loads(validate(root, "--format", "json").out)
    assert document["base"] == {"revision": "main", "commit": cut, "tip": tip}
    markdown = validate(root, "--format", "markdown").out
    code = "<code>{}</code>".format
    assert f"compared with {code('main')} ({code(cut)}, where HEAD left it; it is at {code(tip)}).</sub>" in markdown


def test_what_the_branch_removes_is_refused_however_far_it_is_behind(root: Path) -> None:
    cut, tip = behind(root, {"users/jane.yaml": None})
    done = validate(root)
    assert done.code == 4
    assert done.out.splitlines()[0] == (
        f"Guardrails: 1 of 3 refuses these files, compared with main ({cut}, where HEAD left it; it is at {tip})"
    )
    assert [line.split()[1] for line in done.out.splitlines() if line.startswith("           ! ")] == [
        "jane@example.com"
    ]


def test_a_merge_with_the_base_is_compared_with_the_very_base(root: Path) -> None:
    _, tip = behind(root, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    git(root, "merge", "-q", "-m", "merge", "main")
    done = validate(root)
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        f"Compared with main ({tip}): 3 guardrails checked, none refuses.",
    )
    (root / "users/late.yaml").unlink()
    commit(root, {"users/late2.yaml": "email: late2@example.com\nid: 9\n"})
    assert "! late@example.com  has an entry at the base (users/late.yaml:1) and none now" in validate(root).out


def test_a_shallow_clone_that_cannot_tell_since_when_is_a_mistake_of_usage(root: Path) -> None:
    behind(root, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    clone = root.parent / "clone"
    git(root.parent, "clone", "-q", "--depth=1", "--no-single-branch", root.as_uri(), "clone")
    done = bo_sync(clone, "validate", "--base", "origin/main")
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (
        (
            "error: git cannot tell since when the files at hand and the revision origin/main differ: this clone is "
            "shallow"
        ),
        (
            "next: fetch the whole history, with `git fetch --unshallow` (on GitHub Actions: `fetch-depth: 0` for "
            "actions/checkout; on GitLab: `GIT_DEPTH: 0`)"
        ),
    )
    planned = bo_sync(clone, "plan", "--hub", "http://127.0.0.1:9/graphql", "--base", "origin/main")
    assert (planned.code, planned.complaint) == (done.code, done.complaint)
    git(clone, "fetch", "-q", "--unshallow")
    assert bo_sync(clone, "validate", "--base", "origin/main").code == 0


def test_broken_files_come_before_refusals_and_accuse_nobody(root: Path) -> None:
    commit(root, {"users/jane.yaml": None, "users/bob.yaml": f"{BOB}presett: x\n", "users/team.yaml": "users: [\n"})
    done = validate(root, base="HEAD~1")
    assert done.code == 3
    refused = [line.split()[1] for line in done.out.splitlines() if line.startswith("           ! ")]
    assert refused == ["jane@example.com"]
    assert done.out.splitlines()[-1] == "2 errors. Refused by removed_file."


def test_a_base_with_broken_files_is_compared_as_far_as_it_goes_and_that_is_said(root: Path) -> None:
    commit(root, {"users/jane.yaml": f"{JANE}presett: x\n", "users/bob.yaml": "email: [\n"})
    commit(root, {"users/jane.yaml": None, "users/bob.yaml": None})
    done = validate(root, base="HEAD~1")
    assert done.code == 4
    assert "           ! jane@example.com  has an entry at the base" in done.out
    assert done.out.splitlines()[-3:] == [
        (
            "users/bob.yaml:2:1: warning: at the base this file had an error, so it is compared only in part: "
            "not YAML: did not find expected node content"
        ),
        (
            "users/jane.yaml:5:1: warning: at the base this file had an error, so it is compared only in part: "
            'unknown key "presett"; expected one of email, id, first_name, last_name, middle_name, gender, phone, job, '
            "language, preset, presets, platform, modules, state, until, ignore; did you mean preset?"
        ),
        "2 warnings. Refused by removed_file.",
    ]


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        pytest.param(
            "guardrails: [\n",
            "bo-sync.yaml:2:1: {}: not YAML: did not find expected node content",
            id="settings not YAML",
        ),
        pytest.param(
            "guardrails: {max_user_deletes: {percent: 5}}\nmin: 3\n",
            'bo-sync.yaml:2:1: {}: unknown key "min"; expected one of ',
            id="settings with a mistake",
        ),
    ],
)
def test_guards_are_not_compared_with_settings_that_could_not_be_read(root: Path, broken: str, complaint: str) -> None:
    commit(root, {"bo-sync.yaml": broken})
    commit(root, {"bo-sync.yaml": "guardrails: {max_user_deletes: {percent: 100}}\n"})
    done = validate(root, base="HEAD~1")
    assert (done.code, done.out.splitlines()[0]) == (
        0,
        f"Compared with HEAD~1 ({short(root, 'HEAD~1')}): 3 guardrails checked, none refuses.",
    )
    told = "warning: at the base this file had an error, so whether its guards are loosened cannot be told"
    assert done.out.splitlines()[2].startswith(complaint.format(told))
    assert done.out.splitlines()[3] == "1 warning."
    assert json.loads(validate(root, "--format", "json", base="HEAD~1").out)["loosened"] == []


def test_a_base_without_files_has_nobody_to_compare_with(tmp_path: Path) -> None:
    root = repository(tmp_path, {"README.md": "x"})
    commit(root, FILES)
    done = validate(root, base="HEAD~1")
    assert done.code == 0
    assert done.out.splitlines()[-2:] == [
        "users:1:1: info: at the base there are no user files, so there is nobody to compare with",
        "1 note.",
    ]


def test_a_revision_that_git_does_not_know_is_a_mistake_of_usage(root: Path) -> None:
    done = bo_sync(root, "validate", "--base", "nope")
    assert (done.code, done.out) == (64, "")
    assert done.complaint == (
        "error: git knows no revision nope here",
        "next: name a branch, a tag or a commit; `git fetch` brings those of the remote, called as in origin/main",
    )
    hostile = bo_sync(root, "validate", "--base=--output=x")
    assert (hostile.code, hostile.out) == (64, "")
    assert hostile.complaint[0] == 'error: "--output=x" names no revision'
    assert not (root / "x").exists()


def test_a_terminal_wraps_and_colours_and_says_the_same(root: Path) -> None:
    commit(root, {"users/jane.yaml": MOVED})
    done = in_terminal(root, "validate", "--base", "HEAD~1", columns=60)
    assert done.code == 4
    assert "\x1b[1;31m" in done.out
    plain = re.sub("\x1b\\[[0-9;]*m", "", done.out)
    assert max(map(len, plain.splitlines())) <= 60
    assert "keep users/jane.yaml for jane@example.com" in " ".join(plain.split())


def test_a_plan_marks_users_whom_a_commit_took_out_of_the_files(quiet_hub: Served, root: Path) -> None:
    gone = commit(root, {"users/bob.yaml": None})
    done = bo_sync(root, "plan", "--only", "bob@example.com", env=quiet_hub.env())
    assert (done.code, done.err) == (0, "")
    told = (
        f"in the hub without a file (its file users/bob.yaml was removed in {gone[:10]}), so all access stays: "
        "bring it back with `state: absent`"
    )
    assert f"  ! bob@example.com  warning: {told} (BOS105)" in done.out.splitlines()
    document = json.loads(bo_sync(root, "plan", "--format", "json", env=quiet_hub.env()).out)
    assert [found for found in document["findings"] if found["rule"] == "BOS105"] == [
        {"rule": "BOS105", "severity": "warning", "email": "bob@example.com", "message": told, "source": None}
    ]
    assert {"email": "bob@example.com", "policy": "report"} in document["unmanaged"]


def without_git(root: Path, _: Path) -> Path:
    (root / ".git").rename(root.parent / "elsewhere")
    return root


def in_a_shallow_clone(root: Path, _: Path) -> Path:
    git(root.parent, "clone", "-q", "--depth=1", root.as_uri(), "clone")
    return root.parent / "clone"


def of_another_user(root: Path, shim: Path) -> Path:
    shim.write_text(f'#!/bin/sh\nGIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {which("git")} "$@"\n', encoding="ascii")
    return root


def with_a_broken_repository(root: Path, _: Path) -> Path:
    (root / ".git/HEAD").write_text("?\n", encoding="ascii")
    return root


def like_a_bare_repository(root: Path, _: Path) -> Path:
    folder = root / "access"
    (root / ".git").rename(root.parent / "elsewhere")
    for name in ("users", "presets"):
        if (root / name).exists():
            folder.mkdir(exist_ok=True)
            (root / name).rename(folder / name)
    for path in ("HEAD", "objects/x", "refs/x"):
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text("x", encoding="ascii")
    return folder


def without_a_program(root: Path, shim: Path) -> Path:
    shim.write_text("#!/nowhere\n", encoding="ascii")
    return root


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(without_git, ("not in a git work tree", "run this in a clone"), id="a folder without git"),
        pytest.param(in_a_shallow_clone, ("this clone is shallow", "git fetch --unshallow"), id="a shallow clone"),
        pytest.param(
            of_another_user,
            ("detected dubious ownership", "git config --global --add safe.directory"),
            id="a checkout of another user",
        ),
        pytest.param(with_a_broken_repository, ("git says: fatal: ", "run this in a clone"), id="a broken repository"),
        pytest.param(
            like_a_bare_repository, ("looks like a bare git", "remove the files HEAD"), id="a planted repository"
        ),
        pytest.param(without_a_program, ("git does not answer", "install git"), id="a machine without git"),
    ],
)
def test_a_history_that_cannot_tell_of_removed_files_is_a_finding_and_an_error(
    quiet_hub: Served, root: Path, spoil: Callable[[Path, Path], Path], said: tuple[str, str]
) -> None:
    commit(root, {"users/bob.yaml": None})
    commit(root, {"README.md": "x"})
    shim = root.parent / "bin/git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {which("git")} "$@"\n', encoding="ascii")
    shim.chmod(0o755)
    spoiled = spoil(root, shim)
    env = {**quiet_hub.env(), "HOME": str(root.parent), "PATH": f"{shim.parent}{os.pathsep}{os.environ['PATH']}"}
    document = json.loads(bo_sync(spoiled, "plan", "--format", "json", env=env).out)
    found = {each["rule"]: each["message"] for each in document["findings"] if each["rule"] >= "BOS105"}
    assert list(found) == ["BOS113"]
    assert all(part in found["BOS113"] for part in said)
    for line in (
        ("validate", "--base", "HEAD~1"),
        ("plan", "--base", "HEAD~1"),
        ("diff", "HEAD~1"),
        ("show", "jane@example.com", "--at", "HEAD~1"),
    ):
        done = bo_sync(spoiled, *line, env=env)
        assert done.code == 64
        assert all(part in done.err for part in said)


def test_a_repository_that_git_does_not_read_is_a_finding_for_any_files(quiet_hub: Served, root: Path) -> None:
    (root / ".git/HEAD").write_text("?\n", encoding="ascii")
    (root / "bo-sync.yaml").write_text("unmanaged: ignore\nprotect: [break-glass@example.com]\n", encoding="utf-8")
    document = json.loads(bo_sync(root, "plan", "--format", "json", env=quiet_hub.env()).out)
    assert "BOS113" in [each["rule"] for each in document["findings"]]


def test_a_folder_without_git_is_none_where_every_user_has_a_file(quiet_hub: Served, root: Path) -> None:
    (root / ".git").rename(root.parent / "elsewhere")
    (root / "bo-sync.yaml").write_text("protect: [break-glass@example.com]\n", encoding="utf-8")
    document = json.loads(bo_sync(root, "plan", "--format", "json", env=quiet_hub.env()).out)
    assert [each["rule"] for each in document["findings"] if each["rule"] >= "BOS105"] == []
