"""What git says of the files: a revision read without a checkout, the commit at hand, and entries that were removed."""

import os
from collections.abc import Mapping
from pathlib import Path
from shutil import which

import pytest

from bo_sync.config.load import Tree
from bo_sync.config.removals import Removal, removals
from bo_sync.config.revision import Base, base_of, commit_of, read_revision, tree_at
from bo_sync.config.yaml import MAX_BYTES
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from tests.support.process import write
from tests.support.repository import commit, git, repository

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
BOB = "email: bob@example.com\nfirst_name: Bob\nlast_name: Roe\n"


def emails(tree: Tree) -> list[str]:
    return [person.email.raw for person in tree.declarations]


def complaints(tree: Tree) -> list[str]:
    return [str(problem) for problem in tree.problems]


def test_a_revision_is_read_as_it_was_whatever_lies_in_the_folder(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/a/jane.yaml": JANE, "presets/p.yaml": "label: P\n", "README.md": "x"})
    first = git(root, "rev-parse", "HEAD")
    commit(root, {"users/a/jane.yaml": None, "users/bob.yaml": BOB, "bo-sync.yaml": "unmanaged: ignore\n"})
    (root / "users/bob.yaml").write_text("broken: [", encoding="utf-8")
    tree = tree_at(root, "HEAD~1")
    assert (emails(tree), list(tree.presets), tree.settings.unmanaged) == (["jane@example.com"], ["p"], "report")
    assert (emails(tree_at(root, "main")), tree_at(root, "main").settings.unmanaged) == (["bob@example.com"], "ignore")
    read = read_revision(root, first[:12])
    assert (read.commit, read.problems) == (first, ())
    assert read.files == (("presets/p.yaml", b"label: P\n"), ("users/a/jane.yaml", JANE.encode()))


def test_the_configuration_may_lie_in_a_folder_of_the_repository(tmp_path: Path) -> None:
    top = repository(tmp_path, {"users/not-ours.yaml": BOB, "hubs/one/users/jane.yaml": JANE})
    assert emails(tree_at(top / "hubs/one", "HEAD")) == ["jane@example.com"]
    (top / "hubs/two").mkdir()
    assert emails(tree_at(top / "hubs/two", "HEAD")) == []


def test_names_that_are_not_read_are_not_read_and_odd_ones_are(tmp_path: Path) -> None:
    odd = 'users/Zo\u00eb \t"o".yaml'
    others = {"users/_no.yaml": BOB, "users/.no/x.yaml": BOB, "users/readme.md": "x"}
    root = repository(tmp_path, {odd: JANE, "users/b\nc.yml": BOB, **others})
    assert [path for path, _ in read_revision(root, "HEAD").files] == [odd, "users/b\nc.yml"]


def test_a_name_that_is_no_text_stays_the_bytes_it_is(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/\udcff.yaml": JANE})
    assert [path for path, _ in read_revision(root, "HEAD").files] == ["users/\udcff.yaml"]


@pytest.mark.parametrize(
    ("links", "expected", "said"),
    [
        ({"users/link.yaml": "../people/jane.yaml"}, ["users/link.yaml"], []),
        ({"users/link.yaml": "second", "users/second": "../people/jane.yaml"}, ["users/link.yaml"], []),
        ({"users": "people"}, ["users/jane.yaml"], []),
        ({"users/team": "../people"}, ["users/team/jane.yaml"], []),
        ({"users/team": "../people", "users/team2": "../people"}, ["users/team/jane.yaml"], []),
        ({"users/_team": "../people", "users/notes": "../README.md"}, [], []),
        (
            {"users/out.yaml": "/etc/passwd"},
            [],
            ["users/out.yaml:1:1: error: a symlink out of the repository; expected it to lead to a file inside"],
        ),
        (
            {"users/out.yaml": "../../../x.yaml"},
            [],
            ["users/out.yaml:1:1: error: a symlink out of the repository; expected it to lead to a file inside"],
        ),
        (
            {"users/no.yaml": "nowhere.yaml", "users/two.yaml": "../people/jane.yaml"},
            ["users/two.yaml"],
            ["users/no.yaml:1:1: error: a symlink that leads nowhere in this commit; expected a file"],
        ),
        (
            {"users/a\nb.yaml": "../people/jane.yaml"},
            [],
            ["users/a\\nb.yaml:1:1: error: a symlink that leads nowhere in this commit; expected a file"],
        ),
        (
            {"users/loop.yaml": "loop.yaml"},
            [],
            ["users/loop.yaml:1:1: error: a symlink that leads to itself; expected a file"],
        ),
        (
            {"users/team": "../people", "people/again.yaml": "jane.yaml"},
            ["users/team/jane.yaml"],
            ["users/team/again.yaml:1:1: error: a symlink in a folder that is reached by one; expected a file"],
        ),
    ],
    ids=[
        "to a file",
        "to a link to a file",
        "instead of the folder of users",
        "to a folder",
        "twice to one folder, which is read once",
        "hidden, or to what is no file of ours",
        "out of the tree by name",
        "out of the tree by steps",
        "to nothing",
        "with a name that git cannot be asked for",
        "to itself",
        "within a linked folder",
    ],
)
def test_a_symlink(tmp_path: Path, links: Mapping[str, str], expected: list[str], said: list[str]) -> None:
    root = repository(tmp_path, {"people/jane.yaml": JANE, "README.md": "x"})
    for path, target in links.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).symlink_to(target)
    git(root, "add", ".")
    git(root, "commit", "-qm", "links")
    read = read_revision(root, "HEAD")
    assert [path for path, _ in read.files] == expected
    assert [str(problem) for problem in read.problems] == said


def test_a_submodule_and_a_file_too_large_are_told_and_not_read(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/big.yaml": "#" * (MAX_BYTES + 1)})
    sub = repository(tmp_path / "sub", {"jane.yaml": JANE})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(sub), "users/sub")
    git(root, "commit", "-qm", "sub")
    read = read_revision(root, "HEAD")
    assert read.files == ()
    assert [str(problem) for problem in read.problems] == [
        "users/big.yaml:1:1: error: the file holds 16,777,217 bytes; expected at most 16,777,216",
        "users/sub:1:1: error: a submodule, which is no part of this commit; expected a folder with files",
    ]


def test_nothing_of_the_repository_runs(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE, ".gitattributes": "* filter=evil diff=evil text\n"})
    ran = tmp_path / "ran"
    evil = f"sh -c 'touch {ran}; cat'"
    for key in ("filter.evil.smudge", "filter.evil.clean", "diff.evil.textconv", "diff.external", "core.pager"):
        git(root, "config", key, evil)
    git(root, "config", "core.fsmonitor", evil)
    git(root, "config", "gpg.program", str(ran))
    git(root, "config", "log.showSignature", "true")
    assert emails(tree_at(root, "HEAD")) == ["jane@example.com"]
    commit(root, {"users/bob.yaml": BOB, "users/jane.yaml": None})
    ran.unlink(missing_ok=True)
    assert len(removals(root, [Text("jane@example.com")])) == 1
    assert not ran.exists()
    assert commit_of(root) is not None


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        ("", '"" names no revision'),
        ("--all", '"--all" names no revision'),
        ("-h", '"-h" names no revision'),
        ("a\0b", '"a\\x00b" names no revision'),
        ("main\n", '"main\\n" names no revision'),
        ("nope", "git knows no revision nope here"),
        ("0123456789" * 4, f"git knows no revision {'0123456789' * 4} here"),
        ("HEAD:users", "git knows no revision HEAD:users here"),
        ("main..main", "git knows no revision main..main here"),
        ("$(touch x)", "git knows no revision $(touch x) here"),
        ("HEAD^{tree}", "git knows no revision HEAD^{tree} here"),
    ],
    ids=[
        "empty",
        "an option",
        "a short option",
        "a NUL",
        "a newline",
        "a name that nobody gave",
        "a commit that is not here",
        "a folder of a commit",
        "a range",
        "a command of a shell",
        "a tree",
    ],
)
def test_what_names_no_commit_is_refused(tmp_path: Path, revision: str, said: str) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    with pytest.raises(UsageError) as caught:
        tree_at(root, revision)
    assert caught.value.message == said
    assert caught.value.hint.startswith("name a branch, a tag or a commit")


