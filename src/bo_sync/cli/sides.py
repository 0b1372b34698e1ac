"""The two states of the files that are compared: git revisions, days, or the working tree."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from bo_sync.access.place import Place
from bo_sync.cli.options import Common
from bo_sync.cli.session import Files, load_files
from bo_sync.cli.whose import files_at, place_of
from bo_sync.config.revision import day_of
from bo_sync.errors import FilesError

WORKING_TREE = None
"""In place of a revision: the files as they lie in the folder."""


@dataclass(frozen=True, slots=True)
class State:
    """One side: its files, and how it is called."""

    files: Files
    place: Place


@dataclass(frozen=True, slots=True)
class Pair:
    base: State
    head: State


def sides(common: Common, base: str = "HEAD", head: str | None = WORKING_TREE) -> Pair:
    """Both states, judged on the same day unless a revision names its own.

    Raises UsageError where git cannot give a revision, and FilesError, with the problems of both, for errors in files.
    """
    later, failed = _tried(lambda: _state(common, head))
    day = common.today or (later.files.day if later is not None and not _names_day(head) else None)
    earlier, failed_too = _tried(lambda: _state(replace(common, today=day), base))
    if earlier is None or later is None:
        raise _joined([error for error in (failed_too, failed) if error is not None])
    return Pair(earlier, later)


def _names_day(revision: str | None) -> bool:
    return revision is not WORKING_TREE and day_of(revision) is not None


def _tried(load: Callable[[], State]) -> tuple[State | None, FilesError | None]:
    try:
        return load(), None
    except FilesError as error:
        return None, error


def _joined(errors: list[FilesError]) -> FilesError:
    """One error for what is wrong on either side; each line of two sides says whose it is."""
    if len(errors) == 1:
        return errors[0]
    lines = tuple(f"{line} ({error.message})" for error in errors for line in error.lines)
    return FilesError("; ".join(error.message for error in errors), lines=lines, hint=errors[-1].hint)


def _state(common: Common, revision: str | None) -> State:
    if revision is WORKING_TREE:
        files = load_files(common)
    else:
        files = files_at(replace(common, today=None) if _names_day(revision) else common, revision)
    return State(files, place_of(files, revision))
