"""Where git remembers that somebody's entry was taken out of the files.

One walk over the latest commits that removed or edited user files gives their contents before and after, and one batch
reads those contents; what names nobody who is asked for is never parsed. So the cost is bounded, whoever is asked for.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.config.files import kind_of
from bo_sync.config.git import Answer, NoHistory, Repository, repository
from bo_sync.config.load import tree_of
from bo_sync.config.objects import contents
from bo_sync.config.revision import DEEPER, LACKING, REFETCH, SHALLOW, SHOWN
from bo_sync.core.model import Declaration
from bo_sync.core.text import Text

COMMITS: Final = 300
"""Commits that are looked at, the latest first; only those count that touch user files."""
EDITS: Final = 10_000
"""Files of these commits that are looked at."""
SECONDS: Final = 10
_LOG: Final = (
    "-c",  # or else somebody's own setting decides what `-m` means
    "log.diffMerges=separate",
    "log",
    "--no-show-signature",
    "--no-follow",
    "--no-renames",
    "-m",
    "--no-ext-diff",
    "--relative",
    "--diff-filter=DM",
    "--raw",
    "--no-abbrev",
    "-z",
    "--format=%H %P",
)
_ADDRESS: Final = re.compile(r"[^\s\"'{}\[\],:#<>]+@[^\s\"'{}\[\],:#<>]+")
_NOTHING: Final = re.compile("0+").fullmatch


@dataclass(frozen=True, slots=True)
class Removal:
    """Where somebody stood, and the short name of the commit that took them out. `is_file`: the file went too."""

    path: Text
    commit: Text
    is_file: bool


@dataclass(frozen=True, slots=True)
class _Edit:
    """A file before and after a commit, as names of blobs: before a merge there was one on each side. None after: it
    was removed."""

    commit: str
    path: str
    before: tuple[str, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class Removals:
    """The latest removal of each address, by folded address. `doubt`: why others may be missing."""

    found: Mapping[str, Removal]
    doubt: NoHistory | None = None


def removals(root: Path, addresses: Collection[Text], commits: int = COMMITS) -> Removals:
    """The latest removal of each of `addresses`, as far as the latest `commits` have one.

    Never raises. An entry with `state: absent` counts too: callers ask about users who are still in the hub.
    """
    wanted = {address.folded for address in addresses}
    repo = repository(root)
    if isinstance(repo, NoHistory):
        return Removals({}, repo)
    answer = repo.ask(*_LOG, f"--max-count={commits}", "HEAD", "--", "users", seconds=SECONDS) if wanted else None
    if answer is None or not answer.is_sound:
        return Removals({}, _unlogged(repo, answer) if wanted else None)
    edits = list(_edits(answer.out))[:EDITS]
    names = list(dict.fromkeys(name for edit in edits for name in (*edit.before, edit.after) if name is not None))
    held = contents(repo, names)
    if held is None:
        return Removals({}, NoHistory(LACKING, REFETCH))
    texts = dict(zip(names, held, strict=True))
    found: dict[str, Removal] = {}
    for edit in edits:
        for address in (wanted - found.keys()) & _mentioned(texts[edit.before[0]]):
            if _stood_and_went(edit, texts, address):
                found[address] = Removal(Text(edit.path), Text(edit.commit), edit.after is None)
    ends_early = len(found) < len(wanted) and repo.is_shallow()
    return Removals(found, NoHistory(SHALLOW, DEEPER) if ends_early else None)


def _unlogged(repo: Repository, answer: Answer | None) -> NoHistory | None:
    """Why there is no log; None for a branch without commits, from which nothing was removed."""
    if answer is None:
        return NoHistory("git does not answer", "run it again; `git log -- users` shows what takes so long")
    unborn = repo.ask("rev-list", "--all", "--max-count=1")
    if unborn is not None and unborn.is_sound and not unborn.out:
        return None
    return NoHistory(f"git says: {answer.complaint}", "check the repository with `git fsck`")


def _stood_and_went(edit: _Edit, texts: Mapping[str, bytes], address: str) -> bool:
    """Whether an entry was taken out here: a merge takes out only what stood on both its sides."""
    before = [_entry(name, texts, address) for name in edit.before]
    return all(before) and not _entry(edit.after, texts, address)


def _edits(log: bytes) -> Iterator[_Edit]:
    """Edits of user files, the latest first: the names of a commit and of its parents, then of each file its facts and
    its path, all ended by NUL; facts begin with a colon (`git log --raw -z`). A merge comes once a parent (`-m`): what
    is not among the edits of each came from a side."""
    parts = iter(log.split(b"\0"))
    sides: dict[tuple[str, str], list[tuple[str, str]]] = {}
    parents: dict[str, int] = {}
    commit = ""
    for part in parts:
        told = part.decode("ascii", "replace").strip()
        if not told.startswith(":"):
            commit, *others = told.split() or (commit,)
            parents.setdefault(commit, len(others))
            continue
        path = os.fsdecode(next(parts, b""))
        mode, _, before, after, _ = told.split()
        if mode.startswith(":100") and kind_of(path) == "user":
            sides.setdefault((commit, path), []).append((before, after))
    for (commit, path), found in sides.items():
        if len(found) >= parents[commit]:
            after = found[0][1]
            yield _Edit(commit[:SHOWN], path, tuple(before for before, _ in found), None if _NOTHING(after) else after)


def _mentioned(data: bytes) -> set[str]:
    """What looks like an address in a file, folded."""
    return {Text(found).folded for found in _ADDRESS.findall(data.decode("utf-8", "replace"))}


def _entry(name: str | None, texts: Mapping[str, bytes], address: str) -> Declaration | None:
    """The entry for a folded address in a file, by the name of its blob."""
    if name is None:
        return None
    tree = tree_of([("users/entry.yaml", texts[name])])
    people = (*tree.declarations, *tree.unsound)
    return next((person for person in people if person.email.folded == address), None)
