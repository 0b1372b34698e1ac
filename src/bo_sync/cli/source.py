"""Where a command's users come from: the files, a revision, a day, or the hub; and the two sides of `diff`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from bo_sync.access.provenance import AnyPlace, HubPlace, Provenance
from bo_sync.access.user_access import UserAccess, named_presets, of_files, of_hub
from bo_sync.cli.console import progress
from bo_sync.cli.context import Files, check, hub_session, load_files, load_settings, meaning
from bo_sync.cli.options import Common, HubChoice, hub_choice, taken
from bo_sync.config.files import walk_settings
from bo_sync.config.git_revision import SHOWN, commit_of, commit_on, day_of, read_revision
from bo_sync.config.load import tree_of
from bo_sync.core.live import index
from bo_sync.core.model import DesiredUser
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import Presets
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text
from bo_sync.errors import FilesError, UsageError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Whose:
    """Where users come from by the command line: without options, the present files."""

    revision: str | None
    is_live: bool
    hub: HubChoice


@dataclass(frozen=True, slots=True)
class Company:
    """Users with their access, the settings and presets that name it, and its provenance. `files` is None where the
    users are the hub's."""

    users: tuple[UserAccess, ...]
    settings: Settings
    presets: Presets
    place: AnyPlace
    files: Files | None = None

    @property
    def leaving(self) -> tuple[DesiredUser, ...]:
        """Users that the files mark for deletion; empty where the users are the hub's."""
        users = self.files.desired.users if self.files is not None else ()
        return tuple(user for user in users if user.departure is not None)


def whose(command: Callable[Concatenate[Whose, P], R]) -> Callable[P, R]:
    """--at, --live and the hub's options, passed as a `Whose` first argument."""

    @click.option("--at", metavar="REV", help="The files of a git revision, or of a day, as in @2026-03-01.")
    @click.option("--live", is_flag=True, help="The hub instead of the files.")
    @hub_choice
    @wraps(command)
    def gathered(choice: HubChoice, /, *args: P.args, **kwargs: P.kwargs) -> R:
        revision, is_live = taken(kwargs, "at"), taken(kwargs, "live")
        if revision is not None and is_live:
            raise click.UsageError("--at asks the files of a revision, --live the hub: give one of them")
        return command(Whose(revision, is_live, choice), *args, **kwargs)

    return gathered


def company(common: Common, asked: Whose) -> Company:
    """The chosen users. Raises FilesError, UsageError and HubError, as reading them does."""
    if asked.revision is not None:
        return company_at(common, asked.revision)
    if asked.is_live:
        return company_of_hub(common, asked.hub)
    return _company(load_files(common), None)


def company_at(common: Common, revision: str) -> Company:
    """The users of a git revision, or of a day (`@2026-03-01`), on which `until` is judged then.

    Offline. Raises UsageError where git cannot give the revision, FilesError when its files have errors.
    """
    return _company(files_at(common, revision), revision)


def files_at(common: Common, revision: str) -> Files:
    """The files of a git revision, or of a day; raises as `company_at` does."""
    day = day_of(revision)
    if day is None:
        name = revision
    else:
        if common.today is not None and common.today != day:
            raise UsageError(Message("{} names a day, and --today {} another one", Text(revision), common.today))
        name = commit_on(common.root, day, _zone(common.root))
    read = read_revision(common.root, name)
    tree = tree_of(read.files, read.problems)
    facts = ConfigFacts(len(tree.declarations), tree.digest, Text(read.commit[:SHOWN]), dirty=False)
    on = f", on {day}" if day is not None else ""
    hint = f"name another {'revision' if day is None else 'day, or a revision,'} whose files are sound"
    check(tree, Message("the files of {} (commit {}{})", Text(revision), facts.commit, on), hint)
    return meaning(tree, day or common.today, facts)


def words(common: Common, asked: Whose) -> tuple[Settings, Provenance]:
    """The names of the roles and their provenance, for answers without users; present user files are not read."""
    if asked.revision is not None:
        files = files_at(common, asked.revision)
        return files.tree.settings, place_of(files, asked.revision)
    settings, commit = load_settings(common), commit_of(common.root)
    sha, dirty = (Text(commit.sha), commit.dirty) if commit is not None else (None, None)
    return settings, Provenance(None, sha, dirty, common.day(settings))


