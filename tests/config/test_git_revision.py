"""What git says of the files: a revision read without a checkout, the commit at hand, and entries that were removed."""

import os
from collections.abc import Callable
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
    odd = ['users/Zo\u00eb \t"o".yaml', "users/b\nc.yml", "users/\udcff.yaml"]
    others = {"users/_no.yaml": BOB, "users/.no/x.yaml": BOB, "users/readme.md": "x"}
    root = repository(tmp_path, {**dict.fromkeys(odd, JANE), **others})
    assert [path for path, _ in read_revision(root, "HEAD").files] == odd


LINK = "a symbolic link; expected a file, or a link to a .yaml file in users/, presets/ or policies/"


@pytest.mark.parametrize(
    ("links", "followed"),
    [
        pytest.param("users/link.yaml > jane.yaml", True, id="to a file of a user is followed"),
        pytest.param("presets/a/b.yml > ../../presets/p.yaml", True, id="up and down again is followed"),
        pytest.param(
            "users/one.yaml > ./two.yaml; users/two.yaml > jane.yaml",
            True,
            id="to a link to a file of a user is followed",
        ),
        pytest.param("users/_no.yaml > ../README.md; users/.x > /etc", None, id="with a hidden name is not read"),
        pytest.param("users/out.yaml > /etc/passwd", False, id="out of the tree by name"),
        pytest.param("users/out.yaml > ../../../x.yaml", False, id="out of the tree by steps"),
        pytest.param("users/key.yaml > ../.hubkey", False, id="to a file of the tree that is not ours"),
        pytest.param("users/config.yaml > ../.git/config", False, id="to the settings of git"),
        pytest.param("users/x.yaml > ../other/jane.yaml", False, id="to a file beside our folders"),
        pytest.param("users/x.yaml > _draft.yaml", False, id="to a file with a hidden name"),
        pytest.param("users/x.yaml > ../bo-sync.yaml", False, id="to the settings"),
        pytest.param("users/notes > jane.yaml", False, id="with a name that is not read"),
        pytest.param("users/team > ../other", False, id="to a folder"),
        pytest.param("users/team > more", False, id="to a folder of ours"),
        pytest.param("policies > other", False, id="in the place of one of our folders"),
        pytest.param("users/no.yaml > nowhere.yaml", False, id="to nothing"),
        pytest.param("users/loop.yaml > loop.yaml", False, id="to itself"),
        pytest.param("users/a\nb.yaml > jane.yaml", True, id="with a newline in its name is followed too"),
    ],
)
def test_a_symbolic_link_on_a_disk_and_in_a_revision(tmp_path: Path, links: str, followed: bool | None) -> None:
    others = {".hubkey": "secret\n", "other/jane.yaml": BOB, "users/_draft.yaml": BOB, "users/more/bob.yaml": BOB}
    ours = {"users/jane.yaml": JANE, "presets/p.yaml": "label: P\n", "bo-sync.yaml": "unmanaged: ignore\n"}
    root = repository(tmp_path, {**ours, **others})
    paths = []
    for path, target in (link.split(" > ") for link in links.split("; ")):
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).symlink_to(target)
        paths.append(path)
    git(root, "add", "--force", ".")
    git(root, "commit", "-qm", "links")
    read = read_revision(root, "HEAD")
    walked = walk(root)
    read_too = [path for path, _ in read.files if path not in {*ours, "users/more/bob.yaml"}]
    assert read_too == (paths if followed else [])
    assert list(read.files) == walked.files
    wrong = paths if followed is False else []
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
        pytest.param("", '"" names no revision', id="empty"),
        pytest.param("--all", '"--all" names no revision', id="an option"),
        pytest.param("-h", '"-h" names no revision', id="a short option"),
        pytest.param("a\0b", '"a\\x00b" names no revision', id="a NUL"),
        pytest.param("main\n", '"main\\n" names no revision', id="a newline"),
        pytest.param("nope", "", id="a name that nobody gave"),
        pytest.param("0123456789" * 4, "", id="a commit that is not here"),
        pytest.param("HEAD:users", "", id="a folder of a commit"),
        pytest.param("main..main", "", id="a range"),
        pytest.param("$(touch x)", "", id="a command of a shell"),
        pytest.param("HEAD^{tree}", "", id="a tree"),
    ],
)
def test_what_names_no_commit_is_refused(tmp_path: Path, revision: str, said: str) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    with pytest.raises(UsageError) as caught:
        tree_at(root, revision)
    assert caught.value.message == (said or f"git knows no revision {revision} here")
    assert caught.value.hint.startswith("name a branch, a tag or a commit")


