"""Which commit the files stand at, asked of git; nothing of the repository runs, and nothing of it is believed.

Git is called without a shell, with hooks, pagers, prompts and optional locks off. A folder without git, or a machine
without it, has no commit, which is no error.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.config.files import FOLDERS, SETTINGS_FILE

SECONDS: Final = 20
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-optional-locks")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit's short name, and whether the configuration's files differ from it."""

    sha: str
    dirty: bool


def commit_of(root: Path) -> Commit | None:
    """The commit that is checked out around `root`; None where git knows none."""
    sha = _git(root, "rev-parse", "--short=10", "--verify", "HEAD")
    if sha is None:
        return None
    state = _git(root, "status", "--porcelain", "--untracked-files=all", "--", SETTINGS_FILE, *FOLDERS)
    return Commit(sha.strip(), dirty=state is None or bool(state.strip()))


def _git(root: Path, *arguments: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell, no argument of anybody else's
            ["git", *_SAFE, "-C", str(root), *arguments],  # noqa: S607 - the git that the person uses
            env={**environment, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None