def _zone(root: Path) -> str:
    """The time zone of the working tree; its user files are not read for that."""
    found = walk_settings(root)
    return tree_of(found.files, found.problems).settings.timezone


def company_of_hub(common: Common, choice: HubChoice, words: Files | None = None) -> Company:
    """The users of the hub, with the role names and presets of `words`. None: the present files.

    Files of another revision never choose the hub. Raises as `load_files`, and HubError.
    """
    files = words or load_files(common)
    with hub_session(common, choice) as hub, progress(quiet=common.quiet) as watched:
        read = hub.read_all(watched)
    live = index(read, files.tree.settings)
    users = of_hub(live.everybody, files.tree.settings.roles, named_presets(files.desired.users))
    return Company(users, files.tree.settings, files.tree.presets, HubPlace(Text(hub.url), files.day))


def _company(files: Files, revision: str | None) -> Company:
    users = of_files(files.desired.users)
    return Company(users, files.tree.settings, files.tree.presets, place_of(files, revision), files)


def place_of(files: Files, revision: str | None) -> Provenance:
    """The provenance of `files`, read from that revision (None: the working tree)."""
    facts = files.desired.facts
    return Provenance(None if revision is None else Text(revision), facts.commit, facts.dirty, files.day)


WORKING_TREE = None
"""In place of a revision: the files in the folder."""


@dataclass(frozen=True, slots=True)
class ComparedSide:
    """One side: its files and its name."""

    files: Files
    place: Provenance


@dataclass(frozen=True, slots=True)
class ComparedSides:
    base: ComparedSide
    head: ComparedSide


def sides(common: Common, base: str = "HEAD", head: str | None = WORKING_TREE) -> ComparedSides:
    """Both sides, judged on the same day unless a revision names its own.

    Raises UsageError where git cannot give a revision, and FilesError, with the problems of both, for file errors.
    """
    later, failed = _tried(lambda: _state(common, head))
    day = common.today or (later.files.day if later is not None and not _names_day(head) else None)
    earlier, failed_too = _tried(lambda: _state(replace(common, today=day), base))
    if earlier is None or later is None:
        raise _joined([error for error in (failed_too, failed) if error is not None])
    return ComparedSides(earlier, later)


def _names_day(revision: str | None) -> bool:
    return revision is not WORKING_TREE and day_of(revision) is not None


def _tried(load: Callable[[], ComparedSide]) -> tuple[ComparedSide | None, FilesError | None]:
    try:
        return load(), None
    except FilesError as error:
        return None, error


def _joined(errors: list[FilesError]) -> FilesError:
    """One error for both sides; with two, each line names its side."""
    if len(errors) == 1:
        return errors[0]
    lines = tuple(Message("{} ({})", line, error.message) for error in errors for line in error.lines)
    return FilesError(Message.of((error.message for error in errors), "; "), lines=lines, hint=errors[-1].hint)


def _state(common: Common, revision: str | None) -> ComparedSide:
    if revision is WORKING_TREE:
        files = load_files(common)
    else:
        files = files_at(replace(common, today=None) if _names_day(revision) else common, revision)
    return ComparedSide(files, place_of(files, revision))


SomeUser = TypeVar("SomeUser", UserAccess, DesiredUser)


def somebody(email: str, users: Sequence[SomeUser]) -> SomeUser | None:
    """The user with the address; its case matters only where two users differ in nothing else.

    Raises UsageError where the case decides nothing.
    """
    alike = [user for user in users if user.email.folded == Text(email).folded]
    exact = [user for user in alike if user.email.raw == email]
    if len(alike) > 1 and not exact:
        spellings = Message.of((user.email for user in alike), ", ")
        raise UsageError(
            Message("{}: several people have this address: {}", Text(email), spellings), hint="spell it as one of them"
        )
    return next(iter(exact or alike), None)


def nobody(email: str, where: str, users: Sequence[UserAccess | DesiredUser]) -> UsageError:
    """The error for an address that no user in `users` has."""
    near = get_close_matches(Text(email).folded, sorted({user.email.folded for user in users}), n=1)
    spelled = next((user.email for user in users if near and user.email.folded == near[0]), None)
    return UsageError(
        Message("{}: nobody has this address in {}", Text(email), where),
        hint=Message("did you mean {}?", spelled) if spelled else "bo-sync users lists everybody; --live asks the hub",
    )
