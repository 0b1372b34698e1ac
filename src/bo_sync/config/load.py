"""Load a configuration: read every file, find every error of every file in one run, and return the declarations.

The order of files does not matter: all that is listed, reported or hashed is sorted by path.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple

from bo_sync.config import fast_values
from bo_sync.config.documents import PRESET_KEYS, AccessWord, PresetDocument, UserListDocument
from bo_sync.config.files import File, Kind, is_preset_name, kind_of, stem_of, walk
from bo_sync.config.policies import read_policy
from bo_sync.config.settings import read_settings
from bo_sync.config.users import ReadUser, read_user
from bo_sync.config.validation import Area, Complaints, Known, admit, found, rank, read_presets
from bo_sync.config.yaml_errors import quoted
from bo_sync.config.yaml_reader import read
from bo_sync.config.yaml_values import YamlMapping
from bo_sync.core.model import Access, Declaration, Preset, PresetGrant, Problem, Role, Severity, Source
from bo_sync.core.policy import Policy
from bo_sync.core.settings import Settings
from bo_sync.core.text import Message, Text


class ReadPreset(NamedTuple):
    """A preset, and the place of each name in its `extends` (by name)."""

    preset: Preset
    extends_at: Mapping[str, Source]


def read_preset(name: str, entries: YamlMapping, known: Known, complaints: Complaints) -> ReadPreset:
    """The preset `name` as in its file; what is wrong is left out, and is a problem."""
    document, problems = admit(PresetDocument, entries, PRESET_KEYS, complaints.path)
    complaints.take(problems)
    source = complaints.at(entries.at)
    if document is None:
        return ReadPreset(Preset(name, source), {})
    written = entries.listing("extends")
    places = {str(item): complaints.at(at) for item, at in zip(written, written.values_at, strict=True)}
    preset = Preset(
        name=name,
        source=source,
        label=Text(document.label) if document.label else None,
        description=Text(document.description) if document.description else None,
        extends=read_presets(written, known.presets, complaints),
        grants=_grants(document, entries, known, complaints),
    )
    return ReadPreset(preset, places)


def _grants(
    document: PresetDocument, entries: YamlMapping, known: Known, complaints: Complaints
) -> tuple[PresetGrant, ...]:
    areas: tuple[tuple[Area, Mapping[str, bool | AccessWord]], ...] = (
        (known.platform, document.platform),
        (known.modules, document.modules),
    )
    grants = []
    for area, given in areas:
        part = entries.mapping(area.name)
        for word, written in given.items():
            if word not in area.roles:
                complaints.error(part.key_at(word), area.unknown(word))
                continue
            if area.levels[written] is Access.NONE:
                shown = "false" if written is False else "none"
                message = f"{area.name}.{word}: {shown} takes nothing away in a preset; leave it out"
                complaints.warn(part.value_at(word), message)
            grants.append(PresetGrant(Role(word), area.levels[written], complaints.at(part.key_at(word))))
    return tuple(sorted(grants, key=lambda grant: rank(grant.role)))


def circles(presets: Iterable[ReadPreset]) -> list[Problem]:
    """One error per place at which presets begin to extend themselves, the same for every order of files."""
    by_name = {read.preset.name: read for read in presets}
    done: set[str] = set()
    problems = []
    for start in sorted(by_name):
        trail: list[str] = []
        waiting = [(start, 0)]
        while waiting:
            name, depth = waiting.pop()
            done.update(trail[depth:])
            del trail[depth:]
            if name in trail:
                circle = [*trail[trail.index(name) :], name]
                at = by_name[trail[-1]].extends_at[name]
                told = Message(
                    "presets extend each other: {}; expected no circle", Message.of(map(Text, circle), " > ")
                )
                problems.append(Problem(at, told))
            elif name in by_name and name not in done:
                trail.append(name)
                waiting += [(further, depth + 1) for further in sorted(by_name[name].preset.extends, reverse=True)]
        done.update(trail)
    return problems


# Files are parsed and then checked by the batch: alternating per file costs a tenth, because neither the parser nor
# the models stay in the processor's cache. A larger batch does not stay there itself.
_BATCH: Final = 16


@dataclass(frozen=True, slots=True)
class Tree:
    """The content of the files. Only a tree without `errors` may be applied: then every named preset exists, no preset
    extends itself, and every user is declared once.

    `declarations` are in the order of their files; `presets` is by name; `policies` are sorted by id. `digest` is over
    paths and bytes of all files that were read, so it changes with any byte of them and with nothing else. `user_files`
    counts files, valid or not. `unsound` are entries with errors that still name their user, `lists` the files that
    hold a list of users.
    """

    settings: Settings
    declarations: tuple[Declaration, ...]
    presets: Mapping[str, Preset]
    problems: tuple[Problem, ...]
    digest: str
    user_files: int
    unsound: tuple[Declaration, ...] = ()
    lists: frozenset[Text] = frozenset()
    policies: tuple[Policy, ...] = ()

    @property
    def unread(self) -> tuple[Text, ...]:
        """Files and folders with errors that may hold users who are not in this tree, not even as `unsound`."""
        named = {declaration.source.path for declaration in (*self.declarations, *self.unsound)} - self.lists
        wrong = {problem.source.path for problem in self.errors}
        return tuple(sorted(path for path in wrong - named if f"{path.raw}/".startswith(("users/", "./"))))

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)


def load_tree(root: Path) -> Tree:
    """The configuration in the folder `root`. Never raises because of the folder or its files."""
    with collector_paused():
        walked = walk(root)
        return tree_of(walked.files, walked.problems)


def tree_of(files: Iterable[File], problems: Iterable[Problem] = ()) -> Tree:
    """The configuration of these files, from any source. `problems` were found while they were read.

    Files that are not part of a configuration are left out, so a whole revision may be passed.
    """
    with collector_paused():
        return _Loading(files, problems).tree()


@contextmanager
def collector_paused() -> Iterator[None]:
    """Without the cyclic collector: loading makes many objects, none of them in circles.

    Afterwards they count as old, which is what `freeze` and `unfreeze` do to them at no cost. Otherwise the collector
    would immediately search all of them as its youngest.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():  # what other code froze stays frozen
                gc.freeze()
                gc.unfreeze()
            gc.enable()


