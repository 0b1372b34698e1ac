"""One-line trees: what is wrong with a few files, as the very lines that users would see."""

from collections.abc import Mapping
from pathlib import Path

from bo_sync.config.git_revision import read_revision
from bo_sync.config.load import Tree, tree_of

JANE = "email: jane@example.com\nfirst_name: Jane\nlast_name: Doe\n"
"""The least that a user needs, on three lines."""


def tree(files: Mapping[str, str | bytes]) -> Tree:
    """The tree of these files, by path."""
    return tree_of((path, text.encode() if isinstance(text, str) else text) for path, text in files.items())


def complaints(files: Mapping[str, str | bytes]) -> list[str]:
    """Every problem, as it is printed, but for the one about a tree without users."""
    return [str(problem) for problem in tree(files).problems if problem.source.path.raw != "users"]


def about_jane(lines: str) -> list[str]:
    """The problems of a file `u` that holds Jane on lines 1 to 3 and then `lines`, beside a preset `sales`."""
    files = {"users/u.yaml": JANE + lines, "presets/sales.yaml": "label: Sales\n"}
    return [problem.removeprefix("users/u.yaml:") for problem in complaints(files)]


def tree_at(root: Path, revision: str) -> Tree:
    """The configuration as it was at `revision`. Raises UsageError as `read_revision` does."""
    read = read_revision(root, revision)
    return tree_of(read.files, read.problems)
