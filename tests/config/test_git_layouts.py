"""History in each layout of a repository, and where it cannot be known."""

from pathlib import Path
from typing import Final

import pytest

from bo_sync.config.git_revision import Removals, base_of, commit_of, read_revision, removals
from bo_sync.core.text import Text
from tests.support.repository import commit, git
from tests.support.repository import repository as made

JANE: Final = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"


def worktree(folder: Path) -> Path:
    made(folder / "clone", {"users/jane.yaml": JANE})
    git(folder / "clone", "worktree", "add", "--quiet", "../linked")
    return folder / "linked"


def worktree_of_a_bare_clone(folder: Path) -> Path:
    made(folder / "source", {"users/jane.yaml": JANE})
    git(folder, "clone", "--quiet", "--bare", "source", "bare.git")
    git(folder / "bare.git", "worktree", "add", "--quiet", "../linked", "main")
    return folder / "linked"


def worktree_inside_a_bare_clone(folder: Path) -> Path:
    made(folder / "source", {"users/jane.yaml": JANE})
    git(folder, "clone", "--quiet", "--bare", "source", "bare.git")
    git(folder / "bare.git", "worktree", "add", "--quiet", "main", "main")
    return folder / "bare.git/main"


def submodule(folder: Path) -> Path:
    made(folder / "source", {"users/jane.yaml": JANE})
    made(folder / "top", {"README.md": "x"})
    git(folder / "top", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "../source", "access")
    return folder / "top/access"


def subfolder(folder: Path) -> Path:
    made(folder / "top", {"a/b/users/jane.yaml": JANE})
    return folder / "top/a/b"


def separate(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "files").mkdir()
    git(folder / "files", "init", "--quiet", "--separate-git-dir=../elsewhere")
    commit(folder / "files", {"users/jane.yaml": JANE})
    return folder / "files"


def through_a_link(folder: Path) -> Path:
    made(folder / "files", {"users/jane.yaml": JANE})
    (folder / "link").symlink_to("files")
    return folder / "link"


def beside_files_of_a_bare_repository(folder: Path) -> Path:
    return made(folder, {"users/jane.yaml": JANE, "HEAD": "x", "objects/x": "x", "refs/x": "x"})


@pytest.mark.parametrize(
    "layout",
    [
        pytest.param(worktree, id="a linked worktree"),
        pytest.param(worktree_of_a_bare_clone, id="a worktree of a bare clone"),
        pytest.param(worktree_inside_a_bare_clone, id="a worktree inside a bare clone"),
        pytest.param(submodule, id="a submodule"),
        pytest.param(subfolder, id="a folder of a repository"),
        pytest.param(separate, id="a repository whose .git is elsewhere"),
        pytest.param(through_a_link, id="a link to a repository"),
        pytest.param(beside_files_of_a_bare_repository, id="files like a bare repository's beside .git"),
    ],
)
def test_history_is_read_in_every_layout_of_git(tmp_path: Path, layout: object) -> None:
    assert callable(layout)
    root = layout(tmp_path / "all")
    commit(root, {"users/bob.yaml": JANE.replace("jane", "bob")})
    last = commit(root, {"users/bob.yaml": None})
    at_hand = commit_of(root)
    assert at_hand is not None
    assert (at_hand.sha, at_hand.dirty) == (last[:10], False)
    assert [path for path, _ in read_revision(root, "HEAD~1").files] == ["users/bob.yaml", "users/jane.yaml"]
    assert base_of(root, "HEAD~1").commit == git(root, "rev-parse", "HEAD~1")
    found = removals(root, [Text("bob@example.com")])
    assert (list(found.found), found.doubt) == (["bob@example.com"], None)


def test_a_branch_without_commits_is_no_reason_for_doubt(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert removals(tmp_path, [Text("jane@example.com")]) == Removals({})


def test_a_head_that_names_nothing_is_one(tmp_path: Path) -> None:
    root = made(tmp_path, {"users/jane.yaml": JANE})
    (root / ".git/HEAD").write_text("ref: refs/heads/nowhere\n", encoding="ascii")
    doubt = removals(root, [Text("jane@example.com")]).doubt
    assert doubt is not None
    assert doubt.hint == "check the repository with `git fsck`"


def test_a_shallow_clone_is_in_doubt_unless_it_holds_every_answer(tmp_path: Path) -> None:
    source = made(tmp_path / "source", {"users/jane.yaml": JANE, "users/bob.yaml": JANE.replace("jane", "bob")})
    commit(source, {"users/jane.yaml": None})
    commit(source, {"users/bob.yaml": None})
    git(tmp_path, "clone", "--quiet", "--depth=2", source.as_uri(), "clone")
    jane, bob = Text("jane@example.com"), Text("bob@example.com")
    both = removals(tmp_path / "clone", [jane, bob])
    assert (list(both.found), both.doubt and both.doubt.reason) == (["bob@example.com"], "this clone is shallow")
    assert removals(tmp_path / "clone", [bob]).doubt is None


def test_a_partial_clone_is_in_doubt(tmp_path: Path) -> None:
    source = made(tmp_path / "source", {"users/jane.yaml": JANE})
    commit(source, {"users/jane.yaml": None})
    git(source, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", source.as_uri(), "clone")
    doubt = removals(tmp_path / "clone", [Text("jane@example.com")]).doubt
    assert doubt is not None
    assert doubt.reason == "this clone lacks some of the files"
