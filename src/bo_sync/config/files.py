"""Which files belong to a configuration, their bytes, and the name of a new user's file."""

import contextlib
import os
import re
from collections.abc import Collection, Container, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal

from bo_sync.access.finding_codes import NOT_READ
from bo_sync.config.yaml_errors import quoted
from bo_sync.config.yaml_reader import MAX_BYTES
from bo_sync.core.model import Problem, Severity, Source
from bo_sync.core.text import Message, Text

SETTINGS_FILE: Final = "bo-sync.yaml"
POLICIES: Final = "policies"
PRESETS: Final = "presets"
CATALOGUE: Final = "catalogue"
FOLDERS: Final = (CATALOGUE, POLICIES, PRESETS, "users")
_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK")
)
_CHUNK: Final = 1 << 16
_HIDDEN: Final = ("_", ".")
_SUFFIXES: Final = (".yaml", ".yml")

is_preset_name: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]*").fullmatch
"""Whether a stem may name a preset: such names are safe to print, and the same on every system."""

LINK: Final = "a symbolic link; expected a file, or a link to a .yaml file in users/, presets/ or policies/"

TABLE: Final = r"^catalogue/(?:[A-Za-z0-9][A-Za-z0-9._-]*/)*[A-Za-z0-9][A-Za-z0-9._-]*\.csv$"
is_table: Final = re.compile(TABLE).fullmatch
"""Whether a path is one that `catalogue:` of the settings may name."""

Kind = Literal["user", "preset", "policy", "config", "catalogue"]
_LINKED: Final[frozenset[Kind | None]] = frozenset({"user", "preset", "policy"})
File = tuple[str, bytes]
"""A path relative to the configuration's root, with `/`, and what the file holds."""


def kind_of(path: str) -> Kind | None:
    """The kind of a path in the tree, or None for a file that is not read."""
    if path.endswith(_SUFFIXES) and not is_hidden(path):
        if path.startswith("users/"):
            return "user"
        if path.startswith("presets/"):
            return "preset"
        if path.startswith(f"{POLICIES}/"):
            return "policy"
    if is_table(path):
        return "catalogue"
    return "config" if path == SETTINGS_FILE else None


def is_hidden(path: str) -> bool:
    """Whether a name below one of our folders excludes its file, or everything in its folder."""
    return "/_" in path or "/." in path


def may_link(path: str, target: str) -> bool:
    """Whether a symbolic link at `path` may lead to `target`: both must be files that are read."""
    return all(kind_of(each) in _LINKED for each in (path, target))


def stem_of(path: str) -> str:
    """The name without folders and without `.yaml` or `.yml`."""
    return path.rpartition("/")[2].removesuffix(".yml").removesuffix(".yaml")


@dataclass(slots=True)
class Found:
    """The result of a walk over a folder, sorted by path."""

    files: list[File] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def walk(root: Path, folders: Collection[str] = FOLDERS) -> Found:
    """Every file of the configuration under `root`, or those of some folders. Never raises because of the disk."""
    walking = _Walk(os.path.realpath(root))
    try:
        walking.everything(folders)
    except OSError as error:
        wanted = "expected a folder that holds users/ and presets/"
        walking.complain(".", Message("cannot list the folder {}: {}; {}", quoted(str(root)), error.strerror, wanted))
    walking.found.files.sort()
    return walking.found


def walk_settings(root: Path) -> Found:
    """The settings file and the tables that it may name, by the same rules as `walk`; nothing when there are none."""
    walking = _Walk(os.path.realpath(root))
    with contextlib.suppress(OSError):
        walking.everything((CATALOGUE,))
    walking.found.files.sort()
    return walking.found


