"""Run git: nothing in a repository is executed, nothing leaves the machine. Trees, blobs and links of a commit.

Every call goes through `_run`: no shell, hooks, pagers, prompts, optional locks, replaced objects or transports (a
partial clone would fetch), and none of our variables. No command that runs filters, so never `status` or `diff`.
Git's answers are untrusted text. `repository` finds the work tree itself: git would take a folder with tracked files
named HEAD, objects and refs for a bare repository and trust its configuration. `--git-dir` and `GIT_DIR` are never
set: they disable git's check of the owner. A link may only lead to a file in users/, presets/ or policies/.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha1, sha256
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import Final

from bo_sync.config.files import LINK, is_hidden, may_link
from bo_sync.core.model import Problem, Source
from bo_sync.core.text import Message, Text

SECONDS: Final = 20
CLONE: Final = "run this in a clone of the repository that holds the files"
_KEPT_BACK: Final = ("GIT_", "BO_SYNC_")
_SETTINGS: Final = (
    "safe.bareRepository=explicit",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "core.alternateRefsCommand=false",
    "core.warnAmbiguousRefs=true",
    "credential.helper=",
    "gc.auto=0",
    "gpg.program=false",
    "log.showSignature=false",
    "maintenance.auto=false",
    "protocol.allow=never",
    "submodule.recurse=false",
)
_SAFE: Final = (*(word for each in _SETTINGS for word in ("-c", each)), "--no-pager", "--no-optional-locks")
_ENVIRONMENT: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}
_ADVICE: Final = "git config "
_AMBIGUOUS: Final = re.compile(r"^warning: refname '(.+)' is ambiguous\.$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class GitAnswer:
    """What git wrote, and the first line of its complaint; `is_sound` if it succeeded. `advice` is a command that git
    names in its complaint. `ambiguous` is a name of several refs, one of which git chose, also on success."""

    out: bytes
    complaint: Text
    is_sound: bool
    advice: Text | None = None
    ambiguous: Text | None = None

    @property
    def line(self) -> str:
        """The one line of an answer that is a name; "" if git failed."""
        return self.out.decode("ascii", "replace").strip() if self.is_sound else ""


@dataclass(frozen=True, slots=True)
class NoHistory:
    """Why the history, or a part of it, cannot be read, and what to do. `is_absent`: the folder is in no work tree."""

    reason: str
    hint: str
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree that git and we found at the same place; `root` is the folder in it in which git runs."""

    root: Path

    def ask(self, *arguments: str, feed: bytes | None = None, seconds: float = SECONDS) -> GitAnswer | None:
        """The answer of `git ARGUMENTS`, which reads `feed`; None if git cannot be run, or takes longer.

        A caller that passes untrusted text as an argument checks that it is not an option.
        """
        return _run(self.root, *arguments, feed=feed, seconds=seconds)

    def is_shallow(self) -> bool:
        answer = self.ask("rev-parse", "--is-shallow-repository")
        return answer is not None and answer.line == "true"


def repository(root: Path) -> Repository | NoHistory:
    """The work tree around `root`: the first folder upwards with an entry `.git`, if git agrees."""
    top = _top(root)
    if isinstance(top, NoHistory):
        return top
    answer = _run(root, "rev-parse", "--show-toplevel")
    if answer is None:
        return NoHistory("git does not answer", "install git, and try again")
    if not answer.is_sound:
        why = Message("git says: {}", answer.complaint) if answer.complaint.raw else "git cannot read the repository"
        return NoHistory(why, Message("if you trust it: {}", answer.advice) if answer.advice is not None else CLONE)
    if not _is_same(os.fsdecode(answer.out.removesuffix(b"\n")), top):
        return NoHistory(Message("git names another work tree than {}, which has .git", Text(top)), CLONE)
    return Repository(root)


def _top(root: Path) -> str | NoHistory:
    """The first folder with an entry `.git`, from `root` upwards."""
    start = Path(os.path.realpath(root))
    for folder in (start, *start.parents):
        if _has(folder, ".git"):
            return str(folder)
        if _has(folder, "HEAD") and (_has(folder, "commondir") or (_has(folder, "objects") and _has(folder, "refs"))):
            why = Message("{} looks like a bare git repository", Text(str(folder)))
            return NoHistory(why, "remove the files HEAD, objects and refs there, or name another folder with -C")
    return NoHistory("this folder is not in a git work tree", CLONE, is_absent=True)


def _has(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / name)