def cloned(tmp_path: Path, source: Path, *options: str) -> Path:
    git(tmp_path, "clone", "--quiet", *options, source.as_uri(), "clone")
    return tmp_path / "clone"


def checkout(root: Path, *options: str) -> None:
    git(root, "checkout", "--quiet", *options)


POET = {"users/jane.yaml": f"{JANE}job: Poet\n"}


def test_a_clone_that_lacks_what_is_asked_for_says_what_to_fetch_and_fetches_nothing_by_itself(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    commit(source, {"users/jane.yaml": BOB})
    git(source, "config", "uploadpack.allowFilter", "true")
    shallow = cloned(tmp_path, source, "--depth=1")
    assert emails(tree_at(shallow, "HEAD")) == ["bob@example.com"]
    with pytest.raises(UsageError) as caught:
        tree_at(shallow, "HEAD~1")
    assert caught.value.message == "git knows no revision HEAD~1 here: this clone is shallow"
    assert caught.value.hint == (
        "fetch the whole history, with `git fetch --unshallow` (on GitHub Actions: `fetch-depth: 0` for "
        "actions/checkout; on GitLab: `GIT_DEPTH: 0`)"
    )
    shallow.rename(tmp_path / "shallow")
    with pytest.raises(UsageError) as caught:
        tree_at(cloned(tmp_path, source, "--filter=blob:none"), "HEAD~1")
    assert caught.value.message == "git cannot read the files of the revision HEAD~1: this clone lacks some of them"
    assert caught.value.hint == (
        "fetch them, with `git fetch --refetch --no-filter origin`, or clone again without --filter"
    )


def test_the_base_is_the_last_commit_that_both_have(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    first = git(root, "rev-parse", "HEAD")
    checkout(root, "-b", "change")
    second = commit(root, POET)
    assert base_of(root, "main") == MergeBase(first, first)
    assert base_of(root, "HEAD") == MergeBase(second, second)
    checkout(root, "main")
    later = commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "change") == MergeBase(first, second)
    for place in (["change"], ["--detach", first]):
        checkout(root, *place)
        assert base_of(root, "main") == MergeBase(first, later)


def test_histories_that_crossed_or_have_nothing_in_common_are_compared_with_the_very_revision(tmp_path: Path) -> None:
    root = repository(tmp_path, {"users/jane.yaml": JANE})
    checkout(root, "-b", "change")
    commit(root, {"users/bob.yaml": BOB})
    checkout(root, "main")
    commit(root, POET)
    git(root, "branch", "before")
    git(root, "merge", "--quiet", "--message", "one way", "change")
    checkout(root, "change")
    git(root, "merge", "--quiet", "--message", "the other", "before")
    crossed = git(root, "rev-parse", "main")
    assert base_of(root, "main") == MergeBase(crossed, crossed)
    checkout(root, "--orphan", "new")
    assert base_of(root, "main") == MergeBase(crossed, crossed)
    commit(root, {"users/bob.yaml": BOB})
    assert base_of(root, "main") == MergeBase(crossed, crossed)


def test_a_shallow_clone_knows_what_was_merged_into_but_not_where_both_parted(tmp_path: Path) -> None:
    source = repository(tmp_path / "source", {"users/jane.yaml": JANE})
    git(source, "branch", "change")
    commit(source, {"users/bob.yaml": BOB})
    checkout(source, "change")
    tip = commit(source, POET)
    parted = cloned(tmp_path, source, "--depth=1", "--no-single-branch")
    with pytest.raises(UsageError) as caught:
        base_of(parted, "origin/main")
    assert caught.value.message == (
        "git cannot tell since when the files at hand and the revision origin/main differ: this clone is shallow"
    )
    assert caught.value.hint.startswith("fetch the whole history, with `git fetch --unshallow`")
    parted.rename(tmp_path / "parted")
    git(source, "merge", "--quiet", "--message", "merge", "main")
    assert base_of(cloned(tmp_path, source, "--depth=2"), "HEAD^1") == MergeBase(tip, tip)


def test_a_folder_without_git_has_no_revision_and_no_commit(tmp_path: Path) -> None:
    write(tmp_path, {"users/jane.yaml": JANE})
    with pytest.raises(UsageError) as caught:
        tree_at(tmp_path, "main")
    assert caught.value.message == "the revision main cannot be read: this folder is not in a git work tree"
    assert caught.value.hint == "run this in a clone of the repository that holds the files"
    assert commit_of(tmp_path) is None
    assert removals(tmp_path, [Text("jane@example.com")]).found == {}


def changed(root: Path) -> int:
    return (root / "users/jane.yaml").write_bytes(BOB.encode())


def through_a_filter(root: Path) -> None:
    commit(root, {".gitattributes": "*.yaml filter=x\n"})
    git(root, "config", "filter.x.clean", "tr A-Z a-z")
    (root / "users/jane.yaml").write_bytes(JANE.upper().encode())


def as_a_link(root: Path) -> None:
    commit(root, {"presets/p.yaml": "label: P\n", "presets/q.yaml": "label: P\n"})
    (root / "presets/q.yaml").unlink()
    (root / "presets/q.yaml").symlink_to("p.yaml")


UNNOTICED = ("update-index", "--assume-unchanged", "users/jane.yaml")
BESIDE = {"notes.txt": "x", "users/_draft.yaml": BOB, "users/README.md": "x"}
UNTRACKED = {".git/info/exclude": "bob.yaml\n", "users/bob.yaml": BOB}
WINDOWS = JANE.replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("change", "is_dirty"),
    [
        pytest.param(lambda _: None, False, id="nothing"),
        pytest.param(lambda root: write(root, BESIDE), False, id="files that are not read"),
        pytest.param(
            lambda root: (root / "users/jane.yaml").write_bytes(WINDOWS),
            False,
            id="line ends as git writes them on Windows",
        ),
        pytest.param(as_a_link, False, id="a link to a file that holds the same"),
        pytest.param(changed, True, id="a changed file"),
        pytest.param(lambda root: (changed(root), git(root, "add", ".")), True, id="a changed file that is staged"),
        pytest.param(
            lambda root: (git(root, *UNNOTICED), changed(root)),
            True,
            id="a changed file that git is to take for unchanged",
        ),
        pytest.param(lambda root: write(root, UNTRACKED), True, id="a new file that git ignores"),
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


def removed(path: str, sha: str, *, is_file: bool = True) -> Removal:
    return Removal(Text(path), Text(sha[:10]), is_file=is_file)


def test_the_latest_removal_of_each_user_is_found_with_its_commit(tmp_path: Path) -> None:
    team = "users:\n- email: t1@example.com\n  state: absent\n- email: T2@example.com\n  id: 2\n"
    files = {"users/jane.yaml": JANE, "users/bob.yaml": BOB, "users/team.yaml": team}
    files["users/gone.yaml"] = "email: g@x\nstate: absent\n"
    root = repository(tmp_path / "top/config", files, top=tmp_path / "top")
    commit(root, {"users/jane.yaml": None, "users/sales/jane.yaml": JANE})
    gone = {"users/sales/jane.yaml": None, "users/gone.yaml": None}
    last = commit(root, {**gone, "users/bob.yaml": f"# t2@example.com\n{BOB}"})
    listed = commit(root, {"users/team.yaml": "users:\n- {email: t3@example.com, id: 3}\n"})
    commit(root, {"users/bob.yaml": f"{BOB}job: Poet\n"})
    everybody = [Text(f"{name}@example.com") for name in ("JANE", "bob", "t1", "t2", "t3", "nobody")]
    assert removals(root, [*everybody, Text("g@x")]).found == {
        "jane@example.com": removed("users/sales/jane.yaml", last),
        "g@x": removed("users/gone.yaml", last),
        "t1@example.com": removed("users/team.yaml", listed, is_file=False),
        "t2@example.com": removed("users/team.yaml", listed, is_file=False),
    }


ABSENT = "email: jane@example.com\nstate: absent\n"


LISTED = "users:\n- {email: jane@example.com, state: absent}\n- {email: ben@example.com, id: 2}\n"
EXPIRED = "email: jane@example.com\nid: 1\nuntil: 2020-01-01\n"


@pytest.mark.parametrize(
    ("before", "after", "is_removed"),
    [
        pytest.param(ABSENT, None, True, id="the file of an absent user"),
        pytest.param(
            LISTED, LISTED.replace("- {email: jane@example.com, state: absent}\n", ""), True, id="the entry of one"
        ),
        pytest.param(EXPIRED, None, True, id="the file of an expired user"),
        pytest.param(JANE, ABSENT, False, id="an entry that becomes absent"),
        pytest.param(ABSENT, JANE, False, id="an entry that was absent"),
    ],
)
def test_an_entry_of_a_user_who_is_to_go_counts_as_removed_like_any_other(
    tmp_path: Path, before: str, after: str | None, *, is_removed: bool
) -> None:
    root = repository(tmp_path, {"users/a.yaml": before})
    commit(root, {"users/a.yaml": after})
    assert bool(removals(root, [Text("jane@example.com")]).found) is is_removed


@pytest.mark.parametrize("setting", ["separate", "combined", "first-parent", "off"])
def test_what_only_a_merge_took_out_is_found_and_what_a_side_took_out_is_that_sides(
    tmp_path: Path, setting: str
) -> None:
    team = "users:\n- email: t1@example.com\n  id: 1\n- email: t2@example.com\n  id: 2\n"
    files = {"users/jane.yaml": JANE, "users/bob.yaml": BOB, "users/team.yaml": team}
    files["users/ann.yaml"] = "email: ann@example.com\n"
    root = repository(tmp_path / "top/config", files, top=tmp_path / "top")
    checkout(root, "-b", "side")
    taken = commit(root, {"users/bob.yaml": None, "users/team.yaml": team.replace("id: 2", "id: 3")})
    checkout(root, "-")
    commit(root, {"notes.txt": "x"})
    git(root, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    merge = commit(root, {"users/jane.yaml": None, "users/team.yaml": team.partition("- email: t2")[0]})
    assert len(git(root, "rev-list", "--parents", "-1", "HEAD").split()) == 3
    git(root, "config", "log.diffMerges", setting)
    everybody = [Text(f"{name}@example.com") for name in ("jane", "bob", "t2", "ann")]
    assert removals(root, everybody).found == {
        "jane@example.com": removed("users/jane.yaml", merge),
        "bob@example.com": removed("users/bob.yaml", taken),
        "t2@example.com": removed("users/team.yaml", merge, is_file=False),
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
    for question in (base_of, read_revision):
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
    assert [read_revision(root, name).commit for name in ("origin/main", "v1", "main~1", first, first[:12])] == [
        first
    ] * 5
    for ref in ("refs/tags/origin/main", "refs/tags/HEAD", f"refs/tags/{first}"):
        git(root, "update-ref", ref, other if ref != "refs/tags/HEAD" else first)
    assert [
        read_revision(root, name).commit for name in (first, "refs/remotes/origin/main", "remotes/origin/main")
    ] == [first] * 3
    assert (read_revision(root, "HEAD").commit, commit_on(root, date(2100, 1, 1), "UTC")) == (other, other)
