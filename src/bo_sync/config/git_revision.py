"""Read the files of a git revision; find where a user's entry was removed.

A revision is read from git's objects without a checkout: one listing and one batch of contents. Removed entries are
found by one walk over the latest commits, so the cost does not depend on how many users are searched.
"""

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bo_sync.config.files import FOLDERS, SETTINGS_FILE, File, kind_of, walk
from bo_sync.config.git import (
    GitAnswer,
    NoHistory,
    Repository,
    TreeEntry,
    contents,
    entries,
    follow,
    is_blob,
    repository,
)
from bo_sync.config.load import tree_of
from bo_sync.config.yaml_reader import MAX_BYTES
from bo_sync.core.model import Declaration, Problem, Source
from bo_sync.core.text import Message, Text
from bo_sync.errors import UsageError

SHOWN: Final = 10
"""Digits of a commit that are shown."""
DEEPER: Final = (
    "fetch the whole history, with `git fetch --unshallow` (on GitHub Actions: `fetch-depth: 0` for actions/checkout; "
    "on GitLab: `GIT_DEPTH: 0`)"
)
SHALLOW: Final = "this clone is shallow"
LACKING: Final = "this clone lacks some of the files"
REFETCH: Final = "fetch them, with `git fetch --refetch --no-filter origin`, or clone again without --filter"
_is_day: Final = re.compile(r"@[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_is_hash: Final = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?").fullmatch


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's short name, and whether the configuration's files differ from it."""

    sha: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """The configuration's files in one commit (its full name), sorted by path, and those that cannot be read."""

    commit: str
    files: tuple[File, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class MergeBase:
    """The base of a comparison, by full names: `tip`, which a revision names, and `commit`, which is the tip if HEAD
    contains it, else the last commit that both have."""

    commit: str
    tip: str


def commit_of(root: Path, files: Sequence[File] | None = None) -> Commit | None:
    """The commit that is checked out around `root`; None if git knows none. None for `files` reads them.

    Git's own status would run filters, so the files are compared here. `dirty` is false if the files that are read are
    those of the commit, with its bytes, except for line ends of Windows. A file that a filter changed at checkout
    counts as changed.
    """
    repo = repository(root)
    sha = repo.ask("rev-parse", f"--short={SHOWN}", "--verify", "HEAD") if isinstance(repo, Repository) else None
    if isinstance(repo, NoHistory) or sha is None or not sha.is_sound:
        return None
    problems: list[Problem] = []
    committed = _listed(repo, sha.line, problems)
    there = walk(root).files if files is None else files
    if committed is None or problems or len(there) != len(committed):
        return Commit(sha.line, dirty=True)
    names = {entry.path: entry.name for entry in committed}
    return Commit(sha.line, dirty=not all(is_blob(data, names.get(path, "")) for path, data in there))


def read_revision(root: Path, revision: str) -> Revision:
    """The files of `revision`: any name of a commit that git accepts, except one that begins with a hyphen.

    Raises UsageError, with what to do, if there is no git, no such commit, or not all of its files.
    """
    repo = _opened(root, revision)
    commit = _commit(repo, revision)
    problems: list[Problem] = []
    wanted = _listed(repo, commit, problems)
    held = contents(repo, [entry.name for entry in wanted]) if wanted is not None else None
    if wanted is None or held is None:
        raise _incomplete(revision)
    files = sorted((entry.path, data) for entry, data in zip(wanted, held, strict=True))
    return Revision(commit, tuple(files), tuple(sorted(problems)))


def _listed(repo: Repository, commit: str, problems: list[Problem]) -> list[TreeEntry] | None:
    """The files of a configuration in `commit`; those that cannot be read are problems. None: git cannot list."""
    listed = repo.ask("ls-tree", "-r", "-t", "-l", "-z", commit, "--", SETTINGS_FILE, *FOLDERS)
    if listed is None or not listed.is_sound:
        return None
    found = list(entries(listed.out))
    linked = follow(repo, found)
    problems += linked.problems
    return [*_wanted([*found, *linked.entries], problems)]


def _wanted(found: list[TreeEntry], problems: list[Problem]) -> Iterator[TreeEntry]:
    """The files among `found` that belong to a configuration; those that may not or cannot be read are problems."""
    for entry in found:
        at = Source(Text(entry.path), 1)
        if entry.kind == "commit" and "/_" not in entry.path and "/." not in entry.path:
            problems.append(
                Problem(at, Message("a submodule, which is no part of this commit; expected a folder with files"))
            )
        elif entry.kind == "blob" and not entry.is_link and kind_of(entry.path) is not None:
            if entry.size > MAX_BYTES:
                problems.append(
                    Problem(at, Message(f"the file holds {entry.size:,} bytes; expected at most {MAX_BYTES:,}"))
                )
            else:
                yield entry


def _opened(root: Path, revision: str) -> Repository:
    """The repository that is to hold `revision`. Raises UsageError if there is none, or the name is not possible."""
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise UsageError(
            Message('"{}" names no revision', Text(revision)),
            hint="name a branch, a tag or a commit, as in origin/main",
        )
    found = repository(root)
    if isinstance(found, NoHistory):
        raise UsageError(Message("the revision {} cannot be read: {}", Text(revision), found.reason), hint=found.hint)
    return found


def _commit(repo: Repository, revision: str) -> str:
    """Git prefers a tag, then a local branch, to a remote's branch: a tag that a contributor pushed could replace it.
    HEAD and a whole hash never come from another ref."""
    answer = repo.ask("rev-parse", "--verify", f"{revision}^{{commit}}")
    name = answer.line if answer is not None else ""
    if answer is None or not _is_hash(name):
        raise _unknown(repo, Text(revision))
    if answer.ambiguous is not None and not (answer.ambiguous.raw == "HEAD" or _is_hash(answer.ambiguous.raw)):
        raise UsageError(
            Message("the revision {} is ambiguous: git knows several refs named {}", Text(revision), answer.ambiguous),
            hint="write the ref in full, as in refs/remotes/origin/main or refs/tags/v1, or delete the other one",
        )
    return name


def base_of(root: Path, revision: str) -> MergeBase:
    """The commit to compare HEAD with, so that what others added to `revision` since does not count as removed.

    If git knows no such commit (unrelated histories), or several, or there is no HEAD, it is the one that `revision`
    names: then no removal can be missed. Raises UsageError as `read_revision` does, and if a shallow clone holds too
    little to decide.
    """
    repo = _opened(root, revision)
    tip = _commit(repo, revision)
    found = repo.ask("merge-base", "--all", tip, "HEAD")
    names = found.line.split() if found is not None else []
    if len(names) == 1 and _is_hash(names[0]):
        return MergeBase(names[0], tip)
    if not names and repo.is_shallow():
        raise UsageError(
            Message(
                "git cannot tell since when the files at hand and the revision {} differ: this clone is shallow",
                Text(revision),
            ),
            hint=DEEPER,
        )
    return MergeBase(tip, tip)


def day_of(revision: str) -> date | None:
    """The day that `@2026-03-01` names; None for any other name. Raises UsageError for a day that does not exist."""
    if not _is_day(revision):
        return None
    try:
        return date.fromisoformat(revision[1:])
    except ValueError as err:
        raise UsageError(
            Message("{} is not a day of the calendar", Text(revision)), hint="write it as in @2026-03-01"
        ) from err


def commit_on(root: Path, day: date, zone: str) -> str:
    """The full name of the last first-parent commit up to the end of `day` in `zone`, by commit time.

    Raises UsageError if there is none, or git cannot find out.
    """
    repo = _opened(root, "HEAD")
    head = _commit(repo, "HEAD")
    last = _last_second(day, zone)
    found = repo.ask("rev-list", "-1", "--first-parent", f"--min-age={last}", head) if last > 0 else None
    name = found.line if found is not None else ""
    if not _is_hash(name):
        raise UsageError(
            f"the files of {day} cannot be read: git knows no commit up to that day here",
            hint="name a later day, or fetch the whole history, with `git fetch --unshallow`",
        )
    return name


def _last_second(day: date, zone: str) -> int:
    """The last second of `day` in `zone`, counted since 1970. For the calendar's last day: that of the day before.

    Git reads a number below zero as a time far in the future.
    """
    following = min(day, date.max - timedelta(days=1)) + timedelta(days=1)
    return int(datetime.combine(following, time(), ZoneInfo(zone)).timestamp()) - 1


def _unknown(repo: Repository, revision: Text) -> UsageError:
    if repo.is_shallow():
        return UsageError(
            Message("git knows no revision {} here: this clone is shallow", revision),
            hint=DEEPER,
        )
    return UsageError(
        Message("git knows no revision {} here", revision),
        hint="name a branch, a tag or a commit; `git fetch` brings those of the remote, called as in origin/main",
    )


def _incomplete(revision: str) -> UsageError:
    return UsageError(
        Message("git cannot read the files of the revision {}: this clone lacks some of them", Text(revision)),
        hint=REFETCH,
    )


COMMITS: Final = 300
"""Most commits that are searched, the latest first; only those that touch user files count."""
EDITS: Final = 10_000
"""Most files of these commits that are searched."""
SECONDS: Final = 10
_LOG: Final = (
    "-c",  # otherwise the user's own git setting decides what `-m` means
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
    """Where an entry was, and the short name of the commit that removed it. `is_file`: the file was removed too."""

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
    """The latest removal of each of `addresses`, if the latest `commits` have one.

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


def _unlogged(repo: Repository, answer: GitAnswer | None) -> NoHistory | None:
    """Why there is no log; None for a branch without commits, from which nothing was removed."""
    if answer is None:
        return NoHistory("git does not answer", "run it again; `git log -- users` shows what takes so long")
    unborn = repo.ask("rev-list", "--all", "--max-count=1")
    if unborn is not None and unborn.is_sound and not unborn.out:
        return None
    return NoHistory(Message("git says: {}", answer.complaint), "check the repository with `git fsck`")


def _stood_and_went(edit: _Edit, texts: Mapping[str, bytes], address: str) -> bool:
    """Whether an entry was removed here: a merge removes only what both its sides had."""
    before = [_entry(name, texts, address) for name in edit.before]
    return all(before) and not _entry(edit.after, texts, address)


def _edits(log: bytes) -> Iterator[_Edit]:
    """Edits of user files, the latest first: the names of a commit and of its parents, then for each file its facts and
    its path, all ended by NUL; facts begin with a colon (`git log --raw -z`). A merge comes once per parent (`-m`):
    what is not among the edits of each came from a side."""
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
    users = (*tree.declarations, *tree.unsound)
    return next((user for user in users if user.email.folded == address), None)