def tree_digest(files: Iterable[File]) -> str:
    """`sha256:…` over paths and bytes, each with its length before it; the same for every order."""
    total = sha256()
    for path, data in sorted(files):
        name = path.encode("utf-8", "surrogateescape")
        total.update(b"%d %d " % (len(name), len(data)) + name + data)
    return f"sha256:{total.hexdigest()}"


class _Loading:
    """One load: settings first, then the names of presets, since everything after may use them."""

    def __init__(self, files: Iterable[File], problems: Iterable[Problem]) -> None:
        self._files: dict[Kind, list[File]] = {
            "config": [],
            "catalogue": [],
            "preset": [],
            "policy": [],
            "user": [],
        }
        self._problems = list(problems)
        self._unsound: tuple[Declaration, ...] = ()
        self._lists: set[Text] = set()
        for file in files:
            kind = kind_of(file[0])
            if kind is not None:
                self._files[kind].append(file)
        for group in self._files.values():
            group.sort()

    def tree(self) -> Tree:
        """Everything, read once."""
        settings = self._settings()
        named = settings.catalogue.path.raw if settings.catalogue else ""
        self._files["catalogue"] = [file for file in self._files["catalogue"] if file[0] == named]
        preset_files = self._preset_files()
        known = Known.of(settings, tuple(preset_files))
        presets = self._presets(preset_files, known)
        policies = self._policies(known)
        declarations = self._declarations(known)
        if not self._files["user"]:
            message = "no user files; expected one file a person in users/: `bo-sync pull` writes them"
            self._problems.append(Problem(Source(Text("users"), 1), Message(message), Severity.WARNING))
        return Tree(
            settings=settings,
            declarations=declarations,
            presets=presets,
            problems=tuple(sorted(self._problems)),
            digest=tree_digest(file for group in self._files.values() for file in group),
            user_files=len(self._files["user"]),
            unsound=self._unsound,
            lists=frozenset(self._lists),
            policies=policies,
        )

    def _entries(self, file: File, expected: str) -> tuple[YamlMapping | None, Complaints]:
        """The mapping that a file holds, or None if it is not a mapping in valid YAML."""
        complaints = Complaints(fast_values.text(file[0]))
        value, at, problems = read(file[1], complaints.path)
        if problems:
            self._problems += problems
        elif isinstance(value, YamlMapping):
            return value, complaints
        else:
            complaints.error(at, Message("found {}; expected {}", found(value), expected))
            self._problems += complaints.problems
        return None, complaints

    def _settings(self) -> Settings:
        for file in self._files["config"]:
            entries, complaints = self._entries(file, "a mapping of settings")
            if entries is not None:
                settings = read_settings(entries, complaints, dict(self._files["catalogue"]))
                self._problems += complaints.problems
                return settings
        return Settings()

    def _preset_files(self) -> dict[str, File]:
        """The first file of each preset's name, in the order of names."""
        named: dict[str, File] = {}
        for file in self._files["preset"]:
            name = stem_of(file[0])
            at = Source(Text(file[0]), 1)
            if not is_preset_name(name):
                message = Message(
                    "preset name {}; expected A-Z, a-z, 0-9 and ._- after a letter or digit", quoted(name)
                )
                self._problems.append(Problem(at, message))
            elif name in named:
                message = Message(
                    "preset {} has a second file; the first is {}: keep one", quoted(name), Text(named[name][0])
                )
                self._problems.append(Problem(at, message))
            else:
                named[name] = file
        return dict(sorted(named.items()))

    def _presets(self, files: Mapping[str, File], known: Known) -> dict[str, Preset]:
        presets: list[ReadPreset] = []
        for name, file in files.items():
            entries, complaints = self._entries(file, "a mapping with a preset's keys")
            if entries is not None:
                presets.append(read_preset(name, entries, known, complaints))
                self._problems += complaints.problems
        self._problems += circles(presets)
        return {read.preset.name: read.preset for read in presets}

    def _policies(self, known: Known) -> tuple[Policy, ...]:
        policies: dict[str, Policy] = {}
        for file in self._files["policy"]:
            entries, complaints = self._entries(file, "a mapping with a policy's keys")
            if entries is not None:
                policy = read_policy(entries, known, policies, complaints)
                self._problems += complaints.problems
                if policy is not None:
                    policies[policy.id] = policy
        return tuple(policies[name] for name in sorted(policies))

    def _declarations(self, known: Known) -> tuple[Declaration, ...]:
        users: list[ReadUser] = []
        files = self._files["user"]
        for start in range(0, len(files), _BATCH):
            expected = "a mapping with one person's keys, or `users:` with a list"
            batch = [self._entries(file, expected) for file in files[start : start + _BATCH]]
            for entries, complaints in batch:
                if entries is not None:
                    users += _users(entries, known, complaints)
                    self._problems += complaints.problems
                    if "users" in entries:
                        self._lists.add(complaints.path)
        self._problems += repeated(users)
        self._unsound = tuple(user.declaration for user in users if not user.is_sound)
        return tuple(user.declaration for user in users if user.is_sound)


