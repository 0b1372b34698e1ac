"""What git says of the files: a revision read without a checkout, the commit at hand, and entries that were removed."""

import os
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from shutil import which

import pytest

from bo_sync.config.files import walk, walk_settings
from bo_sync.config.git_revision import (
    MergeBase,
    Removal,
    Removals,
    base_of,
    commit_at,
    commit_of,
    commit_on,
    read_revision,
    removals,
)
from bo_sync.config.load import Tree, load_tree
from bo_sync.config.yaml_reader import MAX_BYTES
from bo_sync.core.text import Text
from bo_sync.errors import UsageError
from tests.config.trees import tree_at
from tests.support.inside import inside
from tests.support.process import write
from tests.support.repository import commit, git, repository

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
BOB = "email: bob@example.com\nfirst_name: Bob\nlast_name: Roe\n"


def emails(tree: Tree) -> list[str]:
    return [user.email.raw for user in tree.declarations]


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


LINK = "a symbolic link; expected a file, or a link to a .yaml file in users/, presets/ or policies/"


@pytest.mark.parametrize(
    ("links", "expected", "wrong"),
    [
        pytest.param({"users/link.yaml": "jane.yaml"}, ["users/link.yaml"], [], id="to a file of a user is followed"),
        pytest.param(
            {"presets/a/b.yml": "../../presets/p.yaml"}, ["presets/a/b.yml"], [], id="up and down again is followed"
        ),
        pytest.param(
            {"users/one.yaml": "./two.yaml", "users/two.yaml": "jane.yaml"},
            ["users/one.yaml", "users/two.yaml"],
            [],
            id="to a link to a file of a user is followed",
        ),
        pytest.param(
            {"users/_no.yaml": "../README.md", "users/.x": "/etc"}, [], [], id="with a hidden name is not read"
        ),
        pytest.param({"users/out.yaml": "/etc/passwd"}, [], ["users/out.yaml"], id="out of the tree by name"),
        pytest.param({"users/out.yaml": "../../../x.yaml"}, [], ["users/out.yaml"], id="out of the tree by steps"),
        pytest.param(
            {"users/key.yaml": "../.hubkey"}, [], ["users/key.yaml"], id="to a file of the tree that is not ours"
        ),
        pytest.param({"users/config.yaml": "../.git/config"}, [], ["users/config.yaml"], id="to the settings of git"),
        pytest.param({"users/x.yaml": "../other/jane.yaml"}, [], ["users/x.yaml"], id="to a file beside our folders"),
        pytest.param({"users/x.yaml": "_draft.yaml"}, [], ["users/x.yaml"], id="to a file with a hidden name"),
        pytest.param({"users/x.yaml": "../bo-sync.yaml"}, [], ["users/x.yaml"], id="to the settings"),
        pytest.param({"users/notes": "jane.yaml"}, [], ["users/notes"], id="with a name that is not read"),
        pytest.param({"users/team": "../other"}, [], ["users/team"], id="to a folder"),
        pytest.param({"users/team": "more"}, [], ["users/team"], id="to a folder of ours"),
        pytest.param({"policies": "other"}, [], ["policies"], id="in the place of one of our folders"),
        pytest.param({"users/no.yaml": "nowhere.yaml"}, [], ["users/no.yaml"], id="to nothing"),
        pytest.param({"users/loop.yaml": "loop.yaml"}, [], ["users/loop.yaml"], id="to itself"),
        pytest.param(
            {"users/a\nb.yaml": "jane.yaml"}, ["users/a\nb.yaml"], [], id="with a newline in its name is followed too"
        ),
    ],
)
def test_a_symbolic_link_on_a_disk_and_in_a_revision(
    tmp_path: Path, links: Mapping[str, str], expected: list[str], wrong: list[str]
) -> None:
    others = {
        ".hubkey": "secret-key-4711\n",
        "other/jane.yaml": BOB,
        "users/_draft.yaml": BOB,
        "users/more/bob.yaml": BOB,
    }
    ours = {"users/jane.yaml": JANE, "presets/p.yaml": "label: P\n", "bo-sync.yaml": "unmanaged: ignore\n"}
    root = repository(tmp_path, {**ours, **others})
    for path, target in links.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).symlink_to(target)
    git(root, "add", "--force", ".")
    git(root, "commit", "-qm", "links")
    read = read_revision(root, "HEAD")
    walked = walk(root)
    assert [path for path, _ in read.files if path not in {*ours, "users/more/bob.yaml"}] == expected
    assert list(read.files) == walked.files
    assert [str(problem) for problem in read.problems] == [f"{Text(path)!s}:1:1: error: {LINK}" for path in wrong]
    assert sorted(walked.problems) == list(read.problems)
    at_hand = commit_of(root)
    assert at_hand is not None
    assert at_hand.dirty is bool(wrong)