def _is_same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def _run(root: Path, *arguments: str, feed: bytes | None = None, seconds: float = SECONDS) -> GitAnswer | None:
    program = _program()
    if program is None:
        return None
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            [program, *_SAFE, "-C", str(root), *arguments],
            env={**environment, **_ENVIRONMENT},
            input=feed or b"",
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    said = done.stderr.decode(errors="replace").strip()
    complaint, *more = said.split("\n")
    ambiguous = _AMBIGUOUS.search(said)
    advice = next((Text(line.strip()) for line in more if line.strip().startswith(_ADVICE)), None)
    name = Text(ambiguous[1]) if ambiguous is not None else None
    return GitAnswer(done.stdout, Text(complaint), done.returncode == 0, advice, name)


def _program() -> str | None:
    """The git of the PATH, never one in the current folder, which may be a checkout."""
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(folders))
    return found if found is not None and Path(found).is_absolute() else None


_LINK: Final = b"120000"


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One line of a listing: a `blob`, a `tree` or a `commit` (a submodule), its name (a hash), its size in bytes."""

    path: str
    kind: str
    name: str
    size: int
    is_link: bool


def entries(listing: bytes) -> Iterator[TreeEntry]:
    """The entries of `git ls-tree -l -z`. Paths are strings as the file system's are, whatever their bytes."""
    for line in listing.split(b"\0"):
        if line:
            facts, _, path = line.partition(b"\t")
            mode, kind, name, size = facts.split()
            yield TreeEntry(
                os.fsdecode(path),
                kind.decode("ascii"),
                name.decode("ascii"),
                int(size) if size.isdigit() else 0,
                mode == _LINK,
            )


def is_blob(data: bytes, name: str) -> bool:
    """Whether `data` is the blob of this name, or would be with the line ends that git keeps (`\\n`)."""
    return name == _blob(data, name) or name == _blob(data.replace(b"\r\n", b"\n"), name)


def _blob(data: bytes, like: str) -> str:
    """The name that git gives to `data` in a repository with names as long as `like`."""
    kind = sha256 if len(like) == 64 else sha1
    return kind(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def contents(repo: Repository, names: Sequence[str]) -> list[bytes] | None:
    """What the blobs with these names hold, in their order; None if git does not have them all."""
    if not names:
        return []
    answer = repo.ask("cat-file", "--batch", feed="".join(f"{name}\n" for name in names).encode("ascii"))
    if answer is None or not answer.is_sound:
        return None
    out, found = BytesIO(answer.out), []
    for _ in names:
        head = out.readline().split()
        if head[1:2] != [b"blob"]:
            return None
        found.append(out.read(int(head[2])))
        out.readline()  # a line feed follows each blob
    return found


MAX_STEPS: Final = 40
"""Most links that lead to links; operating systems have a limit too."""


@dataclass(slots=True)
class Linked:
    """The targets of links, under the paths of the links, and an error for each other link."""

    entries: list[TreeEntry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def follow(repo: Repository, found: Sequence[TreeEntry]) -> Linked:
    """The targets of the links among `found`, all entries below the configuration's root."""
    linked = Linked()
    links = [entry for entry in found if entry.is_link and not is_hidden(entry.path)]
    read = contents(repo, [entry.name for entry in links])
    targets = dict(zip((entry.path for entry in links), read or (), strict=False))
    by_path = {entry.path: entry for entry in found}
    for entry in links:
        aim = _aim(entry.path, targets, by_path)
        if aim is None:
            linked.problems.append(Problem(Source(Text(entry.path), 1), Message(LINK)))
        else:
            linked.entries.append(replace(aim, path=entry.path))
    return linked


def _aim(path: str, targets: Mapping[str, bytes], by_path: Mapping[str, TreeEntry]) -> TreeEntry | None:
    """The target file of the link at `path`; None if the link may not be followed, or leads nowhere."""
    start = path
    for _ in range(MAX_STEPS):
        entry = by_path.get(path)
        if entry is None or entry.kind != "blob":
            return None
        if not entry.is_link:
            return entry if may_link(start, path) else None
        path = _joined(path, targets.get(path, b""))
    return None


def _joined(path: str, target: bytes) -> str:
    """The target of a link, as a path below the root; "" for one that leaves it or is absolute.

    ".." after a name stays, since the name may be a link to another place: no entry has such a path.
    """
    names = [name for name in os.fsdecode(target).split("/") if name not in {"", "."}]
    ups = sum(1 for _ in takewhile("..".__eq__, names))
    folders = path.split("/")[:-1]
    if target.startswith(b"/") or ups > len(folders):
        return ""
    return "/".join((*folders[: len(folders) - ups], *names[ups:]))