def _users(entries: YamlMapping, known: Known, complaints: Complaints) -> list[ReadUser]:
    """The users of one user file: its only one, or those of its list."""
    if "users" not in entries:
        user = read_user(entries, known, complaints)
        return [] if user is None else [user]
    _, problems = admit(UserListDocument, entries, ("users",), complaints.path)
    complaints.take(problems)
    listed = entries.listing("users")
    users = []
    for item, at in zip(listed, listed.values_at, strict=True):
        user = None
        if isinstance(item, YamlMapping):
            user = read_user(item, known, complaints)
        else:
            complaints.error(at, Message("users: found {}; expected a mapping with one person's keys", found(item)))
        users += [] if user is None else [user]
    return users


def repeated(users: Iterable[ReadUser]) -> list[Problem]:
    """An error at each entry whose address (case-folded) or id an earlier entry has, with both places."""
    problems = []
    first_email: dict[str, Source] = {}
    first_id: dict[int, Source] = {}
    for declaration, _ in users:
        here = declaration.source
        first = first_email.setdefault(declaration.email.folded, here)
        if first is not here:
            message = Message(
                "a second entry for {}; the first is {}: keep one", quoted(declaration.email.raw), first.text
            )
            problems.append(Problem(here, message))
        if declaration.id is not None:
            first = first_id.setdefault(declaration.id, here)
            if first is not here:
                message = Message("a second entry with id {}; the first is {}: keep one", declaration.id, first.text)
                problems.append(Problem(here, message))
    return problems