def test_a_shallow_clone_without_the_commit_says_what_to_fetch(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    commit(source, {"users/jane.yaml": BOB})
    git(tmp_path, "clone", "--quiet", "--depth=1", source.as_uri(), "clone")
    assert emails(tree_at(tmp_path / "clone", "HEAD")) == ["bob@example.com"]
    with pytest.raises(UsageError) as caught:
        tree_at(tmp_path / "clone", "HEAD~1")
    assert caught.value.message == "git knows no revision HEAD~1 here: this clone is shallow"
    assert caught.value.hint == (
        "fetch the whole history, with `git fetch --unshallow` (on GitHub Actions: `fetch-depth: 0` for "
        "actions/checkout; on GitLab: `GIT_DEPTH: 0`)"
    )


def test_the_base_is_the_last_commit_that_both_have(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    first = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "--quiet", "-b", "change")
    second = commit(root, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    assert base_of(root, "main") == Base(first, first)
    assert base_of(root, "HEAD") == Base(second, second)
    git(root, "checkout", "--quiet", "main")
    later = commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "change") == Base(first, second)
    git(root, "checkout", "--quiet", "change")
    assert base_of(root, "main") == Base(first, later)
    git(root, "checkout", "--quiet", "--detach", first)
    assert base_of(root, "main") == Base(first, later)


def test_histories_that_crossed_or_have_nothing_in_common_are_compared_with_the_very_revision(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    git(root, "checkout", "--quiet", "-b", "change")
    commit(root, {"users/bob.yaml": BOB})
    git(root, "checkout", "--quiet", "main")
    commit(root, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    git(root, "branch", "before")
    git(root, "merge", "--quiet", "--message", "one way", "change")
    git(root, "checkout", "--quiet", "change")
    git(root, "merge", "--quiet", "--message", "the other", "before")
    crossed = git(root, "rev-parse", "main")
    assert base_of(root, "main") == Base(crossed, crossed)
    git(root, "checkout", "--quiet", "--orphan", "new")
    assert base_of(root, "main") == Base(crossed, crossed)
    commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "main") == Base(crossed, crossed)


def test_a_shallow_clone_that_holds_a_merge_knows_what_was_merged_into(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    git(source, "checkout", "--quiet", "-b", "change")
    commit(source, {"users/bob.yaml": BOB})
    git(source, "checkout", "--quiet", "main")
    tip = commit(source, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    git(source, "merge", "--quiet", "--message", "merge", "change")
    git(tmp_path, "clone", "--quiet", "--depth=2", source.as_uri(), "clone")
    assert base_of(tmp_path / "clone", "HEAD^1") == Base(tip, tip)


def test_a_shallow_clone_without_the_commit_where_both_parted_says_what_to_fetch(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    git(source, "branch", "change")
    commit(source, {"users/bob.yaml": BOB})
    git(source, "checkout", "--quiet", "change")
    commit(source, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    git(tmp_path, "clone", "--quiet", "--depth=1", "--no-single-branch", source.as_uri(), "clone")
    with pytest.raises(UsageError) as caught:
        base_of(tmp_path / "clone", "origin/main")
    assert caught.value.message == (
        "git cannot tell since when the files at hand and the revision origin/main differ: this clone is shallow"
    )
    assert caught.value.hint.startswith("fetch the whole history, with `git fetch --unshallow`")


def test_a_partial_clone_fetches_nothing_by_itself(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    commit(source, {"users/jane.yaml": BOB})
    git(source, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", source.as_uri(), "clone")
    with pytest.raises(UsageError) as caught:
        tree_at(tmp_path / "clone", "HEAD~1")
    assert caught.value.message == "git cannot read the files of the revision HEAD~1: this clone lacks some of them"
    assert caught.value.hint == (
        "fetch them, with `git fetch --refetch --no-filter origin`, or clone again without --filter"
    )


def test_a_folder_without_git_has_no_revision_and_no_commit(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    with pytest.raises(UsageError) as caught:
        tree_at(tmp_path, "main")
    assert caught.value.message.startswith("the revision main cannot be read: fatal: not a git repository")
    assert caught.value.hint == "run this in a clone of the repository that holds the files"
    assert commit_of(tmp_path) is None
    assert removals(tmp_path, [Text("jane@example.com")]) == {}


def test_the_commit_at_hand_is_dirty_only_by_files_of_the_configuration(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    write(root, {"notes.txt": "x"})
    at_hand = commit_of(root)
    assert at_hand is not None
    assert (at_hand.sha, at_hand.dirty) == (git(root, "rev-parse", "HEAD")[:10], False)
    write(root, {"users/bob.yaml": BOB})
    dirty = commit_of(root)
    assert dirty is not None
    assert dirty.dirty


def test_the_latest_removal_of_each_person_is_found_with_its_commit(tmp_path: Path) -> None:
    team = "users:\n- email: t1@example.com\n  state: absent\n- email: T2@example.com\n  id: 2\n"
    root = repository(
        tmp_path / "top/config",
        {
            "users/jane.yaml": JANE,
            "users/bob.yaml": BOB,
            "users/team.yaml": team,
            "users/gone.yaml": "email: g@x\nstate: absent\n",
        },
        top=tmp_path / "top",
    )
    commit(root, {"users/jane.yaml": None, "users/sales/jane.yaml": JANE})
    last = commit(
        root, {"users/sales/jane.yaml": None, "users/gone.yaml": None, "users/bob.yaml": f"# t2@example.com\n{BOB}"}
    )
    listed = commit(root, {"users/team.yaml": "users:\n- {email: t3@example.com, id: 3}\n"})
    commit(root, {"users/bob.yaml": f"{BOB}job: Poet\n"})
    everybody = [Text(f"{name}@example.com") for name in ("JANE", "bob", "t1", "t2", "t3", "nobody")]
    assert removals(root, [*everybody, Text("g@x")]) == {
        "jane@example.com": Removal(Text("users/sales/jane.yaml"), Text(last[:10]), is_file=True),
        "t2@example.com": Removal(Text("users/team.yaml"), Text(listed[:10]), is_file=False),
    }


@pytest.mark.parametrize("setting", ["separate", "combined", "first-parent", "off"])
def test_what_only_a_merge_took_out_is_found_and_what_a_side_took_out_is_that_sides(
    tmp_path: Path, setting: str
) -> None:
    ann, team = (
        "email: ann@example.com\n",
        "users:\n- email: t1@example.com\n  id: 1\n- email: t2@example.com\n  id: 2\n",
    )
    files = {"users/jane.yaml": JANE, "users/bob.yaml": BOB, "users/ann.yaml": ann, "users/team.yaml": team}
    root = repository(tmp_path / "top/config", files, top=tmp_path / "top")
    git(root, "checkout", "--quiet", "-b", "side")
    commit(root, {"users/bob.yaml": None, "users/team.yaml": team.replace("id: 2", "id: 3")})
    taken = git(root, "rev-parse", "HEAD")
    git(root, "checkout", "--quiet", "-")
    commit(root, {"notes.txt": "x"})
    git(root, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    commit(root, {"users/jane.yaml": None, "users/team.yaml": team.partition("- email: t2")[0]})
    merge = git(root, "rev-parse", "HEAD")
    assert len(git(root, "rev-list", "--parents", "-1", "HEAD").split()) == 3
    git(root, "config", "log.diffMerges", setting)
    everybody = [Text(f"{name}@example.com") for name in ("jane", "bob", "t2", "ann")]
    assert removals(root, everybody) == {
        "jane@example.com": Removal(Text("users/jane.yaml"), Text(merge[:10]), is_file=True),
        "bob@example.com": Removal(Text("users/bob.yaml"), Text(taken[:10]), is_file=True),
        "t2@example.com": Removal(Text("users/team.yaml"), Text(merge[:10]), is_file=False),
    }


COUNTING = """#!/bin/sh
echo "$@" >> {log}
exec {git} "$@"
"""


def test_git_is_asked_few_questions_however_many_files_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = {f"users/{number}.yaml": f"email: p{number}@example.com\nid: {number}\n" for number in range(1, 40)}
    root = repository(tmp_path / "root", people)
    commit(root, dict.fromkeys(people))
    log = write(tmp_path, {"log": ""}) / "log"
    shim = write(tmp_path, {"bin/git": COUNTING.format(log=log, git=which("git"))}) / "bin/git"
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    assert len(removals(root, [Text(f"p{number}@example.com") for number in range(1, 40)])) == 39
    assert len(log.read_text("utf-8").splitlines()) == 2
    assert len(tree_at(root, "HEAD~1").declarations) == 39
    assert len(log.read_text("utf-8").splitlines()) == 2 + 4
    assert removals(root, []) == {}
    assert len(log.read_text("utf-8").splitlines()) == 2 + 4


def test_a_machine_without_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(root) is None
    assert removals(root, [Text("jane@example.com")]) == {}
    with pytest.raises(UsageError) as caught:
        tree_at(root, "main")
    assert (caught.value.message, caught.value.hint) == (
        "the revision main cannot be read: git does not answer",
        "install git, and try again",
    )


def test_the_history_that_is_searched_is_bounded(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE, "users/bob.yaml": BOB})
    commit(root, {"users/jane.yaml": None})
    wanted = [Text("jane@example.com")]
    assert len(removals(root, wanted, commits=1)) == 1
    commit(root, {"users/bob.yaml": f"{BOB}job: Poet\n"})
    assert removals(root, wanted, commits=1) == {}
    assert len(removals(root, wanted)) == 1
