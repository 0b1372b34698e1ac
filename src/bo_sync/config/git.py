"""Questions to git, asked so that nothing of a repository runs and nothing leaves the machine.

Every call goes through `_run`: no shell, no hooks, pagers, prompts, optional locks, replaced objects or transports (a
partial clone would fetch what it lacks), and none of our variables. Only commands that run no filter are asked, so
never `status` or `diff`. What git answers is untrusted text.

`repository` looks for the work tree itself before the first call. Git would take a folder with tracked files named
HEAD, objects and refs for a bare repository, and believe the configuration in it. `--git-dir` and `GIT_DIR` are never
set: they switch off git's check of the owner.
"""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.core.text import Text

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
class Answer:
    """What git wrote, and the first line of its complaint; `is_sound` when it ended well. `advice` is a command that
    git names in its complaint. `ambiguous` is a name of several refs, one of which git chose: it may be sound too."""

    out: bytes
    complaint: Text
    is_sound: bool
    advice: Text | None = None
    ambiguous: Text | None = None

    @property
    def line(self) -> str:
        """The one line of an answer that names something; "" where git did not end well."""
        return self.out.decode("ascii", "replace").strip() if self.is_sound else ""


@dataclass(frozen=True, slots=True)
class NoHistory:
    """Why the history cannot be read, or not all of it, and what to do. `is_absent`: the folder is in no work tree."""

    reason: str
    hint: str
    is_absent: bool = False


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree that git and we found at the same place; `root` is the folder in it in which git is asked."""

    root: Path

    def ask(self, *arguments: str, feed: bytes | None = None, seconds: float = SECONDS) -> Answer | None:
        """The answer of `git ARGUMENTS`, which reads `feed`; None where git cannot be run, or takes longer.

        A caller that passes untrusted text as an argument checks that it is not an option.
        """
        return _run(self.root, *arguments, feed=feed, seconds=seconds)

    def is_shallow(self) -> bool:
        answer = self.ask("rev-parse", "--is-shallow-repository")
        return answer is not None and answer.line == "true"


def repository(root: Path) -> Repository | NoHistory:
    """The work tree around `root`, by the first folder with an entry `.git` on the way up, where git agrees."""
    top = _top(root)
    if isinstance(top, NoHistory):
        return top
    answer = _run(root, "rev-parse", "--show-toplevel")
    if answer is None:
        return NoHistory("git does not answer", "install git, and try again")
    if not answer.is_sound:
        why = f"git says: {answer.complaint}" if answer.complaint.raw else "git cannot read the repository"
        return NoHistory(why, f"if you trust it: {answer.advice}" if answer.advice is not None else CLONE)
    if not _is_same(os.fsdecode(answer.out.removesuffix(b"\n")), top):
        return NoHistory(f"git names another work tree than {Text(top)}, which has .git", CLONE)
    return Repository(root)


def _top(root: Path) -> str | NoHistory:
    """The first folder with an entry `.git`, from `root` upwards."""
    start = Path(os.path.realpath(root))
    for folder in (start, *start.parents):
        if _has(folder, ".git"):
            return str(folder)
        if _has(folder, "HEAD") and (_has(folder, "commondir") or (_has(folder, "objects") and _has(folder, "refs"))):
            why = f"{Text(str(folder))} looks like a bare git repository"
            return NoHistory(why, "remove the files HEAD, objects and refs there, or name another folder with -C")
    return NoHistory("this folder is not in a git work tree", CLONE, is_absent=True)


def _has(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / name)


def _is_same(one: str, other: str) -> bool:
    try:
        return Path(one).samefile(other)
    except (OSError, ValueError):
        return False


def _run(root: Path, *arguments: str, feed: bytes | None = None, seconds: float = SECONDS) -> Answer | None:
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
    return Answer(done.stdout, Text(complaint), done.returncode == 0, advice, name)


def _program() -> str | None:
    """The git of the PATH, never one in the current folder, which may be a checkout."""
    folders = [folder for folder in os.get_exec_path() if Path(folder).is_absolute()]
    found = shutil.which("git", path=os.pathsep.join(folders))
    return found if found is not None and Path(found).is_absolute() else None
