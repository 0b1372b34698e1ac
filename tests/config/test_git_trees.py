"""Trees, blobs and links of a commit: what git lists, what it holds, and where each link leads."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from bo_sync.config.files import LINK
from bo_sync.config.git import Repository, TreeEntry, contents, entries, follow, is_blob, repository
from bo_sync.core.text import Text
from tests.support.repository import commit, git
from tests.support.repository import repository as made

A: Final = "78981922613b2afb6025042ff6bd878ac1994e85"
"""What git calls the blob `a` and a line feed; with SHA-256 it is `A_256`."""
A_256: Final = sha256(b"blob 2\0a\n").hexdigest()
REAL: Final = "users/real.yaml"
CHAIN: Final = {f"users/s{number:02}.yaml": f"s{number + 1:02}.yaml" for number in range(40)}
LINKS: Final[Mapping[str, tuple[str, str | None]]] = {
    "users/a.yaml": ("real.yaml", REAL),
    "users/b.yaml": (".//real.yaml", REAL),
    "users/c.yaml": ("more/deep.yaml", "users/more/deep.yaml"),
    "users/more/d.yaml": ("../real.yaml", REAL),
    "users/more/e.yaml": ("../../presets/p.yaml", "presets/p.yaml"),
    "users/f.yaml": ("a.yaml", REAL),
    "users/loop.yaml": ("loop.yaml", None),
    "users/absolute.yaml": ("/real.yaml", None),
    "users/back.yaml": ("more/../real.yaml", None),
    "users/outside.yaml": ("../../users/real.yaml", None),
    "users/folder.yaml": ("dir.yaml", None),
    "users/missing.yaml": ("nowhere.yaml", None),
    "users/text.yaml": ("notes.txt", None),
}


def tree(root: Path) -> tuple[Repository, list[TreeEntry]]:
    repo = repository(root)
    assert isinstance(repo, Repository)
    listed = repo.ask("ls-tree", "-r", "-t", "-l", "-z", "HEAD")
    assert listed is not None
    return repo, list(entries(listed.out))


def test_a_link_leads_to_a_file_that_is_read_or_is_an_error(tmp_path: Path) -> None:
    files = [REAL, "users/more/deep.yaml", "presets/p.yaml", "users/dir.yaml/x.yaml", "users/notes.txt"]
    root = made(tmp_path, {path: f"{path}\n" for path in files})
    hidden = {"users/_hidden.yaml": "real.yaml"}
    for path, target in {**{path: target for path, (target, _) in LINKS.items()}, **CHAIN, **hidden}.items():
        (root / path).symlink_to(target)
    (root / "users/s40.yaml").write_text("end\n", encoding="utf-8")
    commit(root, {})
    repo, found = tree(root)
    linked = follow(repo, found)
    by_path = {entry.path: entry for entry in found}
    aims = {path: aim for path, (_, aim) in LINKS.items()} | dict.fromkeys(CHAIN, "users/s40.yaml")
    aims["users/s00.yaml"] = None  # one link more than are followed
    read = {entry.path: by_path[aim] for entry in found if (aim := aims.get(entry.path))}
    assert {entry.path: (entry.name, entry.size, entry.is_link) for entry in linked.entries} == {
        path: (aim.name, aim.size, False) for path, aim in read.items()
    }
    wrong = sorted(path for path, aim in aims.items() if aim is None)
    assert [str(problem) for problem in linked.problems] == [f"{path}:1:1: error: {LINK}" for path in wrong]


def test_a_link_whose_blob_is_missing_is_an_error(tmp_path: Path) -> None:
    repo, _ = tree(made(tmp_path, {REAL: "x"}))
    linked = follow(repo, [TreeEntry("users/a.yaml", "blob", "0" * 40, 9, is_link=True)])
    assert (linked.entries, [problem.source.path for problem in linked.problems]) == ([], [Text("users/a.yaml")])


def test_a_listing_is_read_with_its_kinds_sizes_and_links() -> None:
    lines = (
        b"100644 blob 1      12\tusers/a\tb.yaml",
        b"120000 blob 22       9\tusers/\xff",
        b"040000 tree 33       -\tusers/more",
        b"160000 commit 44       -\tsub",
        b"",
    )
    assert list(entries(b"\0".join(lines))) == [
        TreeEntry("users/a\tb.yaml", "blob", "1", 12, is_link=False),
        TreeEntry("users/\udcff", "blob", "22", 9, is_link=True),
        TreeEntry("users/more", "tree", "33", 0, is_link=False),
        TreeEntry("sub", "commit", "44", 0, is_link=False),
    ]


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"a\n", A, True),
        (b"a\n", A_256, True),
        (b"a\r\n", A, True),
        (b"a\r\n", A_256, True),
        (b"a\r\n", sha256(b"blob 3\0a\r\n").hexdigest(), True),
        (b"a\r", A, False),
        (b"b\n", A, False),
        (b"b\r\n", A, False),
        (b"a\n\n", A, False),
    ],
)
def test_a_blob_is_known_by_its_name_whatever_its_line_ends(data: bytes, name: str, *, expected: bool) -> None:
    assert is_blob(data, name) is expected


def test_blobs_are_read_whole_and_in_order_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = made(tmp_path, {"a": "a\n", "b": "line\nline\n", "c": ""})
    repo, found = tree(root)
    a, b, c = (entry.name for entry in found)
    assert contents(repo, [b, a, c, b]) == [b"line\nline\n", b"a\n", b"", b"line\nline\n"]
    assert contents(repo, [a, "0" * 40]) is None
    assert contents(repo, [a, git(root, "rev-parse", "HEAD^{tree}"), b]) is None
    shim = root / "bin/git"
    shim.parent.mkdir()
    shim.write_text("#!/bin/sh\nprintf 'x blob 1\\na\\n'\nexit 1\n", encoding="utf-8")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(shim.parent))
    assert contents(repo, [a]) is None, "git fails"
    monkeypatch.setenv("PATH", "")
    assert contents(repo, []) == []
    assert contents(repo, [a]) is None
