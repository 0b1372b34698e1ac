"""Beginning a repository: what is written, what is kept, and how the people of a hub come into it."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Final

from bo_sync.access.people import of_files
from bo_sync.access.policies import on_files, subjects
from bo_sync.access.powers import powers
from bo_sync.cli.options import Common
from bo_sync.cli.pulling import pulled
from bo_sync.cli.scaffold import Forge, Template, templates
from bo_sync.cli.session import load_files as files_here
from bo_sync.cli.writing import all_or_none
from bo_sync.config.files import kind_of, walk
from bo_sync.config.load import tree_of
from bo_sync.config.schema import KINDS, json_schema
from bo_sync.config.vocabulary import Vocabulary
from bo_sync.core.model import LiveState
from bo_sync.core.presets import resolve
from bo_sync.core.text import Text
from bo_sync.errors import FilesError
from bo_sync.pull import FOLDER, Left

SCHEMAS: Final = "schemas"
_IGNORED: Final = ".gitignore"
_STATE: Final = ".bo-sync/"
_PIPELINE: Final = ".gitlab-ci.yml"
_INCLUDED: Final = "ci/bo-sync.gitlab-ci.yml"
_THERE: Final = "it is there already"
_AT_FIRST: Final = "severity: warning # until everybody keeps it: then take this line away"

Create = Callable[[str, str], None]
"""Writes a new file: its path below the root, and its text."""


@dataclass(frozen=True, slots=True)
class Start:
    """Files written, in the order of writing; files kept, each with the reason; people who got no file, and why;
    policies that are not read yet, since people break them; those that are warnings at first; and who is made up."""

    written: tuple[Text, ...] = ()
    kept: tuple[tuple[Text, str], ...] = ()
    left: tuple[Left, ...] = ()
    asleep: tuple[Text, ...] = ()
    lenient: tuple[Text, ...] = ()
    examples: tuple[Text, ...] = ()

    def and_then(self, other: "Start") -> "Start":
        return Start(
            (*self.written, *other.written),
            (*self.kept, *other.kept),
            (*self.left, *other.left),
            (*self.asleep, *other.asleep),
            (*self.lenient, *other.lenient),
            (*self.examples, *other.examples),
        )


def start(here: Common, forges: tuple[Forge, ...], live: LiveState | None) -> Start:
    """Writes what is not there: all of it, or nothing. With `live`, its people take the place of the example.

    Raises FilesError where something is in the way, or a configuration that is there has an error.
    """
    has_configuration = bool(walk(here.root).files)
    wanted = [template for template in templates(forges) if not (has_configuration and kind_of(template.path))]
    people = [f"{FOLDER}/_"] if live else []
    _check_ways(here.root, (*(template.path for template in wanted), *people, f"{SCHEMAS}/_"))
    with all_or_none(here.root) as create:
        return _written(here, wanted, live, create)


def _written(here: Common, wanted: Sequence[Template], live: LiveState | None, create: Create) -> Start:
    plain = [template for template in wanted if not _comes_later(template, is_pulled=live is not None)]
    begun = _write(here.root, plain, create)
    policies = [template for template in wanted if kind_of(template.path) == "policy"]
    if live is None:
        policies = [_lenient(policy) for policy in policies]
        examples = tuple(Text(template.path) for template in plain if kind_of(template.path) == "user")
        begun = begun.and_then(Start(lenient=tuple(Text(policy.path) for policy in policies), examples=examples))
    else:
        begun = begun.and_then(_pulled(here, live, create))
        policies = list(_kept_by_all(here, policies)) if policies else []
    begun = begun.and_then(_write(here.root, policies, create)).and_then(Start(asleep=_asleep(policies)))
    words = Vocabulary.of(here.root)
    schemas = [Template(f"{SCHEMAS}/{kind}.json", json_schema(kind, words)) for kind in KINDS]
    return begun.and_then(_write(here.root, schemas, create))


def _comes_later(template: Template, *, is_pulled: bool) -> bool:
    kind = kind_of(template.path)
    return kind == "policy" or (kind == "user" and is_pulled)


def _lenient(policy: Template) -> Template:
    """A policy that only warns: the hub may have people who break it, and nobody has looked at them yet."""
    if "\nseverity: " in policy.text:
        return policy
    first, _, rest = policy.text.partition("\n")
    return replace(policy, text=f"{first}\n{_AT_FIRST}\n{rest}")


def _check_ways(root: Path, paths: Iterable[str]) -> None:
    """Raises FilesError, with everything that stands in the way of files at `paths`."""
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents if folder.name}
    lines = tuple(f"{Text(folder)}: {why}" for folder in sorted(folders) if (why := _why_closed(root, folder)))
    if lines:
        hint = "move it away, and run this again; nothing was written"
        raise FilesError("something is in the way of the files to be written", lines=lines, hint=hint)


def _why_closed(root: Path, folder: str) -> str:
    """Why no file can be written into `folder`; "" where one can."""
    place = root / folder
    if place.is_symlink():
        return "a symbolic link; expected a folder"
    return "not a folder" if os.path.lexists(place) and not place.is_dir() else ""


def _write(root: Path, wanted: Sequence[Template], create: Create) -> Start:
    written: list[Text] = []
    kept: list[tuple[Text, str]] = []
    for template in wanted:
        path = Text(template.path)
        if os.path.lexists(root / template.path):
            kept.append((path, _why_kept(root, template.path)))
        else:
            create(template.path, template.text)
            written.append(path)
    return Start(tuple(written), tuple(kept))


def _why_kept(root: Path, path: str) -> str:
    """That a file is there, and what is to be added to it by hand."""
    if not stat.S_ISREG((root / path).lstat().st_mode):
        return _THERE
    try:
        there = (root / path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _THERE
    if path == _IGNORED and _STATE not in there.split():
        return f"{_THERE}; add a line `{_STATE}`, which is no business of git"
    if path == _PIPELINE and _INCLUDED not in there:
        return f"{_THERE}; add `- local: {_INCLUDED}` to its `include`"
    return _THERE


def _pulled(here: Common, live: LiveState, create: Create) -> Start:
    """Everybody of the hub who has no file gets one."""
    files = files_here(replace(here, quiet=True))
    found = pulled(here.root, files, live, update=False)
    for draft in found.new:
        create(draft.path, draft.text)
    return Start(tuple(Text(draft.path) for draft in found.new), (), found.left)


def _kept_by_all(here: Common, policies: Sequence[Template]) -> Iterator[Template]:
    """The policies; those of severity error that the people at hand break under a name that is not read."""
    there = files_here(replace(here, quiet=True))
    found = [*walk(here.root).files, *((template.path, template.text.encode()) for template in policies)]
    tree = tree_of(found)
    users = (resolve(declaration, tree.presets, tree.settings, there.day) for declaration in tree.declarations)
    results = on_files(tree.policies, subjects(of_files(users)), powers(tree.settings), there.day)
    broken = {result.policy.source.path.raw for result in results if not result.ok}
    for template in policies:
        yield replace(template, path=_unread(template.path)) if template.path in broken else template


def _asleep(policies: Sequence[Template]) -> tuple[Text, ...]:
    return tuple(Text(template.path) for template in policies if kind_of(template.path) is None)


def _unread(path: str) -> str:
    """The name under which the loader passes a file by."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/_{name}"
