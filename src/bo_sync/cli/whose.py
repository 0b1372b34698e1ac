"""Whose access a question is about: the people of the files, of a revision, of a day, or of the hub."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from bo_sync.access.people import Person, named_presets, of_files, of_hub
from bo_sync.access.place import AnyPlace, HubPlace, Place
from bo_sync.cli.options import Common, HubChoice, hub_choice, taken
from bo_sync.cli.redacting import meet_live
from bo_sync.cli.session import Files, check, hub_session, load_files, load_settings, meaning
from bo_sync.cli.talk import progress
from bo_sync.config.files import walk_settings
from bo_sync.config.load import tree_of
from bo_sync.config.revision import SHOWN, commit_of, commit_on, day_of, read_revision
from bo_sync.core.live import index
from bo_sync.core.model import DesiredUser
from bo_sync.core.plan import ConfigFacts
from bo_sync.core.presets import Presets
from bo_sync.core.settings import Settings
from bo_sync.core.text import Text
from bo_sync.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Whose:
    """Where people come from, as the command line gives it: neither means the files as they stand."""

    revision: str | None
    is_live: bool
    hub: HubChoice


@dataclass(frozen=True, slots=True)
class Company:
    """People with their access, the settings and presets in whose words it is told, and whose word it is. `files` is
    None where the people are the hub's."""

    people: tuple[Person, ...]
    settings: Settings
    presets: Presets
    place: AnyPlace
    files: Files | None = None

    @property
    def leaving(self) -> tuple[DesiredUser, ...]:
        """Those whom the files want deleted; nobody where the people are the hub's."""
        users = self.files.desired.users if self.files is not None else ()
        return tuple(user for user in users if user.departure is not None)


def whose(command: Callable[Concatenate[Whose, P], R]) -> Callable[P, R]:
    """--at, --live and the hub's options, handed over as a `Whose` first argument."""

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
    """The people that are meant. Raises FilesError, UsageError and HubError as reading them does."""
    if asked.revision is not None:
        return company_at(common, asked.revision)
    if asked.is_live:
        return company_of_hub(common, asked.hub)
    return _company(load_files(common), None)


def company_at(common: Common, revision: str) -> Company:
    """The people of a git revision, or of a day (`@2026-03-01`), for which `until` is judged then.

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
            raise UsageError(f"{Text(revision)} names a day, and --today {common.today} another one")
        name = commit_on(common.root, day, _zone(common.root))
    read = read_revision(common.root, name)
    tree = tree_of(read.files, read.problems)
    facts = ConfigFacts(len(tree.declarations), tree.digest, Text(read.commit[:SHOWN]), dirty=False)
    on = f", on {day}" if day is not None else ""
    hint = f"name another {'revision' if day is None else 'day, or a revision,'} whose files are sound"
    check(tree, f"the files of {Text(revision)} (commit {facts.commit}{on})", hint)
    return meaning(tree, day or common.today, facts)


def words(common: Common, asked: Whose) -> tuple[Settings, Place]:
    """The names of the roles, and whose they are, for what lies in nobody's access; people are not read at hand."""
    if asked.revision is not None:
        files = files_at(common, asked.revision)
        return files.tree.settings, place_of(files, asked.revision)
    settings, commit = load_settings(common), commit_of(common.root)
    sha, dirty = (Text(commit.sha), commit.dirty) if commit is not None else (None, None)
    return settings, Place(None, sha, dirty, common.day(settings))


def _zone(root: Path) -> str:
    """Where the days of the working tree end; its people are not read for that."""
    found = walk_settings(root)
    return tree_of(found.files, found.problems).settings.timezone


def company_of_hub(common: Common, choice: HubChoice, words: Files | None = None) -> Company:
    """The people of the hub, in the words of `words`: its names of the roles, and its presets. None: the files at hand.

    Which hub may be asked is never for the files of another revision to say. Raises as `load_files`, and HubError.
    """
    files = words or load_files(common)
    with hub_session(common, choice) as hub, progress(quiet=common.quiet) as watched:
        read = hub.read_all(watched)
    meet_live(read.users)
    live = index(read, files.tree.settings)
    people = of_hub(live.everybody, files.tree.settings.roles, named_presets(files.desired.users))
    return Company(people, files.tree.settings, files.tree.presets, HubPlace(Text(hub.url), files.day))


def _company(files: Files, revision: str | None) -> Company:
    people = of_files(files.desired.users)
    return Company(people, files.tree.settings, files.tree.presets, place_of(files, revision), files)


def place_of(files: Files, revision: str | None) -> Place:
    """Whose word `files` are, which were read from that revision (None: the working tree)."""
    facts = files.desired.facts
    return Place(None if revision is None else Text(revision), facts.commit, facts.dirty, files.day)
