"""The files of a git revision, and which commit the files at hand stand at; nothing of the repository runs.

A revision is read from git's objects, without a checkout: one listing and one batch of contents, however many files.
The configuration may lie in a folder of the repository. A folder without git, or a machine without it, has no commit,
which is no error; to be asked for a revision there is one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from bo_sync.config.files import FOLDERS, SETTINGS_FILE, File, kind_of
from bo_sync.config.git import ask
from bo_sync.config.links import follow
from bo_sync.config.load import Tree, tree_of
from bo_sync.config.objects import Entry, contents, entries
from bo_sync.config.yaml import MAX_BYTES
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Text
from bo_sync.errors import UsageError

SHOWN: Final = 10
"""Digits of a commit that are shown."""
_DEEPER: Final = (
    "fetch the whole history, with `git fetch --unshallow` (on GitHub Actions: `fetch-depth: 0` for actions/checkout; "
    "on GitLab: `GIT_DEPTH: 0`)"
)
_is_day: Final = re.compile(r"@[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_is_hash: Final = re.compile("[0-9a-f]{40}(?:[0-9a-f]{24})?").fullmatch


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's short name, and whether the configuration's files differ from it."""

    sha: str
    dirty: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """The configuration's files in one commit (its whole name), sorted by path, and what of it cannot be read."""

    commit: str
    files: tuple[File, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Base:
    """What a change is to be compared with, by whole names: `tip`, which a revision names, and `commit`, which is the
    tip where HEAD holds it, and else the last commit that both have."""

    commit: str
    tip: str


def commit_of(root: Path) -> Commit | None:
    """The commit that is checked out around `root`; None where git knows none."""
    sha = ask(root, "rev-parse", f"--short={SHOWN}", "--verify", "HEAD")
    if sha is None or not sha.is_sound:
        return None
    state = ask(root, "status", "--porcelain", "--untracked-files=all", "--", SETTINGS_FILE, *FOLDERS)
    is_dirty = state is None or not state.is_sound or bool(state.out.strip())
    return Commit(sha.out.decode("ascii").strip(), is_dirty)


def tree_at(root: Path, revision: str) -> Tree:
    """The configuration as it was at `revision`. Raises UsageError as `read_revision` does."""
    read = read_revision(root, revision)
    return tree_of(read.files, read.problems)


def read_revision(root: Path, revision: str) -> Revision:
    """The files of `revision`: any name of a commit that git takes, but for those that begin with a hyphen.

    Raises UsageError, with what to do, where there is no git, no such commit, or not all of its files.
    """
    commit = commit_at(root, revision)
    listed = ask(root, "ls-tree", "-r", "-t", "-l", "-z", commit, "--", SETTINGS_FILE, *FOLDERS)
    if listed is None or not listed.is_sound:
        raise _incomplete(revision)
    found = list(entries(listed.out))
    linked = follow(root, commit, found)
    problems = list(linked.problems)
    wanted = list(_wanted([*found, *linked.entries], problems))
    held = contents(root, [entry.name for entry in wanted])
    if held is None:
        raise _incomplete(revision)
    files = sorted((entry.path, data) for entry, data in zip(wanted, held, strict=True))
    return Revision(commit, tuple(files), tuple(sorted(problems)))


def _wanted(found: list[Entry], problems: list[Problem]) -> Iterator[Entry]:
    """The files among `found` that a configuration consists of; what may not or cannot be read is a problem."""
    for entry in found:
        at = Source(Text(entry.path), 1)
        if entry.kind == "commit" and "/_" not in entry.path and "/." not in entry.path:
            problems.append(Problem(at, "a submodule, which is no part of this commit; expected a folder with files"))
        elif entry.kind == "blob" and not entry.is_link and kind_of(entry.path) is not None:
            if entry.size > MAX_BYTES:
                problems.append(Problem(at, f"the file holds {entry.size:,} bytes; expected at most {MAX_BYTES:,}"))
            else:
                yield entry


def commit_at(root: Path, revision: str) -> str:
    """The whole name of the commit that `revision` names. Raises UsageError, with what to do, where there is none."""
    shown = Text(revision)
    if not revision or revision.startswith("-") or not revision.isprintable():
        raise UsageError(f'"{shown}" names no revision', hint="name a branch, a tag or a commit, as in origin/main")
    inside = ask(root, "rev-parse", "--is-inside-work-tree")
    if inside is None:
        raise UsageError(f"the revision {shown} cannot be read: git does not answer", hint="install git, and try again")
    if not inside.is_sound:
        why = inside.complaint if inside.complaint.raw else "git knows no repository here"
        raise UsageError(
            f"the revision {shown} cannot be read: {why}",
            hint="run this in a clone of the repository that holds the files",
        )
    answer = ask(root, "rev-parse", "--quiet", "--verify", f"{revision}^{{commit}}")
    name = answer.out.decode("ascii", "replace").strip() if answer is not None and answer.is_sound else ""
    if not _is_hash(name):
        raise _unknown(root, shown)
    return name


def base_of(root: Path, revision: str) -> Base:
    """The commit with which HEAD is compared, so that what others added to `revision` since is not taken for removed.

    Where git knows no such commit (histories that have nothing in common), or several, or there is no HEAD, it is the
    one that `revision` names: then nothing that goes can be missed. Raises UsageError as `commit_at` does, and where a
    shallow clone holds too little to tell.
    """
    tip = commit_at(root, revision)
    found = ask(root, "merge-base", "--all", tip, "HEAD")
    names = found.out.decode("ascii", "replace").split() if found is not None and found.is_sound else []
    if len(names) == 1 and _is_hash(names[0]):
        return Base(names[0], tip)
    if not names and _is_shallow(root):
        raise UsageError(
            f"git cannot tell since when the files at hand and the revision {Text(revision)} differ: this clone is "
            "shallow",
            hint=_DEEPER,
        )
    return Base(tip, tip)


def day_of(revision: str) -> date | None:
    """The day that `@2026-03-01` names; None for any other name. Raises UsageError for a day that is none."""
    if not _is_day(revision):
        return None
    try:
        return date.fromisoformat(revision[1:])
    except ValueError as err:
        raise UsageError(f"{Text(revision)} is not a day of the calendar", hint="write it as in @2026-03-01") from err


def commit_on(root: Path, day: date, zone: str) -> str:
    """The whole name of the last first-parent commit up to the end of `day` in `zone`, by when it was committed.

    Raises UsageError where there is none, or git cannot tell.
    """
    head = commit_at(root, "HEAD")
    last = _last_second(day, zone)
    found = ask(root, "rev-list", "-1", "--first-parent", f"--min-age={last}", head) if last > 0 else None
    name = found.out.decode("ascii", "replace").strip() if found is not None and found.is_sound else ""
    if not _is_hash(name):
        raise UsageError(
            f"the files of {day} cannot be read: git knows no commit up to that day here",
            hint="name a later day, or fetch the whole history, with `git fetch --unshallow`",
        )
    return name


def _last_second(day: date, zone: str) -> int:
    """The last second of `day` in `zone`, counted since 1970; of the last day of the calendar, that of the day before.

    Git takes a number below zero for one that is far in the future.
    """
    following = min(day, date.max - timedelta(days=1)) + timedelta(days=1)
    return int(datetime.combine(following, time(), ZoneInfo(zone)).timestamp()) - 1


def _is_shallow(root: Path) -> bool:
    answer = ask(root, "rev-parse", "--is-shallow-repository")
    return answer is not None and answer.out.strip() == b"true"


def _unknown(root: Path, revision: Text) -> UsageError:
    if _is_shallow(root):
        return UsageError(
            f"git knows no revision {revision} here: this clone is shallow",
            hint=_DEEPER,
        )
    return UsageError(
        f"git knows no revision {revision} here",
        hint="name a branch, a tag or a commit; `git fetch` brings those of the remote, called as in origin/main",
    )


def _incomplete(revision: str) -> UsageError:
    return UsageError(
        f"git cannot read the files of the revision {Text(revision)}: this clone lacks some of them",
        hint="fetch them, with `git fetch --refetch --no-filter origin`, or clone again without --filter",
    )
