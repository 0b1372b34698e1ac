"""Questions to git, asked so that nothing of a repository runs and nothing leaves the machine.

Git is called without a shell, with hooks, pagers, prompts, optional locks, replaced objects and every transport off (a
partial clone would fetch what it lacks), and without our variables: git may run filters that the person configured, and
none of them has to know the hub's key. What it answers is somebody else's text.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bo_sync.core.text import Text

SECONDS: Final = 20
_KEPT_BACK: Final = ("GIT_", "BO_SYNC_")
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-pager", "--no-optional-locks")
_ENVIRONMENT: Final = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "LC_ALL": "C",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What git wrote, and the first line of its complaint; `is_sound` when it ended well."""

    out: bytes
    complaint: Text
    is_sound: bool


def ask(root: Path, *arguments: str, feed: bytes | None = None, seconds: float = SECONDS) -> Answer | None:
    """The answer of `git ARGUMENTS` in `root`, to which `feed` is typed; None where git cannot be run, or takes longer.

    Whoever puts somebody else's text among the arguments makes sure that it is no option.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_BACK)}
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, no shell
            ["git", *_SAFE, "-C", str(root), *arguments],  # noqa: S607 - the git that the person uses
            env={**environment, **_ENVIRONMENT},
            input=feed or b"",
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    complaint = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return Answer(done.stdout, Text(complaint), done.returncode == 0)