class _Walk:
    """One walk. Links to folders are never followed, so it ends; a link to a file may be (`may_link`)."""

    def __init__(self, root: str) -> None:
        self.found = Found()
        self._root = root
        self._waiting: list[tuple[str, str]] = []

    def everything(self, folders: Collection[str]) -> None:
        """The settings file and the folders, with all that they lead to."""
        self.top(frozenset({SETTINGS_FILE, *folders}))
        while self._waiting:
            self._folder(*self._waiting.pop())

    def top(self, names: frozenset[str]) -> None:
        """The entries of the root with one of `names`."""
        with os.scandir(self._root) as listing:
            for entry in listing:
                if entry.name == SETTINGS_FILE and entry.is_dir(follow_symlinks=False):
                    self.complain(entry.name, "a folder; expected a file with the settings")
                elif entry.name in names:
                    self._entry(entry, entry.name)
                elif entry.name == "bo-sync.yml":
                    self.complain(entry.name, f"this file is not read; expected the name {SETTINGS_FILE}")
                elif names.issuperset(FOLDERS) and (
                    expected := nearly(entry.name, is_folder=entry.is_dir(follow_symlinks=False))
                ):
                    self.not_read(entry.name, expected)

    def complain(self, path: str, message: str, severity: Severity = Severity.ERROR) -> None:
        self.found.problems.append(Problem(Source(Text(path), 1), Message(message), severity))

    def not_read(self, path: str, expected: str) -> None:
        message = f"this is not read; expected {expected}"
        self.found.problems.append(Problem(Source(Text(path), 1), Message(message), Severity.WARNING, NOT_READ.id))

    def _folder(self, path: str, place: str) -> None:
        try:
            with os.scandir(place) as listing:
                for entry in listing:
                    if not entry.name.startswith(_HIDDEN):
                        self._entry(entry, f"{path}/{entry.name}")
        except OSError as error:
            self.complain(path, f"cannot list this folder: {error.strerror}; expected to be allowed to")

    def _entry(self, entry: os.DirEntry[str], path: str) -> None:
        is_ours = path.endswith(_SUFFIXES) or is_table(path) is not None
        if is_ours and entry.is_file(follow_symlinks=False):
            self._read(path, entry.path)
        elif entry.is_symlink():
            self._link(entry, path)
        elif entry.is_dir(follow_symlinks=False):
            self._waiting.append((path, entry.path))
        elif is_ours:
            self.complain(path, "not a regular file; expected one")
        elif entry.is_file(follow_symlinks=False) and not _is_note(entry.name):
            ending = ".csv" if path.startswith(f"{CATALOGUE}/") else ".yaml or .yml"
            self.not_read(path, "a folder" if path in FOLDERS else f"a name that ends in {ending}")

    def _link(self, entry: os.DirEntry[str], path: str) -> None:
        place = os.path.realpath(entry.path)
        target = place.removeprefix(self._root.rstrip(os.sep) + os.sep).replace(os.sep, "/")
        if target != place and may_link(path, target) and Path(place).is_file():
            self._read(path, place)
        else:
            self.complain(path, LINK)

    def _read(self, path: str, place: str) -> None:
        try:
            self.found.files.append((path, _bytes(place)))
        except OSError as error:
            self.complain(path, f"cannot read this file: {error.strerror}; expected to be allowed to")


def _bytes(place: str) -> bytes:
    """What a file holds; of a larger file a little over `MAX_BYTES`, which the reader then rejects."""
    descriptor = os.open(place, _FLAGS)
    try:
        data = os.read(descriptor, _CHUNK)
        if len(data) < _CHUNK:
            return data
        parts = [data]
        while data and sum(map(len, parts)) <= MAX_BYTES:
            data = os.read(descriptor, _CHUNK * 16)
            parts.append(data)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def _is_note(name: str) -> bool:
    """Whether a file in one of the folders is meant for readers and not for us."""
    return name.upper().startswith("README") or name.lower().endswith(".md")


_SINGULAR: Final = {"user": "users", "preset": "presets", "policy": "policies"}
_is_like_yaml: Final = re.compile(r"(\.(ya?ml|y[am]{2}l|yam|ym|jsonc?|toml|txt).*)?", re.IGNORECASE).fullmatch


def nearly(name: str, *, is_folder: bool) -> str | None:
    """Our name that an entry of the root nearly has, as it is expected; None for another name."""
    if name.startswith(_HIDDEN):
        return None
    stem, dot, rest = name.partition(".")
    plain = stem.casefold().replace("_", "-")
    if not is_folder and not _is_like_yaml(f"{dot}{rest}"):
        return None
    if _is_one_edit(plain, "bo-sync") and not is_folder and name != SETTINGS_FILE:
        return f"the name {SETTINGS_FILE}"
    folders = (folder for folder in _SINGULAR.values() if _is_one_edit(plain, folder))
    near = _SINGULAR.get(plain) or next(folders, None)
    return near and (f"the name {near}/" if is_folder else f"files in a folder {near}/")


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one word becomes the other by at most one letter more, less, or other, or by two that change places."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    at = next((index for index, letter in enumerate(short) if letter != long[index]), len(short))
    left, right = short[at:], long[at:]
    if len(short) < len(long):
        return left == right[1:]
    return left[1:] == right[1:] or (left[:2] == right[1::-1] and left[2:] == right[2:])


SUFFIX: Final = ".yaml"
_LONGEST: Final = 120
_not_kept: Final = re.compile(r"[^a-z0-9._@+-]")
_is_reserved: Final = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?").fullmatch


def file_name(email: str, used: Container[str] = ()) -> str:
    """The name of the file for `email`: the address in lower case, anything except `[a-z0-9._@+-]` as `-`, and `.yaml`.

    Six hexadecimal digits of the address's hash are added if the plain name is not possible: one that Windows reserves,
    one that the loader would skip (a leading `.` or `_`), one too long, or one of `used`, which is a set of `compared`
    names.
    """
    folded = email.lower()
    plain = _not_kept.sub("-", folded)
    if plain[:1] not in ("", ".", "_") and not _is_reserved(plain) and len(plain) <= _LONGEST and plain[-1] != ".":
        name = plain + SUFFIX
        if name not in used:
            return name
    digits = sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()
    stem = plain.lstrip("._").rstrip(".")[:_LONGEST] or "person"
    return next(
        name for length in range(6, len(digits) + 1) if (name := f"{stem}-{digits[:length]}{SUFFIX}") not in used
    )


def compared(names: Iterable[str]) -> set[str]:
    """File names as case-blind file systems compare them. What `file_name` returns is in this form."""
    return {name.lower() for name in names}