@pytest.mark.parametrize("target", [".hubkey", "/etc/passwd", "users/jane.yaml", "nowhere", "settings.yaml"])
def test_the_settings_are_never_a_link(tmp_path: Path, target: str) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE, ".hubkey": "secret-key-4711\n", "settings.yaml": "x: 1\n"})
    (root / "bo-sync.yaml").symlink_to(target)
    commit(root, {})
    complaint = f"bo-sync.yaml:1:1: error: {LINK}"
    assert complaints(tree_at(root, "HEAD")) == [complaint]
    assert [str(problem) for problem in walk_settings(root).problems] == [complaint]
    assert complaints(load_tree(root)) == [complaint]


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
    assert len(removals(root, [Text("jane@example.com")]).found) == 1
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
    assert base_of(root, "main") == MergeBase(first, first)
    assert base_of(root, "HEAD") == MergeBase(second, second)
    git(root, "checkout", "--quiet", "main")
    later = commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "change") == MergeBase(first, second)
    git(root, "checkout", "--quiet", "change")
    assert base_of(root, "main") == MergeBase(first, later)
    git(root, "checkout", "--quiet", "--detach", first)
    assert base_of(root, "main") == MergeBase(first, later)


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
    assert base_of(root, "main") == MergeBase(crossed, crossed)
    git(root, "checkout", "--quiet", "--orphan", "new")
    assert base_of(root, "main") == MergeBase(crossed, crossed)
    commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "main") == MergeBase(crossed, crossed)


def test_a_shallow_clone_that_holds_a_merge_knows_what_was_merged_into(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    git(source, "checkout", "--quiet", "-b", "change")
    commit(source, {"users/bob.yaml": BOB})
    git(source, "checkout", "--quiet", "main")
    tip = commit(source, {"users/jane.yaml": f"{JANE}job: Poet\n"})
    git(source, "merge", "--quiet", "--message", "merge", "change")
    git(tmp_path, "clone", "--quiet", "--depth=2", source.as_uri(), "clone")
    assert base_of(tmp_path / "clone", "HEAD^1") == MergeBase(tip, tip)


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
    assert caught.value.message == "the revision main cannot be read: this folder is not in a git work tree"
    assert caught.value.hint == "run this in a clone of the repository that holds the files"
    assert commit_of(tmp_path) is None
    assert removals(tmp_path, [Text("jane@example.com")]).found == {}


def changed(root: Path) -> None:
    (root / "users/jane.yaml").write_bytes(BOB.encode())


def staged(root: Path) -> None:
    changed(root)
    git(root, "add", ".")


def unnoticed(root: Path) -> None:
    git(root, "update-index", "--assume-unchanged", "users/jane.yaml")
    changed(root)


def untracked(root: Path) -> None:
    write(root, {".git/info/exclude": "bob.yaml\n", "users/bob.yaml": BOB})


def with_windows_line_ends(root: Path) -> None:
    (root / "users/jane.yaml").write_bytes(JANE.replace("\n", "\r\n").encode())


def through_a_filter(root: Path) -> None:
    commit(root, {".gitattributes": "*.yaml filter=x\n"})
    git(root, "config", "filter.x.clean", "tr A-Z a-z")
    (root / "users/jane.yaml").write_bytes(JANE.upper().encode())


def as_a_link(root: Path) -> None:
    commit(root, {"presets/p.yaml": "label: P\n", "presets/q.yaml": "label: P\n"})
    (root / "presets/q.yaml").unlink()
    (root / "presets/q.yaml").symlink_to("p.yaml")


def beside(root: Path) -> None:
    write(root, {"notes.txt": "x", "users/_draft.yaml": BOB, "users/README.md": "x"})


@pytest.mark.parametrize(
    ("change", "is_dirty"),
    [
        pytest.param(lambda _: None, False, id="nothing"),
        pytest.param(beside, False, id="files that are not read"),
        pytest.param(with_windows_line_ends, False, id="line ends as git writes them on Windows"),
        pytest.param(as_a_link, False, id="a link to a file that holds the same"),
        pytest.param(changed, True, id="a changed file"),
        pytest.param(staged, True, id="a changed file that is staged"),
        pytest.param(unnoticed, True, id="a changed file that git is told to take for unchanged"),
        pytest.param(untracked, True, id="a new file that git ignores"),
        pytest.param(lambda root: (root / "users/jane.yaml").unlink(), True, id="a removed file"),
        pytest.param(lambda root: write(root, {"bo-sync.yaml": ""}), True, id="new settings"),
        pytest.param(through_a_filter, True, id="a file that only a filter would make equal"),
    ],
)
@pytest.mark.parametrize("names", ["sha1", "sha256"])
def test_the_files_at_hand_are_compared_with_the_commit(
    tmp_path: Path, names: str, change: Callable[[Path], object], is_dirty: bool
) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main", f"--object-format={names}")
    commit(tmp_path, {"users/jane.yaml": JANE})
    change(tmp_path)
    at_hand = commit_of(tmp_path)
    assert at_hand is not None
    assert (at_hand.sha, at_hand.dirty) == (git(tmp_path, "rev-parse", "HEAD")[:10], is_dirty)


def test_the_latest_removal_of_each_user_is_found_with_its_commit(tmp_path: Path) -> None:
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
    assert removals(root, [*everybody, Text("g@x")]).found == {
        "jane@example.com": Removal(Text("users/sales/jane.yaml"), Text(last[:10]), is_file=True),
        "g@x": Removal(Text("users/gone.yaml"), Text(last[:10]), is_file=True),
        "t1@example.com": Removal(Text("users/team.yaml"), Text(listed[:10]), is_file=False),
        "t2@example.com": Removal(Text("users/team.yaml"), Text(listed[:10]), is_file=False),
    }


BEN = "ben@example.com"
ABSENT = "email: jane@example.com\nstate: absent\n"


@pytest.mark.parametrize(
    ("before", "after", "is_removed"),
    [
        pytest.param({"users/a.yaml": ABSENT}, {"users/a.yaml": None}, True, id="the file of an absent user"),
        pytest.param(
            {"users/a.yaml": f"users:\n- {{email: jane@example.com, state: absent}}\n- {{email: {BEN}, id: 2}}\n"},
            {"users/a.yaml": f"users:\n- {{email: {BEN}, id: 2}}\n"},
            True,
            id="the entry of an absent user",
        ),
        pytest.param(
            {"users/a.yaml": "email: jane@example.com\nid: 1\nuntil: 2020-01-01\n"},
            {"users/a.yaml": None},
            True,
            id="the file of an expired user",
        ),
        pytest.param({"users/a.yaml": JANE}, {"users/a.yaml": ABSENT}, False, id="an entry that becomes absent"),
        pytest.param({"users/a.yaml": ABSENT}, {"users/a.yaml": JANE}, False, id="an entry that was absent"),
    ],
)
def test_an_entry_of_a_user_who_is_to_go_counts_as_removed_like_any_other(
    tmp_path: Path, before: dict[str, str], after: dict[str, str | None], *, is_removed: bool
) -> None:
    root = repository(tmp_path, before)
    commit(root, after)
    assert bool(removals(root, [Text("jane@example.com")]).found) is is_removed


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
    assert removals(root, everybody).found == {
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
    users = {f"users/{number}.yaml": f"email: p{number}@example.com\nid: {number}\n" for number in range(1, 40)}
    root = repository(tmp_path / "root", users)
    commit(root, dict.fromkeys(users))
    log = write(tmp_path, {"log": ""}) / "log"
    shim = write(tmp_path, {"bin/git": COUNTING.format(log=log, git=which("git"))}) / "bin/git"
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}{os.pathsep}{os.environ['PATH']}")
    assert len(removals(root, [Text(f"p{number}@example.com") for number in range(1, 40)]).found) == 39
    assert len(log.read_text("utf-8").splitlines()) == 3
    assert len(tree_at(root, "HEAD~1").declarations) == 39
    assert len(log.read_text("utf-8").splitlines()) == 3 + 4
    assert removals(root, []) == Removals({})
    assert len(log.read_text("utf-8").splitlines()) == 3 + 4 + 1


def test_a_machine_without_git_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert commit_of(root) is None
    assert removals(root, [Text("jane@example.com")]).found == {}
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
    assert len(removals(root, wanted, commits=1).found) == 1
    commit(root, {"users/bob.yaml": f"{BOB}job: Poet\n"})
    assert removals(root, wanted, commits=1).found == {}
    assert len(removals(root, wanted).found) == 1


@pytest.mark.parametrize(
    ("refs", "revision"),
    [
        pytest.param(["refs/tags/origin/main"], "origin/main", id="a tag with the name of a branch of a remote"),
        pytest.param(["refs/heads/origin/main"], "origin/main", id="a local branch with the name of one of a remote"),
        pytest.param(["refs/tags/main"], "main", id="a tag with the name of a local branch"),
        pytest.param(["refs/tags/origin/main"], "origin/main~0", id="a step from a name of two refs"),
        pytest.param(["refs/tags/origin/main"], "origin/main^{{commit}}", id="a name of two refs, peeled"),
        pytest.param(["refs/tags/upstream", "refs/heads/upstream"], "upstream", id="a tag and a local branch"),
        pytest.param(["refs/tags/origin"], "origin", id="a tag with the name of a remote"),
        pytest.param(["refs/heads/{short}"], "{short}", id="a local branch with the name of a short hash"),
        pytest.param(["refs/heads/refs/tags/v1", "refs/tags/v1"], "refs/tags/v1", id="a branch named as a whole ref"),
    ],
)
def test_a_name_of_several_refs_is_an_error_for_every_question(
    tmp_path: Path, refs: list[str], revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    first = git(root, "rev-parse", "HEAD")
    git(root, "update-ref", "refs/remotes/origin/main", first)
    git(root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    other = commit(root, {"users/bob.yaml": BOB})
    git(root, "config", "core.warnAmbiguousRefs", "false")
    for ref in refs:
        git(root, "update-ref", ref.format(short=first[:8]), other)
    name = revision.format(short=first[:8])
    for question in (commit_at, base_of, read_revision):
        with pytest.raises(UsageError, match="is ambiguous") as raised:
            question(root, name)
        assert "refs/remotes/origin/main" in (raised.value.hint or "")
    monkeypatch.chdir(root)
    for line in (("validate", "--base", name), ("diff", name), ("show", "jane@example.com", "--at", name)):
        ran = inside(*line)
        assert (ran.code, "is ambiguous" in ran.err) == (64, True), line


def test_a_name_that_git_never_takes_from_another_ref_is_read(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    first = git(root, "rev-parse", "HEAD")
    git(root, "update-ref", "refs/remotes/origin/main", first)
    other = commit(root, {"users/bob.yaml": BOB})
    git(root, "tag", "v1", first)
    assert [commit_at(root, name) for name in ("origin/main", "v1", "main~1", first, first[:12])] == [first] * 5
    for ref in ("refs/tags/origin/main", "refs/tags/HEAD", f"refs/tags/{first}"):
        git(root, "update-ref", ref, other if ref != "refs/tags/HEAD" else first)
    assert [commit_at(root, name) for name in (first, "refs/remotes/origin/main", "remotes/origin/main")] == [first] * 3
    assert (commit_at(root, "HEAD"), commit_on(root, date(2100, 1, 1), "UTC")) == (other, other)
